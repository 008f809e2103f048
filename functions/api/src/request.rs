// SPDX-License-Identifier: Apache-2.0
//! HTTP requests as API Gateway hands them over: payload format 2.0. Read leniently, as AWS adds fields
//! when it likes; what the caller wrote is read strictly, where it is used.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::ApiError;

/// The longest body that means anything, in bytes.
const LONGEST_BODY: usize = 4096;

/// A request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRequest {
    /// The path without the query, as it was sent: percent signs and all.
    raw_path: String,
    /// Headers, their names in lower case.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The query's parameters; what was given more than once, joined with commas.
    #[serde(default)]
    query_string_parameters: Option<BTreeMap<String, String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    request_context: Context,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Http,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    authorizer: Option<Authorizer>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Http {
    method: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Authorizer {
    iam: Option<Iam>,
}

/// Who signed the request, as IAM sees it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iam {
    user_arn: Option<String>,
}

impl HttpRequest {
    /// The path as it was sent.
    pub(crate) fn path(&self) -> &str {
        &self.raw_path
    }

    /// The method.
    pub(crate) fn method(&self) -> &str {
        &self.request_context.http.method
    }

    /// API Gateway's id of the request.
    pub(crate) fn id(&self) -> &str {
        &self.request_context.request_id
    }

    /// Who signed the request.
    ///
    /// # Errors
    ///
    /// Where API Gateway doesn't say: a route without authorisation is a mistake of the deployment,
    /// and no reason to let somebody in.
    pub(crate) fn caller(&self) -> Result<&str, ApiError> {
        let iam = self.request_context.authorizer.as_ref();
        iam.and_then(|authorizer| authorizer.iam.as_ref())
            .and_then(|iam| iam.user_arn.as_deref())
            .ok_or(ApiError::Unsigned)
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query_string_parameters
            .as_ref()?
            .get(name)
            .map(String::as_str)
    }

    /// Refuses parameters that the route doesn't know: who wrote one meant something by it.
    pub(crate) fn only_parameters(&self, known: &[&str]) -> Result<(), ApiError> {
        let given = self.query_string_parameters.iter().flatten();
        for (name, _) in given {
            if !known.contains(&name.as_str()) {
                let known = match known {
                    [] => "this route has none".to_owned(),
                    known => format!("this route has {}", listed(known)),
                };
                return Err(ApiError::Parameter(format!(
                    "unknown parameter `{}`; {known}",
                    shortened(name)
                )));
            }
        }
        Ok(())
    }

    /// The body.
    ///
    /// # Errors
    ///
    /// Where there is none, or it is no text, or longer than anything that means something.
    pub(crate) fn body(&self) -> Result<String, ApiError> {
        let body = self.body.as_deref().unwrap_or_default();
        let text = if self.is_base64_encoded {
            let bytes = STANDARD.decode(body).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            text.ok_or_else(|| ApiError::Body("the body is no text".to_owned()))?
        } else {
            body.to_owned()
        };
        if text.len() > LONGEST_BODY {
            return Err(ApiError::Body(format!(
                "the body is longer than {LONGEST_BODY} bytes; a request to run a plan is short"
            )));
        }
        Ok(text)
    }
}

/// Names in backticks, for a sentence.
fn listed(names: &[&str]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" and ")
}

/// As much of what a caller wrote as an answer and the log need.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 64;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
