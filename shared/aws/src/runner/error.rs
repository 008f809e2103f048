// SPDX-License-Identifier: Apache-2.0
//! Why a run can't start.

use aws_credential_types::provider::error::CredentialsError;

/// What keeps the operator from calling AWS at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The chain has no provider.
    #[error(
        "no AWS credentials are configured; set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"
    )]
    NoCredentials,
    /// No provider of the chain gave any.
    #[error(
        "no AWS credentials were found ({source}); set `AWS_PROFILE`, or `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`"
    )]
    Credentials {
        /// What the chain says.
        source: CredentialsError,
    },
    /// The endpoint is no URL.
    #[error(
        "`{url}` is not an endpoint; expected an http or https URL such as `http://127.0.0.1:8000`"
    )]
    Endpoint {
        /// The URL as configured, without user name and password.
        url: String,
    },
}
