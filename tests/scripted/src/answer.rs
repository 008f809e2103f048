// SPDX-License-Identifier: Apache-2.0
//! Answers, in each service's form.

mod dynamodb;
mod kms;
mod sts;

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{self, Head};
use crate::script::{Layer, Reply};
use crate::sentence;
use crate::server::State;
use crate::{ACCOUNT, REGION, Request};

/// What goes over the wire.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Whole(Vec<u8>),
    ThenClose(Vec<u8>),
    Endless(Vec<u8>),
    Close,
    Hang,
}

/// An error of a service.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: code.to_owned(),
            message: message.into(),
        }
    }
}

/// The answer of a benchmark's endpoint to `GetItem`, without a look at the body.
pub(crate) fn known_read(state: &State, head: &Head) -> Option<Outgoing> {
    if head.header("x-amz-target")? != "DynamoDB_20120810.GetItem" || !state.script.rules.is_empty()
    {
        return None;
    }
    let item = state.script.world.any_table.as_ref()?.item.as_ref()?;
    let body = json!({ "Item": item }).to_string();
    Some(Outgoing::Whole(http::response(
        200,
        JSON,
        "",
        body.as_bytes(),
    )))
}

/// The answer to a request that no service here takes.
pub(crate) fn unknown() -> Outgoing {
    let body = json!({ "__type": "UnknownOperationException", "message": "not scripted" });
    Outgoing::Whole(http::response(400, JSON, "", body.to_string().as_bytes()))
}

const JSON: &str = "application/x-amz-json-1.0";

/// The script's answer, or the world's.
pub(crate) fn to(state: &State, request: &Request) -> Outgoing {
    match state.script.reply(request) {
        Some(reply) => by_script(state, request, reply),
        None if request.expired => send(
            request,
            Err(Refusal::new(
                "ExpiredTokenException",
                "The security token included in the request is expired",
            )),
        ),
        None if request.caller == "nobody" => send(
            request,
            Err(Refusal::new(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            )),
        ),
        None => send(request, by_world(state, request)),
    }
}

fn by_world(state: &State, request: &Request) -> Result<Value, Refusal> {
    match request.service {
        "dynamodb" => dynamodb::answer(state, request),
        "kms" => kms::answer(state, request),
        // There is no trail here but a rule's.
        "cloudtrail" => Err(Refusal::new("UnknownOperationException", "not scripted")),
        _ => sts::answer(state, request, None, None),
    }
}

fn by_script(state: &State, request: &Request, reply: &Reply) -> Outgoing {
    let refused = |code: &str, message: String| send(request, Err(Refusal::new(code, message)));
    match reply {
        Reply::Deny(layer, reason) => deny(state, request, *layer, &request.user, reason),
        Reply::DenyOther { layer, user } => deny(state, request, *layer, user, ""),
        Reply::DenyOld => refused(
            "AccessDeniedException",
            sentence::through_dynamodb(sentence::OLD),
        ),
        Reply::KeyDisabled | Reply::KeyPendingDeletion => {
            let key = key_of(state, request);
            let (code, class, prefix, text) = match reply {
                Reply::KeyDisabled => (
                    "DisabledException",
                    "DisabledException",
                    "KMS key disabled error",
                    "is disabled.",
                ),
                _ => (
                    "KMSInvalidStateException",
                    "KMSInvalidStateException",
                    "KMS validation error",
                    "is pending deletion.",
                ),
            };
            if request.service == "kms" {
                return refused(code, format!("{key} {text}"));
            }
            let message =
                format!("{prefix}: com.amazonaws.services.kms.model.{class}: {key} {text}");
            refused("ValidationException", message)
        }
        Reply::NoItem => send(request, dynamodb::instead(state, request, None)),
        Reply::Item(item) => send(request, dynamodb::instead(state, request, Some(item))),
        Reply::Error {
            status,
            code,
            message,
        } => send(
            request,
            Err(Refusal {
                status: *status,
                code: code.clone(),
                message: message.clone(),
            }),
        ),
        Reply::DenyInside => {
            let action = action_of(request);
            let message = sentence::refusal(&request.user, &action, &arn_of(state, request), "");
            let error = json!({ "Code": "AccessDenied", "Message": message });
            send(request, Ok(json!({ "Responses": [{ "Error": error }] })))
        }
        Reply::Unprocessed => send(
            request,
            Ok(json!({ "Responses": {}, "UnprocessedKeys": request.body["RequestItems"] })),
        ),
        Reply::OtherSession(role) => send(request, sts::answer(state, request, Some(role), None)),
        Reply::ShortSession(seconds) => {
            let lasts = Duration::from_secs((*seconds).into());
            send(request, sts::answer(state, request, None, Some(lasts)))
        }
        Reply::UnnamedSession(role) => {
            let answer = sts::answer(state, request, Some(role), None);
            send(request, answer.map(|answer| sts::unnamed(&answer)))
        }
        Reply::Raw {
            status,
            content_type,
            body,
        } => Outgoing::Whole(http::response(*status, content_type, "", body)),
        Reply::Redirect => Outgoing::Whole(http::response(
            307,
            "text/html",
            "location: http://127.0.0.1:9/elsewhere\r\n",
            b"",
        )),
        Reply::CutShort => {
            let mut bytes = http::head(200, JSON, "", 4096);
            bytes.extend_from_slice(b"{\"Item\":{\"pk\":");
            Outgoing::ThenClose(bytes)
        }
        Reply::Endless => Outgoing::Endless(http::head(200, JSON, "", usize::MAX / 4)),
        Reply::Close => Outgoing::Close,
        Reply::Hang => Outgoing::Hang,
    }
}

