// SPDX-License-Identifier: Apache-2.0
//! The statement or grant behind a failure: the key's policy and grants, read and evaluated.
//!
//! Read-only, with the operator's own credentials: `kms:DescribeKey`, `kms:GetKeyPolicy` and
//! `kms:ListGrants`. A cause is told only where the documents, evaluated, come to the very decision
//! that was observed; a guess would send somebody to the wrong statement.

mod evaluate;
mod look;

use std::collections::BTreeMap;

use keyproof_aws::Runner;
use keyproof_plan::Plan;
use keyproof_verdict::{Report, Verdict};

pub(crate) use look::grant;
use look::{KeyDocuments, Looker};

/// Fills in the causes that can be found, and keeps the policies of the tables' keys; what could not
/// be looked at is told, a sentence each.
pub(crate) async fn diagnose(report: &mut Report, plan: &Plan, runner: &Runner) -> Vec<String> {
    let looker = Looker::new(runner, &report.environment.region);
    let mut notes = Vec::new();
    let mut keys: BTreeMap<String, Option<KeyDocuments>> = BTreeMap::new();
    let found_keys = encryption_keys(report);
    for row in &mut report.probes {
        let Some(table) = row.table.as_deref() else {
            continue;
        };
        let Some(planned) = plan.tables.get(table) else {
            continue;
        };
        let found = found_keys.get(table).map(String::as_str);
        let Some(key_id) = found.or_else(|| planned.key.key_id()) else {
            continue;
        };
        if !keys.contains_key(key_id) {
            let documents = looker.look(key_id).await;
            notes.extend(documents.as_ref().err().cloned());
            keys.insert(key_id.to_owned(), documents.ok());
        }
        let failed = row.verdict == Verdict::Fail && row.cause.is_none();
        if let (true, Some(Some(documents))) = (failed, keys.get(key_id)) {
            let region = &report.environment.region;
            row.cause = evaluate::cause(row, plan, planned, documents, region);
        }
    }
    let held = keys.into_values().flatten().map(|documents| documents.row);
    report.documents.extend(held);
    notes
}

/// The keys that the tables were found to be encrypted with, by the table's name in the plan.
fn encryption_keys(report: &Report) -> BTreeMap<String, String> {
    let rows = report.probes.iter();
    rows.filter_map(|row| Some((row.table.clone()?, row.observed.key.clone()?)))
        .filter(|(_, key)| key.starts_with("arn:"))
        .collect()
}
