// SPDX-License-Identifier: Apache-2.0
//! Responses in the form that API Gateway takes.

use std::collections::BTreeMap;

use serde::Serialize;

/// A response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// The status code.
    pub status_code: u16,
    /// Headers, their names in lower case.
    pub headers: BTreeMap<&'static str, String>,
    /// The body.
    pub body: String,
    /// Whether the body is in base 64: never, as every body is a text.
    pub is_base64_encoded: bool,
}

impl Response {
    /// A response whose body is this value as JSON. Nothing of what is answered may be kept by
    /// somebody on the way: the next run can change it.
    pub(crate) fn json(status_code: u16, value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(body) => Self::text(status_code, "application/json", body),
            // Never for a value of this crate: texts for names, numbers that JSON has.
            Err(error) => {
                tracing::error!(%error, "an answer that can't be written");
                Self::text(500, "text/plain", String::new())
            }
        }
    }

    /// A response with a text.
    pub(crate) fn text(status_code: u16, content_type: &str, body: String) -> Self {
        let headers = BTreeMap::from([
            ("cache-control", "no-store".to_owned()),
            ("content-type", content_type.to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ]);
        Self {
            status_code,
            headers,
            body,
            is_base64_encoded: false,
        }
    }

    /// The response with a header, in place of one of that name.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }
}
