// SPDX-License-Identifier: Apache-2.0
//! Every kind of value is read as it is elsewhere, and names that appear twice are not.

use super::*;

#[test]
fn every_value_is_what_it_is_elsewhere() {
    let text = r#"{"null": null, "true": true, "false": false, "negative": -7, "number": 7, "half": 0.5,
        "text": "a\nb", "plain": "ab", "list": [1, [2, {}]], "object": {"a": {"b": []}}, "": ""}"#;
    let elsewhere: Value = serde_json::from_str(text).unwrap();

    assert_eq!(parse(text).unwrap(), elsewhere);
    for text in [
        "null",
        "true",
        "-1",
        "18446744073709551615",
        "1e300",
        r#""""#,
        "[]",
    ] {
        let elsewhere: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse(text).unwrap(), elsewhere, "{text}");
    }
}

#[test]
fn a_name_twice_and_anything_after_the_end_are_refused() {
    for text in [
        r#"{"a": 1, "a": 1}"#,
        r#"[{"b": {"a": 1, "\u0061": 2}}]"#,
        "{} {}",
        "[1,]",
        "",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
