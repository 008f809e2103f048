// SPDX-License-Identifier: Apache-2.0
//! Requests to run a plan, as they stand in the run queue and in a direct invocation.
//!
//! Read strictly: a caller names a stored plan and can hand in nothing else, a role to assume least
//! of all, and learns so.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use thiserror::Error;
use ulid::Ulid;

use crate::PolicyChange;

/// A request to run a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunRequest {
    /// The plan's name.
    pub plan: String,
    /// What started the run, for the report: a lowercase word.
    pub trigger: String,
    /// The id for the run; a new one where `None`. A run is carried out once, however often its
    /// request arrives.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub run_id: Option<Ulid>,
    /// The change of a policy that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<PolicyChange>,
    /// Whether the part of the plan that the change may concern is enough.
    #[serde(skip_serializing_if = "is_false")]
    pub part: bool,
    /// The run whose `locked_out` this one is to confirm.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_text")]
    pub confirms: Option<Ulid>,
    /// The moment before which the run must not start: a re-verification, which a later one covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// A run request as callers write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    plan: String,
    trigger: Option<String>,
    run_id: Option<String>,
    change: Option<PolicyChange>,
    #[serde(default)]
    part: bool,
    confirms: Option<String>,
    not_before: Option<Timestamp>,
}

/// What is wrong with a request.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not an object.
    #[error(r#"the request is no object; expected `{{"plan": NAME}}`"#)]
    NoObject,
    /// Fields that are missing, unknown or of the wrong type.
    #[error("the run request can't be read: {0}")]
    Fields(serde_json::Error),
    /// A trigger that could be mistaken for something else in a log.
    #[error("`trigger` is not a word; expected up to 32 lowercase letters, digits, `_` and `-`")]
    Trigger,
    /// An id in another spelling than its one proper one.
    #[error("`{field}` is not a ULID; expected 26 digits and capital letters, or leave it out")]
    Id {
        /// `run_id` or `confirms`.
        field: &'static str,
    },
}

impl RunRequest {
    /// A request for a plan, and nothing else.
    #[must_use]
    pub fn new(plan: impl Into<String>, trigger: impl Into<String>) -> Self {
        Self {
            plan: plan.into(),
            trigger: trigger.into(),
            run_id: None,
            change: None,
            part: false,
            confirms: None,
            not_before: None,
        }
    }

    /// Reads a request. `trigger` is what started it, unless it says so itself.
    ///
    /// # Errors
    ///
    /// Where it is none, with what is wrong.
    pub fn read(value: &Value, trigger: &str) -> Result<Self, RequestError> {
        if !value.is_object() {
            return Err(RequestError::NoObject);
        }
        let written = Written::deserialize(value).map_err(RequestError::Fields)?;
        let trigger = written.trigger.unwrap_or_else(|| trigger.to_owned());
        if !is_word(&trigger) {
            return Err(RequestError::Trigger);
        }
        let id = |given: Option<String>, field| match given {
            Some(text) => ulid(&text).map(Some).ok_or(RequestError::Id { field }),
            None => Ok(None),
        };
        Ok(Self {
            plan: written.plan,
            trigger,
            run_id: id(written.run_id, "run_id")?,
            change: written.change,
            part: written.part,
            confirms: id(written.confirms, "confirms")?,
            not_before: written.not_before,
        })
    }
}

/// Whether the text can stand for what started a run.
#[must_use]
pub fn is_word(text: &str) -> bool {
    let inside =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=32).contains(&text.len()) && text.bytes().all(inside)
}

/// A ULID in its one proper spelling: what stands in a report, a session name and a log must be
/// found by the very text that the caller gave.
#[must_use]
pub fn ulid(text: &str) -> Option<Ulid> {
    Ulid::from_string(text)
        .ok()
        .filter(|id| id.to_string() == text)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn as_text<S: Serializer>(id: &Option<Ulid>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}
