// SPDX-License-Identifier: Apache-2.0
//! Where an error can stand, and where it can't.

use super::find;

fn found(body: &str) -> Option<String> {
    find(body.as_bytes()).map(|error| String::from_utf8(error.to_vec()).unwrap())
}

#[test]
fn an_error_document_or_a_statements_error_is_found() {
    let error = r#"{"__type":"x#AccessDeniedException","message":"no"}"#;
    assert_eq!(found(error).as_deref(), Some(error));
    assert_eq!(
        found(r#"{"Responses":[{"Item":{}},{"Error":{"Code":"AccessDenied","Message":"no"}}]}"#)
            .as_deref(),
        Some(r#"{"__type":"AccessDenied","message":"no"}"#)
    );
}

#[test]
fn attributes_of_an_item_are_not_errors() {
    for body in [
        r#"{"Item":{"Error":{"M":{"Code":{"S":"AccessDenied"}}},"__type":{"S":"x"}}}"#,
        r#"{"Responses":[{"Item":{"Error":{"S":"x"}}}]}"#,
        r#"{"Responses":{"orders":[{"Error":{"S":"x"}}]}}"#,
        r#"{"Items":[{"__type":{"S":"x"}}]}"#,
        r#"{"Responses":[{"Error":{"Message":"no code"}}]}"#,
        "{\"__type\":",
        "{}",
    ] {
        assert_eq!(found(body), None, "{body}");
    }
}
