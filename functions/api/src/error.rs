// SPDX-License-Identifier: Apache-2.0
//! Why a request got no answer.

use keyproof_store::StoreError;
use thiserror::Error;

/// Why a request got no answer.
#[derive(Debug, Error)]
pub enum ApiError {
    /// A path that is none of the API's.
    #[error("there is no `{0}`; GET /openapi.json lists what there is")]
    NoRoute(String),
    /// The path is right, the method isn't.
    #[error("this path takes {allowed} only")]
    Method {
        /// The method that it takes.
        allowed: &'static str,
    },
    /// A body that is no request to run a plan.
    #[error("{0}")]
    Body(String),
    /// A body in another format.
    #[error("the body is `{0}`; expected `application/json`")]
    ContentType(String),
    /// A parameter of the query that is unknown or has no meaning.
    #[error("{0}")]
    Parameter(String),
    /// An `Idempotency-Key` that is none.
    #[error("the `Idempotency-Key` is not 1 to 255 visible characters")]
    IdempotencyKey,
    /// The key of an earlier request that was another.
    #[error(
        "the `Idempotency-Key` was used for another request before; choose a new one for a new request"
    )]
    IdempotencyMismatch,
    /// A plan that is not stored.
    #[error("there is no plan `{0}`; `keyproof plan push` stores one")]
    NoPlan(String),
    /// A run that nobody knows.
    #[error("there is no run `{0}`; a run is known for as long as the table keeps it")]
    NoRun(String),
    /// A report that Lambda could not return.
    #[error("the report is too large for a response; read it from the report bucket as `{0}`")]
    TooLarge(String),
    /// API Gateway doesn't say who signed the request.
    #[error("the request is not signed by anybody; the route lacks its authorisation")]
    Unsigned,
    /// The service's own table, bucket or queue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored thing that can't be read.
    #[error("{0}")]
    Stored(String),
}

impl ApiError {
    /// The name of the problem: the last part of its `type`, and what a program matches.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoRoute(_) => "no-such-route",
            Self::Method { .. } => "method-not-allowed",
            Self::Body(_) => "invalid-body",
            Self::ContentType(_) => "unsupported-content-type",
            Self::Parameter(_) => "invalid-parameter",
            Self::IdempotencyKey => "invalid-idempotency-key",
            Self::IdempotencyMismatch => "idempotency-key-reused",
            Self::NoPlan(_) => "no-such-plan",
            Self::NoRun(_) => "no-such-run",
            Self::TooLarge(_) => "report-too-large",
            Self::Unsigned => "unsigned",
            Self::Store(error) if error.is_retryable() => "unavailable",
            Self::Store(_) | Self::Stored(_) => "internal",
        }
    }

    /// The status code, and the problem in a few words that are always the same.
    pub(crate) fn status(&self) -> (u16, &'static str) {
        match self.name() {
            "no-such-route" => (404, "No such route"),
            "method-not-allowed" => (405, "Method not allowed"),
            "invalid-body" => (400, "The body is no request to run a plan"),
            "unsupported-content-type" => (415, "Unsupported content type"),
            "invalid-parameter" => (400, "Invalid parameter"),
            "invalid-idempotency-key" => (400, "Invalid idempotency key"),
            "idempotency-key-reused" => (422, "Idempotency key reused"),
            "no-such-plan" => (404, "No such plan"),
            "no-such-run" => (404, "No such run"),
            "report-too-large" => (413, "The report is too large for a response"),
            "unsigned" => (403, "Not signed"),
            "unavailable" => (503, "Temporarily unavailable"),
            _ => (500, "Internal error"),
        }
    }

    /// Whether the caller can do nothing about it: then it is in the log, and the caller is not told
    /// what the service is made of.
    pub(crate) fn is_ours(&self) -> bool {
        self.status().0 >= 500 || matches!(self, Self::Unsigned)
    }
}
