// SPDX-License-Identifier: Apache-2.0
//! Each statement that is to blame, once, with the probes that it decides.

use std::collections::HashMap;

use keyproof_core::PolicyType;
use keyproof_verdict::{Cause, ProbeRow, Report};

use crate::words;

/// The causes of a report, and which of them each row has.
pub(crate) struct Causes<'a> {
    all: Vec<Blamed<'a>>,
    of: HashMap<usize, usize>,
}

/// One cause.
pub(crate) struct Blamed<'a> {
    /// It, as the first of its rows tells it.
    pub(crate) cause: &'a Cause,
    /// What it decides, each with its position in the report.
    pub(crate) rows: Vec<(usize, &'a ProbeRow)>,
}

impl<'a> Causes<'a> {
    /// Rows that one and the same statement decides stand together; a row's cause is its own where a
    /// change brought it that another row doesn't name.
    pub(crate) fn of(report: &'a Report) -> Self {
        type Key<'k> = (PolicyType, [Option<&'k str>; 5], Option<usize>);
        let mut places: HashMap<Key<'_>, usize> = HashMap::new();
        let mut causes = Self {
            all: Vec::new(),
            of: HashMap::new(),
        };
        for (position, row) in report.probes.iter().enumerate() {
            let Some(cause) = &row.cause else { continue };
            let event = cause
                .changed
                .as_ref()
                .and_then(|change| change.event_id.as_deref());
            let texts = [
                &cause.statement,
                &cause.document,
                &cause.source,
                &cause.file,
            ];
            let [statement, document, source, file] = texts.map(Option::as_deref);
            let key = (
                cause.policy,
                [statement, document, source, file, event],
                cause.line,
            );
            let at = *places.entry(key).or_insert_with(|| {
                causes.all.push(Blamed {
                    cause,
                    rows: Vec::new(),
                });
                causes.all.len() - 1
            });
            causes.of.insert(position, at);
            if let Some(blamed) = causes.all.get_mut(at) {
                blamed.rows.push((position, row));
            }
        }
        causes
    }

    /// The place of a row's cause among all of them.
    pub(crate) fn number(&self, position: usize) -> Option<usize> {
        self.of.get(&position).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn all(&self) -> &[Blamed<'a>] {
        &self.all
    }
}

impl Blamed<'_> {
    /// What other statements have to do with it, each once: its rows may each have others beside it.
    pub(crate) fn others(&self) -> Vec<String> {
        let of_rows = self.rows.iter().filter_map(|(_, row)| row.cause.as_ref());
        let others = of_rows.flat_map(|cause| &cause.alternatives);
        once(others.map(|other| words::capitalised(&words::alternative(other))))
    }

    /// What to do, each thing once, for the worst first.
    pub(crate) fn mends(&self) -> Vec<String> {
        let mut rows: Vec<&ProbeRow> = self.rows.iter().map(|(_, row)| *row).collect();
        rows.sort_by_key(|row| row.finding);
        once(rows.into_iter().filter_map(words::mend))
    }
}

fn once(all: impl Iterator<Item = String>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for one in all {
        if !told.contains(&one) {
            told.push(one);
        }
    }
    told
}
