// SPDX-License-Identifier: Apache-2.0
//! Expressions: one table of cases for each kind. A case is one line: the text, and what it says.

mod conditions;
mod refusals;
mod updates;

use serde_json::{Value, json};

use super::*;
use crate::dynamodb::attribute::{self, Attributes};

/// The item that the cases are about.
fn item() -> Attributes {
    attributes(&json!({
        "pk": {"S": "p"}, "n": {"N": "5"}, "s": {"S": "hello"}, "b": {"B": "AAEC"},
        "t": {"BOOL": true}, "z": {"NULL": true},
        "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AA=="]},
        "l": {"L": [{"S": "x"}, {"N": "7"}, {"M": {"k": {"S": "deep"}}}]},
        "m": {"M": {"a": {"N": "1"}, "c": {"M": {"d": {"S": "e"}}}}},
        "status": {"S": "open"}
    }))
}

fn attributes(json: &Value) -> Attributes {
    attribute::attributes(json.as_object().unwrap()).unwrap()
}

/// Placeholders that the cases use.
fn placeholders() -> Placeholders {
    let names = [
        ("#status", "status"),
        ("#n", "n"),
        ("#m", "m"),
        ("#gone", "gone"),
    ];
    let values = json!({
        ":one": {"N": "1"}, ":five": {"N": "5.0"}, ":six": {"N": "6"}, ":ten": {"N": "10"},
        ":hello": {"S": "hello"}, ":he": {"S": "he"}, ":lo": {"S": "lo"}, ":a": {"S": "a"}, ":x": {"S": "x"},
        ":open": {"S": "open"}, ":true": {"BOOL": true}, ":null": {"NULL": true},
        ":bytes": {"B": "AAE="}, ":zero": {"B": "AA=="}, ":S": {"S": "S"}, ":N": {"S": "N"}, ":Q": {"S": "Q"},
        ":ss": {"SS": ["b", "c"]}, ":ssab": {"SS": ["a", "b"]}, ":list": {"L": [{"N": "9"}]}, ":map": {"M": {"q": {"N": "2"}}}
    });
    Placeholders::new(
        Some(
            names
                .into_iter()
                .map(|(key, name)| (key.to_owned(), name.to_owned()))
                .collect(),
        ),
        Some(attributes(&values).into_iter().collect()),
    )
    .unwrap()
}

#[test]
fn projections_keep_what_they_name() {
    for (text, kept) in [
        ("pk", json!({"pk": {"S": "p"}})),
        ("pk, nothing, m.nothing, l[9]", json!({"pk": {"S": "p"}})),
        (
            "m.c.d",
            json!({"m": {"M": {"c": {"M": {"d": {"S": "e"}}}}}}),
        ),
        (
            "l[2].k, l[0]",
            json!({"l": {"L": [{"S": "x"}, {"M": {"k": {"S": "deep"}}}]}}),
        ),
        (
            "#status , #m.a",
            json!({"m": {"M": {"a": {"N": "1"}}}, "status": {"S": "open"}}),
        ),
    ] {
        let paths = placeholders()
            .projection(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(project(&paths, &item()), attributes(&kept), "{text}");
    }
}

#[test]
fn key_conditions_name_one_partition_and_a_range() {
    let text = |text: &str| AttributeValue::String(text.to_owned());
    let number = |text: &str| AttributeValue::Number(text.parse().unwrap());
    let found = |partition, sort| Ok(KeyCondition { partition, sort });
    for (written, expected) in [
        ("pk = :a", found(text("a"), None)),
        (":a = pk", found(text("a"), None)),
        ("(pk = :a)", found(text("a"), None)),
        (
            "pk = :a AND #n >= :one",
            found(
                text("a"),
                Some(SortCondition::Compare(
                    Comparator::GreaterOrEqual,
                    number("1"),
                )),
            ),
        ),
        (
            ":one < n AND (pk = :a)",
            found(
                text("a"),
                Some(SortCondition::Compare(Comparator::Greater, number("1"))),
            ),
        ),
        (
            "pk = :a AND n BETWEEN :one AND :ten",
            found(
                text("a"),
                Some(SortCondition::Between(number("1"), number("10"))),
            ),
        ),
        (
            "pk = :a OR n = :one",
            Err(KeyConditionError::Operator("OR".into())),
        ),
        (
            "NOT pk = :a",
            Err(KeyConditionError::Operator("NOT".into())),
        ),
        ("pk <> :a", Err(KeyConditionError::Operator("<>".into()))),
        ("pk IN (:a)", Err(KeyConditionError::Operator("IN".into()))),
        (
            "contains(pk, :a)",
            Err(KeyConditionError::Operator("contains".into())),
        ),
        ("size(pk) = :one", Err(KeyConditionError::Nested)),
        ("pk = n", Err(KeyConditionError::TwoAttributes)),
        ("pk.q = :a", Err(KeyConditionError::NestedAttribute)),
        (":a = :x", Err(KeyConditionError::NoAttribute)),
        ("pk = :a AND pk = :x", Err(KeyConditionError::Repeated)),
        ("n = :one", Err(KeyConditionError::Missed("pk".into()))),
        (
            "pk = :a AND s = :a",
            Err(KeyConditionError::Missed("n".into())),
        ),
        ("pk = :one", Err(KeyConditionError::Type)),
        ("pk = :a AND n = :a", Err(KeyConditionError::Type)),
        ("pk > :a", Err(KeyConditionError::Unsupported)),
        (
            "pk = :a AND n = :one AND s = :a",
            Err(KeyConditionError::Count),
        ),
        (
            ":a BETWEEN pk AND :x",
            Err(KeyConditionError::AttributeFirst("BETWEEN")),
        ),
    ] {
        let condition = placeholders()
            .condition(written)
            .unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(
            KeyCondition::of(&condition, ("pk", "S"), Some(("n", "N"))),
            expected,
            "{written}"
        );
    }
}

#[test]
fn placeholders_must_be_well_formed_and_used() {
    let names = |keys: &[&str]| {
        Some(
            keys.iter()
                .map(|key| ((*key).to_owned(), "n".to_owned()))
                .collect(),
        )
    };
    let values = |keys: &[&str]| {
        Some(
            keys.iter()
                .map(|key| ((*key).to_owned(), AttributeValue::Null))
                .collect(),
        )
    };
    for (placeholders, refusal) in [
        (
            Placeholders::new(names(&[]), None),
            "ExpressionAttributeNames must not be empty",
        ),
        (
            Placeholders::new(None, values(&[])),
            "ExpressionAttributeValues must not be empty",
        ),
        (
            Placeholders::new(names(&["a"]), None),
            "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\"",
        ),
        (
            Placeholders::new(None, values(&[":"])),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \":\"",
        ),
        (
            Placeholders::new(None, values(&[":a-b"])),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \":a-b\"",
        ),
    ] {
        assert_eq!(placeholders.unwrap_err().to_string(), refusal);
    }

    let mut given = Placeholders::new(names(&["#a", "#b", "#c"]), values(&[":a", ":b"])).unwrap();
    given.condition("#b = :a").unwrap();
    assert_eq!(
        given.finish().unwrap_err().to_string(),
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #c}"
    );
    let mut given = Placeholders::new(None, values(&[":a", ":b"])).unwrap();
    given.condition("q = :a").unwrap();
    assert_eq!(
        given.finish().unwrap_err().to_string(),
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}"
    );
}
