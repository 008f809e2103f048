// SPDX-License-Identifier: Apache-2.0
//! The event that wrote a document last.
//!
//! Nothing is guessed: an event counts only if it succeeded, changed something, names this document
//! in its own parameters, and no other one that does is of the same second. CloudTrail tells of an
//! event minutes after it happened, so that the newest one it has may be of an older version: where
//! the event holds the policy that it wrote, that must be the one in force.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html>

use jiff::Timestamp;
use keyproof_core::{Arn, PolicyType};
use keyproof_verdict::{Cause, Change, DocumentRow};
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
    /// The name of the inline policy, where a role may have several.
    inline: Option<String>,
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
        inline: None,
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
        ("iam", PolicyType::IdentityPolicy) if arn.resource().starts_with("role/") => Search {
            inline: inline(cause),
            ..search(
                &name(),
                &["DeleteRolePolicy", "PutRolePolicy"],
                vec![name()],
                true,
            )
        },
        _ => return None,
    })
}

/// Which of a role's inline policies the statement stands in: the end of its document's id. The want
/// of a statement stands in none.
fn inline(cause: &Cause) -> Option<String> {
    cause.pointer.as_ref()?;
    let (_, name) = cause.source.as_deref()?.rsplit_once(' ')?;
    Some(name.to_owned())
}

/// What CloudTrail knows of the writer of a document.
#[derive(Debug, PartialEq)]
pub(crate) enum Writer {
    /// This event.
    Known(Change),
    /// Nothing, or nothing certain.
    Unknown,
    /// Nothing certain: the newest event, of this name, left another policy than the one in force.
    Older(String),
}

/// The newest event at or before `now` that wrote the document, of which `content` is in force.
pub(crate) fn writer(
    search: &Search,
    events: &[Event],
    content: Option<&DocumentRow>,
    now: Timestamp,
) -> Writer {
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
    let Some((at, event)) = newest.next() else {
        return Writer::Unknown;
    };
    if newest.next().is_some_and(|(other, _)| other == at) {
        return Writer::Unknown;
    }
    if content.is_some_and(|content| contradicts(search, event, content)) {
        return Writer::Older(event.name.clone());
    }
    let identity = event.record.get("userIdentity");
    let by = |name: &str| {
        identity
            .and_then(|who| who.get(name))
            .and_then(Value::as_str)
    };
    Writer::Known(Change {
        event: event.name.clone(),
        by: by("arn").or(by("invokedBy")).map(str::to_owned),
        at: Some(event.at.clone()),
        event_id: Some(event.id.clone()),
    })
}

/// Whether the event left something else than this document behind.
fn contradicts(search: &Search, event: &Event, content: &DocumentRow) -> bool {
    let parameters = event.record.get("requestParameters");
    let text = |name: &str| parameters?.get(name)?.as_str();
    // An inline policy that is there was put after it was deleted.
    if event.name == "DeleteRolePolicy" {
        return search.inline.is_some();
    }
    // The want of a statement is no matter of one inline policy.
    if event.name == "PutRolePolicy" && search.inline.is_none() {
        return false;
    }
    let policy = ["policy", "policyDocument", "assumeRolePolicyDocument"];
    let Some(policy) = policy.into_iter().find_map(text) else {
        return false;
    };
    let Ok(policy) = serde_json::from_str(policy) else {
        return false;
    };
    let policy = DocumentRow::new(&*content.document, content.policy, policy);
    !same(&policy.content, &content.content)
}

/// Whether two policies say the same: a list of one is its item, and texts have no order.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, one)| right.get(name).is_some_and(|other| same(one, other)))
        }
        (Value::Array(all), Value::Array(others)) => {
            let covered = |all: &[Value], others: &[Value]| {
                all.iter()
                    .all(|one| others.iter().any(|other| same(one, other)))
            };
            all.len() == others.len() && covered(all, others) && covered(others, all)
        }
        (Value::Array(all), one) | (one, Value::Array(all)) => {
            matches!(all.as_slice(), [only] if same(only, one))
        }
        (Value::String(text), Value::Bool(flag)) | (Value::Bool(flag), Value::String(text)) => {
            *text == flag.to_string()
        }
        (Value::String(text), Value::Number(number))
        | (Value::Number(number), Value::String(text)) => *text == number.to_string(),
        (left, right) => left == right,
    }
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
    let policy_name = parameters.and_then(|all| all.get("policyName"));
    let other = |name: &String| policy_name.and_then(Value::as_str) != Some(name);
    if search.inline.as_ref().is_some_and(other) {
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
