// SPDX-License-Identifier: Apache-2.0
//! Requests, as they are kept for a test to look at.

use serde_json::{Map, Value};

use crate::http::Head;

/// A request that the endpoint got.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The calling role's name; `runner` for the operator, `nobody` for credentials unknown here.
    pub caller: String,
    /// The calling session's ARN.
    pub user: String,
    /// Whether its session has ended.
    pub expired: bool,
    /// `dynamodb`, `kms`, `cloudtrail`, `organizations`, `tagging`, `sqs`, `states`, or `sts` for whatever comes as a
    /// form. Of SQS and Step Functions only rules answer.
    pub service: &'static str,
    /// The region that the request was signed for.
    pub region: String,
    /// The operation, such as `GetItem`.
    pub operation: String,
    /// The table's name, the key as called, the role's name, the organization's part, or what events are
    /// looked up of.
    pub resource: String,
    /// The whole body: JSON, or a form as an object of strings.
    pub body: Value,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// Which connection it came on.
    pub connection: usize,
}

impl Request {
    /// Reads a request; `None` for one that no service here takes.
    pub(crate) fn read(head: &Head, body: &[u8], connection: usize) -> Option<Self> {
        let target = head.header("x-amz-target");
        let target = target.and_then(|target| target.split_once('.'));
        let (service, operation, body) = if let Some((service, operation)) = target {
            let service = match service {
                "DynamoDB_20120810" => "dynamodb",
                "TrentService" => "kms",
                "CloudTrail_20131101" => "cloudtrail",
                "AWSOrganizationsV20161128" => "organizations",
                "ResourceGroupsTaggingAPI_20170126" => "tagging",
                "AmazonSQS" => "sqs",
                "AWSStepFunctions" => "states",
                _ => return None,
            };
            (
                service,
                operation.to_owned(),
                serde_json::from_slice(body).ok()?,
            )
        } else {
            let form: Map<String, Value> = form_urlencoded::parse(body)
                .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                .collect();
            let operation = form.get("Action")?.as_str()?.to_owned();
            ("sts", operation, Value::Object(form))
        };
        Some(Self {
            caller: String::new(),
            user: String::new(),
            expired: false,
            service,
            region: region(head),
            resource: resource(&operation, &body),
            operation,
            body,
            user_agent: head.header("user-agent").unwrap_or_default().to_owned(),
            connection,
        })
    }
}

/// From `Authorization: AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request`.
fn region(head: &Head) -> String {
    let signed = head.header("authorization").unwrap_or_default();
    let scope = signed.split_once("Credential=").map(|(_, rest)| rest);
    let region = scope.and_then(|scope| scope.split('/').nth(2));
    region.unwrap_or_default().to_owned()
}

fn resource(operation: &str, body: &Value) -> String {
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let found = match operation {
        "BatchGetItem" => body["RequestItems"]
            .as_object()
            .and_then(|tables| tables.keys().next().cloned()),
        "TransactGetItems" => body["TransactItems"][0]["Get"]["TableName"]
            .as_str()
            .map(str::to_owned),
        "ExecuteStatement" => {
            text("Statement").and_then(|statement| statement.split('"').nth(1).map(str::to_owned))
        }
        "AssumeRole" => text("RoleArn"),
        "ReEncrypt" => text("DestinationKeyId"),
        "LookupEvents" => body["LookupAttributes"][0]["AttributeValue"]
            .as_str()
            .map(str::to_owned),
        "ListAccountsForParent" | "ListOrganizationalUnitsForParent" => text("ParentId"),
        "ListTagsForResource" => text("ResourceId"),
        _ => text("TableName").or_else(|| text("KeyId")),
    };
    let found = found.unwrap_or_default();
    // A key goes by the whole ARN; tables and roles by their names.
    if found.starts_with("arn:") && !found.contains(":kms:") {
        return found.rsplit('/').next().unwrap_or_default().to_owned();
    }
    found
}
