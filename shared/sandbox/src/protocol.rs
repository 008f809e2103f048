// SPDX-License-Identifier: Apache-2.0
//! AWS's wire protocols: awsJson 1.0 and 1.1, and awsQuery.

mod crc32;
pub(crate) mod json;
pub(crate) mod parameters;
pub(crate) mod query;
mod xml;

use crate::error::AwsError;
use crate::http::{Incoming, Reply};

/// A service that the sandbox speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// awsJson 1.0.
    DynamoDb,
    /// awsJson 1.1.
    Kms,
    /// awsQuery, version 2011-06-15.
    Sts,
    /// awsQuery, version 2010-05-08.
    Iam,
}

impl Api {
    /// The namespace in actions and the service name in credential scopes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DynamoDb => "dynamodb",
            Self::Kms => "kms",
            Self::Sts => "sts",
            Self::Iam => "iam",
        }
    }

    /// Whether it speaks JSON; the others speak awsQuery.
    pub(crate) const fn is_json(self) -> bool {
        match self {
            Self::DynamoDb | Self::Kms => true,
            Self::Sts | Self::Iam => false,
        }
    }

    /// Writes an error as this service does.
    pub(crate) fn error(self, error: &AwsError, request_id: &str) -> Reply {
        if self.is_json() {
            json::error(self, error, request_id)
        } else {
            query::error(self, error, request_id)
        }
    }

    /// Writes a result as this service does.
    pub(crate) fn result(
        self,
        operation: &str,
        result: &serde_json::Value,
        request_id: &str,
    ) -> Reply {
        if self.is_json() {
            json::result(self, result, request_id)
        } else {
            query::result(self, operation, result, request_id)
        }
    }
}

/// What a request asks for, before anything is known of who asks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    /// The service.
    pub(crate) api: Api,
    /// The operation's name, not yet known to exist.
    pub(crate) operation: String,
    /// The parameters.
    pub(crate) input: serde_json::Value,
}

/// Finds out the service first, so that everything after it is refused in the right protocol.
pub(crate) fn api_of(incoming: &Incoming) -> Result<Api, (Api, AwsError)> {
    match incoming.header("x-amz-target") {
        Some(target) => json::api_of(target),
        None if incoming.header("smithy-protocol").is_some() => Err((
            Api::DynamoDb,
            AwsError::client(
                "UnknownOperationException",
                "the sandbox speaks awsJson and awsQuery; this request came in another Smithy protocol",
            ),
        )),
        None => query::api_of(incoming),
    }
}

/// Reads operation and parameters.
pub(crate) fn target_of(api: Api, incoming: &Incoming) -> Result<Target, AwsError> {
    if api.is_json() {
        json::target_of(api, incoming)
    } else {
        query::target_of(api, incoming)
    }
}
