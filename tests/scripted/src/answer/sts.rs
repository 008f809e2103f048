// SPDX-License-Identifier: Apache-2.0
//! STS: awsQuery requests, XML replies.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Outgoing, Refusal};
use crate::server::{Caller, State, lock};
use crate::{ACCOUNT, Request, http};

/// `role` stands in for the role that was asked for; a session `lasts` for so long.
pub(super) fn answer(
    state: &State,
    request: &Request,
    role: Option<&str>,
    lasts: Option<Duration>,
) -> Result<Value, Refusal> {
    match &*request.operation {
        "GetCallerIdentity" => Ok(json!({
            "GetCallerIdentity": format!(
                "<Account>{ACCOUNT}</Account><Arn>{}</Arn><UserId>AIDASCRIPTED</UserId>",
                request.user
            )
        })),
        "AssumeRole" => {
            let name = role.unwrap_or(&request.resource);
            let text = |name: &str| request.body[name].as_str().unwrap_or_default();
            let account = text("RoleArn").split(':').nth(4).unwrap_or(ACCOUNT);
            let session = text("RoleSessionName");
            let user = format!("arn:aws:sts::{account}:assumed-role/{name}/{session}");
            let number = state.counter.fetch_add(1, Ordering::Relaxed);
            let id = format!("ASIASCRIPTED{number:08}");
            let caller = Caller {
                role: name.to_owned(),
                user: user.clone(),
                ends: lasts.map(|lasts| Instant::now() + lasts),
            };
            let expiration = lasts.map_or_else(
                || "2999-01-01T00:00:00Z".to_owned(),
                |lasts| format!("{:.0}", Timestamp::now() + lasts),
            );
            lock(&state.sessions).insert(id.clone(), caller);
            Ok(json!({
                "AssumeRole": format!(
                    "<AssumedRoleUser><Arn>{user}</Arn><AssumedRoleId>AROA:{session}</AssumedRoleId>\
                     </AssumedRoleUser><Credentials><AccessKeyId>{id}</AccessKeyId>\
                     <SecretAccessKey>scripted/secret/of/{id}</SecretAccessKey>\
                     <SessionToken>scripted/token/of/{id}</SessionToken>\
                     <Expiration>{expiration}</Expiration></Credentials>"
                )
            }))
        }
        operation => Err(Refusal::new(
            "InvalidAction",
            format!("`{operation}` is not scripted"),
        )),
    }
}

/// The same answer without its `AssumedRoleUser`.
pub(super) fn unnamed(answer: &Value) -> Value {
    let whole = answer["AssumeRole"].as_str().unwrap_or_default();
    let (_, rest) = whole.split_once("</AssumedRoleUser>").unwrap_or_default();
    json!({ "AssumeRole": rest })
}

pub(super) fn send(answer: Result<Value, Refusal>) -> Outgoing {
    let id = "<RequestId>3f1b2c4d-0000-4000-8000-keyproofscri</RequestId>";
    let (status, body) = match answer {
        Ok(answer) => {
            let (operation, result) = answer
                .as_object()
                .and_then(|answer| answer.iter().next())
                .map(|(operation, result)| {
                    (operation.as_str(), result.as_str().unwrap_or_default())
                })
                .unwrap_or_default();
            let body = format!(
                "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <{operation}Result>{result}</{operation}Result>\
                 <ResponseMetadata>{id}</ResponseMetadata></{operation}Response>"
            );
            (200, body)
        }
        Err(refusal) => {
            let message = refusal.message.replace('&', "&amp;").replace('<', "&lt;");
            let body = format!(
                "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
                 <Type>Sender</Type><Code>{}</Code><Message>{message}</Message></Error>{id}\
                 </ErrorResponse>",
                refusal.code
            );
            (refusal.status, body)
        }
    };
    Outgoing::Whole(http::response(status, "text/xml", "", body.as_bytes()))
}
