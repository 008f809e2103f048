// SPDX-License-Identifier: Apache-2.0
//! What is read, where it stands, and what is refused. A case is one line of text and its whole
//! outcome.

mod json;
mod properties;
mod yaml;

use serde_json::Value as Json;

use crate::{Node, parse};

#[track_caller]
fn json(text: &str) -> Json {
    node(text).to_json()
}

#[track_caller]
fn node(text: &str) -> Node {
    parse(text).unwrap_or_else(|errors| panic!("{text:?} is refused: {errors:?}"))
}

/// Every error as `LINE:COLUMN: sentence`.
#[track_caller]
fn errors(text: &str) -> Vec<String> {
    let errors = parse(text).expect_err("the text should be refused");
    errors
        .iter()
        .map(|error| format!("{}: {error}", error.place))
        .collect()
}
