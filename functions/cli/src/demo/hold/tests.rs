// SPDX-License-Identifier: Apache-2.0
//! The story can't be told unless its reports tell it.

use serde_json::{Value, json};

use super::*;

fn row(
    principal: &str,
    expected: &Value,
    observed: &Value,
    finding: Option<&str>,
    cause: &Value,
) -> Value {
    json!({
        "id": format!("{principal}/dynamodb:GetItem/orders"), "principal": principal, "role_arn": null,
        "action": "dynamodb:GetItem", "table": "orders", "resource": null,
        "expected": expected,
        "observed": observed,
        "verdict": if finding.is_some() { "fail" } else { "pass" },
        "finding": finding, "reason": "for a reason", "cause": cause,
    })
}

fn observed(decision: &str, by: &Value) -> Value {
    json!({"decision": decision, "by": by, "policy": null, "explicit": null, "error_code": null,
        "message": null, "request_id": null, "attempts": 1, "latency_ms": null})
}

fn report(verdict: &str, rows: &[Value]) -> Report {
    let report = json!({
        "schema": "keyproof.report/v1",
        "run": {"id": "r", "trigger": "demo", "started_at": "", "finished_at": "", "duration_ms": 0},
        "plan": {"name": "orders", "digest": ""},
        "environment": {"account": null, "region": "us-east-1", "endpoint": null, "version": ""},
        "summary": {"verdict": verdict, "pass": 0, "fail": 0, "inconclusive": 0, "excepted": 0, "planned": 2},
        "probes": rows,
    });
    serde_json::from_value(report).unwrap()
}

fn reader() -> Value {
    let expected = json!({"decision": "allowed", "by": null, "policy": null});
    row(
        "reader",
        &expected,
        &observed("allowed", &Value::Null),
        None,
        &Value::Null,
    )
}

fn outsider(observed: &Value, finding: Option<&str>, cause: &Value) -> Value {
    let expected = json!({"decision": "denied", "by": "kms", "policy": null});
    row("outsider", &expected, observed, finding, cause)
}

fn cause(policy: &str, statement: &str) -> Value {
    json!({"policy": policy, "statement": statement, "document": "arn", "changed": null})
}

fn exposed(cause: &Value) -> Value {
    outsider(&observed("allowed", &Value::Null), Some("exposed"), cause)
}

#[test]
fn a_denial_by_kms_is_kept_out() {
    let denied = outsider(&observed("denied", &json!("kms")), None, &Value::Null);

    assert_eq!(
        Ending::KeptOut.departures(&report("pass", &[reader(), denied])),
        Vec::<String>::new()
    );
}

#[test]
fn a_pass_without_the_denial_is_a_departure() {
    let by_dynamodb = outsider(&observed("denied", &json!("dynamodb")), None, &Value::Null);

    assert_eq!(
        Ending::KeptOut.departures(&report("pass", &[reader(), by_dynamodb])),
        ["KMS did not deny the outsider's read"]
    );
    assert_eq!(
        Ending::KeptOut.departures(&report("pass", &[])),
        [
            "the reader did not read the table",
            "KMS did not deny the outsider's read"
        ]
    );
}

#[test]
fn an_exposure_has_to_have_its_cause() {
    let by_policy = report(
        "fail",
        &[
            reader(),
            exposed(&cause("resource_policy", "AllowKeyUsers")),
        ],
    );
    let by_grant = report("fail", &[reader(), exposed(&cause("grant", "g1"))]);
    let by_nobody = report("fail", &[reader(), exposed(&Value::Null)]);
    let not_found = vec!["the cause of the exposure was not found".to_owned()];

    assert_eq!(
        Ending::ExposedByKeyPolicy.departures(&by_policy),
        Vec::<String>::new()
    );
    assert_eq!(
        Ending::ExposedByGrant.departures(&by_grant),
        Vec::<String>::new()
    );
    assert_eq!(Ending::ExposedByKeyPolicy.departures(&by_grant), not_found);
    assert_eq!(Ending::ExposedByGrant.departures(&by_policy), not_found);
    assert_eq!(Ending::ExposedByGrant.departures(&by_nobody), not_found);
}

#[test]
fn what_fails_beside_the_outsider_is_a_departure() {
    let mut locked_out = reader();
    locked_out["verdict"] = "fail".into();
    locked_out["finding"] = "locked_out".into();
    let rows = [locked_out, exposed(&cause("grant", "g1"))];

    assert_eq!(
        Ending::ExposedByGrant.departures(&report("fail", &rows)),
        ["reader/dynamodb:GetItem/orders is fail: for a reason"]
    );
}

#[test]
fn another_verdict_is_a_departure() {
    let denied = outsider(&observed("denied", &json!("kms")), None, &Value::Null);

    assert_eq!(
        Ending::KeptOut.departures(&report("inconclusive", &[reader(), denied])),
        ["the verdict is inconclusive and had to be pass"]
    );
}
