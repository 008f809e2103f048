// SPDX-License-Identifier: Apache-2.0
//! `keyproof verify` against the scripted endpoint: a run for each exit code.

use std::time::Duration;

use keyproof_scripted::{ACCESS_KEY_ID, Layer, Reply, Rule, SECRET_ACCESS_KEY, Script, Scripted};
use serde_json::{Value, json};

use crate::orders::{KEY, PLAN, kept_out, verify, world};
use crate::support::keyproof;

fn findings(report: &str) -> Vec<(String, Value)> {
    let report: Value = serde_json::from_str(report).unwrap();
    let rows = report["probes"].as_array().unwrap().iter();
    rows.map(|row| {
        (
            row["id"].as_str().unwrap().to_owned(),
            row["finding"].clone(),
        )
    })
    .collect()
}

const IDS: [&str; 3] = [
    "orders/encryption",
    "reader/dynamodb:GetItem/orders",
    "outsider/dynamodb:GetItem/orders",
];

fn with(found: [Value; 3]) -> Vec<(String, Value)> {
    IDS.iter().map(|id| (*id).to_owned()).zip(found).collect()
}

#[tokio::test]
async fn what_is_as_planned_passes_with_0() {
    let endpoint = Scripted::start(kept_out()).await;

    let (run, _) = verify(&["--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(0);
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, Value::Null, Value::Null])
    );
    assert_eq!(run.stderr, "");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["environment"]["endpoint"], endpoint.url());
    assert_eq!(report["plan"]["file"], "plan.yaml");
    assert_eq!(report["run"]["trigger"], "cli");
}

#[tokio::test]
async fn an_outsider_who_reads_fails_with_1() {
    let endpoint = Scripted::start(Script::new(world())).await;

    let (run, _) = verify(&["--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, Value::Null, json!("exposed")])
    );
}

#[tokio::test]
async fn credentials_that_aws_refuses_are_inconclusive_with_3() {
    let refused = Reply::error(
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    );
    let endpoint = Scripted::start(Script::new(world()).rule(Rule::new(refused))).await;

    let (run, _) = verify(&["--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(3);
    assert_eq!(
        findings(&run.stdout),
        with([json!("blind"), json!("blind"), json!("blind")])
    );
}

#[test]
fn without_credentials_nothing_is_run_and_the_code_is_2() {
    // Nothing listens there: a call would be told as another failure.
    let run = verify(&["--endpoint-url", "http://127.0.0.1:9"]).run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr
            .starts_with("error: no AWS credentials were found"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("set `AWS_PROFILE`"), "{}", run.stderr);
}

#[test]
fn a_profile_that_was_named_is_not_replaced_by_other_credentials() {
    let mut program = verify(&["--profile", "team", "--endpoint-url", "http://127.0.0.1:9"])
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);

    let run = program.run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("`team`"), "{}", run.stderr);
}

#[test]
fn an_endpoint_that_is_no_url_is_2() {
    let run = verify(&["--endpoint-url", "localhost:8000"])
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .run();

    run.exits(2);
    assert!(
        run.stderr
            .starts_with("error: `localhost:8000` is not an endpoint"),
        "{}",
        run.stderr
    );
}

#[test]
fn nobody_at_the_endpoint_is_inconclusive() {
    let run = verify(&["--endpoint-url", "http://127.0.0.1:9", "--deadline", "2"])
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .run();

    run.exits(3);
}

#[test]
fn an_invalid_plan_is_2_before_anything_else() {
    let run = keyproof(["verify", "--plan", "-"])
        .stdin("name: orders\n")
        .run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr
            .lines()
            .all(|line| line.starts_with("<stdin>:1:1: ")),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn a_plan_from_standard_input_has_no_file() {
    let endpoint = Scripted::start(kept_out()).await;
    let program = keyproof(["verify", "--plan", "-", "--format", "json"])
        .stdin(PLAN)
        .at(&endpoint);

    let (run, _) = program.run_beside().await;

    run.exits(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["plan"].get("file"), None);
}

#[tokio::test]
async fn a_service_that_hangs_is_left_after_the_time_out() {
    let hangs = Rule::new(Reply::Hang).by("reader").on("GetItem");
    let endpoint = Scripted::start(kept_out().rule(hangs)).await;
    let started = std::time::Instant::now();

    let words = ["--format", "json", "--timeout", "0.2", "--deadline", "1"];
    let (run, _) = verify(&words).at(&endpoint).run_beside().await;

    run.exits(3);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, json!("blind"), json!("no_witness")])
    );
}

