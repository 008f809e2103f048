// SPDX-License-Identifier: Apache-2.0
//! Each form of a request, and what is none.

use serde_json::json;

use super::*;

fn read(payload: &Value) -> Result<(Option<String>, String, Option<String>), String> {
    Request::read(payload)
        .map(|request| match request {
            Request::Run(run) => (
                Some(run.plan),
                run.trigger,
                run.run_id.map(|id| id.to_string()),
            ),
            Request::OnlyPlan(trigger) => (None, trigger, None),
            other => panic!("{other:?}"),
        })
        .map_err(|error| format!("{}: {error}", error.name()))
}

fn event(source: &str, detail_type: &str, detail: &Value) -> Value {
    json!({"version": "0", "id": "1", "detail-type": detail_type, "source": source,
        "account": "111122223333", "resources": [], "new-field-of-aws": 1, "detail": detail})
}

#[test]
fn a_direct_invocation_names_its_plan() {
    assert_eq!(
        read(&json!({"plan": "orders"})),
        Ok((Some("orders".into()), "invoke".into(), None))
    );
}

#[test]
fn a_run_request_brings_trigger_and_id() {
    assert_eq!(
        read(&json!({"plan": "orders", "trigger": "api", "run_id": "01KEYPR00F0000000000000000"})),
        Ok((
            Some("orders".into()),
            "api".into(),
            Some("01KEYPR00F0000000000000000".into())
        ))
    );
}

#[test]
fn a_schedule_without_input_means_the_only_plan() {
    for (source, detail) in [
        ("aws.events", json!({})),
        ("aws.scheduler", json!("{}")),
        ("aws.scheduler", json!("")),
        ("aws.events", Value::Null),
    ] {
        let read = read(&event(source, "Scheduled Event", &detail));
        match detail.as_str() {
            Some("") => assert_eq!(
                read,
                Err("InvalidRequest: the event's detail is not JSON: EOF while parsing a value at line 1 column 0".into())
            ),
            _ => assert_eq!(read, Ok((None, "schedule".into(), None)), "{detail}"),
        }
    }
}

#[test]
fn a_schedule_may_name_a_plan() {
    for detail in [json!({"plan": "orders"}), json!(r#"{"plan": "orders"}"#)] {
        assert_eq!(
            read(&event("aws.scheduler", "Scheduled Event", &detail)),
            Ok((Some("orders".into()), "schedule".into(), None))
        );
    }
}

#[test]
fn an_event_of_our_own_is_a_run_request() {
    assert_eq!(
        read(&event(
            "keyproof",
            "Run Requested",
            &json!({"plan": "orders"})
        )),
        Ok((Some("orders".into()), "event".into(), None))
    );
}

#[test]
fn other_events_start_nothing() {
    assert_eq!(
        read(&event("aws.health", "AWS Health Event", &json!({"plan": "orders"}))),
        Err("InvalidRequest: `AWS Health Event` of `aws.health` starts no run; expected `Scheduled Event`, `AWS API Call via CloudTrail`, or `Run Requested` of `keyproof`".into())
    );
}

#[test]
fn nobody_can_hand_in_a_role() {
    for request in [
        json!({"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}),
        event(
            "keyproof",
            "Run Requested",
            &json!({"plan": "orders", "role": "r"}),
        ),
        event(
            "aws.events",
            "Scheduled Event",
            &json!({"plan": "orders", "role": "r"}),
        ),
    ] {
        assert_eq!(
            read(&request),
            Err("InvalidRequest: the run request can't be read: unknown field `role`, expected one of `plan`, `trigger`, `run_id`, `change`, `part`, `confirms`, `not_before`".into())
        );
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let refused = |payload: Value| read(&payload).unwrap_err();

    assert_eq!(
        refused(json!({})),
        "InvalidRequest: the run request can't be read: missing field `plan`"
    );
    for payload in [Value::Null, json!("orders"), json!(["orders"])] {
        assert_eq!(
            refused(payload),
            r#"InvalidRequest: the request is no object; expected `{"plan": NAME}`"#
        );
    }
    assert!(refused(json!({"plan": {"keyproof": "plan/v1"}})).starts_with("InvalidRequest: "));
    assert!(
        refused(event("keyproof", "Run Requested", &Value::Null)).starts_with("InvalidRequest: ")
    );
}

#[test]
fn a_trigger_is_a_word_and_an_id_a_ulid() {
    for trigger in [
        "",
        "Api",
        "a b",
        "a\nb",
        "x23456789012345678901234567890123",
    ] {
        let read = read(&json!({"plan": "orders", "trigger": trigger}));
        assert!(
            read.unwrap_err()
                .starts_with("InvalidRequest: `trigger` is not a word")
        );
    }
    for id in [
        "",
        "01KEYPR00F000000000000000",
        "81KEYPR00F0000000000000000",
        "01KEYPROOF0000000000000000",
        "01keypr00f0000000000000000",
    ] {
        let read = read(&json!({"plan": "orders", "run_id": id}));
        assert!(
            read.unwrap_err()
                .starts_with("InvalidRequest: `run_id` is not a ULID"),
            "{id}"
        );
    }
}
