// SPDX-License-Identifier: Apache-2.0
//! Failures that somebody answers for until a date.
//!
//! An exception changes what counts, never what was found: the row stays a failure. One that has
//! expired, or that nothing needs any more, is said aloud.

use std::collections::HashMap;

use jiff::civil::Date;
use keyproof_plan::{Exception, Plan};

use crate::{ExceptionNote, ProbeRow, Verdict};

/// A plan's exceptions, and what came of each so far.
#[derive(Debug)]
pub(super) struct Exceptions<'a> {
    all: &'a [Exception],
    today: Date,
    /// The verdict on each one's probe, as far as it was seen.
    verdicts: Vec<Option<Verdict>>,
    /// Which are for a probe, by its id.
    of: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Exceptions<'a> {
    pub(super) fn new(plan: &'a Plan, today: Date) -> Self {
        let mut of: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, exception) in plan.exceptions.iter().enumerate() {
            of.entry(&exception.probe).or_default().push(index);
        }
        Self {
            all: &plan.exceptions,
            today,
            verdicts: vec![None; plan.exceptions.len()],
            of,
        }
    }

    /// Notes what comes of the row's exceptions. A failed row under one in force carries it.
    pub(super) fn apply(&mut self, row: &mut ProbeRow) {
        for &index in self.of.get(row.id.as_str()).into_iter().flatten() {
            if let Some(verdict) = self.verdicts.get_mut(index) {
                *verdict = Some(row.verdict);
            }
            if let Some(exception) = self.all.get(index) {
                let status = self.status(exception, Some(row.verdict));
                explain(row, &note(exception, status));
            }
        }
    }

    /// The same for a row that was explained before, perhaps on another day.
    ///
    /// INVARIANT (today counts): an exception that has expired since excuses nothing any more.
    pub(super) fn apply_again(&mut self, row: &mut ProbeRow) {
        let of = self.of.get(row.id.as_str()).into_iter().flatten();
        for exception in of.rev().filter_map(|&index| self.all.get(index)) {
            let said = EXPLAINED.map(|status| explanation(&note(exception, status)));
            let mut said = said.iter().flatten();
            let unsaid = said.find_map(|said| Some(row.reason.strip_suffix(said)?.len()));
            if let Some(length) = unsaid {
                row.reason.truncate(length);
            }
        }
        row.exception = None;
        self.apply(row);
    }

    /// Notes on every exception, in plan order.
    pub(super) fn notes(&self) -> Vec<ExceptionNote> {
        let all = self.all.iter().zip(&self.verdicts);
        all.map(|(exception, &verdict)| note(exception, self.status(exception, verdict)))
            .collect()
    }

    fn status(&self, exception: &Exception, verdict: Option<Verdict>) -> &'static str {
        let expired = self.today > exception.expires;
        match (verdict, expired) {
            (Some(Verdict::Fail), false) => "in_force",
            (Some(Verdict::Pass), _) => "unneeded",
            (Some(Verdict::Fail | Verdict::Inconclusive) | None, true) => "expired",
            (Some(Verdict::Inconclusive) | None, false) => "unused",
        }
    }
}

fn note(exception: &Exception, status: &str) -> ExceptionNote {
    ExceptionNote {
        probe: exception.probe.clone(),
        status: status.to_owned(),
        reason: exception.reason.clone(),
        owner: exception.owner.clone(),
        expires: exception.expires.to_string(),
    }
}

/// The statuses that a row's reason speaks of.
const EXPLAINED: [&str; 3] = ["in_force", "expired", "unneeded"];

/// What the reason of an exception's row ends in.
fn explanation(note: &ExceptionNote) -> Option<String> {
    let ExceptionNote { owner, expires, .. } = note;
    match note.status.as_str() {
        "in_force" => Some(format!(
            " (excepted until {expires}; `{owner}` answers for it)"
        )),
        "expired" => Some(format!(
            " (the exception that `{owner}` answered for expired on {expires}, so that this counts \
             again)"
        )),
        "unneeded" => Some(format!(
            " (the exception that `{owner}` answers for is no longer needed: remove it)"
        )),
        _ => None,
    }
}

fn explain(row: &mut ProbeRow, note: &ExceptionNote) {
    // Of several exceptions, the first in force answers. One that expired changes nothing for what was not
    // found out.
    let moot = note.status == "expired" && row.verdict != Verdict::Fail;
    if moot || row.exception.is_some() {
        return;
    }
    if note.status == "in_force" {
        row.exception = Some(note.clone());
    }
    row.reason.extend(explanation(note));
}
