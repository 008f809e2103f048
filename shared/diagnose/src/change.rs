// SPDX-License-Identifier: Apache-2.0
//! The event that wrote a document last.
//!
//! Nothing is guessed: an event counts only if it succeeded, changed something, names this document
//! in its own parameters, and no other one that does is of the same second.

use jiff::Timestamp;
use keyproof_core::{Arn, PolicyType};
use keyproof_verdict::{Cause, Change};
use serde_json::Value;

use crate::port::Event;

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// The resource by which CloudTrail files its events.
    pub(crate) resource: String,
    /// The names of the events that write the document.
    writers: &'static [&'static str],
    /// Texts of which the event's parameters or results must have one.
    of: Vec<String>,
    /// Whether it is IAM, whose events are in us-east-1.
    global: bool,
}

impl Search {
    /// The region that the events are in. IAM's are in us-east-1 alone.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html>
    pub(crate) fn region<'r>(&self, of_run: &'r str) -> &'r str {
        if self.global { "us-east-1" } else { of_run }
    }
}

/// What wrote the document that a cause names.
pub(crate) fn search(cause: &Cause) -> Option<Search> {
    let document = cause.document.as_deref()?;
    let arn: Arn = document.parse().ok()?;
    let statement = cause.statement.as_deref();
    let search = |resource: &str, writers, of: Vec<String>, global| Search {
        resource: resource.to_owned(),
        writers,
        of,
        global,
    };
    let name = || {
        arn.resource()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    Some(match (arn.service(), cause.policy) {
        ("kms", _) if arn.resource().starts_with("alias/") => search(
            document,
            &["CreateAlias", "UpdateAlias"],
            vec![arn.resource().to_owned(), document.to_owned()],
            false,
        ),
        ("kms", PolicyType::Grant) => search(
            document,
            &["CreateGrant"],
            vec![statement?.to_owned()],
            false,
        ),
        ("kms", _) if statement == Some("Enabled") => search(
            document,
            &["DisableKey", "ScheduleKeyDeletion"],
            vec![document.to_owned(), name()],
            false,
        ),
        ("kms", _) => search(
            document,
            &["CreateKey", "PutKeyPolicy"],
            vec![document.to_owned(), name()],
            false,
        ),
        ("dynamodb", _) if statement == Some("SSESpecification") => search(
            &name(),
            &["CreateTable", "UpdateTable"],
            vec![document.to_owned(), name()],
            false,
        ),
        ("dynamodb", _) => search(
            document,
            &["DeleteResourcePolicy", "PutResourcePolicy"],
            vec![document.to_owned()],
            false,
        ),
        ("iam", PolicyType::TrustPolicy) => search(
            &name(),
            &["CreateRole", "UpdateAssumeRolePolicy"],
            vec![name()],
            true,
        ),
        ("iam", _) if arn.resource().starts_with("policy/") && arn.account() != "aws" => search(
            document,
            &[
                "CreatePolicy",
                "CreatePolicyVersion",
                "SetDefaultPolicyVersion",
            ],
            vec![document.to_owned()],
            true,
        ),
        // Which of a role's inline policies it is, a cause doesn't say.
        ("iam", PolicyType::IdentityPolicy) if arn.resource().starts_with("role/") => search(
            &name(),
            &["DeleteRolePolicy", "PutRolePolicy"],
            vec![name()],
            true,
        ),
        _ => return None,
    })
}

/// The newest event at or before `now` that wrote the document; none where it can't be told.
pub(crate) fn writer(search: &Search, events: &[Event], now: Timestamp) -> Option<Change> {
    let mut found: Vec<(Timestamp, &Event)> = events
        .iter()
        .filter(|event| wrote(search, event))
        .filter_map(|event| Some((event.at.parse().ok()?, event)))
        .filter(|(at, _)| *at <= now)
        .collect();
    // The same event can come twice, from two trails.
    found.sort_by(|left, right| (right.0, &right.1.id).cmp(&(left.0, &left.1.id)));
    found.dedup_by(|left, right| left.1.id == right.1.id);
    let mut newest = found.into_iter();
    let (at, event) = newest.next()?;
    if newest.next().is_some_and(|(other, _)| other == at) {
        return None;
    }
    let identity = event.record.get("userIdentity");
    let by = |name: &str| {
        identity
            .and_then(|who| who.get(name))
            .and_then(Value::as_str)
    };
    Some(Change {
        event: event.name.clone(),
        by: by("arn").or(by("invokedBy")).map(str::to_owned),
        at: Some(event.at.clone()),
        event_id: Some(event.id.clone()),
    })
}

fn wrote(search: &Search, event: &Event) -> bool {
    let record = &event.record;
    let failed = record.get("errorCode").is_some_and(|code| !code.is_null());
    let read_only = record.get("readOnly").and_then(Value::as_bool) == Some(true);
    if failed || read_only || !search.writers.contains(&event.name.as_str()) {
        return false;
    }
    // An update of a table that says nothing about its encryption did not write it.
    let parameters = record.get("requestParameters");
    let named = |name: &str| parameters.and_then(|all| all.get(name)).is_some();
    if event.name == "UpdateTable" && !named("sSESpecification") {
        return false;
    }
    if event.name == "CreatePolicyVersion"
        && parameters
            .and_then(|all| all.get("setAsDefault"))
            .and_then(Value::as_bool)
            != Some(true)
    {
        return false;
    }
    let results = record.get("responseElements");
    [parameters, results]
        .into_iter()
        .flatten()
        .any(|part| search.of.iter().any(|text| holds(part, text)))
}

/// Whether a value is, or holds, this very text.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(one) => one == text,
        Value::Array(all) => all.iter().any(|one| holds(one, text)),
        Value::Object(all) => all.values().any(|one| holds(one, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
