// SPDX-License-Identifier: Apache-2.0
//! One call: its answer, or a sentence.

use std::error::Error;
use std::time::Duration;

use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// How long one call may take, tried again and all.
const PATIENCE: Duration = Duration::from_secs(45);

/// The answer to a call; the error is a sentence that names the action.
pub(super) async fn answer<T, E, R>(
    action: &str,
    call: impl Future<Output = Result<T, SdkError<E, R>>>,
) -> Result<T, String>
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    match tokio::time::timeout(PATIENCE, call).await {
        Err(_) => Err(format!("{action}: no answer in time")),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{action}: {code}: {message}"),
            (Some(code), None) => format!("{action}: {code}"),
            (None, _) => format!("{action}: {}", DisplayErrorContext(&error)),
        }),
    }
}
