// SPDX-License-Identifier: Apache-2.0
//! What AWS said instead of doing it.

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};

use crate::sink::SinkError;

/// The failure of a call.
pub(super) fn call<E, R>(action: &'static str, error: &SdkError<E, R>) -> SinkError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let message = keyproof_failure::why(error);
    SinkError::Call { action, message }
}

/// The failure of a call that could not be put together, or whose success doesn't say what the service's would.
pub(super) fn failure(action: &'static str, why: &(impl std::fmt::Display + ?Sized)) -> SinkError {
    let message = why.to_string();
    SinkError::Call { action, message }
}
