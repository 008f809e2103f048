// SPDX-License-Identifier: Apache-2.0
//! What the function is asked to do, in the forms in which it arrives.
//!
//! - A run request, `{"plan": NAME, …}`, by direct invocation, as the constant input of a schedule,
//!   or in a message of the run queue. `plan` is needed, the rest is not.
//! - The event of a schedule or a rule that was given no input of its own: `detail-type` is
//!   `Scheduled Event`. Its `detail` may hold a run request; without one it means the function's
//!   only plan.
//! - The event `Run Requested` of source `keyproof`, its `detail` a run request.
//! - A change of a policy, `AWS API Call via CloudTrail`.
//! - A batch of the run queue, each message one of these.
//!
//! What keyproof defines (the run request) is read strictly, so that a caller who hands in a role
//! learns that it has no effect. What AWS defines (the event around it) is read leniently, as AWS
//! adds fields when it likes.

use keyproof_state::{PolicyEvent, RunRequest, digest};
use serde::Deserialize;
use serde_json::Value;
use ulid::Ulid;

use crate::HandlerError;

#[cfg(test)]
mod tests;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is nearly always a run"
)]
pub enum Request {
    /// A run.
    Run(RunRequest),
    /// A run of the only plan there is, and what started it.
    OnlyPlan(String),
    /// Runs of the plans that a change may concern.
    Change(Box<PolicyEvent>),
    /// Nothing: a change that changes nothing for anybody, such as a call that failed.
    Nothing,
}

/// A message of the run queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// SQS's id of it, by which the answer tells that it is to be delivered again.
    pub id: String,
    /// When it was sent, in milliseconds since 1970.
    sent_at: u64,
    body: String,
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

/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    message_id: String,
    body: String,
    #[serde(default)]
    event_source: String,
    #[serde(default)]
    attributes: Value,
}

impl Request {
    /// Reads a payload, or the body of a message.
    ///
    /// # Errors
    ///
    /// Where it is none of the forms, with what is wrong.
    pub fn read(payload: &Value) -> Result<Self, HandlerError> {
        if payload.get("detail-type").is_none() {
            return Ok(Self::Run(RunRequest::read(payload, "invoke")?));
        }
        let event = Event::deserialize(payload).map_err(|error| {
            HandlerError::InvalidRequest(format!("the event can't be read: {error}"))
        })?;
        match (event.source.as_str(), event.detail_type.as_str()) {
            // Rules say `aws.events`, schedules `aws.scheduler`.
            ("aws.events" | "aws.scheduler", "Scheduled Event") => scheduled(&event.detail),
            ("keyproof", "Run Requested") => {
                Ok(Self::Run(RunRequest::read(&event.detail, "event")?))
            }
            (_, PolicyEvent::DETAIL_TYPE) => {
                let change = PolicyEvent::read(&event.detail)?;
                Ok(change.map_or(Self::Nothing, |change| Self::Change(Box::new(change))))
            }
            (source, detail_type) => Err(HandlerError::InvalidRequest(format!(
                "`{detail_type}` of `{source}` starts no run; expected `Scheduled Event`, `{}`, or `Run Requested` of `keyproof`",
                PolicyEvent::DETAIL_TYPE
            ))),
        }
    }
}

/// The messages of a batch; `None` where the payload is no batch.
///
/// # Errors
///
/// Where it is a batch of something else than a queue.
pub fn messages(payload: &Value) -> Result<Option<Vec<Message>>, HandlerError> {
    let Some(records) = payload.get("Records") else {
        return Ok(None);
    };
    let records = Vec::<Record>::deserialize(records).map_err(|error| {
        HandlerError::InvalidRequest(format!("the batch can't be read: {error}"))
    })?;
    if let Some(other) = (records.iter()).find(|record| record.event_source != "aws:sqs") {
        return Err(HandlerError::InvalidRequest(format!(
            "a batch of `{}` starts no run; expected one of `aws:sqs`",
            other.event_source
        )));
    }
    let message = |record: Record| {
        let sent_at = record.attributes.get("SentTimestamp");
        let sent_at = sent_at
            .and_then(Value::as_str)
            .and_then(|sent| sent.parse().ok());
        Message {
            id: record.message_id,
            sent_at: sent_at.unwrap_or_default(),
            body: record.body,
        }
    };
    Ok(Some(records.into_iter().map(message).collect()))
}

impl Message {
    /// Reads what is asked for. A run without an id gets one that is the message's: delivered twice,
    /// it is the same run.
    ///
    /// # Errors
    ///
    /// Where it is none of the forms, with what is wrong.
    pub fn request(&self) -> Result<Request, HandlerError> {
        let payload = serde_json::from_str(&self.body).map_err(|error| {
            HandlerError::InvalidRequest(format!("the message is not JSON: {error}"))
        })?;
        let mut request = Request::read(&payload)?;
        if let Request::Run(run) = &mut request
            && run.run_id.is_none()
        {
            run.run_id = Some(derived(self.sent_at, &self.id));
        }
        Ok(request)
    }
}

/// The run id that belongs to something that may arrive more than once.
pub(crate) fn derived(milliseconds: u64, of: &str) -> Ulid {
    let digits = digest(of.as_bytes());
    let digits = digits.trim_start_matches("sha256:").get(..20);
    let random = digits.and_then(|digits| u128::from_str_radix(digits, 16).ok());
    Ulid::from_parts(milliseconds, random.unwrap_or_default())
}

/// The detail of a schedule's event: `{}`, or `"{}"` as the Scheduler writes it, where nobody gave
/// it an input.
fn scheduled(detail: &Value) -> Result<Request, HandlerError> {
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
        return Ok(Request::OnlyPlan(TRIGGER.to_owned()));
    }
    Ok(Request::Run(RunRequest::read(detail, TRIGGER)?))
}