#[tokio::test]
async fn nothing_secret_is_said_however_much_is_asked() {
    let endpoint = Scripted::start(Script::new(world())).await;

    let (run, _) = verify(&["-vvv", "--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert!(run.stderr.contains("run finished"), "{}", run.stderr);
    for secret in [SECRET_ACCESS_KEY, "c0ffee-canary"] {
        assert!(
            !run.stdout.contains(secret) && !run.stderr.contains(secret),
            "{secret}"
        );
    }
}

#[tokio::test]
async fn a_diagnosis_that_may_not_look_costs_no_verdict() {
    let refused = |action: &str| {
        Reply::Deny(
            Layer::Service,
            format!("because no resource-based policy allows the {action} action"),
        )
    };
    let script = Script::new(world()).rule(
        Rule::new(refused("kms:GetKeyPolicy"))
            .by("runner")
            .on("GetKeyPolicy"),
    );
    let endpoint = Scripted::start(script).await;

    let (run, _) = verify(&["--diagnose", "--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, Value::Null, json!("exposed")])
    );
    let warning = format!(
        "warning: the diagnosis lacks kms:GetKeyPolicy of `{KEY}`: AccessDeniedException: "
    );
    assert!(run.stderr.contains(&warning), "{}", run.stderr);
}

/// A widened key policy, as KMS tells it, and the event that CloudTrail has of it.
fn widened(written: &Value) -> Script {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowKeyUsers", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Principal": {"AWS": [
            "arn:aws:iam::111122223333:role/reader",
            "arn:aws:iam::111122223333:role/outsider",
        ]}},
    ]});
    let event = json!({
        "eventName": "PutKeyPolicy", "eventID": "e-1", "eventTime": "2026-01-02T03:04:05Z", "readOnly": false,
        "userIdentity": {"arn": "arn:aws:sts::111122223333:assumed-role/admin/ada"},
        "requestParameters": {"keyId": KEY, "policyName": "default", "policy": written.as_str().map_or_else(
            || policy.to_string(), str::to_owned,
        )},
    });
    let body = |value: Value| Reply::body(&value.to_string());
    let rules = [
        ("GetKeyPolicy", json!({"Policy": policy.to_string()})),
        ("ListGrants", json!({"Grants": [], "Truncated": false})),
        (
            "LookupEvents",
            json!({"Events": [{"EventId": "e-1", "CloudTrailEvent": event.to_string()}]}),
        ),
    ];
    rules
        .into_iter()
        .fold(Script::new(world()), |script, (operation, answer)| {
            script.rule(Rule::new(body(answer)).by("runner").on(operation))
        })
}

#[tokio::test]
async fn a_cause_names_the_event_that_wrote_its_document() {
    let endpoint = Scripted::start(widened(&Value::Null)).await;

    let (run, _) = verify(&["--diagnose", "--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        report["probes"][2]["cause"],
        json!({
            "policy": "resource_policy", "statement": "AllowKeyUsers", "document": KEY,
            "source": KEY, "pointer": "/Statement/0",
            "changed": {
                "event": "PutKeyPolicy", "by": "arn:aws:sts::111122223333:assumed-role/admin/ada",
                "at": "2026-01-02T03:04:05Z", "event_id": "e-1",
            },
        })
    );
    assert_eq!(report["documents"][0]["id"], KEY);
    // The endpoint knows no IAM: said, and no error of the run.
    let told = "warning: the diagnosis lacks iam:GetRole of `outsider`: InvalidAction: ";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!run.stderr.contains("CloudTrail"), "{}", run.stderr);
}

#[tokio::test]
async fn an_event_that_wrote_something_else_is_not_named() {
    let written = json!(r#"{"Version": "2012-10-17", "Statement": []}"#);
    let endpoint = Scripted::start(widened(&written)).await;

    let (run, _) = verify(&["--diagnose", "--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let cause = &report["probes"][2]["cause"];
    assert_eq!(
        (&cause["statement"], &cause["changed"]),
        (&json!("AllowKeyUsers"), &Value::Null)
    );
    let told = format!("warning: what changed `{KEY}` is not known: ");
    assert!(run.stderr.contains(&told), "{}", run.stderr);
}
