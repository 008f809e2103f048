// SPDX-License-Identifier: Apache-2.0
//! Every event against its published schema, and the examples beside the schemas.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use keyproof_publish::{Event, SOURCE};
use keyproof_verdict::{PartRow, Report};
use serde_json::{Value, json};

use crate::pages;
use crate::world::{World, counted, failing, passing, widened};

/// The file name of each detail type.
const NAMES: [(&str, &str); 5] = [
    ("Run Completed", "run-completed"),
    ("Probe Transition", "probe-transition"),
    ("Probe Confirmed", "probe-confirmed"),
    ("Probe Reminder", "probe-reminder"),
    ("Late Observation", "late-observation"),
];

fn published(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events/published")
        .join(file)
}

fn schema(name: &str) -> Value {
    let text = std::fs::read_to_string(published(&format!("{name}.schema.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn name_of(detail_type: &str) -> &'static str {
    NAMES
        .iter()
        .find(|(other, _)| *other == detail_type)
        .unwrap()
        .1
}

/// The event as a rule's target gets it.
fn delivered(event: &Event) -> Value {
    json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": event.detail_type,
        "source": SOURCE,
        "account": "111122223333",
        "time": event.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "region": "us-east-1",
        "resources": event.resources,
        "detail": serde_json::from_str::<Value>(&event.detail).unwrap(),
    })
}

/// The events of every scenario, and of one with each kind of change.
async fn all() -> Vec<Value> {
    let mut events = Vec::new();
    for (_, world) in pages::scenarios().await {
        events.extend(world.heard.events.borrow().iter().map(delivered));
    }
    let world = World::new();
    world.commit(&passing(0)).await;
    world
        .commit(&failing(
            10,
            &["orders/encryption", "outsider/dynamodb:Scan/orders"],
        ))
        .await;
    let mut fewer = widened(20);
    fewer.probes.retain(|row| row.id != "orders/encryption");
    world.commit(&fewer).await;
    world.publish().await;
    events.extend(world.heard.events.borrow().iter().map(delivered));
    events
}

#[tokio::test]
async fn every_event_fits_its_schema() {
    let mut seen = BTreeMap::new();
    for event in all().await {
        let name = name_of(event["detail-type"].as_str().unwrap());
        let validator = jsonschema::draft202012::new(&schema(name)).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&event)
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{event:#}");
        *seen.entry(name).or_insert(0) += 1;
    }
    let names: Vec<_> = seen.into_keys().collect();
    let mut expected = NAMES.map(|(_, name)| name).to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// A schema that admits anything would pass the test above.
#[tokio::test]
async fn no_schema_admits_a_field_more_or_a_field_less() {
    let mut events = BTreeMap::new();
    for event in all().await {
        events.insert(event["detail-type"].as_str().unwrap().to_owned(), event);
    }
    for (detail_type, event) in events {
        let validator = jsonschema::draft202012::new(&schema(name_of(&detail_type))).unwrap();
        let mut objects = Vec::new();
        collect(&event["detail"], "/detail", &mut objects);
        assert!(objects.len() > 4, "{detail_type}");
        for (pointer, fields) in objects {
            let mut more = event.clone();
            more.pointer_mut(&pointer).unwrap()["surprise"] = json!(1);
            assert!(
                !validator.is_valid(&more),
                "{detail_type}: {pointer} takes any field"
            );
            for field in fields {
                let mut less = event.clone();
                let object = less.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
                object.remove(&field);
                // The place of a statement in a template is known of templates only.
                if !(pointer.ends_with("/cause")
                    && ["file", "line", "source", "pointer"].contains(&field.as_str()))
                {
                    assert!(
                        !validator.is_valid(&less),
                        "{detail_type}: {pointer} can lack {field}"
                    );
                }
            }
        }
    }
}

/// The places of all objects in a value, with the names of their fields.
fn collect(value: &Value, at: &str, objects: &mut Vec<(String, Vec<String>)>) {
    if let Value::Object(fields) = value {
        objects.push((at.to_owned(), fields.keys().cloned().collect()));
        for (name, value) in fields {
            collect(value, &format!("{at}/{name}"), objects);
        }
    }
}

/// The first of each kind that somebody would look at: of a failure, where there is one.
#[tokio::test]
async fn the_examples_are_what_is_published() {
    let mut examples: BTreeMap<&str, Value> = BTreeMap::new();
    for event in all().await {
        let name = name_of(event["detail-type"].as_str().unwrap());
        let fails = event["detail"]["cause"].is_object() || event["detail"]["verdict"] == "fail";
        let kept = examples.get(name).is_some_and(|kept: &Value| {
            kept["detail"]["cause"].is_object() || kept["detail"]["verdict"] == "fail"
        });
        if !examples.contains_key(name) || (fails && !kept) {
            examples.insert(name, event);
        }
    }
    for (name, example) in examples {
        let text = format!("{example:#}\n");
        pages::golden(&published(&format!("{name}.json")), &text);
    }
}

#[tokio::test]
async fn every_run_is_told_whatever_came_of_it() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world.commit(&passing(10)).await;
    world.commit(&widened(20)).await;
    world.publish().await;

    let events = world.heard.events.borrow();
    let runs: Vec<_> = events
        .iter()
        .filter(|event| event.detail_type == "Run Completed")
        .map(|event| {
            let detail: Value = serde_json::from_str(&event.detail).unwrap();
            let report = &detail["report"];
            let place = format!("{} {}", report["in"], report["sk"]);
            (detail["verdict"].clone(), detail["counts"].clone(), place)
        })
        .collect();
    let counts = |pass: usize, fail: usize| json!({"pass": pass, "fail": fail, "inconclusive": 0, "excepted": 0, "planned": 12});
    let place = |commit: usize| format!("\"table\" \"RUN#00000000000{commit}\"");
    assert_eq!(
        runs,
        [
            (json!("pass"), counts(12, 0), place(1)),
            (json!("pass"), counts(12, 0), place(2)),
            (json!("fail"), counts(9, 3), place(3)),
        ]
    );
    assert_eq!(world.heard.messages.borrow().len(), 1);
}

#[tokio::test]
async fn a_report_that_is_not_what_was_committed_is_told_to_nobody() {
    let world = World::new();
    world.commit(&passing(0)).await;
    let mut records = world.stream();
    let run = records
        .iter_mut()
        .find(|record| record["dynamodb"]["NewImage"]["report"].is_object())
        .unwrap();
    let image = &mut run["dynamodb"]["NewImage"];
    let text = image["report"]["S"]
        .as_str()
        .unwrap()
        .replace("\"pass\"", "\"fail\"");
    image["report"]["S"] = text.into();

    let failed = world.deliver(&records).await;

    assert!(failed.is_some());
    assert_eq!(world.heard.log_lines().len(), 0);
}

/// A run's metrics: by plan, by each table and by each principal, a line each.
#[tokio::test]
async fn each_run_is_counted_by_plan_by_table_and_by_principal() {
    let world = World::new();
    world.commit(&widened(10)).await;
    world.publish().await;

    let lines = world.heard.log_lines();
    let counts: Vec<_> = lines
        .iter()
        .map(|line| {
            let metrics = &line["_aws"]["CloudWatchMetrics"][0];
            let dimensions: Vec<_> = metrics["Dimensions"][0]
                .as_array()
                .unwrap()
                .iter()
                .map(|name| line[name.as_str().unwrap()].as_str().unwrap())
                .collect();
            let number = |name: &str| {
                let told = metrics["Metrics"].as_array().unwrap();
                assert!(told.iter().any(|metric| metric["Name"] == name), "{name}");
                line[name].as_u64().unwrap()
            };
            let names = [
                "Pass",
                "Fail",
                "Inconclusive",
                "Excepted",
                "Planned",
                "Verdict",
            ];
            (dimensions.join("/"), names.map(number))
        })
        .collect();
    let expected = [
        ("orders", [9, 3, 0, 0, 12, 0]),
        ("orders/control", [2, 0, 0, 0, 2, 1]),
        ("orders/orders", [6, 3, 0, 0, 9, 0]),
        ("orders/outsider", [3, 3, 0, 0, 6, 0]),
        ("orders/reader", [3, 0, 0, 0, 3, 1]),
        ("orders/retired", [1, 0, 0, 0, 1, 1]),
    ];
    let expected = expected.map(|(dimensions, counts)| (dimensions.to_owned(), counts));
    assert_eq!(counts, expected);
    assert_eq!(lines[0]["DurationMs"], 2000);
    let time = lines[0]["_aws"]["Timestamp"].as_i64().unwrap();
    assert_eq!(time, crate::world::at(10).as_millisecond() + 2_000);
}

#[tokio::test]
async fn a_sentence_of_any_length_leaves_the_event_short_enough_to_be_put() {
    let mut report = widened(10);
    for row in &mut report.probes {
        row.reason = "ä".repeat(200_000);
    }
    let world = World::new();
    world.commit(&report).await;
    world.publish().await;

    // The bus of this world refuses a call of more than 256 KB.
    let events = world.heard.events.borrow();
    assert_eq!(events.len(), 13);
    let transition = events.iter().find(|event| event.part == "0").unwrap();
    let detail: Value = serde_json::from_str(&transition.detail).unwrap();
    assert_eq!(detail["reason"], format!("{}…", "ä".repeat(4_000)));
}

/// A pass of a part must not end an alarm about the plan, and a failure must begin one.
#[tokio::test]
async fn a_run_of_a_part_has_metrics_of_its_tables_and_its_failures_alone() {
    let of_a_part = |report: Report| {
        let mut report = counted(report);
        report.part = Some(PartRow {
            of: 54,
            touching: vec!["TABLE#orders".to_owned()],
        });
        report
    };
    let told = async |report: Report| {
        let world = World::new();
        world.commit(&of_a_part(report)).await;
        world.publish().await;
        let lines = world.heard.log_lines();
        let metrics = lines
            .iter()
            .map(|line| &line["_aws"]["CloudWatchMetrics"][0]);
        let metrics = metrics.filter(|metrics| !metrics.is_null());
        let told = metrics.map(|it| {
            (
                it["Dimensions"][0].to_string(),
                it["Metrics"].as_array().unwrap().len(),
            )
        });
        told.collect::<Vec<_>>()
    };
    let table = (r#"["plan","table"]"#.to_owned(), 6);
    let plan = (r#"["plan"]"#.to_owned(), 1);

    assert_eq!(told(passing(0)).await, [table.clone(), table.clone()]);
    assert_eq!(told(widened(0)).await, [plan, table.clone(), table]);
}
