// SPDX-License-Identifier: Apache-2.0
//! Dead letters, and the queues that they are in.

use std::collections::BTreeSet;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use jiff::Timestamp;
use keyproof_failure::why;
use keyproof_state::RunRequest;
use serde_json::Value;

use crate::error::CliError;

/// For how long a letter is out of others' sight while it is looked at, in seconds.
const LOOK: i32 = 120;

/// A message that was given up.
#[derive(Debug)]
pub(super) struct Letter {
    id: String,
    receipt: String,
    body: String,
    sent_at: Option<Timestamp>,
    error: Option<String>,
}

/// What a letter is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Something that the run queue takes: a run request, or an event.
    Run,
    /// A look at what is due, of which there is another every five minutes.
    Sweep,
    /// A batch of the stream, the last record of which came at this time.
    Batch {
        /// When.
        last: Timestamp,
    },
    /// Anything else.
    Other,
}

impl Letter {
    fn of(message: Message) -> Option<Self> {
        let sent = message.attributes.as_ref().and_then(|attributes| {
            let sent = attributes.get(&MessageSystemAttributeName::SentTimestamp)?;
            Timestamp::from_millisecond(sent.parse().ok()?).ok()
        });
        let attributes = message.message_attributes.as_ref();
        // EventBridge, the Scheduler and Lambda each name it so.
        let error = ["ERROR_MESSAGE", "ErrorMessage"]
            .into_iter()
            .find_map(|name| attributes?.get(name)?.string_value.clone());
        Some(Self {
            id: message.message_id?,
            receipt: message.receipt_handle?,
            body: message.body?,
            sent_at: sent,
            error,
        })
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// What it is about.
    pub(super) fn reading(&self) -> Reading {
        read(&self.body)
    }

    /// The letter in a few words: when it was sent, what it is, why it was given up.
    pub(super) fn summary(&self) -> String {
        let mut words = vec![what(&self.body)];
        words.extend(self.sent_at.map(|at| format!("of {at}")));
        words.extend(self.error.as_ref().map(|error| format!("({error})")));
        words.join(" ")
    }
}

fn read(body: &str) -> Reading {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return Reading::Other;
    };
    let last = value.pointer("/DDBStreamBatchInfo/approximateArrivalOfLastRecord");
    if let Some(last) = last
        .and_then(Value::as_str)
        .and_then(|last| last.parse().ok())
    {
        return Reading::Batch { last };
    }
    if value.get("sweep").is_some() {
        return Reading::Sweep;
    }
    let event = value.get("detail-type").and_then(Value::as_str).is_some();
    if event || RunRequest::read(&value, "redrive").is_ok() {
        Reading::Run
    } else {
        Reading::Other
    }
}

fn what(body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str);
    match (read(body), text("/plan"), text("/detail/eventName")) {
        (Reading::Run, Some(plan), _) => format!("a run of `{plan}`"),
        (Reading::Run, None, Some(event)) => format!("the policy change `{event}`"),
        (Reading::Run, None, None) => "an event".to_owned(),
        (Reading::Sweep, ..) => "a sweep".to_owned(),
        (Reading::Batch { .. }, ..) => "a batch of the stream".to_owned(),
        (Reading::Other, ..) => "a message".to_owned(),
    }
}

/// A queue.
#[derive(Debug)]
pub(super) struct Queue<'c> {
    client: &'c Client,
    url: String,
}

impl<'c> Queue<'c> {
    pub(super) fn new(client: &'c Client, url: &str) -> Self {
        Self {
            client,
            url: url.to_owned(),
        }
    }

    /// Every letter, as far as there are no new ones.
    pub(super) async fn receive_all(&self) -> Result<Vec<Letter>, CliError> {
        let mut seen = BTreeSet::new();
        let mut letters = Vec::new();
        loop {
            let received = self
                .client
                .receive_message()
                .queue_url(&self.url)
                .max_number_of_messages(10)
                .visibility_timeout(LOOK)
                .wait_time_seconds(1)
                .message_attribute_names("All")
                .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
                .send()
                .await
                .map_err(|error| refused("cannot read", &self.url, &error))?;
            let messages = received.messages.unwrap_or_default();
            let fresh: Vec<_> = messages
                .into_iter()
                .filter_map(Letter::of)
                .filter(|letter| seen.insert(letter.id.clone()))
                .collect();
            if fresh.is_empty() {
                return Ok(letters);
            }
            letters.extend(fresh);
        }
    }

    /// Sends a message as it was.
    pub(super) async fn send(&self, body: &str) -> Result<(), CliError> {
        let sent = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body);
        sent.send()
            .await
            .map_err(|error| refused("cannot send to", &self.url, &error))?;
        Ok(())
    }

    /// Takes a letter away.
    pub(super) async fn delete(&self, letter: &Letter) -> Result<(), CliError> {
        let deleted = self.client.delete_message().queue_url(&self.url);
        let deleted = deleted.receipt_handle(&letter.receipt).send().await;
        deleted.map_err(|error| refused("cannot delete from", &self.url, &error))?;
        Ok(())
    }

    /// Lets others see a letter again.
    pub(super) async fn give_back(&self, letter: &Letter) -> Result<(), CliError> {
        let back = self.client.change_message_visibility().queue_url(&self.url);
        let back = back
            .receipt_handle(&letter.receipt)
            .visibility_timeout(0)
            .send()
            .await;
        back.map_err(|error| refused("cannot give back to", &self.url, &error))?;
        Ok(())
    }
}

fn refused<E>(what: &str, url: &str, error: &SdkError<E>) -> CliError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    CliError::Usage(format!("{what} the queue `{url}`: {}", why(error)))
}

#[cfg(test)]
mod tests {
    //! What a letter is about.

    use super::{Reading, read, what};

    #[test]
    fn what_the_run_queue_takes_goes_back_and_nothing_else() {
        let change = r#"{"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "PutKeyPolicy"}}"#;
        let batch = r#"{"requestContext": {"condition": "RetryAttemptsExhausted"},
            "DDBStreamBatchInfo": {"shardId": "s", "batchSize": 1, "approximateArrivalOfLastRecord": "2026-11-26T12:00:00Z"}}"#;
        let last = "2026-11-26T12:00:00Z".parse().unwrap();
        for (body, reading, words) in [
            (
                r#"{"plan": "orders", "trigger": "schedule"}"#,
                Reading::Run,
                "a run of `orders`",
            ),
            (change, Reading::Run, "the policy change `PutKeyPolicy`"),
            (
                r#"{"source": "keyproof", "detail-type": "Run Requested", "detail": {}}"#,
                Reading::Run,
                "an event",
            ),
            (batch, Reading::Batch { last }, "a batch of the stream"),
            (
                r#"{"sweep": "2026-11-26T12:00:00Z"}"#,
                Reading::Sweep,
                "a sweep",
            ),
            (
                r#"{"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}"#,
                Reading::Other,
                "a message",
            ),
            (r#"{"RequestType": "Create"}"#, Reading::Other, "a message"),
            ("orders", Reading::Other, "a message"),
        ] {
            assert_eq!((read(body), &*what(body)), (reading, words), "{body}");
        }
    }
}
