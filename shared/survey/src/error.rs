// SPDX-License-Identifier: Apache-2.0
//! Why something was not found out.

use std::fmt;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use keyproof_failure::why;
use thiserror::Error;

/// Why something was not found out: what was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what}: {why}")]
pub struct SurveyError {
    /// What was asked of whom: `tag:GetResources`.
    pub what: String,
    /// The service's code and message, or what the connection says.
    pub why: String,
}

impl SurveyError {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }

    /// A call that failed.
    pub(crate) fn call<E, R>(what: impl Into<String>, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug + 'static,
    {
        Self::new(what, why(error))
    }

    /// A page whose token is the one that brought it: there is more, and no way to it. The SDK's own
    /// paginators end there as if it were all.
    pub(crate) fn same_page(what: impl Into<String>) -> Self {
        Self::new(
            what,
            "the same page came twice, so that there is no way to the rest",
        )
    }
}

/// The token of the next page, where there is one.
pub(crate) fn next(
    what: &str,
    before: Option<&str>,
    token: Option<String>,
) -> Result<Option<String>, SurveyError> {
    let token = token.filter(|token| !token.is_empty());
    match (&token, before) {
        (Some(token), Some(before)) if token == before => Err(SurveyError::same_page(what)),
        _ => Ok(token),
    }
}
