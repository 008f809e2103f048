// SPDX-License-Identifier: Apache-2.0
//! Why a request was not carried out.

use keyproof_aws::RunnerError;
use keyproof_state::{EventError, ItemError, RequestError};
use keyproof_store::StoreError;
use lambda_runtime::Diagnostic;
use thiserror::Error;

/// Why a request was not carried out. The `errorType` that a caller sees is [`HandlerError::name`].
#[derive(Debug, Error)]
pub enum HandlerError {
    /// A payload that is no request to run a plan.
    #[error("{0}")]
    InvalidRequest(String),
    /// A plan that this function doesn't have.
    #[error("there is no plan `{name}`; {there}")]
    PlanNotFound {
        /// The plan that was asked for.
        name: String,
        /// Which plans there are, as a clause.
        there: String,
    },
    /// A request that names no plan, where it is not clear which is meant.
    #[error("the request names no plan; {there}")]
    PlanNotNamed {
        /// Which plans there are, as a clause.
        there: String,
    },
    /// A plan that can't be read.
    #[error("{0}")]
    InvalidPlan(String),
    /// No credentials, no usable endpoint, or a part of the stack that the function wasn't told of.
    #[error("{0}")]
    CannotRun(String),
    /// The state table, the report bucket or the run queue.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state machine that carries large runs out.
    #[error("the state machine can't be started: {0}")]
    NotStarted(String),
    /// A message of a batch that would have been cut short.
    #[error("there is too little time left for this run; it will be tried again")]
    NoTime,
    /// A run, or its commit, that was given up before Lambda would have ended the function.
    #[error(
        "the function's time was over before the run was committed; it will be tried again where a \
         queue or the state machine asked for it"
    )]
    OutOfTime,
}

impl HandlerError {
    /// The constant that a retry policy or an alarm can match.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::PlanNotFound { .. } => "PlanNotFound",
            Self::PlanNotNamed { .. } => "PlanNotNamed",
            Self::InvalidPlan(_) => "InvalidPlan",
            Self::CannotRun(_) => "CannotRun",
            Self::Store(StoreError::Item(ItemError::OtherSchema { .. })) => "OtherSchema",
            Self::Store(error) if error.is_retryable() => "Retryable",
            Self::Store(_) => "State",
            Self::NotStarted(_) => "NotStarted",
            Self::NoTime => "NoTime",
            Self::OutOfTime => "OutOfTime",
        }
    }
}

impl From<RunnerError> for HandlerError {
    fn from(error: RunnerError) -> Self {
        Self::CannotRun(error.to_string())
    }
}

impl From<RequestError> for HandlerError {
    fn from(error: RequestError) -> Self {
        Self::InvalidRequest(error.to_string())
    }
}

impl From<EventError> for HandlerError {
    fn from(error: EventError) -> Self {
        Self::InvalidRequest(error.to_string())
    }
}

impl From<HandlerError> for Diagnostic {
    fn from(error: HandlerError) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}
