// SPDX-License-Identifier: Apache-2.0
//! `keyproof verify`, ended from outside at each call of its run: by SIGINT and SIGTERM, which leave a
//! whole report of what was found out so far, and by SIGKILL, which leaves files as they were.
//!
//! The endpoint lets a run come to one call and no further.
#![cfg(unix)]

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use keyproof_scripted::{Reply, Rule, Script, Scripted};
use serde_json::Value;

use crate::orders::{kept_out, verify, world};
use crate::support::Program;

/// Every call of the run: who makes it, and what it is on, where that matters.
const STEPS: [(&str, &str, &str); 7] = [
    ("runner", "GetCallerIdentity", ""),
    ("runner", "AssumeRole", "reader"),
    ("runner", "AssumeRole", "outsider"),
    ("runner", "DescribeTable", ""),
    ("runner", "DescribeKey", ""),
    ("reader", "GetItem", ""),
    ("outsider", "GetItem", ""),
];

fn hold((caller, operation, resource): (&str, &str, &str)) -> Rule {
    let rule = Rule::new(Reply::Hang).by(caller).on(operation);
    if resource.is_empty() {
        rule
    } else {
        rule.of(resource)
    }
}

/// The usual world, or one in which the outsider reads, held at a step.
fn script(step: (&str, &str, &str), open: bool) -> Script {
    let mut script = if open {
        Script::new(world())
    } else {
        kept_out()
    };
    script.rules.insert(0, hold(step));
    script
}

fn program(endpoint: &Scripted) -> Program {
    verify(&[
        "--format", "json", "--output", "run.json", "--format", "html", "--output", "run.html",
    ])
    .file("run.json", "of before")
    .at(endpoint)
}

fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

/// Waits until the run has come to the step and everything else of it is done.
async fn come_to(endpoint: &Scripted, step: (&str, &str, &str)) {
    let held = || {
        endpoint.requests().iter().any(|request| {
            request.caller == step.0
                && request.operation == step.1
                && (step.2.is_empty() || request.resource == step.2)
        })
    };
    for _ in 0..1_000 {
        if held() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(held(), "never came to {step:?}: {:?}", endpoint.requests());
    // The other calls come to their ends.
    tokio::time::sleep(Duration::from_millis(150)).await;
}

async fn ended(child: Child) -> ExitStatus {
    let wait = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap().status);
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap()
        .unwrap()
}

fn findings(report: &Value) -> Vec<Option<&str>> {
    let rows = report["probes"].as_array().unwrap().iter();
    rows.map(|row| row["finding"].as_str()).collect()
}

#[tokio::test]
async fn an_interrupted_run_reports_what_it_has_and_never_passes() {
    for signal in ["-INT", "-TERM"] {
        for (step, expected) in STEPS.into_iter().zip([
            // Whose account it is decides nothing.
            [None, None, None],
            [None, Some("blind"), Some("no_witness")],
            [None, None, Some("blind")],
            [Some("blind"), None, None],
            // Which key it is is known, and not whose.
            [Some("blind"), None, None],
            [None, Some("blind"), Some("no_witness")],
            [None, None, Some("blind")],
        ]) {
            let endpoint = Scripted::start(script(step, false)).await;
            let mut program = program(&endpoint);
            let child = program.start();
            come_to(&endpoint, step).await;
            send(signal, &child);
            let status = ended(child).await;

            let report: Value = serde_json::from_str(&program.read("run.json")).unwrap();
            assert_eq!(findings(&report), expected, "{signal} {step:?}");
            let complete = expected.iter().all(Option::is_none);
            let code = if complete { 0 } else { 3 };
            assert_eq!(status.code(), Some(code), "{signal} {step:?}");
            assert!(program.read("run.html").ends_with("</html>\n"));
            let interrupted = report.to_string().contains("the run was interrupted first");
            assert_eq!(interrupted, !complete, "{signal} {step:?}");
        }
    }
}

#[tokio::test]
async fn what_was_seen_open_before_an_interruption_fails_the_run() {
    let step = ("runner", "DescribeTable", "");
    let endpoint = Scripted::start(script(step, true)).await;
    let mut program = program(&endpoint);
    let child = program.start();
    come_to(&endpoint, step).await;
    send("-TERM", &child);

    assert_eq!(ended(child).await.code(), Some(1));
    let report: Value = serde_json::from_str(&program.read("run.json")).unwrap();
    assert_eq!(findings(&report), [Some("blind"), None, Some("exposed")]);
}

#[tokio::test]
async fn a_killed_run_leaves_files_as_they_were() {
    for step in STEPS {
        let endpoint = Scripted::start(script(step, false)).await;
        let mut program = program(&endpoint);
        let child = program.start();
        come_to(&endpoint, step).await;
        send("-KILL", &child);

        assert_eq!(ended(child).await.signal(), Some(9), "{step:?}");
        assert_eq!(program.read("run.json"), "of before", "{step:?}");
        assert!(
            !program.directory.path().join("run.html").exists(),
            "{step:?}"
        );
    }
}

/// Killed at whatever moment, while it writes too: a file is the one of before or a whole new one.
#[tokio::test]
async fn no_file_is_ever_half_there() {
    let endpoint = Scripted::start(kept_out()).await;
    let started = Instant::now();
    let (whole, _) = program(&endpoint).run_beside().await;
    whole.exits(0);
    let took = started.elapsed();
    for part in 0..=24 {
        let mut program = program(&endpoint);
        let child = program.start();
        tokio::time::sleep(took * part / 22).await;
        // It may have ended before.
        let _ = Command::new("kill")
            .args(["-KILL", &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        ended(child).await;

        let json = program.read("run.json");
        if json != "of before" {
            let report: Value = serde_json::from_str(&json).unwrap();
            assert_eq!(report["summary"]["verdict"], "pass");
        }
        let html = std::fs::read_to_string(program.directory.path().join("run.html"));
        assert!(
            html.is_err() || html.unwrap().ends_with("</html>\n"),
            "{part}"
        );
    }
}
