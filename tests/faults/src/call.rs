// SPDX-License-Identifier: Apache-2.0
//! Which call a request is, and for whom.

use std::collections::HashMap;

use crate::message::Message;

/// The service that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// `CloudTrail`.
    CloudTrail,
    /// DynamoDB.
    DynamoDb,
    /// KMS.
    Kms,
    /// S3.
    S3,
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
    /// What it is about, where one operation is made of many things: an object's key, an item's sort key.
    /// Empty where the call has neither.
    pub subject: String,
}

impl Call {
    /// Reads a request. `sessions` are the role names by access key id.
    pub(crate) fn of(request: &Message, sessions: &HashMap<String, String>) -> Self {
        let target = request.header("x-amz-target").unwrap_or_default();
        let (service, operation, subject) = match target.split_once('.') {
            Some(("TrentService", operation)) => {
                (Service::Kms, operation.to_owned(), String::new())
            }
            Some(("CloudTrail_20131101", operation)) => {
                (Service::CloudTrail, operation.to_owned(), String::new())
            }
            Some((_, operation)) => (Service::DynamoDb, operation.to_owned(), sort_key(request)),
            None if scope(request).is_some_and(|scope| scope.contains("/s3/")) => {
                let (operation, key) = object(request);
                (Service::S3, operation, key)
            }
            None => {
                let action = form(request, "Action").unwrap_or_default();
                (Service::Sts, action, String::new())
            }
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
            subject,
        }
    }

    /// Whether a disturbance of this name is one of the call: the operation, or `OPERATION SUBJECT`.
    pub(crate) fn is(&self, name: &str) -> bool {
        name.strip_prefix(&*self.operation)
            .is_some_and(|rest| rest.is_empty() || rest.strip_prefix(' ') == Some(&self.subject))
    }
}

/// The operation on an object that a request of S3 is, and the object's key: `PUT /BUCKET/KEY`.
fn object(request: &Message) -> (String, String) {
    let line = request.line();
    let (method, rest) = line.split_once(' ').unwrap_or_default();
    let operation = match method {
        "GET" => "GetObject",
        "HEAD" => "HeadObject",
        "PUT" => "PutObject",
        other => other,
    };
    let path = rest.split([' ', '?']).next().unwrap_or_default();
    let key = path.trim_start_matches('/').split_once('/');
    let key = key.map(|(_, key)| key).unwrap_or_default();
    (operation.to_owned(), key.to_owned())
}

/// The sort key of the item that a request of DynamoDB names, where it is a table with one.
fn sort_key(request: &Message) -> String {
    let body = str::from_utf8(&request.body).unwrap_or_default();
    let found = body.split_once("\"sk\":{\"S\":\"").map(|(_, rest)| rest);
    let key = found.and_then(|rest| rest.split('"').next());
    key.unwrap_or_default().to_owned()
}

fn form(request: &Message, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(&request.body);
    fields
        .find(|(field, _)| field == name)
        .map(|(_, value)| value.into_owned())
}

/// `Authorization: AWS4-HMAC-SHA256 Credential=ID/…`.
fn access_key_id(request: &Message) -> Option<&str> {
    scope(request)?.split('/').next()
}

/// `ID/DATE/REGION/SERVICE/aws4_request`.
fn scope(request: &Message) -> Option<&str> {
    let (_, rest) = request.header("authorization")?.split_once("Credential=")?;
    rest.split(',').next()
}
