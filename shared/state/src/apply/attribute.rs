// SPDX-License-Identifier: Apache-2.0
//! Carries the change that started a run into its report, where it fits.
//!
//! It fits a failure that nobody had seen before, of a probe that the change touches. Not more is
//! claimed: the cause names the document that was changed, and no statement.

use std::collections::BTreeSet;

use keyproof_core::RoleArn;
use keyproof_verdict::{Cause, ProbeRow, Report, Verdict};

use super::Observed;
use crate::{PlanState, PolicyChange, Reference};

/// The report with the change in it; `None` where it fits nowhere.
pub(super) fn attribute(
    known: &PlanState,
    report: &Report,
    observed: &Observed<'_>,
) -> Option<Report> {
    let change = observed.change?;
    let mut attributed: Option<Report> = None;
    for (index, row) in report.probes.iter().enumerate() {
        let before = known.probes.get(&row.id);
        let lasts = before.is_some_and(|before| {
            let incident = before.incident.as_ref().map(|incident| incident.finding);
            before.standing.finding == row.finding || incident == row.finding
        });
        if row.verdict != Verdict::Fail || lasts {
            continue;
        }
        let Some(cause) = cause(change, row, report) else {
            continue;
        };
        let report = attributed.get_or_insert_with(|| report.clone());
        if let Some(row) = report.probes.get_mut(index) {
            row.cause = Some(cause);
        }
    }
    attributed
}

/// The row's cause with the change in it, where the change touches what the row is about.
fn cause(change: &PolicyChange, row: &ProbeRow, report: &Report) -> Option<Cause> {
    if change.touches.is_disjoint(&about(row, report)) {
        return None;
    }
    match &row.cause {
        Some(found) => {
            let same = found.changed.is_none() && found.document == change.document;
            same.then(|| Cause {
                changed: Some(change.told()),
                ..found.clone()
            })
        }
        None => Some(Cause {
            policy: change.policy_type()?,
            statement: None,
            document: change.document.clone(),
            changed: Some(change.told()),
            file: None,
            line: None,
            source: None,
            pointer: None,
            alternatives: Vec::new(),
        }),
    }
}

/// What a row is about: its role, its table, and the key and alias that the table's own row names.
fn about(row: &ProbeRow, report: &Report) -> BTreeSet<Reference> {
    let mut about = BTreeSet::new();
    if let Some(Ok(role)) = row.role_arn.as_deref().map(str::parse::<RoleArn>) {
        about.insert(Reference::role_arn(&role));
    }
    let Some(table) = row.table.as_deref() else {
        return about;
    };
    let of_table = |other: &&ProbeRow| other.table.as_deref() == Some(table);
    for other in report.probes.iter().filter(of_table) {
        let keys = [&other.expected.key, &other.observed.key];
        let keys = keys.into_iter().flatten();
        about.extend(keys.map(|key| Reference::key(key)));
        if let Some(arn) = other.resource.as_deref() {
            match arn.split(':').nth(2) {
                Some("dynamodb") => about.insert(Reference::table(arn)),
                Some("kms") => about.insert(Reference::key(arn)),
                Some(_) | None => false,
            };
        }
    }
    about
}
