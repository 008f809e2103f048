// SPDX-License-Identifier: Apache-2.0
//! YAML: scalars, tags, aliases, places, limits.

use std::fmt::Write as _;

use serde_json::json;

use super::{errors, json, node};
use crate::{MAX_DEPTH, Place, Value, parse, read};

#[test]
fn plain_scalars_follow_the_core_schema() {
    assert_eq!(
        json("[~, null, true, False, 12, -3, +4, 0x1F, 0o17, 1.5, .5, 1e3, -0, 0, ok]"),
        json!([
            null, null, true, false, 12, -3, 4, 31, 15, 1.5, 0.5, 1000.0, -0.0, 0, "ok"
        ])
    );
    assert_eq!(
        json("[yes, no, on, off, 2012-10-17, 12:30:45, 1_000, 0x, '12', \"true\", 1.2.3, .]"),
        json!([
            "yes",
            "no",
            "on",
            "off",
            "2012-10-17",
            "12:30:45",
            "1_000",
            "0x",
            "12",
            "true",
            "1.2.3",
            "."
        ])
    );
}

#[test]
fn digits_with_a_leading_zero_keep_it_and_account_ids_keep_their_text() {
    assert_eq!(
        json("[000011112222, 00, -07, 00.5]"),
        json!(["000011112222", "00", "-07", "00.5"])
    );
    assert_eq!(
        node("111122223333").as_text().as_deref(),
        Some("111122223333")
    );
    assert_eq!(node("000011112222").as_str(), Some("000011112222"));
}

#[test]
fn numbers_that_json_cannot_hold_stay_text() {
    assert_eq!(
        json("[.inf, .nan, 1e999]"),
        json!([".inf", ".nan", "1e999"])
    );
    assert_eq!(json("[18446744073709551615]"), json!([u64::MAX]));
}

#[test]
fn getters_answer_for_their_own_kind_only() {
    let tree = node("{n: 900, f: 9e2, s: '900', b: true, z: ~, l: [1], h: 0x10, m: -1}");
    let get = |key: &str| tree.get(key).unwrap();

    assert_eq!((get("n").as_u64(), get("n").as_str()), (Some(900), None));
    assert_eq!((get("f").as_u64(), get("f").as_f64()), (None, Some(900.0)));
    assert_eq!((get("s").as_u64(), get("s").as_str()), (None, Some("900")));
    assert_eq!(
        (get("b").as_bool(), get("b").as_text().as_deref()),
        (Some(true), Some("true"))
    );
    assert_eq!((get("z").is_null(), get("z").as_text()), (true, None));
    assert_eq!(
        (
            get("l").as_sequence().map(<[_]>::len),
            get("l").as_mapping()
        ),
        (Some(1), None)
    );
    assert_eq!(
        (get("h").as_i64(), get("m").as_i64(), get("m").as_u64()),
        (Some(16), Some(-1), None)
    );
    assert_eq!(
        tree.pointer("/l/0").and_then(crate::Node::as_number),
        Some("1")
    );
    assert_eq!(tree.pointer("/l/1"), None);
}

#[test]
fn places_count_lines_and_characters_from_one() {
    let tree = node("\u{feff}é: ü\r\nb:\r\n  - 'é é' # c\r\n  - !Ref x\r\n");
    let (key, value) = tree.entry("é").unwrap();
    let items = tree.get("b").unwrap().as_sequence().unwrap();

    assert_eq!(
        (key.place, value.place),
        (Place { line: 1, column: 1 }, Place { line: 1, column: 4 })
    );
    assert_eq!(items[0].place, Place { line: 3, column: 5 });
    assert_eq!(items[1].place, Place { line: 4, column: 5 });
}

#[test]
fn local_tags_are_kept_and_core_tags_do_their_work() {
    let tree = node(
        "- !Ref x\n- !Sub [a]\n- !GetAtt {b: c}\n- !Ref 5\n- !!str 5\n- !!int 5\n- ! 5\n- !<!Ref> q\n",
    );
    let items = tree.as_sequence().unwrap();

    let tags: Vec<_> = items.iter().map(|item| item.tag.as_deref()).collect();
    assert_eq!(
        tags,
        [
            Some("Ref"),
            Some("Sub"),
            Some("GetAtt"),
            Some("Ref"),
            None,
            None,
            None,
            Some("Ref")
        ]
    );
    assert_eq!(items[3].value, Value::String("5".to_owned()));
    assert_eq!(items[4].value, Value::String("5".to_owned()));
    assert_eq!(items[5].value, Value::Number("5".to_owned()));
    assert_eq!(items[6].value, Value::String("5".to_owned()));
    assert_eq!(items[0].to_json(), json!({"!Ref": "x"}));
}

#[test]
fn tags_that_nobody_understands_are_refused() {
    assert_eq!(
        errors("- !!int x\n- !!binary aa\n- !!map []\n- !!set {a}\n- !!str {}\n"),
        [
            "1:3: `x` does not fit its tag `!!int`",
            "2:3: the tag `!!binary` is not supported; expected a local tag such as `!Ref`, or one of `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq`, `!!map`",
            "3:3: `a sequence` does not fit its tag `!!map`",
            "4:3: the tag `!!set` is not supported; expected a local tag such as `!Ref`, or one of `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq`, `!!map`",
            "5:3: `a mapping` does not fit its tag `!!str`",
        ]
    );
    assert_eq!(
        errors("- !foo!bar z\n"),
        ["1:3: not valid YAML: the handle wasn't declared; write a local tag, such as `!Ref`"]
    );
}

