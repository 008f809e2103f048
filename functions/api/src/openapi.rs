// SPDX-License-Identifier: Apache-2.0
//! The API's own description: `openapi.json` beside the sources, `OpenAPI` 3.1.

use crate::Response;

/// The document. A test holds every response of the tests against it.
pub(crate) const DOCUMENT: &str = include_str!("../openapi.json");

pub(crate) fn response() -> Response {
    Response::text(200, "application/json", DOCUMENT.to_owned())
}
