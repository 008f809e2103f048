// SPDX-License-Identifier: Apache-2.0
//! The handler, called as Lambda would, with a port that remembers what it was asked.
//!
//! A new case: a payload in `events/` is tried by itself; anything else is a test here.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use keyproof_aws::{RunnerError, Settings};
use keyproof_plan::Plan;
use keyproof_verdict::{Observations, Report, RunFacts, Verdict, judge};
use keyproof_verify::{Function, HandlerError, Invocation, RunPlan};
use serde_json::{Value, json};

/// A port that sees nothing, and remembers what it was asked to do.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<(String, Settings)>>,
    refuses: bool,
}

impl RunPlan for &Fake {
    async fn run(&self, plan: &Plan, settings: &Settings) -> Result<Report, RunnerError> {
        self.asked
            .lock()
            .unwrap()
            .push((plan.name.clone(), settings.clone()));
        if self.refuses {
            return Err(RunnerError::NoCredentials);
        }
        Ok(report(plan, settings))
    }
}

/// The report of a run that passed as if everything had been seen.
fn report(plan: &Plan, settings: &Settings) -> Report {
    let facts = RunFacts {
        id: settings.run_id.map_or_else(
            || "01KEYPR00F0000000000000001".to_owned(),
            |id| id.to_string(),
        ),
        trigger: settings.trigger.clone(),
        started_at: "2026-01-15T03:04:05Z".parse().unwrap(),
        finished_at: "2026-01-15T03:04:05.250Z".parse().unwrap(),
        account: Some("111122223333".to_owned()),
        region: None,
        endpoint: None,
        version: "0.0.0".to_owned(),
        plan_file: None,
        today: "2026-01-15".parse().unwrap(),
    };
    let mut report = judge(plan, &Observations::default(), facts);
    for row in &mut report.probes {
        row.verdict = Verdict::Pass;
        row.finding = None;
    }
    report.summary.pass = report.summary.planned;
    report.summary.inconclusive = 0;
    report.summary.verdict = Verdict::Pass;
    report
}

const PLAN: &str = r#"{"keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
  "tables": {"control": {"table": "control", "key": "aws-owned", "canary": {"key": {"pk": {"S": "c"}}}}},
  "principals": {"reader": {"role": "arn:aws:iam::111122223333:role/reader"}},
  "expectations": [{"principal": "reader", "on": "control", "actions": ["dynamodb:GetItem"], "decision": "allowed"}]}"#;

fn environment() -> Vec<(String, String)> {
    vec![("KEYPROOF_PLAN".to_owned(), PLAN.to_owned())]
}

fn invocation(remaining: Duration) -> Invocation {
    Invocation {
        request_id: "a-request".to_owned(),
        remaining,
    }
}

async fn handle(fake: &Fake, payload: &Value) -> (Result<Report, HandlerError>, String) {
    let function = Function::new(fake, environment);
    let mut log = Vec::new();
    let answer = function
        .handle(payload, &invocation(Duration::from_mins(5)), &mut log)
        .await;
    (answer, String::from_utf8(log).unwrap())
}

fn events() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    paths
}

#[tokio::test]
async fn every_event_in_the_folder_starts_a_run() {
    let mut triggers = Vec::new();
    for path in events() {
        let payload = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let fake = Fake::default();

        let (answer, _) = handle(&fake, &payload).await;

        assert_eq!(answer.unwrap().plan.name, "orders", "{}", path.display());
        let asked = fake.asked.lock().unwrap();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (_, settings) = asked.first().unwrap();
        triggers.push((
            name,
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
    let fake = Fake::default();

    let (answer, log) = handle(&fake, &json!({"plan": "orders"})).await;

    let report = serde_json::to_value(answer.unwrap()).unwrap();
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
    for (remaining, deadline) in [(300_000, 298_000), (10_000, 8_000), (1_000, 800), (0, 0)] {
        let fake = Fake::default();
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
async fn a_request_that_is_refused_runs_and_logs_nothing() {
    for (payload, name) in [
        (json!({"plan": "invoices"}), "PlanNotFound"),
        (
            json!({"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}),
            "InvalidRequest",
        ),
        (json!(null), "InvalidRequest"),
    ] {
        let fake = Fake::default();

        let (answer, log) = handle(&fake, &payload).await;

        assert_eq!(answer.unwrap_err().name(), name);
        assert_eq!(fake.asked.lock().unwrap().len(), 0);
        assert_eq!(log, "");
    }
}

#[tokio::test]
async fn a_function_without_credentials_says_so() {
    let fake = Fake {
        refuses: true,
        ..Fake::default()
    };

    let (answer, log) = handle(&fake, &json!({"plan": "orders"})).await;

    let error = answer.unwrap_err();
    let diagnostic = lambda_runtime::Diagnostic::from(error);
    assert_eq!(diagnostic.error_type, "CannotRun");
    assert!(
        diagnostic
            .error_message
            .starts_with("no AWS credentials are configured")
    );
    assert_eq!(log, "");
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
    let fake = Fake::default();
    let function = Function::new(&fake, environment);

    let invocation = invocation(Duration::from_secs(9));
    let report = function
        .handle(&json!({"plan": "orders"}), &invocation, &mut Closed)
        .await;

    assert_eq!(report.unwrap().summary.verdict, Verdict::Pass);
}

#[tokio::test]
async fn the_plan_of_the_template_is_read() {
    // The plan that the stack stores for itself, its references filled in.
    let template = include_str!("../../../template.yaml");
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
    let of_the_folder = Plan::parse(include_str!("../../../plans/orders.yaml")).unwrap();

    let ids = |plan: &Plan| {
        plan.probes()
            .into_iter()
            .map(|probe| probe.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&of_the_template), ids(&of_the_folder));
}
