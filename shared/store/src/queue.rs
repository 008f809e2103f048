// SPDX-License-Identifier: Apache-2.0
//! The run queue in SQS.

use std::future::Future;
use std::time::Duration;

use aws_sdk_sqs::Client;
use keyproof_state::RunRequest;

use crate::StoreError;

/// What sending to the queue needs.
pub const SEND_ACTIONS: &[&str] = &["sqs:SendMessage"];

/// The longest delay that SQS knows.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const LONGEST_DELAY: i32 = 900;

/// Asks for runs.
pub trait RunQueue {
    /// Asks for a run that begins after a delay of at most fifteen minutes; what is longer is cut,
    /// and the request's own `not_before` sees to the rest.
    fn send(
        &self,
        request: &RunRequest,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>>;
}

impl<Q: RunQueue> RunQueue for &Q {
    fn send(
        &self,
        request: &RunRequest,
        delay: Duration,
    ) -> impl Future<Output = Result<(), StoreError>> {
        Q::send(self, request, delay)
    }
}

/// A queue in SQS.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue of this URL.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, url: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            url: url.into(),
        }
    }
}

impl RunQueue for SqsQueue {
    async fn send(&self, request: &RunRequest, delay: Duration) -> Result<(), StoreError> {
        let what = "cannot send to the run queue";
        let body = serde_json::to_string(request)
            .map_err(|error| StoreError::Invalid(format!("{what}: {error}")))?;
        let delay = i32::try_from(delay.as_secs()).unwrap_or(LONGEST_DELAY);
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .delay_seconds(delay.min(LONGEST_DELAY))
            .send()
            .await;
        let output = sent.map_err(|error| StoreError::call(what, &error))?;
        // Each message that SQS takes has an id; a success without one is somebody else's.
        match output.message_id() {
            Some(id) if !id.is_empty() => Ok(()),
            _ => Err(StoreError::unanswered(
                what,
                "the reply has no id of the message",
            )),
        }
    }
}
