// SPDX-License-Identifier: Apache-2.0
//! Changes of policies, as CloudTrail tells them through EventBridge.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-cloudtrail.html>,
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
//!
//! Read leniently, as AWS adds fields when it likes. What can't be told about an event's reach makes
//! it reach every plan: one run too many, never one too few. A call that failed changed nothing;
//! that leaves out keyproof's own dry runs, which AWS logs as errors, and so keeps a run from
//! starting the next.

mod names;
mod reach;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;
use keyproof_core::PolicyType;
use keyproof_verdict::Change;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::Reference;

/// A change of somebody's policy, grant, key, alias or table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// The event's name, such as `PutKeyPolicy`.
    pub event: String,
    /// The service, such as `kms.amazonaws.com`.
    pub source: String,
    /// CloudTrail's id of the event.
    pub event_id: String,
    /// When it was done.
    pub at: Timestamp,
    /// The ARN of who did it; the service's name, where it was one.
    #[serde(default)]
    pub by: Option<String>,
    /// The account in which it was done.
    #[serde(default)]
    pub account: Option<String>,
    /// What it touched, where the event tells.
    #[serde(default)]
    pub touches: BTreeSet<Reference>,
    /// The ARN, or else the name, of the document or resource that was changed.
    #[serde(default)]
    pub document: Option<String>,
}

/// Which plans a change may concern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those that mention any of these.
    Of(BTreeSet<Reference>),
    /// All, and why that can't be narrowed.
    Every(&'static str),
}

/// A change, and how far it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEvent {
    /// The change.
    pub change: PolicyChange,
    /// Which plans it may concern.
    pub reach: Reach,
}

/// An event of CloudTrail's that can't be read.
#[derive(Debug, Error)]
#[error("the CloudTrail event can't be read: {0}")]
pub struct EventError(serde_json::Error);

/// The part of a CloudTrail record that matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_source: String,
    event_name: String,
    #[serde(rename = "eventID")]
    event_id: String,
    event_time: Timestamp,
    #[serde(default)]
    user_identity: Value,
    #[serde(default)]
    request_parameters: Value,
    #[serde(default)]
    response_elements: Value,
    #[serde(default)]
    resources: Value,
    recipient_account_id: Option<String>,
    error_code: Option<String>,
}

impl PolicyEvent {
    /// The `detail-type` of these events.
    pub const DETAIL_TYPE: &'static str = "AWS API Call via CloudTrail";
    /// The calls that change who may do what, by CloudTrail's `eventSource`: what a rule must match.
    pub const EVENTS: &'static [(&'static str, &'static [&'static str])] = names::EVENTS;

    /// Reads the `detail` of an event. `None` where the call failed, or is none that changes who may
    /// do what.
    ///
    /// # Errors
    ///
    /// Where it is no record of CloudTrail's.
    pub fn read(detail: &Value) -> Result<Option<Self>, EventError> {
        let record = Record::deserialize(detail).map_err(EventError)?;
        let known = Self::EVENTS.iter().any(|(source, events)| {
            *source == record.event_source && events.contains(&record.event_name.as_str())
        });
        if !known || record.error_code.is_some() || is_harmless(&record) {
            return Ok(None);
        }
        let reach = reach::of(&record);
        let touches = match &reach {
            Reach::Of(references) => references.clone(),
            Reach::Every(_) => BTreeSet::new(),
        };
        let identity = |field: &str| text(&record.user_identity, field);
        let change = PolicyChange {
            by: identity("arn").or_else(|| identity("invokedBy")),
            account: record
                .recipient_account_id
                .clone()
                .or_else(|| identity("accountId")),
            touches,
            document: reach::document(&record),
            event: record.event_name,
            source: record.event_source,
            event_id: record.event_id,
            at: record.event_time,
        };
        Ok(Some(Self { change, reach }))
    }
}

impl PolicyChange {
    /// The type of policy that it changed, where it was one.
    #[must_use]
    pub fn policy_type(&self) -> Option<PolicyType> {
        Some(match self.event.as_str() {
            "PutKeyPolicy" | "PutResourcePolicy" | "DeleteResourcePolicy" => {
                PolicyType::ResourcePolicy
            }
            "CreateGrant" | "RetireGrant" | "RevokeGrant" => PolicyType::Grant,
            "UpdateAssumeRolePolicy" => PolicyType::TrustPolicy,
            "PutRolePermissionsBoundary" | "DeleteRolePermissionsBoundary" => {
                PolicyType::PermissionsBoundary
            }
            "PutRolePolicy" | "DeleteRolePolicy" | "AttachRolePolicy" | "DetachRolePolicy" => {
                PolicyType::IdentityPolicy
            }
            _ => return None,
        })
    }

    /// As a report tells it.
    #[must_use]
    pub fn told(&self) -> Change {
        Change {
            event: self.event.clone(),
            by: self.by.clone(),
            at: Some(self.at.to_string()),
            event_id: Some(self.event_id.clone()),
        }
    }
}

/// Whether the call changes nobody's access: a dry run, or more or less capacity of a table, which
/// auto scaling changes all day long.
fn is_harmless(record: &Record) -> bool {
    const CAPACITY: [&str; 5] = [
        "tableName",
        "billingMode",
        "onDemandThroughput",
        "provisionedThroughput",
        "warmThroughput",
    ];
    let parameters = record.request_parameters.as_object();
    let dry = |parameters: &Map<String, Value>| {
        parameters.get("dryRun").and_then(Value::as_bool) == Some(true)
    };
    let capacity = |parameters: &Map<String, Value>| {
        record.event_name == "UpdateTable"
            && parameters.len() > 1
            && parameters
                .keys()
                .all(|name| CAPACITY.contains(&name.as_str()))
    };
    parameters.is_some_and(|parameters| dry(parameters) || capacity(parameters))
}

/// A field that is a text and not empty.
fn text(value: &Value, field: &str) -> Option<String> {
    let text = value.get(field)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}
