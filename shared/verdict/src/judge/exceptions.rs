// SPDX-License-Identifier: Apache-2.0
//! Failures that somebody answers for until a date.
//!
//! An exception changes what counts, never what was found: the row stays a failure. One that has
//! expired, or that nothing needs any more, is said aloud.

use jiff::civil::Date;
use keyproof_plan::{Exception, Plan};

use crate::{ExceptionNote, ProbeRow, Verdict};

/// Notes on every exception, in plan order. A failed row under an exception in force carries it.
pub(super) fn apply(plan: &Plan, today: Date, rows: &mut [ProbeRow]) -> Vec<ExceptionNote> {
    let notes = plan.exceptions.iter().map(|exception| {
        let row = rows.iter_mut().find(|row| row.id == exception.probe);
        let expired = today > exception.expires;
        let status = match (row.as_ref().map(|row| row.verdict), expired) {
            (Some(Verdict::Fail), false) => "in_force",
            (Some(Verdict::Pass), _) => "unneeded",
            (Some(Verdict::Fail | Verdict::Inconclusive) | None, true) => "expired",
            (Some(Verdict::Inconclusive) | None, false) => "unused",
        };
        let note = note(exception, status);
        if let Some(row) = row {
            explain(row, &note);
        }
        note
    });
    notes.collect()
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

fn explain(row: &mut ProbeRow, note: &ExceptionNote) {
    let ExceptionNote { owner, expires, .. } = note;
    let addition = match note.status.as_str() {
        "in_force" if row.exception.is_none() => {
            row.exception = Some(note.clone());
            format!(" (excepted until {expires}; `{owner}` answers for it)")
        }
        "expired" if row.verdict == Verdict::Fail && row.exception.is_none() => format!(
            " (the exception that `{owner}` answered for expired on {expires}, so that this counts \
             again)"
        ),
        "unneeded" => {
            format!(" (the exception that `{owner}` answers for is no longer needed: remove it)")
        }
        _ => return,
    };
    row.reason.push_str(&addition);
}
