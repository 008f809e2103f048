// SPDX-License-Identifier: Apache-2.0
//! Why a request is not believed, in the words of each protocol.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

use thiserror::Error;

use crate::error::AwsError;
use crate::protocol::Api;

/// Why nobody knows who is calling.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    /// No signature at all.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A signature that lacks a part.
    #[error("{0}")]
    Incomplete(String),
    /// An access key that doesn't exist, is inactive, or came with the wrong session token.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// Another secret, another request, another time or another scope.
    #[error("{0}")]
    Mismatch(String),
    /// A session that ended.
    #[error("The security token included in the request is expired")]
    Expired,
}

impl Refusal {
    /// The error as a service answers it.
    pub(crate) fn into_error(self, api: Api) -> AwsError {
        let (json, query) = match self {
            Self::Missing => (
                "MissingAuthenticationTokenException",
                (403, "MissingAuthenticationToken"),
            ),
            Self::Incomplete(_) => ("IncompleteSignatureException", (400, "IncompleteSignature")),
            Self::UnknownKey => ("UnrecognizedClientException", (403, "InvalidClientTokenId")),
            Self::Mismatch(_) => ("InvalidSignatureException", (403, "SignatureDoesNotMatch")),
            Self::Expired => ("ExpiredTokenException", (403, "ExpiredToken")),
        };
        let (status, code) = if api.is_json() { (400, json) } else { query };
        AwsError::new(status, code, self.to_string())
    }
}
