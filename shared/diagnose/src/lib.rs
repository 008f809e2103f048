// SPDX-License-Identifier: Apache-2.0
//! What lies behind the failures of a run: the statement responsible, and what changed it.
//!
//! Read-only. The documents that decided (key policies, grants, the principals' role policies,
//! tables' resource policies) are read as the operator, put together as an account, and evaluated
//! like templates are before deployment. A cause is told only where they come to the very decision
//! that was observed: a guess would send somebody to the wrong statement. Where the roles can't be
//! read, a key's own documents may still be enough.
//!
//! What is read comes through two ports, [`ReadDocuments`] and [`LookUpEvents`]; [`Aws`] is both.

mod aws;
mod change;
mod gather;
mod key_alone;
mod port;

#[cfg(test)]
mod tests;

pub use aws::Aws;
pub use gather::{Documents, export};
pub use port::{Event, LookUpEvents, ReadDocuments};

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyproof_plan::Plan;
use keyproof_verdict::{Report, Verdict};

/// What diagnosing takes of the operator: reads, all of them.
pub const IAM_ACTIONS: &[&str] = &[
    "cloudtrail:LookupEvents",
    "dynamodb:DescribeTable",
    "dynamodb:GetResourcePolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:ListGrants",
];

/// Fills in the causes that can be found, and what changed them; what could not be looked at is
/// told, a sentence each.
pub async fn diagnose(
    report: &mut Report,
    plan: &Plan,
    documents: &impl ReadDocuments,
    events: &impl LookUpEvents,
) -> Vec<String> {
    let wanting = |report: &Report| {
        report
            .probes
            .iter()
            .any(|row| row.verdict == Verdict::Fail && row.cause.is_none())
    };
    if !wanting(report) {
        return Vec::new();
    }
    let (read, mut notes) = gather::gather(report, plan, documents).await;
    explain(report, plan, &read, &mut notes);
    let now = report
        .run
        .finished_at
        .parse::<Timestamp>()
        .unwrap_or(Timestamp::MAX);
    let mut known: BTreeMap<String, Option<keyproof_verdict::Change>> = BTreeMap::new();
    let mut refused = false;
    for row in &mut report.probes {
        let failed = row.verdict == Verdict::Fail;
        let Some(cause) = row
            .cause
            .as_mut()
            .filter(|cause| failed && cause.changed.is_none())
        else {
            continue;
        };
        let Some(search) = change::search(cause) else {
            continue;
        };
        let id = format!("{search:?}");
        if !known.contains_key(&id) && !refused {
            let region = search.region(&report.environment.region);
            match events.look_up(region, &search.resource).await {
                Ok(found) => {
                    known.insert(id.clone(), change::writer(&search, &found, now));
                }
                Err(why) => {
                    // One refusal is every refusal.
                    refused = true;
                    notes.push(format!(
                        "what changed the documents was not looked up: {why}"
                    ));
                }
            }
        }
        cause.changed = known.get(&id).cloned().flatten();
    }
    notes
}

/// The causes, from what was read.
fn explain(report: &mut Report, plan: &Plan, read: &Documents, notes: &mut Vec<String>) {
    match read.estate(&report.environment.region) {
        Ok(estate) => {
            let (causes, documents) =
                keyproof_check::explain(plan, &estate, &read.runner(), report);
            report.documents = documents;
            for row in &mut report.probes {
                if row.verdict == Verdict::Fail && row.cause.is_none() {
                    row.cause = causes.get(&row.id).cloned();
                }
            }
        }
        Err(errors) => notes.extend(errors),
    }
    let region = report.environment.region.clone();
    for row in &mut report.probes {
        if row.verdict == Verdict::Fail && row.cause.is_none() {
            row.cause = read.key_alone(row, plan, &region);
        }
    }
}
