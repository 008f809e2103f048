// SPDX-License-Identifier: Apache-2.0
//! Attribute values: DynamoDB JSON both ways, refusals, order and sizes.

use super::*;

#[track_caller]
fn read(json: &Value) -> AttributeValue {
    AttributeValue::from_json(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

#[test]
fn every_type_comes_back_as_it_was_written() {
    for json in [
        json!({"S": ""}),
        json!({"S": "text"}),
        json!({"N": "-1.5"}),
        json!({"B": "AP8="}),
        json!({"BOOL": false}),
        json!({"NULL": true}),
        json!({"SS": ["a", "b"]}),
        json!({"NS": ["-1", "2"]}),
        json!({"BS": ["AA==", "AQ=="]}),
        json!({"L": [{"S": "a"}, {"L": []}]}),
        json!({"M": {"a": {"M": {}}, "b": {"N": "1"}}}),
    ] {
        assert_eq!(read(&json).to_json(), json);
    }
}

#[test]
fn equal_numbers_are_equal_however_they_are_written() {
    assert_eq!(read(&json!({"N": "1"})), read(&json!({"N": "1.0"})));
    assert_eq!(
        read(&json!({"L": [{"N": "1e2"}, {"NS": ["1", "2"]}]})),
        read(&json!({"L": [{"N": "100"}, {"NS": ["2.0", "1.00"]}]}))
    );
}

#[test]
fn what_is_no_attribute_value_is_refused_in_the_words_of_aws() {
    let deep = (0..40).fold(json!({"S": "x"}), |inner, _| json!({"L": [inner]}));
    for (json, refusal) in [
        (
            json!({}),
            value(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            ),
        ),
        (
            json!({"X": "a"}),
            value(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            ),
        ),
        (
            json!({"S": "a", "N": "1"}),
            value(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ),
        ),
        (
            json!({"NULL": false}),
            value(
                "One or more parameter values were invalid: Null attribute value types must have the value of true",
            ),
        ),
        (
            json!({"SS": []}),
            value("One or more parameter values were invalid: An string set  may not be empty"),
        ),
        (
            json!({"SS": ["a", "a"]}),
            value(
                "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
            ),
        ),
        (
            json!({"NS": ["1", "1.0"]}),
            value("Input collection contains duplicates"),
        ),
        (
            json!({"BS": ["AA==", "AA=="]}),
            value(
                "One or more parameter values were invalid: Input collection [AA==, AA==]of type BS contains duplicates.",
            ),
        ),
        (json!({"N": ""}), AttributeError::Number(NumberError::Empty)),
        (
            json!({"S": 1}),
            shape("NUMBER_VALUE cannot be converted to String"),
        ),
        (
            json!({"S": 1.5}),
            shape("DECIMAL_VALUE cannot be converted to String"),
        ),
        (json!("text"), shape("Unexpected value type in payload")),
        (
            deep,
            value(
                "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
            ),
        ),
    ] {
        assert_eq!(AttributeValue::from_json(&json), Err(refusal), "{json}");
    }
}

#[test]
fn a_member_that_is_null_does_not_count() {
    assert_eq!(
        read(&json!({"S": "a", "N": null})),
        AttributeValue::String("a".into())
    );
}

#[test]
fn only_values_of_one_ordered_type_have_an_order() {
    let ordered = |left: Value, right: Value| read(&left).compare(&read(&right));
    assert_eq!(
        ordered(json!({"S": "a"}), json!({"S": "b"})),
        Some(Ordering::Less)
    );
    assert_eq!(
        ordered(json!({"S": "z"}), json!({"S": "é"})),
        Some(Ordering::Less)
    );
    assert_eq!(
        ordered(json!({"N": "10"}), json!({"N": "9"})),
        Some(Ordering::Greater)
    );
    assert_eq!(
        ordered(json!({"B": "/w=="}), json!({"B": "AA=="})),
        Some(Ordering::Greater)
    );
    assert_eq!(ordered(json!({"S": "1"}), json!({"N": "1"})), None);
    assert_eq!(ordered(json!({"BOOL": true}), json!({"BOOL": true})), None);
}

#[test]
fn an_items_size_counts_names_and_values() {
    let item = json!({"pk": {"S": "é"}, "n": {"N": "123"}, "l": {"L": [{"BOOL": true}]}, "m": {"M": {"a": {"NULL": true}}}});
    let item = attributes(item.as_object().unwrap()).unwrap();
    assert_eq!(
        size(&item),
        (2 + 2) + (1 + 3) + (1 + 3 + 2) + (1 + 3 + 1 + 2)
    );
}
