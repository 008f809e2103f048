// SPDX-License-Identifier: Apache-2.0
//! The message that wakes somebody: who, on what, by which statement, whose change, since when, what
//! to do, and where to read on.
//!
//! A widened key policy lets one principal in eleven ways; that is one message, not eleven. Entries
//! are told together where whoever reads them would do the same about them.

mod text;

use std::collections::BTreeMap;

use keyproof_state::{ChangeItem, Entry, EntryKind, Standing};
use keyproof_verdict::{ExceptionNote, Finding, Report};

use crate::event::part;

/// What a page tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A failure, seen now.
    Failed,
    /// A failure whose exception has expired, or was taken away.
    Uncovered,
    /// A failure that a second run has seen too.
    Confirmed,
    /// A failure that was told before and lasts.
    Reminder,
    /// A failure that a run saw which a later one has overtaken.
    Late,
    /// The end of a failure that was told.
    Recovered,
    /// Anything else that somebody asked to be paged for.
    Changed,
}

impl Kind {
    /// The word for filter policies of subscriptions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Uncovered => "uncovered",
            Self::Confirmed => "confirmed",
            Self::Reminder => "reminder",
            Self::Late => "late",
            Self::Recovered => "recovered",
            Self::Changed => "changed",
        }
    }

    fn of(entry: &Entry) -> Self {
        match entry.kind {
            EntryKind::Confirmation => Self::Confirmed,
            EntryKind::Reminder => Self::Reminder,
            EntryKind::Late => Self::Late,
            EntryKind::Retired => Self::Changed,
            EntryKind::Transition => match (entry.from, entry.to) {
                (
                    Some(Standing {
                        excepted: true,
                        finding: from,
                        ..
                    }),
                    Some(to),
                ) if to.counts_as_failure() && from == to.finding => Self::Uncovered,
                (_, Some(to)) if to.counts_as_failure() => Self::Failed,
                (_, Some(Standing::PASS)) => Self::Recovered,
                _ => Self::Changed,
            },
        }
    }
}

/// One message, about one or more entries.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// What it tells.
    pub kind: Kind,
    /// What is or was wrong.
    pub finding: Finding,
    /// The change that it is of.
    pub change: &'a ChangeItem,
    /// The entries, at least one, alike in all that a reader would act on.
    pub entries: Vec<&'a Entry>,
}

impl<'a> Page<'a> {
    /// The pages of a change, each where its first entry stands.
    #[must_use]
    pub fn all(change: &'a ChangeItem) -> Vec<Self> {
        let mut pages: Vec<Self> = Vec::new();
        let mut places = BTreeMap::new();
        for entry in change.entries.iter().filter(|entry| entry.pages) {
            let (kind, finding) = (Kind::of(entry), finding(entry));
            let cause = entry.cause.as_ref();
            let alike = (
                kind,
                finding.map(Finding::as_str),
                &entry.subject.principal,
                &entry.subject.table,
                entry.since,
                cause.map(|cause| (&cause.document, &cause.statement)),
                // What has no principal is the table's own probe.
                entry.subject.principal.is_none().then_some(&entry.probe),
            );
            let place = *places.entry(alike).or_insert(pages.len());
            match pages.get_mut(place) {
                Some(page) => page.entries.push(entry),
                None => pages.push(Self {
                    kind,
                    // An entry that pages had or has a finding; were it otherwise, nothing is known.
                    finding: finding.unwrap_or(Finding::Blind),
                    change,
                    entries: vec![entry],
                }),
            }
        }
        pages
    }

    /// The id of the page: that of its first entry.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.entries.first().map_or("", |entry| entry.id.as_str())
    }

    /// The parts of the record that it tells.
    pub fn parts(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.entries.iter().map(|entry| part(entry))
    }

    /// The exception that covered the failure until now.
    fn exception<'r>(&self, report: &'r Report) -> Option<&'r ExceptionNote> {
        report
            .exceptions
            .iter()
            .find(|note| self.entries.iter().any(|entry| entry.probe == note.probe))
    }
}

/// What is wrong, or was.
fn finding(entry: &Entry) -> Option<Finding> {
    let now = entry.to.and_then(|standing| standing.finding);
    let before = entry.from.and_then(|standing| standing.finding);
    match entry.to {
        Some(to) if to.counts_as_failure() || to.excepted => now,
        _ => before.or(now),
    }
}
