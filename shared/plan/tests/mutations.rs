// SPDX-License-Identifier: Apache-2.0
//! One change at a time to a good plan: parser and schema must notice, and agree.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "test helpers read files and fail by panicking"
)]

use std::path::Path;

use keyproof_plan::{Plan, schema};
use serde_json::{Value, json};

fn good_plan() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/valid/everything.yaml");
    keyproof_document::parse(&std::fs::read_to_string(file).unwrap())
        .unwrap()
        .to_json()
}

/// The JSON pointers of everything in the plan, the plan itself first.
fn pointers(value: &Value) -> Vec<String> {
    let below = |token: String, value: &Value| {
        pointers(value)
            .into_iter()
            .map(move |rest| format!("/{token}{rest}"))
            .collect::<Vec<_>>()
    };
    let mut all = vec![String::new()];
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                all.extend(below(index.to_string(), item));
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                all.extend(below(name.replace('~', "~0").replace('/', "~1"), field));
            }
        }
        _ => {}
    }
    all
}

fn is_valid(plan: &Value) -> bool {
    Plan::parse(&plan.to_string()).is_ok()
}

#[test]
fn a_field_that_does_not_exist_is_refused_wherever_it_stands() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = good_plan();
    let mut objects = 0;
    for pointer in pointers(&good) {
        let mut plan = good.clone();
        let Some(fields) = plan.pointer_mut(&pointer).and_then(Value::as_object_mut) else {
            continue;
        };
        fields.insert("zzz".to_owned(), json!("x"));
        // Session tags have any name.
        let is_free = pointer.ends_with("/tags");
        assert_eq!(is_valid(&plan), is_free, "{pointer}");
        assert_eq!(validator.is_valid(&plan), is_free, "{pointer}");
        objects += 1;
    }
    assert!(objects > 50, "{objects}");
}

#[test]
fn the_schema_refuses_nothing_that_the_parser_takes() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = good_plan();
    let replacements = [
        Value::Null,
        json!(true),
        json!(1),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
    ];
    let (mut taken, mut refused) = (0, 0);
    for pointer in pointers(&good) {
        for replacement in &replacements {
            let mut plan = good.clone();
            *plan.pointer_mut(&pointer).unwrap() = replacement.clone();
            let errors = Plan::parse(&plan.to_string()).err();
            if errors.is_none() {
                let said: Vec<String> = validator
                    .iter_errors(&plan)
                    .map(|error| error.to_string())
                    .collect();
                assert_eq!(said, [""; 0], "{pointer} = {replacement}");
                taken += 1;
            } else {
                assert_ne!(errors, Some(Vec::new()), "{pointer} = {replacement}");
                refused += 1;
            }
        }
    }
    assert!(
        taken > 20 && refused > 500,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn a_required_field_that_is_taken_away_is_missed() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let optional = [
        "inspect_as",
        "attributes",
        "external_id",
        "tags",
        "duration",
        "source_identity",
        "index",
        "policy",
        "exceptions",
    ];
    let good = good_plan();
    for (parent, fields) in [
        (
            "",
            vec![
                "keyproof",
                "name",
                "region",
                "principals",
                "expectations",
                "exceptions",
            ],
        ),
        (
            "/tables/by name",
            vec!["table", "key", "canary", "inspect_as"],
        ),
        ("/tables/by name/canary", vec!["key", "attributes"]),
        (
            "/principals/reader",
            vec!["role", "external_id", "tags", "duration", "source_identity"],
        ),
        (
            "/expectations/2",
            vec!["principal", "on", "actions", "decision", "by", "policy"],
        ),
        ("/exceptions/0", vec!["probe", "reason", "owner", "expires"]),
    ] {
        for field in fields {
            let mut plan = good.clone();
            let removed = plan
                .pointer_mut(parent)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(field);
            assert!(removed.is_some(), "{parent}/{field}");
            let may_miss = optional.contains(&field);
            assert_eq!(is_valid(&plan), may_miss, "{parent}/{field}");
            assert_eq!(validator.is_valid(&plan), may_miss, "{parent}/{field}");
        }
    }
}
