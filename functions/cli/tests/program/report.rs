// SPDX-License-Identifier: Apache-2.0
//! `keyproof report render`: stored reports in any format.

use serde_json::{Value, json};

use crate::support::keyproof;

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
            "error: cannot render `<stdin>`: the report is not JSON: ",
        ),
        (
            "{}",
            "error: cannot render `<stdin>`: the document has no `schema`",
        ),
        (
            r#"{"schema": "other/v9"}"#,
            "error: cannot render `<stdin>`: the document's schema is `other/v9`",
        ),
    ] {
        let run = keyproof(["report", "render", "-"]).stdin(text).run();

        run.exits(2);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.starts_with(sentence), "{}", run.stderr);
    }
}
