// SPDX-License-Identifier: Apache-2.0
//! Answers to CloudFormation.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html>

use std::future::Future;
use std::time::Duration;

use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use thiserror::Error;

use crate::Event;

/// The longest reason: the whole answer may take 4 KB.
const LONGEST_REASON: usize = 1500;
/// How often the answer is sent, and the wait in between.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// How a request came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// As asked.
    Success,
    /// Not.
    Failed,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer {
    /// How it came out.
    pub status: Status,
    /// Why it failed, for a person who looks at the stack's events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The resource's id, the same for the life of the stack.
    pub physical_resource_id: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
}

impl Answer {
    /// The answer to a request.
    #[must_use]
    pub fn new(event: &Event, outcome: Result<(), String>) -> Self {
        let (status, reason) = match outcome {
            Ok(()) => (Status::Success, None),
            Err(reason) => (Status::Failed, Some(shortened(reason))),
        };
        Self {
            status,
            reason,
            physical_resource_id: event.physical_id(),
            stack_id: event.stack_id.clone(),
            request_id: event.request_id.clone(),
            logical_resource_id: event.logical_resource_id.clone(),
        }
    }
}

fn shortened(mut reason: String) -> String {
    if reason.len() > LONGEST_REASON {
        let end = reason.floor_char_boundary(LONGEST_REASON);
        reason.truncate(end);
        reason.push('…');
    }
    reason
}

/// Why there was no answer.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The payload is no request of CloudFormation's: there is nobody to answer.
    #[error("the payload is no request of CloudFormation's for a custom resource: {0}")]
    NoRequest(#[source] serde_json::Error),
    /// The answer can't be delivered.
    #[error("CloudFormation could not be answered: {0}")]
    NotDelivered(String),
}

impl From<AnswerError> for Diagnostic {
    fn from(error: AnswerError) -> Self {
        let name = match error {
            AnswerError::NoRequest(_) => "InvalidRequest",
            AnswerError::NotDelivered(_) => "Retryable",
        };
        Self {
            error_type: name.to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Delivers answers.
pub trait Deliver {
    /// Delivers an answer to the address that the request gave for it.
    fn deliver(&self, url: &str, answer: &Answer) -> impl Future<Output = Result<(), AnswerError>>;
}

/// The way over HTTP. What `Deliver` is told to send where, this sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Https;

/// What came of one attempt: an error, in words without the address, which is a secret.
pub type Answered = Result<(), String>;

impl Deliver for Https {
    async fn deliver(&self, url: &str, answer: &Answer) -> Result<(), AnswerError> {
        let undeliverable = |error: String| AnswerError::NotDelivered(error);
        let body =
            serde_json::to_string(answer).map_err(|error| undeliverable(error.to_string()))?;
        let mut last = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * 2_u32.pow(attempt)).await;
            }
            match put(url, &body).await {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(undeliverable(last))
    }
}

/// Puts the answer where the address says. It is signed for a body without a type, so the type must be
/// empty.
async fn put(url: &str, body: &str) -> Answered {
    let request = http::Request::put(url)
        .header("content-type", "")
        .header("content-length", body.len())
        .body(SdkBody::from(body))
        .map_err(|_| "the address is no URL".to_owned())?;
    let request = HttpRequest::try_from(request).map_err(|error| error.to_string())?;
    let call = if url.starts_with("https:") {
        let ring = Provider::Rustls(CryptoMode::Ring);
        Connector::builder()
            .tls_provider(ring)
            .build()
            .call(request)
    } else {
        let builder: ConnectorBuilder = Connector::builder();
        builder.build_http().call(request)
    };
    let reply = call
        .await
        .map_err(|_| "there was no connection to the address".to_owned())?;
    if reply.status().is_success() {
        Ok(())
    } else {
        Err(format!("HTTP status {}", reply.status().as_u16()))
    }
}
