// SPDX-License-Identifier: Apache-2.0
//! Requests to run a plan, in the forms in which they arrive.
//!
//! - A run request, `{"plan": NAME, "trigger": WORD, "run_id": ULID}`, by direct invocation or as
//!   the constant input of a schedule. `plan` is needed, the others are not.
//! - The event of a schedule or a rule that was given no input of its own: `detail-type` is
//!   `Scheduled Event`. Its `detail` may hold a run request; without one it means the function's
//!   only plan.
//! - The event `Run Requested` of source `keyproof`, its `detail` a run request.
//!
//! What keyproof defines (the run request) is read strictly, so that a caller who hands in a role
//! learns that it has no effect. What AWS defines (the event around it) is read leniently, as AWS
//! adds fields when it likes.

use serde::Deserialize;
use serde_json::Value;
use ulid::Ulid;

use crate::HandlerError;

#[cfg(test)]
mod tests;

/// A request to run a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    /// The plan's name; the only one where `None`.
    pub plan: Option<String>,
    /// What started the run, for the report: a lowercase word.
    pub trigger: String,
    /// The id for the run, a ULID; a new one where `None`.
    pub run_id: Option<Ulid>,
}

/// A run request as callers write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    plan: String,
    #[serde(default)]
    trigger: Option<String>,
    #[serde(default)]
    run_id: Option<String>,
}

/// An event as `EventBridge` and its Scheduler send it.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
#[derive(Deserialize)]
struct Event {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    #[serde(default)]
    detail: Value,
}

impl RunRequest {
    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// Where it is none of the forms, with what is wrong.
    pub fn read(payload: &Value) -> Result<Self, HandlerError> {
        if payload.get("detail-type").is_none() {
            return written(payload, "invoke");
        }
        let event = Event::deserialize(payload).map_err(|error| {
            HandlerError::InvalidRequest(format!("the event can't be read: {error}"))
        })?;
        match (event.source.as_str(), event.detail_type.as_str()) {
            // Rules say `aws.events`, schedules `aws.scheduler`.
            ("aws.events" | "aws.scheduler", "Scheduled Event") => scheduled(&event.detail),
            ("keyproof", "Run Requested") => written(&event.detail, "event"),
            (source, detail_type) => Err(HandlerError::InvalidRequest(format!(
                "`{detail_type}` of `{source}` starts no run; expected `Scheduled Event`, or `Run Requested` of `keyproof`"
            ))),
        }
    }
}

/// The detail of a schedule's event: `{}`, or `"{}"` as the Scheduler writes it, where nobody gave
/// it an input.
fn scheduled(detail: &Value) -> Result<RunRequest, HandlerError> {
    const TRIGGER: &str = "schedule";
    let parsed = match detail {
        Value::String(text) => Some(serde_json::from_str(text).map_err(|error| {
            HandlerError::InvalidRequest(format!("the event's detail is not JSON: {error}"))
        })?),
        _ => None,
    };
    let detail = parsed.as_ref().unwrap_or(detail);
    let empty = detail.is_null() || detail.as_object().is_some_and(serde_json::Map::is_empty);
    if empty {
        return Ok(RunRequest {
            plan: None,
            trigger: TRIGGER.to_owned(),
            run_id: None,
        });
    }
    written(detail, TRIGGER)
}

fn written(value: &Value, trigger: &str) -> Result<RunRequest, HandlerError> {
    let invalid = |text: String| HandlerError::InvalidRequest(text);
    if !value.is_object() {
        return Err(invalid(
            r#"the request is no object; expected `{"plan": NAME}`"#.to_owned(),
        ));
    }
    let request = Written::deserialize(value)
        .map_err(|error| invalid(format!("the run request can't be read: {error}")))?;
    let trigger = request.trigger.unwrap_or_else(|| trigger.to_owned());
    if !is_word(&trigger) {
        return Err(invalid(
            "`trigger` is not a word; expected up to 32 lowercase letters, digits, `_` and `-`"
                .to_owned(),
        ));
    }
    let run_id = match request.run_id.as_deref().map(ulid) {
        Some(None) => {
            return Err(invalid(
                "`run_id` is not a ULID; expected 26 digits and capital letters, or leave it out"
                    .to_owned(),
            ));
        }
        given => given.flatten(),
    };
    Ok(RunRequest {
        plan: Some(request.plan),
        trigger,
        run_id,
    })
}

fn is_word(text: &str) -> bool {
    let inside =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=32).contains(&text.len()) && text.bytes().all(inside)
}

/// A ULID in its one proper spelling: what stands in a report, a session name and a log must be
/// found by the very text that the caller gave.
fn ulid(text: &str) -> Option<Ulid> {
    Ulid::from_string(text)
        .ok()
        .filter(|id| id.to_string() == text)
}
