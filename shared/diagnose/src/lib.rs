// SPDX-License-Identifier: Apache-2.0
//! What lies behind the failures of a run: the statement responsible, and what changed it.
//!
//! Read-only. The documents that decided (key policies, grants, the principals' role policies,
//! tables' resource policies) are read as the operator, put together as an account, and evaluated
//! like templates are before deployment. A cause is told only where they come to the very decision
//! that was observed: a guess would send somebody to the wrong statement. Where the roles can't be
//! read, a key's own documents may still be enough.
//!
//! What is read comes through ports, [`ReadDocuments`], [`ReadAccount`] and [`LookUpEvents`]; [`Aws`] is
//! each. [`export`] writes what was read down.

mod aws;
mod change;
pub mod export;
mod gather;
mod key_alone;
mod port;

#[cfg(test)]
mod tests;

pub use aws::Aws;
pub use gather::Documents;
pub use port::{Event, LookUpEvents, ReadAccount, ReadDocuments};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keyproof_plan::Plan;
use keyproof_verdict::{Change, ProbeRow, Report, Verdict};

use change::Writer;

/// What diagnosing takes of the operator: reads, all of them.
pub mod iam_actions {
    /// Of the trail. <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html>
    pub const EVENTS: &[&str] = &["cloudtrail:LookupEvents"];
    /// Of the plan's keys.
    pub const KEYS: &[&str] = &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListGrants"];
    /// Of the managed policies that roles have.
    pub const POLICIES: &[&str] = &["iam:GetPolicy", "iam:GetPolicyVersion"];
    /// Of the plan's roles, and the operator's own.
    pub const ROLES: &[&str] = &[
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
    ];
    /// Of the plan's tables.
    pub const TABLES: &[&str] = &["dynamodb:DescribeTable", "dynamodb:GetResourcePolicy"];
}

/// Documents whose writers are looked up, at most: CloudTrail takes two look-ups a second.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>
const MOST_LOOK_UPS: usize = 20;

/// Keeps the policies of the tables' keys in the report, and fills in the causes that can be found,
/// with what changed them. What could not be looked at is told, a sentence each.
pub async fn diagnose(
    report: &mut Report,
    plan: &Plan,
    documents: &impl ReadDocuments,
    events: &impl LookUpEvents,
) -> Vec<String> {
    let (read, lacking) = gather::gather(report, plan, documents).await;
    let lacking = lacking.into_iter();
    let mut notes: Vec<String> = lacking
        .map(|clause| format!("the diagnosis lacks {clause}"))
        .collect();
    report.documents.extend(read.key_policies());
    if report.probes.iter().any(wants_cause) {
        explain(report, plan, &read, &mut notes);
        name_writers(report, events, &mut notes).await;
    }
    let documents = &mut report.documents;
    documents.sort_by(|left, right| left.id.cmp(&right.id));
    documents.dedup_by(|left, right| left.id == right.id);
    notes
}

/// Whether it is a failure without a cause.
fn wants_cause(row: &ProbeRow) -> bool {
    row.verdict == Verdict::Fail && row.cause.is_none()
}

/// The causes, from what was read.
fn explain(report: &mut Report, plan: &Plan, read: &Documents, notes: &mut Vec<String>) {
    let region = report.environment.region.clone();
    match read.estate(&region) {
        Ok(estate) => {
            let (causes, documents) =
                keyproof_check::explain(plan, &estate, &read.runner(), report);
            report.documents.extend(documents);
            for row in report.probes.iter_mut().filter(|row| wants_cause(row)) {
                row.cause = causes.get(&row.id).cloned();
            }
        }
        Err(errors) => notes.extend(errors),
    }
    for row in report.probes.iter_mut().filter(|row| wants_cause(row)) {
        row.cause = read.key_alone(row, plan, &region);
    }
}

/// The events that wrote the causes' documents.
async fn name_writers(report: &mut Report, events: &impl LookUpEvents, notes: &mut Vec<String>) {
    let now = report.run.finished_at.parse().unwrap_or(Timestamp::MAX);
    let Report {
        probes,
        documents,
        environment,
        ..
    } = report;
    let mut known: BTreeMap<String, Option<Change>> = BTreeMap::new();
    let mut left_out = BTreeSet::new();
    for row in probes {
        let failed = row.verdict == Verdict::Fail;
        let Some(cause) = (row.cause.as_mut()).filter(|one| failed && one.changed.is_none()) else {
            continue;
        };
        let Some(search) = change::search(cause) else {
            continue;
        };
        let id = format!("{search:?}");
        if let Some(change) = known.get(&id) {
            cause.changed.clone_from(change);
            continue;
        }
        if known.len() == MOST_LOOK_UPS {
            left_out.insert(id);
            continue;
        }
        let region = search.region(&environment.region);
        let found = match events.look_up(region, &search.resource).await {
            Ok(found) => found,
            Err(why) => {
                // One refusal is every refusal.
                notes.push(format!(
                    "what changed the documents was not looked up: {why}"
                ));
                return;
            }
        };
        let source = cause.source.as_deref();
        let content = documents.iter().find(|row| Some(row.id.as_str()) == source);
        let change = match change::writer(&search, &found, content, now) {
            Writer::Known(change) => Some(change),
            Writer::Unknown => None,
            Writer::Older(event) => {
                notes.push(format!(
                    "what changed `{}` is not known: the last event that CloudTrail tells of, `{event}`, left \
                     another policy than the one in force; a newer one may take some minutes to be told of",
                    cause.document.as_deref().unwrap_or_default()
                ));
                None
            }
        };
        cause.changed.clone_from(&change);
        known.insert(id, change);
    }
    if !left_out.is_empty() {
        notes.push(format!(
            "what changed {} further documents was not looked up",
            left_out.len()
        ));
    }
}
