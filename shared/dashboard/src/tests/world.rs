// SPDX-License-Identifier: Apache-2.0
//! Reports of an hourly plan, in a folder.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::Source;

/// Runs a future to its end.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// Reads what is new; whether anything was.
pub(super) fn refresh(source: &mut impl Source) -> bool {
    block_on(source.refresh()).unwrap()
}

/// How the probes of a run stand.
pub(super) type Stand<'a> = &'a [(&'a str, &'a str)];

/// The start of a run: every hour one, from the first of January 2026.
pub(super) fn start(hour: i64) -> Timestamp {
    let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    first + SignedDuration::from_hours(hour)
}

fn probe(id: &str, finding: &str, hour: i64) -> Value {
    let verdict = match finding {
        "pass" => "pass",
        "exposed" | "locked_out" => "fail",
        _ => "inconclusive",
    };
    let cause = (finding == "exposed").then(|| {
        json!({"policy": "resource_policy", "statement": "AllowKeyUsers", "document": "arn:aws:kms:us-east-1:111122223333:key/k",
            "changed": {"event": "PutKeyPolicy", "by": "arn:aws:iam::111122223333:user/<admin>",
                "at": (start(hour) - SignedDuration::from_mins(20)).to_string(), "event_id": "e-1"}})
    });
    let parts: Vec<_> = id.split('/').collect();
    let (principal, action, table) = match parts[..] {
        [table, "encryption"] => (None, "dynamodb:DescribeTable", table),
        _ => (Some(parts[0]), parts[1], parts[2]),
    };
    json!({
        "id": id, "principal": principal, "role_arn": null, "action": action, "table": table,
        "resource": null, "expected": {"decision": "denied", "by": "kms", "policy": null},
        "observed": {"decision": "denied", "by": "kms", "policy": null, "explicit": null, "error_code": null,
            "message": null, "request_id": null, "attempts": 1, "latency_ms": 3},
        "verdict": verdict, "finding": if verdict == "pass" { Value::Null } else { finding.into() },
        "reason": format!("`{id}` is {finding}"), "cause": cause,
    })
}

/// The run of an hour as JSON.
pub(super) fn report(plan: &str, hour: i64, stand: Stand<'_>) -> String {
    let probes: Vec<Value> = stand
        .iter()
        .map(|(id, finding)| probe(id, finding, hour))
        .collect();
    let number = |verdict: &str| {
        probes
            .iter()
            .filter(|probe| probe["verdict"] == verdict)
            .count()
    };
    let (pass, fail, inconclusive) = (number("pass"), number("fail"), number("inconclusive"));
    let verdict = match (fail, inconclusive) {
        (0, 0) => "pass",
        (0, _) => "inconclusive",
        _ => "fail",
    };
    json!({
        "schema": "keyproof.report/v1",
        "run": {"id": format!("RUN{hour:05}"), "trigger": "schedule", "started_at": start(hour).to_string(),
            "finished_at": start(hour).to_string(), "duration_ms": 1200},
        "plan": {"name": plan, "digest": format!("sha256:{}", "0".repeat(64))},
        "environment": {"account": "111122223333", "region": "us-east-1", "endpoint": null, "version": "0.1.0"},
        "summary": {"verdict": verdict, "pass": pass, "fail": fail, "inconclusive": inconclusive, "excepted": 0,
            "planned": probes.len()},
        "probes": probes,
    })
    .to_string()
}

pub(super) const OUTSIDER: &str = "outsider/dynamodb:GetItem/orders";
pub(super) const READER: &str = "reader/dynamodb:GetItem/orders";

/// Writes the run of an hour.
pub(super) fn write(folder: &Path, hour: i64, stand: Stand<'_>) {
    let name = format!("run-{hour:05}.json");
    fs::write(folder.join(name), report("orders", hour, stand)).unwrap();
}

/// Six runs: well, exposed, exposed, well, blind, well.
pub(super) fn story(folder: &Path) {
    for (hour, finding) in (0..).zip(["pass", "exposed", "exposed", "pass", "blind", "pass"]) {
        write(folder, hour, &[(READER, "pass"), (OUTSIDER, finding)]);
    }
}
