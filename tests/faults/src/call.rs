// SPDX-License-Identifier: Apache-2.0
//! Which call a request is, and for whom.

use std::collections::HashMap;

use crate::message::Message;

/// The service that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// DynamoDB.
    DynamoDb,
    /// KMS.
    Kms,
    /// STS.
    Sts,
}

/// A call: the operation, and the role that it is made by; of `AssumeRole`, the role that it asks
/// for. `runner` for whoever has no session of a role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The service.
    pub service: Service,
    /// The operation, such as `GetItem`.
    pub operation: String,
    /// The role's name.
    pub principal: String,
}

impl Call {
    /// Reads a request. `sessions` are the role names by access key id.
    pub(crate) fn of(request: &Message, sessions: &HashMap<String, String>) -> Self {
        let target = request.header("x-amz-target").unwrap_or_default();
        let (service, operation) = match target.split_once('.') {
            Some(("TrentService", operation)) => (Service::Kms, operation.to_owned()),
            Some((_, operation)) => (Service::DynamoDb, operation.to_owned()),
            None => (Service::Sts, form(request, "Action").unwrap_or_default()),
        };
        let role = (operation == "AssumeRole")
            .then(|| form(request, "RoleArn"))
            .flatten();
        let principal = match role {
            Some(role) => role.rsplit('/').next().unwrap_or_default().to_owned(),
            None => access_key_id(request)
                .and_then(|id| sessions.get(id).cloned())
                .unwrap_or_else(|| "runner".to_owned()),
        };
        Self {
            service,
            operation,
            principal,
        }
    }
}

fn form(request: &Message, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(&request.body);
    fields
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.into_owned())
}

/// `Authorization: AWS4-HMAC-SHA256 Credential=ID/…`.
fn access_key_id(request: &Message) -> Option<&str> {
    let (_, rest) = request.header("authorization")?.split_once("Credential=")?;
    rest.split('/').next()
}
