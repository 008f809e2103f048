// SPDX-License-Identifier: Apache-2.0
//! Requests and replies, whether they came over a socket or from an SDK in the same process.

mod in_process;
mod server;

use std::net::IpAddr;

use bytes::Bytes;

/// The largest request body that is read: DynamoDB's own limit is 16 MiB.
const BODY_LIMIT: usize = 17 * 1024 * 1024;

/// One HTTP request, read to its end.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// The method.
    pub(crate) method: http::Method,
    /// Path and query; scheme and host where the client was in the process.
    pub(crate) uri: http::Uri,
    /// The headers.
    pub(crate) headers: http::HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
    /// The client's address.
    pub(crate) source_ip: IpAddr,
}

impl Incoming {
    /// A header's value where it is there, once, and text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// One HTTP response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// The headers, `content-type` among them.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The body.
    pub(crate) body: String,
}
