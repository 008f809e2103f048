// SPDX-License-Identifier: Apache-2.0
//! Lists in pages, by `Limit` and `Marker`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::error::AwsError;

/// What stands before the last entry's id in a marker.
const AFTER: &str = "after ";

/// What a request asks of a list, and what its operation allows.
#[derive(Debug)]
pub(super) struct Page<'a> {
    pub(super) limit: Option<usize>,
    pub(super) marker: Option<&'a str>,
    /// As many come where no limit is given.
    pub(super) usual: usize,
    /// The highest limit.
    pub(super) most: usize,
}

impl Page<'_> {
    /// One reply, its entries under `name`. `all` is in the order of the ids, which no two entries
    /// share.
    pub(super) fn reply(&self, name: &str, all: Vec<(String, Value)>) -> Result<Value, AwsError> {
        let limit = self.limit.unwrap_or(self.usual);
        if !(1..=self.most).contains(&limit) {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must be between 1 and {}",
                self.most
            )));
        }
        let after = self.marker.map(read).transpose()?;
        let mut rest = all
            .into_iter()
            .skip_while(|(id, _)| after.as_ref().is_some_and(|after| id <= after));
        let (ids, taken): (Vec<String>, Vec<Value>) = rest.by_ref().take(limit).unzip();
        let next = ids.last().filter(|_| rest.next().is_some());
        let mut reply = Map::new();
        reply.insert(name.to_owned(), taken.into());
        reply.insert("Truncated".to_owned(), next.is_some().into());
        if let Some(last) = next {
            let marker = URL_SAFE_NO_PAD.encode(format!("{AFTER}{last}"));
            reply.insert("NextMarker".to_owned(), marker.into());
        }
        Ok(reply.into())
    }
}

/// The id behind a marker, which nobody but the sandbox makes.
fn read(marker: &str) -> Result<String, AwsError> {
    let text = URL_SAFE_NO_PAD
        .decode(marker)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let id = text.as_deref().and_then(|text| text.strip_prefix(AFTER));
    id.map(str::to_owned).ok_or_else(|| {
        AwsError::client(
            "InvalidMarkerException",
            "The marker is not one that a list gave.",
        )
    })
}
