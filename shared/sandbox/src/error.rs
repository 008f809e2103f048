// SPDX-License-Identifier: Apache-2.0
//! A refusal or failure as AWS words it: HTTP status, code, message.

use std::borrow::Cow;

use serde_json::Value;

/// An AWS error, before it is written in the protocol of the request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AwsError {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The error code, such as `AccessDeniedException`.
    pub(crate) code: Cow<'static, str>,
    /// The sentence for a person.
    pub(crate) message: String,
    /// Further members of the error's structure, such as `CancellationReasons`. JSON only.
    pub(crate) members: Vec<(&'static str, Value)>,
}

impl AwsError {
    /// Any error.
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            members: Vec::new(),
        }
    }

    /// A client's error in the JSON protocols: status 400.
    pub(crate) fn client(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    /// `ValidationException`, 400.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// `ResourceNotFoundException`, 400: DynamoDB's word for a missing table.
    pub(crate) fn resource_not_found(message: impl Into<String>) -> Self {
        Self::client("ResourceNotFoundException", message)
    }

    /// A fault of the sandbox itself: 500.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalFailure", message)
    }

    /// The refusal of an action, with the code and status of the action's service.
    pub(crate) fn access_denied(action: &str, sentence: impl Into<String>) -> Self {
        if action.starts_with("sts:") || action.starts_with("iam:") {
            Self::new(403, "AccessDenied", sentence)
        } else {
            Self::client("AccessDeniedException", sentence)
        }
    }

    /// Adds a member to the error's structure.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.members.push((name, value));
        self
    }
}
