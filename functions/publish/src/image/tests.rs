// SPDX-License-Identifier: Apache-2.0

use serde_json::{Value, json};

use super::{Record, plain};

#[test]
fn a_typed_value_loses_its_type_and_nothing_else() {
    let typed = json!({"M": {
        "text": {"S": "12"}, "number": {"N": "12"}, "fraction": {"N": "0.5"}, "yes": {"BOOL": true},
        "nothing": {"NULL": true}, "list": {"L": [{"S": "a"}, {"M": {}}, {"L": []}]},
    }});
    assert_eq!(
        plain(&typed, "item").unwrap(),
        json!({
            "text": "12", "number": 12, "fraction": 0.5, "yes": true, "nothing": null,
            "list": ["a", {}, []],
        })
    );
}

#[test]
fn a_value_that_keyproof_never_writes_is_refused_by_its_place() {
    let values = [
        json!({"B": "AA=="}),
        json!({"SS": ["a"]}),
        json!({"N": "twelve"}),
        json!({"S": 1}),
        json!({"S": "a", "N": "1"}),
        json!({}),
        json!("bare"),
    ];
    for value in values {
        let item = json!({"M": {"entries": {"L": [{"S": "fine"}, value]}}});
        let error = plain(&item, "item").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the item's `item.entries.1` is no value of a type that keyproof writes"
        );
    }
}

#[test]
fn only_runs_and_changes_of_plans_are_of_the_outbox() {
    let key = |pk: &str, sk: &str| json!({"pk": {"S": pk}, "sk": {"S": sk}});
    for (pk, sk) in [
        ("PLAN#orders", "HEAD"),
        ("PLAN#orders", "STATE"),
        ("RUN#01KEYPR00F0000000000000000", "RUN"),
        ("PUBLISHED#orders", "000000000001/RUN#events"),
    ] {
        assert!(
            matches!(Record::of_image(&key(pk, sk)), Ok(None)),
            "{pk} {sk}"
        );
    }
    for sk in ["RUN#000000000001", "CHANGE#000000000001"] {
        let error = Record::of_image(&key("PLAN#orders", sk)).unwrap_err();
        assert!(error.to_string().contains("has no `schema`"), "{error}");
    }
    let error = Record::of_image(&Value::Null).unwrap_err();
    assert!(error.to_string().contains("NEW_IMAGE"), "{error}");
}
