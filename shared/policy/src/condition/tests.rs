// SPDX-License-Identifier: Apache-2.0
//! Operators and the values that they read.

use super::{Comparison, Condition, Date, Decimal, Network, Operator, Quantifier, Test};
use crate::Context;
use crate::truth::Truth;

fn holds(operator: &str, values: &[&str], context: &Context) -> Truth {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    let operator = Operator::read(operator).unwrap();
    Condition::new(operator, "aws:Key", &values, true)
        .unwrap()
        .holds(context, &mut Vec::new())
}

fn one(value: &str) -> Context {
    Context::new().with("AWS:key", value)
}

fn many(values: &[&str]) -> Context {
    Context::new().with(
        "aws:key",
        values
            .iter()
            .map(|value| (*value).to_owned())
            .collect::<Vec<_>>(),
    )
}

#[test]
fn an_operator_is_read_with_its_prefix_and_suffix() {
    assert_eq!(
        Operator::read("ForAnyValue:NumericLessThanEqualsIfExists"),
        Some(Operator {
            quantifier: Quantifier::Any,
            if_exists: true,
            negated: false,
            test: Test::Number(Comparison::LessThanEquals),
        })
    );
    assert_eq!(Operator::read("NullIfExists"), None);
    assert_eq!(Operator::read("stringEquals"), None);
    assert!(Operator::names().all(|name| Operator::read(&name).is_some()));
}

#[test]
fn an_absent_key_meets_negated_and_if_exists_operators_only() {
    let nothing = Context::new();

    assert_eq!(holds("StringEquals", &["a"], &nothing), Truth::No);
    assert_eq!(holds("StringNotEquals", &["a"], &nothing), Truth::Yes);
    assert_eq!(holds("NotIpAddress", &["10.0.0.0/8"], &nothing), Truth::Yes);
    assert_eq!(holds("BoolIfExists", &["true"], &nothing), Truth::Yes);
    assert_eq!(
        holds("ForAllValues:StringEquals", &["a"], &nothing),
        Truth::Yes
    );
    assert_eq!(
        holds("ForAnyValue:StringNotEquals", &["a"], &nothing),
        Truth::No
    );
    assert_eq!(holds("Null", &["true"], &nothing), Truth::Yes);
}

#[test]
fn a_multivalued_key_needs_a_set_operator() {
    assert_eq!(holds("StringEquals", &["a"], &many(&["a"])), Truth::No);
    assert_eq!(holds("StringNotEquals", &["a"], &many(&["b"])), Truth::No);
    assert_eq!(
        holds("ForAnyValue:StringEquals", &["a"], &many(&["b", "a"])),
        Truth::Yes
    );
    assert_eq!(
        holds("ForAllValues:StringEquals", &["a"], &many(&["b", "a"])),
        Truth::No
    );
    assert_eq!(
        holds("ForAnyValue:StringNotEquals", &["a"], &many(&["b", "a"])),
        Truth::Yes
    );
    assert_eq!(
        holds("ForAllValues:StringNotEquals", &["a"], &many(&["b", "a"])),
        Truth::No
    );
    assert_eq!(
        holds("ForAllValues:StringEquals", &["a"], &many(&[])),
        Truth::Yes
    );
    assert_eq!(
        holds("ForAnyValue:StringEquals", &["a"], &many(&[""])),
        Truth::No
    );
}

#[test]
fn a_value_that_cannot_be_compared_meets_neither_the_operator_nor_its_negation() {
    assert_eq!(holds("NumericEquals", &["1"], &one("soon")), Truth::No);
    assert_eq!(holds("NumericNotEquals", &["1"], &one("soon")), Truth::No);
    assert_eq!(
        holds("ArnNotLike", &["arn:aws:iam::*:role/*"], &one("reader")),
        Truth::No
    );
    assert_eq!(
        holds("StringNotEquals", &["${aws:none}"], &one("x")),
        Truth::No
    );
    assert_eq!(
        holds("StringEquals", &["${aws:none}", "x"], &one("x")),
        Truth::Yes
    );
}

#[test]
fn variables_take_single_values_and_defaults_and_keep_wildcards_literal() {
    let context = one("a*").with("aws:other", "a*");

    assert_eq!(holds("StringLike", &["${aws:OTHER}"], &context), Truth::Yes);
    assert_eq!(
        holds(
            "StringLike",
            &["${aws:other}"],
            &one("abc").with("aws:other", "a*")
        ),
        Truth::No
    );
    assert_eq!(
        holds("StringEquals", &["${aws:none, 'a*'}"], &context),
        Truth::Yes
    );
    assert_eq!(holds("StringLike", &["a${*}"], &context), Truth::Yes);
    assert_eq!(holds("StringLike", &["a${*}"], &one("ab")), Truth::No);
    assert_eq!(
        holds("StringEquals", &["${aws:open"], &one("${aws:open")),
        Truth::Yes
    );
}

#[test]
fn an_unknown_key_gives_no_answer_and_is_named() {
    let mut context = Context::new();
    context.set_unknown("aws:Key");
    let condition = Condition::new(
        Operator::read("StringNotEqualsIfExists").unwrap(),
        "AWS:KEY",
        &["a".to_owned()],
        true,
    );
    let mut unknown = Vec::new();

    let answer = condition.unwrap().holds(&context, &mut unknown);

    assert_eq!(
        (answer, unknown),
        (Truth::Unknown, vec!["aws:key".to_owned()])
    );
}

