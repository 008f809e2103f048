// SPDX-License-Identifier: Apache-2.0
//! Lines in, lines out.

use super::{SimulateOutcome, simulate_line};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn a_line_gives_a_decision_with_its_statements() {
    let line = format!(
        r#"{{"id": "1", "principal": "arn:aws:sts::111122223333:assumed-role/reader/s", "action": "kms:Decrypt",
        "resource": "{KEY}", "resource_account": "111122223333",
        "context": {{"kms:ViaService": "dynamodb.us-east-1.amazonaws.com", "aws:PrincipalTag/team": ["red"]}},
        "identity_policies": [{{"Version": "2012-10-17", "Statement": []}}],
        "resource_policy": {{"Version": "2012-10-17", "Statement": [{{"Sid": "k", "Effect": "Allow", "Action": "kms:*",
            "Resource": "*", "Principal": {{"AWS": "arn:aws:iam::111122223333:role/reader"}}}}]}},
        "permissions_boundaries": [], "session_policy": null, "scps": [], "rcps": [],
        "vpc_endpoint_policies": [], "grants": []}}"#
    );

    assert_eq!(
        simulate_line(&line),
        SimulateOutcome {
            line: r#"{"id":"1","decision":"allowed","explicit":false,"by":"resource_policy","statements":[{"policy":"resource_policy","level":0,"document":0,"index":0,"sid":"k"}]}"#
                .to_owned(),
            failed: false,
        }
    );
}

#[test]
fn a_line_that_is_not_json_gives_an_error_without_an_id() {
    assert_eq!(
        simulate_line("{"),
        SimulateOutcome {
            line: r#"{"id":null,"error":"the line can't be read as JSON: EOF while parsing an object at line 1 column 1"}"#
                .to_owned(),
            failed: true,
        }
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let error = |rest: &str| {
        let line = format!(
            r#"{{"id": 7, "principal": "arn:aws:iam::111122223333:user/u", "action": "kms:Decrypt", "resource": "{KEY}"{rest}}}"#
        );
        let outcome = simulate_line(&line);
        assert!(outcome.failed);
        let answer: serde_json::Value = serde_json::from_str(&outcome.line).unwrap();
        assert_eq!(answer["id"], 7);
        answer["error"].as_str().unwrap().to_owned()
    };

    assert_eq!(
        error(r#", "identity_policy": []"#),
        "unknown field `identity_policy`; did you mean `identity_policies`?"
    );
    assert_eq!(
        error(r#", "scps": [[{"Statement": [{"Efect": "Allow"}]}]]"#),
        "`scps/0/0/Statement/0/Efect`: unknown element `Efect`; did you mean `Effect`?"
    );
    assert_eq!(
        error(r#", "grants": [{}]"#),
        "`grants/0`: `grantee` is missing"
    );
    assert_eq!(
        error(r#", "context": {"aws:a": null}"#),
        "`context/aws:a` is not a string or a list of strings"
    );
    assert_eq!(
        error(r#", "resource_account": "1""#),
        "`resource_account`: `1` is not an AWS account id; expected twelve digits"
    );
}

#[test]
fn unknown_keys_are_named_where_the_decision_hangs_on_them() {
    let line = format!(
        r#"{{"id": null, "principal": "arn:aws:iam::111122223333:user/u", "action": "kms:Decrypt", "resource": "{KEY}",
        "unknown_context": ["aws:SourceVpce"],
        "resource_policy": {{"Statement": {{"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": "*",
            "Condition": {{"StringEquals": {{"aws:SourceVpce": "vpce-1"}}}}}}}}}}"#
    );

    assert_eq!(
        simulate_line(&line).line,
        r#"{"id":null,"decision":"denied","explicit":false,"by":"resource_policy","statements":[],"unknown":["aws:sourcevpce"]}"#
    );
}

#[test]
fn an_action_is_one_service_s_one_action() {
    for action in [
        "kms:",
        ":Decrypt",
        "kms",
        "kms:*",
        "kms:De?rypt",
        "kms:De crypt",
    ] {
        let line = serde_json::json!({
            "principal": "arn:aws:iam::111122223333:user/ada", "action": action, "resource": "*",
        });
        let answer = simulate_line(&line.to_string()).line;
        assert!(answer.contains("is not an action"), "{action}: {answer}");
    }
}

/// As other simulators take a trust policy: with a resource, which AWS doesn't admit.
#[test]
fn a_trust_policy_that_names_resources_is_read_as_any_resource_s() {
    for element in ["Resource", "NotResource"] {
        let line = serde_json::json!({
            "principal": "arn:aws:iam::111122223333:user/ada", "action": "sts:AssumeRole",
            "resource": "arn:aws:iam::111122223333:role/r", "resource_policy": {"Statement": [{
                "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", element: "arn:aws:iam::111122223333:role/*",
            }]},
        });
        let answer = simulate_line(&line.to_string()).line;
        assert!(!answer.contains("error"), "{element}: {answer}");
    }
}