#[test]
fn keys_given_twice_are_all_listed_and_the_first_one_stays() {
    let text = "a: 1\nb: {c: 1, c: 2}\n'a': 2\n1: x\n'1': y\n";

    assert_eq!(
        errors(text),
        [
            "2:11: `c` is given twice in one mapping, first on line 2; keep one of them",
            "3:1: `a` is given twice in one mapping, first on line 1; keep one of them",
            "5:1: `1` is given twice in one mapping, first on line 4; keep one of them",
        ]
    );
    assert_eq!(
        read(text).node.unwrap().to_json(),
        json!({"a": 1, "b": {"c": 1}, "1": "x"})
    );
}

#[test]
fn odd_keys_are_refused() {
    assert_eq!(
        errors("<<: {a: b}\n'<<': c\n"),
        ["1:1: merge keys (`<<`) are not supported; write the fields out"]
    );
    assert_eq!(errors(": x"), ["1:1: a key is missing before `:`"]);
    assert_eq!(
        errors("!Ref a: x"),
        ["1:1: a mapping's key cannot carry the tag `!Ref`"]
    );
    assert_eq!(
        errors("? [a]\n: b"),
        ["1:3: a mapping's key must be a plain word or a string, not a mapping or a sequence"]
    );
}

#[test]
fn one_file_holds_one_document() {
    assert_eq!(errors(""), ["1:1: the document is empty"]);
    assert_eq!(errors("# nothing\n"), ["1:1: the document is empty"]);
    assert_eq!(
        errors("a: 1\n---\nb: 2"),
        ["2:1: a second document starts here; put each document into a file of its own"]
    );
    assert_eq!(
        errors("a: 1\n...\nb: 2"),
        ["3:1: a second document starts here; put each document into a file of its own"]
    );
    assert_eq!(json("%YAML 1.2\n---\na: 1\n...\n# end\n"), json!({"a": 1}));
}

#[test]
fn aliases_are_expanded_as_keys_and_values() {
    let text = "x: &a [1, &b k]\ny: *a\n*b : 3\n";

    assert_eq!(json(text), json!({"x": [1, "k"], "y": [1, "k"], "k": 3}));
    assert_eq!(
        errors("a: &x [*x]"),
        ["1:8: this alias stands inside the node that it refers to, which would never end"]
    );
    assert_eq!(
        errors("a: *x"),
        [
            "1:4: not valid YAML: while parsing node, found unknown anchor; an alias `*NAME` needs an anchor `&NAME` before it"
        ]
    );
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").unwrap();
    }
    assert_eq!(
        errors(&text),
        ["6:10: more than 250000 values once aliases are expanded"]
    );

    let text = format!(
        "a: &a {}\nb: [{}]",
        "x".repeat(1 << 20),
        vec!["*a"; 100].join(", ")
    );
    assert_eq!(
        errors(&text),
        ["2:25: more than 8388608 bytes of text, aliases expanded"]
    );

    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..=MAX_DEPTH {
        writeln!(text, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert_eq!(errors(&text), ["100:12: nested more than 100 levels deep"]);
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| format!("{}{}", "- ".repeat(depth), "x");

    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(
        errors(&nested(MAX_DEPTH + 1)),
        ["1:201: nested more than 100 levels deep"]
    );
    assert_eq!(
        errors(&nested(100_000)),
        ["1:201: nested more than 100 levels deep"]
    );
}

#[test]
fn syntax_errors_say_where_and_how_to_mend() {
    assert_eq!(
        errors("a:\n\t- x\n"),
        [
            "2:2: not valid YAML: tabs disallowed within this context (block indentation); indent with spaces, as YAML does not take tabs"
        ]
    );
    assert_eq!(
        errors("a: b: c"),
        [
            "1:5: not valid YAML: mapping values are not allowed in this context; check the indentation, or put a value that holds `: ` in quotes"
        ]
    );
    assert_eq!(
        errors("a: `x`"),
        ["1:4: not valid YAML: ``` cannot start a value; put the value in quotes"]
    );
    assert_eq!(
        errors("a: \"\\ud83d\\ude00\""),
        [
            "1:4: not valid YAML: while parsing a quoted scalar, found invalid Unicode character escape code; YAML writes characters beyond U+FFFF as `\\UXXXXXXXX`, not as a surrogate pair"
        ]
    );
    assert_eq!(
        errors("a:\n  b: c\n d: e\n"),
        [
            "3:2: not valid YAML: while parsing a block mapping, did not find expected key; check the indentation of this line and the one above"
        ]
    );
}

#[test]
fn what_is_missing_at_the_end_is_placed_on_the_last_line() {
    assert_eq!(
        errors("b: 1\na: [1, 2\n"),
        ["2:9: not valid YAML: while parsing a flow sequence, expected ',' or ']'"]
    );
    assert_eq!(errors("? #"), ["1:4: a key is missing before `:`"]);
}

#[test]
fn nul_does_not_hide_the_rest_of_the_file() {
    assert_eq!(
        errors("a: 1\nb: \0 x\n"),
        [
            "2:4: the control character U+0000 is not allowed here; write it as an escape in a double-quoted string"
        ]
    );
    assert_eq!(json(r#"a: "\0""#), json!({"a": "\0"}));
}

#[test]
fn a_file_beyond_the_limit_is_not_read_at_all() {
    assert_eq!(
        errors(&" ".repeat(crate::MAX_BYTES + 1)),
        ["1:1: more than 8388608 bytes of text, aliases expanded"]
    );
}
