// SPDX-License-Identifier: Apache-2.0
//! Every event in `events/` against its schema, and what the function makes of it.
//!
//! A new event: a file in the folder of its kind, and a line in the test of what it starts.

use std::path::Path;

use keyproof_state::{RunRequest, ulid};
use keyproof_verify::{Message, Request, messages};
use serde_json::{Value, json};

use crate::support::{events, name, read};

/// The schema of this name.
fn schema(of: &str) -> jsonschema::Validator {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/schema");
    let path = format!("{folder}/{of}.schema.json");
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&read(Path::new(&path)))
        .unwrap()
}

#[track_caller]
fn keeps_to(of: &str, value: &Value) {
    let validator = schema(of);
    let errors: Vec<_> = validator
        .iter_errors(value)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [] as [&str; 0], "{value}");
}

#[test]
fn changes_keep_to_their_schema() {
    let paths = [events("change"), events("change/ignored")].concat();

    assert!(paths.len() >= 12, "{paths:?}");
    for path in paths {
        keeps_to("change-event", &read(&path));
    }
}

#[test]
fn events_and_requests_keep_to_theirs() {
    for path in events("") {
        let event = read(&path);
        let of = if event.get("detail-type").is_some() {
            "scheduled-event"
        } else {
            "run-request"
        };
        keeps_to(of, &event);
        let detail = event["detail"].clone();
        if detail.get("plan").is_some() {
            keeps_to("run-request", &detail);
        }
    }
}

/// The requests of a batch's file.
fn requests(file: &str) -> Vec<Request> {
    let path = events("queue")
        .into_iter()
        .find(|path| name(path) == file)
        .unwrap();
    let messages = messages(&read(&path)).unwrap().unwrap();
    messages
        .iter()
        .map(|message: &Message| message.request().unwrap())
        .collect()
}

#[test]
fn the_messages_of_the_queue_are_what_they_say() {
    let runs: Vec<_> = requests("runs.json")
        .into_iter()
        .map(|request| match request {
            Request::Run(run) => run,
            other => panic!("{other:?}"),
        })
        .collect();

    let [scheduled, api, confirmation, recheck] = runs.as_slice() else {
        panic!("{runs:?}");
    };
    assert_eq!(
        scheduled,
        &RunRequest {
            run_id: scheduled.run_id,
            ..RunRequest::new("orders", "schedule")
        }
    );
    assert_eq!(
        api,
        &RunRequest {
            run_id: ulid("01KEYPR00F0000000000000000"),
            ..RunRequest::new("orders", "api")
        }
    );
    assert_eq!(
        (confirmation.confirms, confirmation.not_before),
        (api.run_id, Some("2026-01-15T03:03:00Z".parse().unwrap()))
    );
    assert_eq!(recheck.change.as_ref().unwrap().event, "PutKeyPolicy");
    for run in &runs {
        keeps_to("run-request", &serde_json::to_value(run).unwrap());
    }
    assert!(matches!(
        requests("change.json").as_slice(),
        [Request::Change(change)] if change.change.event == "PutKeyPolicy"
    ));
}

#[test]
fn a_message_without_a_run_id_has_one_of_its_own() {
    let first = requests("runs.json").remove(0);

    assert_eq!(requests("runs.json").remove(0), first);
    let Request::Run(run) = first else {
        panic!("{first:?}");
    };
    assert_eq!(run.run_id.unwrap().timestamp_ms(), 1_768_446_245_000);
}

#[test]
fn schema_and_function_refuse_the_same_requests() {
    let validator = schema("run-request");
    for wrong in [
        json!({}),
        json!({"plan": 1}),
        json!({"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}),
        json!({"plan": "orders", "trigger": "Deploy!"}),
        json!({"plan": "orders", "run_id": "01keypr00f0000000000000000"}),
        json!({"plan": "orders", "confirms": "run"}),
        json!({"plan": "orders", "change": {"event": "PutKeyPolicy"}}),
        json!({"plan": "orders", "change": {"event": "PutKeyPolicy", "source": "kms.amazonaws.com", "event_id": "e", "at": "2026-01-15T03:04:05Z", "role": "r"}}),
        json!({"plan": "orders", "change": {"event": "PutKeyPolicy", "source": "kms.amazonaws.com", "event_id": "e", "at": "2026-01-15T03:04:05Z", "touches": ["orders"]}}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
        assert!(Request::read(&wrong).is_err(), "{wrong}");
    }
}
