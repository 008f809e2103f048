// SPDX-License-Identifier: Apache-2.0
//! Problem details: <https://www.rfc-editor.org/rfc/rfc9457>.

use keyproof_report::visible;
use serde::Serialize;

use crate::{ApiError, Response};

/// A problem, as the caller reads it.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    /// What kind of problem: a URN, as nobody is to look it up on the web.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in a few words.
    title: &'static str,
    /// The status code, for whoever sees the body alone.
    status: u16,
    /// This problem, and what mends it.
    detail: String,
    /// The request, as the log names it.
    instance: String,
}

impl Problem {
    pub(crate) fn of(error: &ApiError, request_id: &str) -> Self {
        let (status, title) = error.status();
        let detail = match status {
            503 => "the service is busy or can't be reached; try again".to_owned(),
            500 => "something is wrong with the service; its log says what".to_owned(),
            // It quotes what the caller sent, and is read at a terminal.
            _ => visible(&error.to_string()),
        };
        Self {
            kind: format!("urn:keyproof:problem:{}", error.name()),
            title,
            status,
            detail,
            instance: format!("urn:keyproof:request:{request_id}"),
        }
    }

    pub(crate) fn into_response(self, error: &ApiError) -> Response {
        let response =
            Response::json(self.status, &self).with("content-type", "application/problem+json");
        match error {
            ApiError::Method { allowed } => response.with("allow", *allowed),
            _ if self.status == 503 => response.with("retry-after", "5"),
            _ => response,
        }
    }
}
