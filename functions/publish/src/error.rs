// SPDX-License-Identifier: Apache-2.0
//! Why an invocation failed as a whole.

use keyproof_store::StoreError;
use lambda_runtime::Diagnostic;
use thiserror::Error;

/// Why an invocation failed as a whole. The `errorType` that Lambda shows is [`HandlerError::name`].
#[derive(Debug, Error)]
pub enum HandlerError {
    /// A payload that is nothing to be published.
    #[error(
        "the payload is neither a batch of the stream nor a request: {0}; expected \
         `{{\"sweep\": TIME}}` or `{{\"publish\": {{\"plan\": NAME, \"commit\": N}}}}`"
    )]
    InvalidRequest(String),
    /// A variable that is missing or unusable.
    #[error("{0}")]
    Configuration(String),
    /// A commit that the state table doesn't have.
    #[error("the plan `{plan}` has no commit {commit}")]
    NoCommit {
        /// The plan.
        plan: String,
        /// The commit.
        commit: u64,
    },
    /// Somebody was not told. The log has each.
    #[error("{untold} of {all} were not told to everybody; the log says whom and why")]
    Untold {
        /// How many.
        untold: usize,
        /// Of how many.
        all: usize,
    },
    /// The state table is out of reach.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HandlerError {
    /// The constant that a retry policy or an alarm can match.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::Configuration(_) => "Configuration",
            Self::NoCommit { .. } => "NoCommit",
            Self::Untold { .. } => "Untold",
            Self::Store(_) => "Store",
        }
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
