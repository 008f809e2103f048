// SPDX-License-Identifier: Apache-2.0
//! A function without a state table: plans from its environment, nothing kept.

use std::time::Duration;

use keyproof_plan::Plan;
use keyproof_verdict::Verdict;
use keyproof_verify::Function;
use serde_json::{Value, json};

use crate::support::{Fake, environment, events, handle, invocation, name, read, report};

#[tokio::test]
async fn every_event_in_the_folder_starts_a_run() {
    let mut triggers = Vec::new();
    for path in events("") {
        let fake = Fake::alone();

        let (answer, _) = handle(&fake, &read(&path)).await;

        assert_eq!(report(answer).plan.name, "orders", "{}", path.display());
        let asked = fake.asked.lock().unwrap();
        let (_, settings) = asked.first().unwrap();
        triggers.push((
            name(&path),
            settings.trigger.clone(),
            settings.run_id.map(|id| id.to_string()),
        ));
    }
    assert_eq!(
        triggers,
        [
            ("invoke.json", "invoke", None),
            (
                "run-request.json",
                "api",
                Some("01KEYPR00F0000000000000000")
            ),
            ("schedule-rule.json", "schedule", None),
            ("schedule.json", "schedule", None),
        ]
        .map(|(file, trigger, id)| (
            file.to_owned(),
            trigger.to_owned(),
            id.map(str::to_owned)
        ))
    );
}

#[tokio::test]
async fn the_log_has_one_line_for_the_run_and_one_for_its_metrics() {
    let fake = Fake::alone();

    let (answer, log) = handle(&fake, &json!({"plan": "orders"})).await;

    let report = serde_json::to_value(report(answer)).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert_eq!(
        serde_json::from_str::<Value>(lines.first().unwrap()).unwrap(),
        json!({
            "timestamp": "2026-01-15T03:04:05.250Z",
            "level": "INFO",
            "message": "report",
            "request_id": "a-request",
            "run_id": "01KEYPR00F0000000000000001",
            "plan": "orders",
            "trigger": "invoke",
            "verdict": "pass",
            "report": report,
        })
    );
    assert_eq!(
        lines.last().unwrap(),
        &r#"{"_aws":{"Timestamp":1768446245250,"CloudWatchMetrics":[{"Namespace":"keyproof","Dimensions":[["plan"]],"Metrics":[{"Name":"Pass","Unit":"Count"},{"Name":"Fail","Unit":"Count"},{"Name":"Inconclusive","Unit":"Count"},{"Name":"Excepted","Unit":"Count"},{"Name":"Planned","Unit":"Count"},{"Name":"DurationMs","Unit":"Milliseconds"},{"Name":"Verdict","Unit":"None"}]}]},"plan":"orders","run_id":"01KEYPR00F0000000000000001","Pass":2,"Fail":0,"Inconclusive":0,"Excepted":0,"Planned":2,"DurationMs":250,"Verdict":1}"#
    );
}

#[tokio::test]
async fn a_run_ends_before_lambda_ends_it() {
    for (remaining, deadline) in [(300_000, 295_000), (10_000, 8_000), (1_000, 800), (0, 0)] {
        let fake = Fake::alone();
        let function = Function::new(&fake, environment);
        let invocation = invocation(Duration::from_millis(remaining));

        function
            .handle(&json!({"plan": "orders"}), &invocation, &mut Vec::new())
            .await
            .unwrap();

        let asked = fake.asked.lock().unwrap();
        let (_, settings) = asked.first().unwrap();
        assert_eq!(settings.deadline, Some(Duration::from_millis(deadline)));
    }
}

