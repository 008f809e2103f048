// SPDX-License-Identifier: Apache-2.0
//! Why a request got no report.

use keyproof_aws::RunnerError;
use lambda_runtime::Diagnostic;
use thiserror::Error;

/// Why a request got no report. The `errorType` that a caller sees is [`HandlerError::name`].
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
    /// A plan in the environment that can't be read.
    #[error("{0}")]
    InvalidPlan(String),
    /// No credentials, or no usable endpoint.
    #[error(transparent)]
    CannotRun(#[from] RunnerError),
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
