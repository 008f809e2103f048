// SPDX-License-Identifier: Apache-2.0
//! Carries the change that started a run into its report, where it fits.
//!
//! It fits a failure that nobody had seen before, of a probe that the change touches. Not more is
//! claimed: the cause names the document that was changed, and no statement.

use std::collections::{BTreeSet, HashMap};

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
    let mut of_tables = None;
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
        let of_tables = of_tables.get_or_insert_with(|| of_tables_in(report));
        let Some(cause) = cause(change, row, of_tables) else {
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
fn cause(change: &PolicyChange, row: &ProbeRow, of_tables: &OfTables<'_>) -> Option<Cause> {
    let role = row.role_arn.as_deref().map(str::parse::<RoleArn>);
    let of_role =
        matches!(role, Some(Ok(role)) if change.touches.contains(&Reference::role_arn(&role)));
    let of_table = row.table.as_deref().and_then(|table| of_tables.get(table));
    if !of_role && of_table.is_none_or(|about| change.touches.is_disjoint(about)) {
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

/// What the rows of each table are about.
type OfTables<'a> = HashMap<&'a str, BTreeSet<Reference>>;

/// The table itself, and the keys and aliases that any of its rows names.
fn of_tables_in(report: &Report) -> OfTables<'_> {
    let mut all = OfTables::new();
    for row in &report.probes {
        let Some(table) = row.table.as_deref() else {
            continue;
        };
        let about = all.entry(table).or_default();
        let keys = [&row.expected.key, &row.observed.key];
        about.extend(keys.into_iter().flatten().map(|key| Reference::key(key)));
        if let Some(arn) = row.resource.as_deref() {
            match arn.split(':').nth(2) {
                Some("dynamodb") => about.insert(Reference::table(arn)),
                Some("kms") => about.insert(Reference::key(arn)),
                Some(_) | None => false,
            };
        }
    }
    all
}
