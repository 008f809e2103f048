// SPDX-License-Identifier: Apache-2.0
//! JSON: everything that RFC 8259 has, and the second chance as YAML's flow style.

use serde_json::json;

use super::{errors, json, node};
use crate::{MAX_DEPTH, Place, parse};

#[test]
fn escapes_are_resolved_surrogate_pairs_too() {
    assert_eq!(
        json(r#"["\ud83d\ude00", "\u00e9\u0041", "\/\\\"\b\f\n\r\t", "\u0000", "é😀"]"#),
        json!(["😀", "éA", "/\\\"\u{8}\u{c}\n\r\t", "\0", "é😀"])
    );
}

#[test]
fn halves_of_surrogate_pairs_are_refused() {
    for text in [
        r#"["\ud83d"]"#,
        r#"["\ud83dx"]"#,
        r#"["\ud83d\n"]"#,
        r#"["\ude00\ud83d"]"#,
    ] {
        assert_eq!(
            errors(text),
            ["1:3: not valid JSON: half of a surrogate pair; write both, such as `\\ud83d\\ude00`"],
            "{text}"
        );
    }
}

#[test]
fn tabs_indent_and_long_keys_are_keys() {
    let key = "k".repeat(3000);

    assert_eq!(
        json("{\n\t\"a\":\t[\n\t\t1,\n\t\t2\n\t]\n}\n"),
        json!({"a": [1, 2]})
    );
    assert_eq!(
        json(&format!("{{\"{key}\":{{\"<<\":1}}}}")),
        json!({key: {"<<": 1}})
    );
}

#[test]
fn numbers_keep_their_text() {
    let tree = node("[1E5, -0, 0.10, 12345678901234567890123]");
    let texts: Vec<_> = tree
        .as_sequence()
        .unwrap()
        .iter()
        .map(|item| item.as_number())
        .collect();

    assert_eq!(
        texts,
        [
            Some("1E5"),
            Some("-0"),
            Some("0.10"),
            Some("12345678901234567890123")
        ]
    );
}

#[test]
fn places_are_those_of_the_text() {
    let tree = node("{\r\n  \"é\": 1, \"b\":\r [true]}");
    let (key, value) = tree.entry("b").unwrap();

    assert_eq!(
        (key.place, value.place),
        (
            Place {
                line: 2,
                column: 11
            },
            Place { line: 3, column: 2 }
        )
    );
}

#[test]
fn keys_given_twice_are_refused() {
    assert_eq!(
        errors(r#"{"a": 1, "b": {"c": 1, "\u0063": 2}, "a": 3}"#),
        [
            "1:24: `c` is given twice in one mapping, first on line 1; keep one of them",
            "1:38: `a` is given twice in one mapping, first on line 1; keep one of them",
        ]
    );
}

#[test]
fn what_is_not_json_may_still_be_yaml() {
    assert_eq!(
        json("{a: b, # comment\n\tc: [d,]}"),
        json!({"a": "b", "c": ["d"]})
    );
    assert_eq!(json("[tru]"), json!(["tru"]));
}

#[test]
fn what_is_neither_is_explained_by_who_got_further() {
    assert_eq!(
        errors("{\"a\" 1}"),
        ["1:6: not valid JSON: found `1`, expected `:` after the key"]
    );
    assert_eq!(
        errors("{"),
        ["1:2: not valid JSON: the document ends here, expected a key in double quotes"]
    );
    assert_eq!(
        errors("{\"a\": [1, {\"b\": 2]}"),
        ["1:18: not valid JSON: found `]`, expected `,` or `}`"]
    );
    assert_eq!(
        errors("{\"a\": 1} x"),
        [
            "1:10: not valid JSON: found `x`, expected the end of the document, as its value is complete"
        ]
    );
    assert_eq!(
        errors("{a: b}}"),
        ["1:7: not valid YAML: misplaced bracket"]
    );
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));

    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        errors(&nested(MAX_DEPTH + 1)),
        ["1:101: nested more than 100 levels deep"]
    );
}
