// SPDX-License-Identifier: Apache-2.0
//! What the function is invoked with: `{"expand": TIME}`, from its schedule with the time for which that was,
//! or from anybody who doesn't want to wait for it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::HandlerError;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    expand: Timestamp,
}

/// The moment for which it was asked. What there is, is asked now.
pub(crate) fn read(payload: &Value) -> Result<Timestamp, HandlerError> {
    let read = Written::deserialize(payload);
    read.map(|written| written.expand)
        .map_err(|error| HandlerError::InvalidRequest(error.to_string()))
}
