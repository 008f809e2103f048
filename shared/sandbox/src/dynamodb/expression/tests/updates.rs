// SPDX-License-Identifier: Apache-2.0
//! Update expressions and what they make of a small item.

use serde_json::json;

use super::{attributes, placeholders};
use crate::dynamodb::attribute::Attributes;

fn item() -> Attributes {
    attributes(&json!({
        "pk": {"S": "p"}, "n": {"N": "5"}, "ss": {"SS": ["a", "b"]},
        "l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]}, "m": {"M": {"a": {"N": "1"}}}
    }))
}

#[test]
fn updates_change_what_they_name_and_nothing_else() {
    for (text, changed) in [
        ("SET n = :one", json!({"n": {"N": "1"}})),
        ("SET n = n + :one", json!({"n": {"N": "6"}})),
        ("SET n = n - :ten", json!({"n": {"N": "-5"}})),
        ("SET n = (n + :one)", json!({"n": {"N": "6"}})),
        (
            "SET c = n, n = :one",
            json!({"c": {"N": "5"}, "n": {"N": "1"}}),
        ),
        (
            "SET n = :one, c = n",
            json!({"c": {"N": "5"}, "n": {"N": "1"}}),
        ),
        (
            "SET c = if_not_exists(n, :one), d = if_not_exists(gone, :one)",
            json!({"c": {"N": "5"}, "d": {"N": "1"}}),
        ),
        (
            "SET c = if_not_exists(gone, :one) + :one",
            json!({"c": {"N": "2"}}),
        ),
        (
            "SET l = list_append(l, :list)",
            json!({"l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"N": "9"}]}}),
        ),
        (
            "SET l = list_append(:list, l)",
            json!({"l": {"L": [{"N": "9"}, {"S": "0"}, {"S": "1"}, {"S": "2"}]}}),
        ),
        (
            "SET l[1] = :a",
            json!({"l": {"L": [{"S": "0"}, {"S": "a"}, {"S": "2"}]}}),
        ),
        (
            "SET l[40] = :a",
            json!({"l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}, {"S": "a"}]}}),
        ),
        (
            "SET m.b = :a",
            json!({"m": {"M": {"a": {"N": "1"}, "b": {"S": "a"}}}}),
        ),
        (
            "set #m.a = #m.a + :one remove l[0], l[1]",
            json!({"m": {"M": {"a": {"N": "2"}}}, "l": {"L": [{"S": "2"}]}}),
        ),
        ("REMOVE l[9], gone, m.gone", json!({})),
        (
            "ADD n :one, c :five",
            json!({"n": {"N": "6"}, "c": {"N": "5"}}),
        ),
        ("ADD ss :ss", json!({"ss": {"SS": ["a", "b", "c"]}})),
        ("DELETE ss :ss", json!({"ss": {"SS": ["a"]}})),
        ("DELETE gone :ss", json!({})),
        ("ADD m.a :one", json!({"m": {"M": {"a": {"N": "2"}}}})),
    ] {
        let update = placeholders()
            .update(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut updated = item();
        update
            .apply(&mut updated)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut expected = item();
        expected.extend(attributes(&changed));
        assert_eq!(updated, expected, "{text}");
    }
}

#[test]
fn an_attribute_goes_when_its_last_member_does() {
    for (text, gone) in [("DELETE ss :ssab", "ss"), ("REMOVE n", "n")] {
        let mut updated = item();
        placeholders()
            .update(text)
            .unwrap()
            .apply(&mut updated)
            .unwrap();
        let mut expected = item();
        expected.remove(gone);
        assert_eq!(updated, expected, "{text}");
    }
}

#[test]
fn updates_that_do_not_fit_the_item_are_refused() {
    let invalid = "The document path provided in the update expression is invalid for update";
    let operand = "An operand in the update expression has an incorrect data type";
    let missing = "The provided expression refers to an attribute that does not exist in the item";
    for (text, refusal) in [
        ("SET gone.a = :one", invalid),
        ("SET m.gone.a = :one", invalid),
        ("SET n[0] = :one", invalid),
        ("SET m[0] = :one", invalid),
        ("REMOVE gone.a", invalid),
        ("SET n = gone + :one", missing),
        ("SET c = gone", missing),
        ("SET n = pk + :one", operand),
        ("SET l = list_append(n, :list)", operand),
        ("ADD pk :one", operand),
        ("ADD ss :one", operand),
        ("DELETE n :ss", operand),
    ] {
        let update = placeholders()
            .update(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(
            update.apply(&mut item()).expect_err(text).to_string(),
            refusal,
            "{text}"
        );
    }
}
