// SPDX-License-Identifier: Apache-2.0
//! awsJson: the operation in a header, JSON both ways.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html>

use serde_json::{Map, Value};

use super::crc32::crc32;
use super::{Api, Target};
use crate::error::AwsError;
use crate::http::{Incoming, Reply};

const DYNAMODB: &str = "DynamoDB_20120810.";
const KMS: &str = "TrentService.";

pub(super) fn api_of(target: &str) -> Result<Api, (Api, AwsError)> {
    if target.starts_with(DYNAMODB) {
        Ok(Api::DynamoDb)
    } else if target.starts_with(KMS) {
        Ok(Api::Kms)
    } else {
        let message = format!(
            "the sandbox knows no `{target}`; it speaks for DynamoDB (`{DYNAMODB}`) and KMS (`{KMS}`), and STS and IAM by awsQuery"
        );
        Err((
            Api::DynamoDb,
            AwsError::client("UnknownOperationException", message),
        ))
    }
}

pub(super) fn target_of(api: Api, incoming: &Incoming) -> Result<Target, AwsError> {
    let target = incoming.header("x-amz-target").unwrap_or_default();
    let operation = target
        .split_once('.')
        .map_or("", |(_, operation)| operation);
    let input: Value = if incoming.body.is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(&incoming.body).map_err(|error| {
            AwsError::client(
                "SerializationException",
                format!("the body is not JSON: {error}"),
            )
        })?
    };
    if !input.is_object() {
        return Err(AwsError::client(
            "SerializationException",
            "Start of structure or map found where not expected.",
        ));
    }
    Ok(Target {
        api,
        operation: operation.to_owned(),
        input,
    })
}

pub(super) fn result(api: Api, result: &Value, request_id: &str) -> Reply {
    // KMS answers operations without output with no body at all; DynamoDB always writes an object.
    let body = if result.is_null() {
        String::new()
    } else {
        result.to_string()
    };
    reply(api, 200, body, request_id)
}

pub(super) fn error(api: Api, error: &AwsError, request_id: &str) -> Reply {
    let mut body = Map::new();
    body.insert(
        "__type".to_owned(),
        Value::from(qualified(api, &error.code)),
    );
    for (name, value) in &error.members {
        body.insert((*name).to_owned(), value.clone());
    }
    body.insert(
        message_member(&error.code).to_owned(),
        Value::from(error.message.clone()),
    );
    reply(
        api,
        error.status,
        Value::Object(body).to_string(),
        request_id,
    )
}

/// DynamoDB writes where a code is defined before it, KMS does not.
fn qualified(api: Api, code: &str) -> String {
    if api != Api::DynamoDb {
        return code.to_owned();
    }
    let namespace = match code {
        "ValidationException" => "com.amazon.coral.validate",
        "AccessDeniedException"
        | "ExpiredTokenException"
        | "IncompleteSignatureException"
        | "InvalidSignatureException"
        | "MissingAuthenticationTokenException"
        | "SerializationException"
        | "UnknownOperationException"
        | "UnrecognizedClientException" => "com.amazon.coral.service",
        _ => "com.amazonaws.dynamodb.v20120810",
    };
    format!("{namespace}#{code}")
}

/// The front door's refusals spell the member with a capital, the services' own errors do not.
fn message_member(code: &str) -> &'static str {
    match code {
        "AccessDeniedException" | "SerializationException" | "TransactionCanceledException" => {
            "Message"
        }
        _ => "message",
    }
}

fn reply(api: Api, status: u16, body: String, request_id: &str) -> Reply {
    let mut headers = vec![("x-amzn-RequestId", request_id.to_owned())];
    if api == Api::DynamoDb {
        headers.push(("content-type", "application/x-amz-json-1.0".to_owned()));
        headers.push(("x-amz-crc32", crc32(body.as_bytes()).to_string()));
    } else {
        headers.push(("content-type", "application/x-amz-json-1.1".to_owned()));
    }
    Reply {
        status,
        headers,
        body,
    }
}
