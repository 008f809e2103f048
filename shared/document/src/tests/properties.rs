// SPDX-License-Identifier: Apache-2.0
//! Properties: no text brings the reader down, and JSON is read as everybody else reads it.

use proptest::prelude::*;
use serde_json::Value as Json;

use crate::{parse, read};

/// Any JSON value, without numbers that lose digits on the way.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            prop::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

/// Text that is likely to look like YAML or JSON.
fn likely_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "'",
        "\\u",
        "\\ud83d",
        "&a ",
        "*a",
        "!Ref ",
        "!!int ",
        "? ",
        "|\n",
        ">-\n",
        "---\n",
        "...\n",
        "%TAG ! x\n",
        "#",
        "\t",
        "<<: ",
        "1",
        "0x",
        "~",
        "\u{feff}",
        "\r",
        "é",
        "\u{2028}",
        "\u{85}",
        " ",
        "\0",
        "@",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_brings_the_reader_down(text in any::<String>()) {
        let reading = read(&text);
        prop_assert!(reading.node.is_some() || !reading.errors.is_empty());
    }

    #[test]
    fn no_bytes_bring_the_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_likely_text_brings_the_reader_down(text in likely_text()) {
        let lines = text.chars().filter(|c| matches!(c, '\n' | '\r' )).count() + 1;
        for error in parse(&text).err().unwrap_or_default() {
            prop_assert!(error.place.line >= 1 && error.place.line <= lines, "{:?}", error);
            prop_assert!(error.place.column >= 1);
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn json_is_read_as_serde_json_reads_it(value in any_json()) {
        let value = Json::Array(vec![value]);
        prop_assert_eq!(parse(&value.to_string()).unwrap().to_json(), value.clone());
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(parse(&pretty).unwrap().to_json(), value);
    }

    #[test]
    fn what_serde_json_takes_is_taken(text in likely_text()) {
        if let Ok(value) = serde_json::from_str::<Json>(&text)
            && (value.is_array() || value.is_object())
        {
            prop_assert!(read(&text).node.is_some());
        }
    }
}