#[test]
fn decimals_compare_exactly() {
    let read = |text| Decimal::read(text).unwrap();

    assert_eq!(read("01.50"), read("1.5"));
    assert_eq!(read("-0"), read("0.0"));
    assert!(read("9007199254740993") > read("9007199254740992"));
    assert!(read("-2") < read("-1.5") && read("-1.5") < read("0.1"));
    for wrong in ["", ".", "1e3", "0x1", "1,5", "--1"] {
        assert_eq!(Decimal::read(wrong), None, "{wrong}");
    }
}

#[test]
fn dates_are_iso_8601_or_epoch_seconds() {
    let read = |text| Date::read(text).unwrap();

    assert_eq!(read("2026-01-01T00:00:00Z"), read("1767225600"));
    assert_eq!(read("2026-01-01T02:00+02:00"), read("2026"));
    assert_eq!(read("2026-01"), read("2025-12-31T19:00:00.000-0500"));
    assert_eq!(read("2000-02-29"), read("951782400"));
    assert!(read("2026-01-01T00:00:00.5Z") > read("2026-01-01"));
    for wrong in [
        "",
        "2025-02-29",
        "2026-13",
        "2026-1-1",
        "2026T10:00Z",
        "tomorrow",
        "2026-01-01T1:00Z",
    ] {
        assert_eq!(Date::read(wrong), None, "{wrong}");
    }
}

#[test]
fn networks_contain_addresses_of_their_own_family() {
    let contains = |range: &str, address: &str| {
        Network::read(range)
            .unwrap()
            .contains(address.parse().unwrap())
    };

    assert!(contains("0.0.0.0/0", "203.0.113.7"));
    assert!(contains("203.0.113.7", "203.0.113.7"));
    assert!(contains("10.1.2.3/8", "10.200.0.1"));
    assert!(!contains("203.0.113.0/25", "203.0.113.128"));
    assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
    assert!(!contains("::/0", "203.0.113.7"));
    for wrong in [
        "203.0.113",
        "203.0.113.0/33",
        "2001:db8::/129",
        "10.0.0.0/",
        "10.0.0.0/+8",
    ] {
        assert_eq!(Network::read(wrong), None, "{wrong}");
    }
}

#[test]
fn a_binary_value_is_base64_and_compared_as_written() {
    for whole in ["", "QUJD", "QUI=", "QQ==", "+/+/", "a1B2"] {
        assert_eq!(holds("BinaryEquals", &[whole], &one(whole)), Truth::Yes);
        assert_eq!(holds("BinaryEquals", &[whole], &one("QUJE")), Truth::No);
    }
    let operator = Operator::read("BinaryEquals").unwrap();
    for broken in [
        "QUJ", "QUJDR", "Q===", "====", "QU-_", "QU D", "=QUJ", "QUI=QUI=",
    ] {
        let values = [broken.to_owned()];
        let read = Condition::new(operator, "aws:Key", &values, true);
        assert!(read.is_err(), "{broken}");
    }
}

#[test]
fn a_set_of_empty_texts_is_no_value() {
    let all = |values| holds("ForAllValues:StringEquals", &["a"], &many(values));
    let any = |values| holds("ForAnyValue:StringEquals", &["a", ""], &many(values));
    assert_eq!(all(&["", ""]), Truth::Yes);
    assert_eq!(all(&["", "a"]), Truth::No);
    assert_eq!(all(&["a", "a"]), Truth::Yes);
    assert_eq!(any(&["", ""]), Truth::No);
    assert_eq!(any(&["", "b"]), Truth::Yes);
    assert_eq!(any(&["b"]), Truth::No);
}

#[test]
fn true_and_false_are_what_they_are_in_any_case() {
    for (wanted, given, truth) in [
        ("true", "TRUE", Truth::Yes),
        ("true", "false", Truth::No),
        ("false", "False", Truth::Yes),
        ("false", "true", Truth::No),
        ("false", "no", Truth::No),
    ] {
        assert_eq!(
            holds("Bool", &[wanted], &one(given)),
            truth,
            "{wanted} {given}"
        );
    }
}

#[test]
fn only_like_has_wildcards() {
    for (operator, pattern, given, truth) in [
        ("StringEquals", "a*", "ab", Truth::No),
        ("StringEquals", "a*", "a*", Truth::Yes),
        ("StringEquals", "a?", "ab", Truth::No),
        ("StringEquals", "a?", "a?", Truth::Yes),
        ("StringLike", "a*", "ab", Truth::Yes),
        ("StringLike", "a?", "ab", Truth::Yes),
    ] {
        let found = holds(operator, &[pattern], &one(given));
        assert_eq!(found, truth, "{operator} {pattern} {given}");
    }
}

#[test]
fn numbers_and_dates_are_compared_as_the_operator_says() {
    let all = [
        "Equals",
        "LessThan",
        "LessThanEquals",
        "GreaterThan",
        "GreaterThanEquals",
    ];
    for (given, truths) in [
        ("9", [false, true, true, false, false]),
        ("10", [true, false, true, false, true]),
        ("11", [false, false, false, true, true]),
    ] {
        for (operator, truth) in all.iter().zip(truths) {
            let number = holds(&format!("Numeric{operator}"), &["10"], &one(given));
            assert_eq!(number, Truth::from(truth), "Numeric{operator} {given}");
            let date = format!("2026-01-{given:0>2}");
            let date = holds(&format!("Date{operator}"), &["2026-01-10"], &one(&date));
            assert_eq!(date, Truth::from(truth), "Date{operator} {given}");
        }
    }
}

#[test]
fn every_operator_has_a_name_and_null_only_its_own() {
    let names: Vec<String> = Operator::names().collect();
    for name in [
        "StringEquals",
        "ForAnyValue:BoolIfExists",
        "Null",
        "ForAllValues:ArnLike",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    assert!(!names.iter().any(|known| known == "NullIfExists"));
}