fn deny(state: &State, request: &Request, layer: Layer, user: &str, reason: &str) -> Outgoing {
    let refused = |code: &str, message: String| send(request, Err(Refusal::new(code, message)));
    match layer {
        Layer::KmsThroughDynamoDb => {
            let key = key_of(state, request);
            let sentence = sentence::refusal(user, "kms:Decrypt", &key, reason);
            refused(
                "AccessDeniedException",
                sentence::through_dynamodb(&sentence),
            )
        }
        Layer::Service => {
            let resource = arn_of(state, request);
            let message = sentence::refusal(user, &action_of(request), &resource, reason);
            match request.service {
                "sts" => send(
                    request,
                    Err(Refusal {
                        status: 403,
                        code: "AccessDenied".to_owned(),
                        message,
                    }),
                ),
                _ => refused("AccessDeniedException", message),
            }
        }
    }
}

/// The IAM action that the operation is authorised as.
fn action_of(request: &Request) -> String {
    let operation = match &*request.operation {
        "TransactGetItems" => "GetItem",
        "ExecuteStatement" => "PartiQLSelect",
        "ReEncrypt" => "ReEncryptFrom",
        operation => operation,
    };
    format!("{}:{operation}", request.service)
}

fn arn_of(state: &State, request: &Request) -> String {
    match request.service {
        "dynamodb" => dynamodb::table(state, &request.resource)
            .unwrap_or_default()
            .arn(&request.resource),
        "kms" => key_of(state, request),
        _ => request.body["RoleArn"].as_str().unwrap_or("*").to_owned(),
    }
}

/// The key of the call: named, behind the alias, or the table's.
fn key_of(state: &State, request: &Request) -> String {
    let none = format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/none");
    if request.service == "kms" {
        let alias = state.script.world.aliases.get(&request.resource);
        return alias.unwrap_or(&request.resource).clone();
    }
    let table = dynamodb::table(state, &request.resource);
    let key = table.and_then(|table| table.sse?["KMSMasterKeyArn"].as_str().map(str::to_owned));
    key.unwrap_or(none)
}

fn send(request: &Request, answer: Result<Value, Refusal>) -> Outgoing {
    if request.service == "sts" {
        return sts::send(answer);
    }
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(refusal) => {
            let namespace = match request.service {
                "dynamodb" => "com.amazon.coral.service#",
                _ => "",
            };
            let code = format!("{namespace}{}", refusal.code);
            (
                refusal.status,
                json!({ "__type": code, "message": refusal.message }),
            )
        }
    };
    Outgoing::Whole(http::response(
        status,
        JSON,
        "",
        body.to_string().as_bytes(),
    ))
}
