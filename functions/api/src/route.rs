// SPDX-License-Identifier: Apache-2.0
//! Which route a request is for.

use std::borrow::Cow;

use crate::request::shortened;
use crate::{ApiError, HttpRequest};

/// A route, with what its path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route<'r> {
    /// `POST /runs`
    PostRun,
    /// `GET /runs/{id}`
    Run(Cow<'r, str>),
    /// `GET /plans/{name}/status`
    Status(Cow<'r, str>),
    /// `GET /plans/{name}/history`
    History(Cow<'r, str>),
    /// `GET /plans/{name}/badge.svg`
    Badge(Cow<'r, str>),
    /// `GET /openapi.json`
    OpenApi,
}

impl<'r> Route<'r> {
    /// The route that a request is for.
    pub(crate) fn of(request: &'r HttpRequest) -> Result<Self, ApiError> {
        let segments: Vec<_> = request.path().split('/').skip(1).map(decoded).collect();
        let names: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (route, method) = match names.as_slice() {
            ["runs"] => (Self::PostRun, "POST"),
            ["runs", id] if !id.is_empty() => (Self::Run(segment(&segments, 1)), "GET"),
            ["openapi.json"] => (Self::OpenApi, "GET"),
            ["plans", name, rest] if !name.is_empty() => {
                let name = segment(&segments, 1);
                let route = match *rest {
                    "status" => Self::Status(name),
                    "history" => Self::History(name),
                    "badge.svg" => Self::Badge(name),
                    _ => return Err(no_route(request)),
                };
                (route, "GET")
            }
            _ => return Err(no_route(request)),
        };
        if request.method() != method {
            return Err(ApiError::Method { allowed: method });
        }
        Ok(route)
    }
}

fn no_route(request: &HttpRequest) -> ApiError {
    ApiError::NoRoute(shortened(request.path()))
}

fn segment<'r>(segments: &[Cow<'r, str>], index: usize) -> Cow<'r, str> {
    segments.get(index).cloned().unwrap_or_default()
}

/// A segment of a path without its percent signs. What can't be decoded stays as it is, and names
/// nothing.
fn decoded(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = (rest.next().and_then(hex), rest.next().and_then(hex));
        let (Some(high), Some(low)) = pair else {
            return Cow::Borrowed(segment);
        };
        bytes.push(high * 16 + low);
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(segment), Cow::Owned)
}

fn hex(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}