#[tokio::test]
async fn a_request_that_is_refused_runs_nothing_and_is_counted() {
    let change = include_str!("../../../../events/change/kms-put-key-policy.json");
    for (payload, name) in [
        (json!({"plan": "invoices"}), "PlanNotFound"),
        (
            json!({"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}),
            "InvalidRequest",
        ),
        (json!(null), "InvalidRequest"),
        // Which plans a change concerns, only the state table knows.
        (serde_json::from_str(change).unwrap(), "InvalidRequest"),
    ] {
        let fake = Fake::alone();

        let (answer, log) = handle(&fake, &payload).await;

        let error = answer.unwrap_err();
        assert_eq!(error.name(), name);
        assert_eq!(fake.runs(), 0);
        let lines: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [line, metrics] = lines.as_slice() else {
            panic!("{log}");
        };
        assert_eq!(
            (&line["level"], &line["message"], &line["request_id"]),
            (
                &json!("ERROR"),
                &json!("not carried out"),
                &json!("a-request")
            )
        );
        assert_eq!(line["error_message"], json!(error.to_string()));
        assert_eq!(
            (
                &metrics["Errors"],
                &metrics["function"],
                &metrics["error_type"]
            ),
            (&json!(1), &json!("verify"), &json!(name))
        );
        assert_eq!(
            metrics["_aws"]["CloudWatchMetrics"],
            json!([{
                "Namespace": "keyproof",
                "Dimensions": [["function"], ["function", "error_type"]],
                "Metrics": [{"Name": "Errors", "Unit": "Count"}],
            }])
        );
    }
}

#[tokio::test]
async fn a_function_without_credentials_says_so() {
    let fake = Fake {
        refuses: true,
        ..Fake::alone()
    };

    let (answer, _) = handle(&fake, &json!({"plan": "orders"})).await;

    let error = answer.unwrap_err();
    let diagnostic = lambda_runtime::Diagnostic::from(error);
    assert_eq!(diagnostic.error_type, "CannotRun");
    assert!(
        diagnostic
            .error_message
            .starts_with("no AWS credentials are configured")
    );
}

#[tokio::test]
async fn a_log_that_is_closed_costs_no_report() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let fake = Fake::alone();
    let function = Function::new(&fake, environment);

    let invocation = invocation(Duration::from_secs(9));
    let answer = function
        .handle(&json!({"plan": "orders"}), &invocation, &mut Closed)
        .await;

    assert_eq!(report(answer).summary.verdict, Verdict::Pass);
}

#[tokio::test]
async fn a_trace_is_named_in_the_log() {
    let fake = Fake::alone();
    let function = Function::new(&fake, environment);
    let invocation = keyproof_verify::Invocation {
        trace_id: Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned()),
        ..invocation(Duration::from_secs(9))
    };
    let mut log = Vec::new();

    function
        .handle(&json!({"plan": "orders"}), &invocation, &mut log)
        .await
        .unwrap();

    let log = String::from_utf8(log).unwrap();
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(line["trace_id"], "Root=1-5759e988-bd862e3fe1be46a994272793");
}

#[tokio::test]
async fn the_plan_of_the_template_is_read() {
    // The plan that the stack stores for itself, its references filled in.
    let template = include_str!("../../../../template.yaml");
    let (_, rest) = template.split_once("Plan: !Sub |\n").unwrap();
    let (text, _) = rest.split_once("\n\n").unwrap();
    let text = [
        ("${AWS::Region}", "us-east-1"),
        ("${OrdersTable}", "orders"),
        (
            "${OrdersKey.Arn}",
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        ("${ControlTable}", "keyproof-control"),
        (
            "${ReaderRole.Arn}",
            "arn:aws:iam::111122223333:role/keyproof/reader",
        ),
        (
            "${OutsiderRole.Arn}",
            "arn:aws:iam::111122223333:role/keyproof/outsider",
        ),
    ]
    .iter()
    .fold(text.to_owned(), |text, (reference, value)| {
        text.replace(reference, value)
    });
    let of_the_template = Plan::parse(&text).unwrap();
    let of_the_folder = Plan::parse(include_str!("../../../../plans/orders.yaml")).unwrap();

    let ids = |plan: &Plan| {
        plan.probes()
            .into_iter()
            .map(|probe| probe.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&of_the_template), ids(&of_the_folder));
}
