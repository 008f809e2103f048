// SPDX-License-Identifier: Apache-2.0
//! Errors that arrive inside of an HTTP 200.
//!
//! DynamoDB's statement APIs answer 200 with an `Error` for a statement, and a gateway may put a
//! whole error document behind a 200. The code decides, not the status: both become the error that
//! they are. <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html>

use bytes::Bytes;
use serde_json::{Map, Value, json};

#[cfg(test)]
mod tests;

/// The error document in a success's body, in the form that the service gives errors; `None` where
/// the body holds none. Only the places are looked at where an error can stand, never an item.
pub(crate) fn find(body: &[u8]) -> Option<Bytes> {
    // Most replies hold neither word: don't parse them twice.
    if !contains(body, b"\"__type\"") && !contains(body, b"\"Error\"") {
        return None;
    }
    let Value::Object(reply) = serde_json::from_slice(body).ok()? else {
        return None;
    };
    let code = reply.get("__type").and_then(Value::as_str);
    let (code, message) = match code {
        Some(code) => (code, message(&reply)),
        None => reply
            .get("Responses")?
            .as_array()?
            .iter()
            .find_map(statement_error)?,
    };
    Some(Bytes::from(
        json!({ "__type": code, "message": message }).to_string(),
    ))
}

fn statement_error(response: &Value) -> Option<(&str, Option<&str>)> {
    let error = response.as_object()?.get("Error")?.as_object()?;
    Some((error.get("Code")?.as_str()?, message(error)))
}

fn message(error: &Map<String, Value>) -> Option<&str> {
    error
        .get("message")
        .or_else(|| error.get("Message"))?
        .as_str()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}
