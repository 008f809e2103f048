// SPDX-License-Identifier: Apache-2.0
//! What AWS said instead of doing it.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use thiserror::Error;

/// Why evidence in AWS can't be read, written or signed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VaultError {
    /// AWS refused a call, or didn't answer.
    #[error("{action} failed: {message}")]
    Call {
        /// The action, as IAM names it.
        action: &'static str,
        /// AWS's code and sentence.
        message: String,
    },
    /// A key of another kind.
    #[error("it is {found}; evidence is signed by `ECC_NIST_P256` for `SIGN_VERIFY`")]
    Kind {
        /// Its key spec and usage, as far as they are known.
        found: String,
    },
}

impl VaultError {
    /// The failure of a call.
    pub(crate) fn call<E, R>(action: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let message = keyproof_failure::why(error);
        Self::Call { action, message }
    }
}
