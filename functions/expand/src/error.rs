// SPDX-License-Identifier: Apache-2.0
//! Why an invocation failed.

use keyproof_aws::RunnerError;
use keyproof_store::StoreError;
use keyproof_survey::SurveyError;
use lambda_runtime::Diagnostic;
use thiserror::Error;

/// Why an invocation failed. The `errorType` that Lambda shows is [`HandlerError::name`].
#[derive(Debug, Error)]
pub enum HandlerError {
    /// A payload that asks for nothing.
    #[error("the payload is no request: {0}; expected `{{\"expand\": TIME}}`")]
    InvalidRequest(String),
    /// A variable that is missing or unusable, no credentials, or a stack that was not deployed to its
    /// end.
    #[error("{0}")]
    CannotRun(String),
    /// Nobody knows which inventories there are.
    #[error("the inventories can't be listed, and every plan stays as it is: {0}")]
    Unlisted(#[from] SurveyError),
    /// The state table is out of reach.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Inventories that were not expanded, or whose plans could not all be stored. All others were.
    #[error("{}", told(.0))]
    NotExpanded(Vec<Failed>),
}

/// An inventory of which not everything came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its address.
    pub inventory: String,
    /// Why, a sentence each. Never empty.
    pub why: Vec<String>,
}

impl HandlerError {
    /// The constant that a retry policy or an alarm can match.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) => "InvalidRequest",
            Self::CannotRun(_) => "CannotRun",
            Self::Unlisted(_) => "Unlisted",
            Self::Store(_) => "Store",
            Self::NotExpanded(_) => "NotExpanded",
        }
    }
}

/// The first sentence about each; the log has all of them.
fn told(failed: &[Failed]) -> String {
    /// More would hide each other.
    const SHOWN: usize = 3;
    let each = failed.iter().take(SHOWN).map(|one| {
        let first = one.why.first().map_or("", String::as_str);
        let more = match one.why.len() {
            0 | 1 => String::new(),
            all => format!(" (and {} more)", all - 1),
        };
        format!("{}: {first}{more}", one.inventory)
    });
    let each: Vec<_> = each.collect();
    let others = match failed.len().saturating_sub(SHOWN) {
        0 => String::new(),
        others => format!("; and {others} more, which the log has"),
    };
    format!(
        "plans stay as they are, as something was not found out: {}{others}",
        each.join("; ")
    )
}

impl From<RunnerError> for HandlerError {
    fn from(error: RunnerError) -> Self {
        Self::CannotRun(error.to_string())
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
