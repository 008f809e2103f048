// SPDX-License-Identifier: Apache-2.0
//! awsQuery: form parameters in, XML out.
//!
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::xml::Writer;
use super::{Api, Target};
use crate::error::AwsError;
use crate::http::{Incoming, Reply};

const STS_VERSION: &str = "2011-06-15";
const IAM_VERSION: &str = "2010-05-08";
/// Parameters deeper or lists longer than any operation has are refused before they cost memory.
const MAX_DEPTH: usize = 8;
const MAX_MEMBERS: usize = 1000;

pub(super) fn api_of(incoming: &Incoming) -> Result<Api, (Api, AwsError)> {
    let parameters = pairs(incoming);
    let value = |name: &str| {
        parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let fail = |code, message: String| Err((Api::Sts, AwsError::new(400, code, message)));
    match (value("Action"), value("Version")) {
        (Some(_), Some(STS_VERSION)) => Ok(Api::Sts),
        (Some(_), Some(IAM_VERSION)) => Ok(Api::Iam),
        (Some(action), version) => fail(
            "InvalidAction",
            format!(
                "Could not find operation {action} for version {}; the sandbox speaks for STS ({STS_VERSION}) and IAM ({IAM_VERSION})",
                version.unwrap_or("NO_VERSION_SPECIFIED")
            ),
        ),
        (None, _) => fail(
            "MissingAction",
            "The request is missing an action or a required parameter.".to_owned(),
        ),
    }
}

pub(super) fn target_of(api: Api, incoming: &Incoming) -> Result<Target, AwsError> {
    let mut operation = String::new();
    let mut root = Node::default();
    for (name, value) in pairs(incoming) {
        match name.as_str() {
            "Action" => operation = value,
            "Version" => {}
            // The signature of a presigned request is no parameter.
            name if name.starts_with("X-Amz-") => {}
            name => root.insert(name, value).ok_or_else(|| {
                AwsError::new(
                    400,
                    "MalformedInput",
                    format!("the parameter `{name}` can't be read"),
                )
            })?,
        }
    }
    let mut input = root.into_value();
    if !input.is_object() {
        input = Value::Object(Map::new());
    }
    Ok(Target {
        api,
        operation,
        input,
    })
}

/// A POST has its parameters in the body, a presigned GET in the query.
fn pairs(incoming: &Incoming) -> Vec<(String, String)> {
    let query = incoming.uri.query().unwrap_or_default().as_bytes();
    form_urlencoded::parse(query)
        .chain(form_urlencoded::parse(&incoming.body))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// `Tags.member.1.Key=a` as a tree.
#[derive(Debug, Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn insert(&mut self, name: &str, value: String) -> Option<()> {
        if name.split('.').count() > MAX_DEPTH {
            return None;
        }
        let mut node = self;
        for segment in name.split('.') {
            node = node.children.entry(segment.to_owned()).or_default();
        }
        node.text.replace(value).is_none().then_some(())
    }

    fn into_value(mut self) -> Value {
        if let Some(list) = self.children.remove("member") {
            let mut members: Vec<(usize, Node)> = list
                .children
                .into_iter()
                .filter_map(|(index, node)| Some((index.parse().ok()?, node)))
                .take(MAX_MEMBERS)
                .collect();
            members.sort_by_key(|(index, _)| *index);
            return members
                .into_iter()
                .map(|(_, node)| node.into_value())
                .collect();
        }
        if self.children.is_empty() {
            return Value::from(self.text.unwrap_or_default());
        }
        Value::Object(
            self.children
                .into_iter()
                .map(|(name, node)| (name, node.into_value()))
                .collect(),
        )
    }
}

const fn namespace(api: Api) -> &'static str {
    match api {
        Api::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        Api::Sts | Api::Kms | Api::DynamoDb => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

pub(super) fn result(api: Api, operation: &str, result: &Value, request_id: &str) -> Reply {
    let mut xml = Writer::default();
    xml.open_with(&format!("{operation}Response"), "xmlns", namespace(api));
    if !result.is_null() {
        xml.element(&format!("{operation}Result"), result);
    }
    xml.open("ResponseMetadata");
    xml.text("RequestId", request_id);
    xml.close();
    xml.close();
    reply(200, xml.finish(), request_id)
}

pub(super) fn error(api: Api, error: &AwsError, request_id: &str) -> Reply {
    let mut xml = Writer::default();
    xml.open_with("ErrorResponse", "xmlns", namespace(api));
    xml.open("Error");
    xml.text(
        "Type",
        if error.status < 500 {
            "Sender"
        } else {
            "Receiver"
        },
    );
    xml.text("Code", &error.code);
    xml.text("Message", &error.message);
    xml.close();
    xml.text("RequestId", request_id);
    xml.close();
    reply(error.status, xml.finish(), request_id)
}

fn reply(status: u16, body: String, request_id: &str) -> Reply {
    let headers = vec![
        ("x-amzn-RequestId", request_id.to_owned()),
        ("content-type", "text/xml".to_owned()),
    ];
    Reply {
        status,
        headers,
        body,
    }
}
