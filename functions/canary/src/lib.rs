// SPDX-License-Identifier: Apache-2.0
//! The canary function: a custom resource that plants canaries at deployment and removes them at the
//! end.
//!
//! At deployment it also stores the stack's own plan, and what the command line needs to know of the
//! stack. CloudFormation waits for an answer until it gets one, so there always is one: also when
//! something panics, and before Lambda's time is up.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html>

mod act;
mod answer;
mod aws;
mod event;
mod properties;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use keyproof_store::Table;
use serde_json::Value;

pub use act::{Canaries, Service};
pub use answer::{Answer, AnswerError, Answered, Deliver, Https, Status};
pub use aws::{Aws, AwsCanaries, SetupError};
pub use event::{Event, RequestType};

/// What the function's code calls, on what: the variable of its environment that names it, or what the
/// plan names.
pub const PERMISSIONS: &[(&str, &[&str])] = &[
    ("plan tables", keyproof_aws::iam_actions::PLANT),
    ("plan tables", keyproof_aws::iam_actions::REMOVE),
    // Heads are read by their keys, and nothing is removed.
    ("KEYPROOF_STATE_TABLE", &["dynamodb:GetItem"]),
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::WRITE),
];

/// What is kept of Lambda's time for the answer.
const MARGIN: Duration = Duration::from_secs(10);

/// Carries out one request and delivers the answer, whatever happens.
///
/// # Errors
///
/// Where the payload is no request at all, or the answer could not be delivered: then Lambda tries
/// again, and everything is such that doing it again does no harm.
pub async fn handle<T: Table, C: Canaries>(
    payload: &Value,
    remaining: Duration,
    service: impl Future<Output = Result<Service<T, C>, String>>,
    deliver: &impl Deliver,
) -> Result<Answer, AnswerError> {
    let event = Event::read(payload)?;
    let work = async {
        let service = service.await?;
        service.carry_out(&event, work_time(remaining)).await
    };
    let limited = tokio::time::timeout(work_time(remaining), AssertUnwindSafe(work).catch_unwind());
    let outcome = match limited.await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("the function failed; its log says why".to_owned()),
        Err(_) => Err("there was no time left; the function's log says what took it".to_owned()),
    };
    let answer = Answer::new(&event, outcome);
    tracing::info!(
        stack = event.stack_id,
        resource = event.logical_resource_id,
        request = ?event.request_type,
        status = ?answer.status,
        reason = answer.reason,
        "answered"
    );
    deliver.deliver(&event.response_url, &answer).await?;
    Ok(answer)
}

/// What the work may take. The rest is for the answer.
fn work_time(remaining: Duration) -> Duration {
    remaining.saturating_sub(MARGIN.min(remaining / 5))
}
