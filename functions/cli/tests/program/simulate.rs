// SPDX-License-Identifier: Apache-2.0
//! `keyproof simulate`: a line in, a line out, at once.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};

use crate::support::keyproof;

fn request(id: &str, action: &str) -> String {
    json!({
        "id": id,
        "principal": "arn:aws:sts::111122223333:assumed-role/reader/s",
        "action": action,
        "resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        "identity_policies": [{
            "Version": "2012-10-17",
            "Statement": [{"Sid": "Read", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*"}],
        }],
    })
    .to_string()
}

fn decisions(stdout: &str) -> Vec<(Value, Value)> {
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        (
            value["id"].clone(),
            value
                .get("decision")
                .cloned()
                .unwrap_or_else(|| json!("error")),
        )
    };
    stdout.lines().map(line).collect()
}

#[test]
fn each_line_gets_its_answer_in_order() {
    let lines = [
        request("1", "dynamodb:GetItem"),
        request("2", "dynamodb:Scan"),
        request("3", "dynamodb:GetItem"),
    ];

    let run = keyproof(["simulate"]).stdin(lines.join("\n")).run();

    run.exits(0);
    assert_eq!(
        decisions(&run.stdout),
        [("1", "allowed"), ("2", "denied"), ("3", "allowed")]
            .map(|(id, decision)| (json!(id), json!(decision)))
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn an_unreadable_line_is_answered_and_remembered() {
    let mut lines = format!("{{\n\n{}\n", request("1", "dynamodb:GetItem")).into_bytes();
    lines.extend(b"\xff\n");

    let run = keyproof(["simulate"]).stdin(lines).run();

    run.exits(2);
    assert_eq!(
        decisions(&run.stdout),
        [
            (Value::Null, json!("error")),
            (Value::Null, json!("error")),
            (json!("1"), json!("allowed")),
            (Value::Null, json!("error")),
        ]
    );
}

#[test]
fn nothing_in_gives_nothing_out() {
    let run = keyproof(["simulate"]).run();

    run.exits(0);
    assert_eq!(run.stdout, "");
}

#[test]
fn an_answer_comes_before_the_next_question() {
    let mut program = keyproof(["simulate"]);
    let mut child = program.start();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();

    for id in ["1", "2"] {
        writeln!(stdin, "{}", request(id, "dynamodb:GetItem")).unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["id"], id);
    }

    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_line_without_end_is_not_kept_in_memory() {
    let mut lines = vec![b'x'; 17 * 1024 * 1024];
    lines.push(b'\n');
    lines.extend(request("1", "dynamodb:GetItem").into_bytes());

    let run = keyproof(["simulate"]).stdin(lines).run();

    run.exits(2);
    let answers: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        answers.first(),
        Some(&r#"{"id":null,"error":"the line is longer than 16 MiB"}"#)
    );
    assert_eq!(
        decisions(&run.stdout).last(),
        Some(&(json!("1"), json!("allowed")))
    );
}
