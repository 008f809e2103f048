// SPDX-License-Identifier: Apache-2.0
//! Why the service's own things can't be reached or read.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use keyproof_failure::why;
use keyproof_state::{ApplyError, ItemError};
use thiserror::Error;

use crate::TableError;

/// Why something of the service's own could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// An item that this version can't stand behind.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// A report that can't be applied.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The table's items were being written all the time that they were read.
    #[error(
        "the state of the plan `{plan}` was written by others each time it was tried; try again"
    )]
    Contended {
        /// The plan.
        plan: String,
    },
    /// A call to another service.
    #[error("{what}: {why}")]
    Call {
        /// What could not be done: `cannot send to the run queue`.
        what: &'static str,
        /// The service's code and message, or what the connection says.
        why: String,
        /// Whether the service was reached and said no: trying again won't help.
        refused: bool,
    },
    /// What was asked for can't be, whatever the service says.
    #[error("{0}")]
    Invalid(String),
}

impl StoreError {
    /// Whether the same again could succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Table(error) => error.is_retryable(),
            Self::Contended { .. } => true,
            Self::Call { refused, .. } => !*refused,
            Self::Item(_) | Self::Apply(_) | Self::Invalid(_) => false,
        }
    }

    pub(crate) fn call<E, R>(what: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        Self::Call {
            what,
            why: why(error),
            refused: refused(error),
        }
    }

    /// A success that doesn't hold what the service's would, or breaks off.
    pub(crate) fn unanswered(what: &'static str, why: impl Into<String>) -> Self {
        Self::Call {
            what,
            why: why.into(),
            refused: false,
        }
    }
}

/// Whether the service answered, and the answer won't change by itself.
pub(crate) fn refused<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    // By the code, as models and answers differ in everything else.
    const PASSING: [&str; 13] = [
        "InternalServerError",
        "InternalFailure",
        "InternalServerException",
        "InternalError",
        "ServiceUnavailable",
        "SlowDown",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        // Of a conditional write to S3: another was under way.
        "ConditionalRequestConflict",
    ];
    match error {
        SdkError::ServiceError(_) => error.code().is_some_and(|code| !PASSING.contains(&code)),
        _ => false,
    }
}
