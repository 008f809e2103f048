// SPDX-License-Identifier: Apache-2.0
//! As much of HTTP/1.1 as AWS clients need.

use tokio::io::{AsyncRead, AsyncReadExt};

/// A request's head.
#[derive(Debug)]
pub(crate) struct Head {
    headers: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(header, _)| header.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// Reads the next request of a connection; `None` where the caller hung up.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> Option<(Head, Vec<u8>)> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8_lossy(&buffer[..end]).into_owned();
    let headers = text.lines().skip(1).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    });
    let head = Head {
        headers: headers.collect(),
    };
    let length = head
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(0);
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let rest = buffer.split_off(end + length);
    let body = buffer.split_off(end);
    *buffer = rest;
    Some((head, body))
}

/// A whole response.
pub(crate) fn response(status: u16, content_type: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let mut response = head(status, content_type, more, body.len());
    response.extend_from_slice(body);
    response
}

/// A response's head, with the length that its body should have.
pub(crate) fn head(status: u16, content_type: &str, more: &str, length: usize) -> Vec<u8> {
    let id = "3f1b2c4d-0000-4000-8000-keyproofscri";
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\nx-amzn-requestid: {id}\r\n{more}content-length: {length}\r\n\r\n"
    )
    .into_bytes()
}
