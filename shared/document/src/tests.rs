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

#[test]
fn a_reader_may_set_limits_of_its_own() {
    use crate::{DocumentProblem, Limits, read_within};

    // Three values and eight bytes, in each of the two grammars.
    for text in ["[12, 34]", "- 12\n- 3"] {
        let read = |bytes, nodes| {
            let reading = read_within(text, Limits { bytes, nodes });
            let problems = reading.errors.into_iter().map(|error| error.problem);
            (reading.node.is_some(), problems.collect::<Vec<_>>())
        };
        assert_eq!(read(8, 3), (true, vec![]), "{text}");
        let limit = 2;
        assert_eq!(
            read(8, limit),
            (false, vec![DocumentProblem::TooManyNodes { limit }]),
            "{text}"
        );
        let limit = 7;
        assert_eq!(
            read(limit, 3),
            (false, vec![DocumentProblem::TooLarge { limit }]),
            "{text}"
        );
    }
}
