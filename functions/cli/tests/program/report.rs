// SPDX-License-Identifier: Apache-2.0
//! `keyproof report render`: stored reports in any format.

use serde_json::{Value, json};

use crate::support::{keyproof, root};

fn report(verdict: &str, finding: &Value) -> Value {
    let one = |name: &str| u8::from(verdict == name);
    json!({
        "schema": "keyproof.report/v1",
        "run": {"id": "01KEYPR00F0000000000000000", "trigger": "cli", "started_at": "2026-01-15T03:04:05Z",
            "finished_at": "2026-01-15T03:04:06Z", "duration_ms": 1000},
        "plan": {"name": "orders", "digest": "sha256:00"},
        "environment": {"account": "111122223333", "region": "us-east-1", "endpoint": null, "version": "0.1.0"},
        "summary": {"verdict": verdict, "pass": one("pass"), "fail": one("fail"),
            "inconclusive": one("inconclusive"), "excepted": 0, "planned": 1},
        "probes": [{
            "id": "outsider/dynamodb:GetItem/orders", "principal": "outsider",
            "role_arn": "arn:aws:iam::111122223333:role/outsider", "action": "dynamodb:GetItem",
            "table": "orders", "resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
            "expected": {"decision": "denied", "by": "kms", "policy": null},
            "observed": {"decision": "denied", "by": "kms", "policy": null, "explicit": null,
                "error_code": "AccessDeniedException", "message": "m", "request_id": "r", "attempts": 1, "latency_ms": 3},
            "verdict": verdict, "finding": finding, "reason": "a reason for a person", "cause": null,
        }],
    })
}

#[test]
fn a_stored_report_keeps_its_verdict() {
    for (verdict, finding, code) in [
        ("pass", Value::Null, 0),
        ("fail", json!("exposed"), 1),
        ("inconclusive", json!("blind"), 3),
    ] {
        let stored = report(verdict, &finding).to_string();

        let run = keyproof(["report", "render", "-"]).stdin(stored).run();

        run.exits(code);
        let first = run
            .stdout
            .split_whitespace()
            .find(|word| word.len() > 3)
            .unwrap();
        assert_eq!(
            first.trim_end_matches(':').to_lowercase(),
            verdict,
            "{}",
            run.stdout
        );
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn json_comes_out_as_it_went_in() {
    let stored = report("fail", &json!("exposed"));
    let mut program = keyproof(["report", "render", "r.json", "--format", "json"]);
    program = program.file("r.json", &stored.to_string());

    let run = program.run();

    run.exits(1);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), stored);
}

#[test]
fn formats_and_files_come_in_pairs() {
    let words = [
        "report", "render", "r.json", "--format", "html", "--output", "r.html", "--format", "text",
        "--output", "-",
    ];
    let mut program = keyproof(words).file("r.json", &report("pass", &Value::Null).to_string());

    let run = program.run();

    run.exits(0);
    assert!(run.stdout.starts_with("✓ PASS: "), "{}", run.stdout);
    assert!(program.read("r.html").contains("outsider"));
}

#[test]
fn what_is_no_report_is_2() {
    for (text, sentence) in [
        (
            "",
            "error: cannot read the report `<stdin>`: the report is not JSON: ",
        ),
        (
            "{}",
            "error: cannot read the report `<stdin>`: the document has no `schema`",
        ),
        (
            r#"{"schema": "other/v9"}"#,
            "error: cannot read the report `<stdin>`: the document's schema is `other/v9`",
        ),
    ] {
        let run = keyproof(["report", "render", "-"]).stdin(text).run();

        run.exits(2);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.starts_with(sentence), "{}", run.stderr);
    }
}

/// The widened report of the renderers' own tests, and the one before it.
fn stored(name: &str) -> String {
    let path = root().join("shared/report/cases").join(name);
    std::fs::read_to_string(path.join("report.json")).unwrap()
}

#[test]
fn what_changed_since_an_earlier_report_is_told() {
    let words = ["report", "render", "now.json", "--previous", "before.json"];
    let mut program = keyproof(words)
        .file("now.json", &stored("key-policy-widened"))
        .file("before.json", &stored("separation-holds"));

    let run = program.run();

    run.exits(1);
    let line = "  ✗ exposed  outsider/kms:Decrypt/orders (was pass)\n";
    assert!(run.stdout.contains(line), "{}", run.stdout);
    assert_eq!(run.stderr, "");
}

#[test]
fn an_earlier_report_of_another_plan_is_left_out_and_that_is_said() {
    let other = stored("separation-holds").replace("\"name\": \"orders\"", "\"name\": \"bills\"");
    let words = ["report", "render", "now.json", "--previous", "before.json"];
    let mut program = keyproof(words)
        .file("now.json", &stored("key-policy-widened"))
        .file("before.json", &other);

    let run = program.run();

    run.exits(1);
    assert!(!run.stdout.contains("CHANGED"), "{}", run.stdout);
    let warning = "warning: the report of `--previous` is of the plan `bills`, not of `orders`; what changed is left out\n";
    assert_eq!(run.stderr, warning);
}

#[test]
fn an_earlier_report_that_can_t_be_read_is_2_before_anything_is_run() {
    let words = ["report", "render", "now.json", "--previous", "none.json"];
    let run = keyproof(words)
        .file("now.json", &stored("key-policy-widened"))
        .run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("none.json"), "{}", run.stderr);
}

/// Where the report goes to files only, and so nobody reads it.
#[test]
fn an_exception_that_nobody_needs_any_more_is_told_on_stderr_too() {
    let words = [
        "report", "render", "-", "--format", "junit", "--output", "run.xml",
    ];
    let told = |text: String| keyproof(words).stdin(text).run().exits(1).stderr.clone();

    assert_eq!(
        told(stored("exceptions")),
        "orders: fail: 3 of 5 probes passed, 1 failed, 0 inconclusive, 1 excepted; written to `run.xml`\n\
         warning: `outsider/dynamodb:Scan/orders` passes, so that its exception is not needed: remove it from the plan \
         (`team-blue` answers for it)\n"
    );
    assert!(!told(stored("key-policy-widened")).contains("warning"));
}

#[test]
fn a_badge_says_fail_stale_and_pass() {
    let now = jiff::Timestamp::now().to_string();
    let young = stored("separation-holds").replace("2026-11-24T00:30:00.000Z", &now);
    for (report, label, code) in [
        (
            stored("key-policy-widened"),
            "keyproof: orders: fail: 3 of 11",
            1,
        ),
        (
            report("pass", &Value::Null).to_string(),
            "keyproof: orders: stale: ",
            3,
        ),
        (young, "keyproof: orders: pass\"", 0),
    ] {
        let run = keyproof(["report", "badge", "-"]).stdin(report).run();

        run.exits(code);
        assert!(
            run.stdout.contains(&format!("aria-label=\"{label}")),
            "{}",
            run.stdout
        );
        let green = run.stdout.contains("#1a7f37");
        assert_eq!(green, code == 0);
    }
}

#[test]
fn a_badge_may_go_to_a_file() {
    let words = [
        "report",
        "badge",
        "-",
        "--output",
        "badge.svg",
        "--max-age",
        "65535",
    ];
    let mut program = keyproof(words).stdin(report("inconclusive", &json!("blind")).to_string());

    let run = program.run();

    run.exits(3);
    assert_eq!(run.stdout, "");
    let svg = program.read("badge.svg");
    assert!(
        svg.starts_with("<svg ") && svg.contains("inconclusive"),
        "{svg}"
    );
}
