// SPDX-License-Identifier: Apache-2.0
//! HTTP/1.1 messages, kept as the bytes that they came as.

use tokio::io::{AsyncRead, AsyncReadExt};

/// A request or a response.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Up to and with the empty line.
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Reads the next message of a connection; `None` where the other side hung up. What answers a `HEAD`
    /// has no body, whatever length it names.
    pub(crate) async fn read(
        stream: &mut (impl AsyncRead + Unpin),
        buffer: &mut Vec<u8>,
        bodiless: bool,
    ) -> Option<Self> {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        };
        let mut message = Self {
            head: buffer.drain(..end).collect(),
            body: Vec::new(),
        };
        let length = if bodiless {
            0
        } else {
            let length = message.header("content-length");
            length.and_then(|length| length.parse().ok()).unwrap_or(0)
        };
        while buffer.len() < length {
            if stream.read_buf(buffer).await.ok()? == 0 {
                return None;
            }
        }
        message.body = buffer.drain(..length).collect();
        Some(message)
    }

    /// Its first line.
    pub(crate) fn line(&self) -> &str {
        let head = str::from_utf8(&self.head).unwrap_or_default();
        head.lines().next().unwrap_or_default()
    }

    /// Whether it is a request for a head alone.
    pub(crate) fn is_head(&self) -> bool {
        self.line().starts_with("HEAD ")
    }

    /// A header's value.
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        let head = str::from_utf8(&self.head).ok()?;
        let mut lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.trim())
    }

    /// All of its bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [&self.head[..], &self.body].concat()
    }
}

/// A response's head. `length` is the length that it claims for its body.
pub(crate) fn head(status: u16, content_type: &str, more: &str, length: usize) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n\
         x-amzn-requestid: 00000000-0000-4000-8000-0keyprooffault\r\n{more}\
         content-length: {length}\r\n\r\n"
    )
    .into_bytes()
}

/// A whole response.
pub(crate) fn response(status: u16, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut response = head(status, content_type, "", body.len());
    response.extend_from_slice(body);
    response
}
