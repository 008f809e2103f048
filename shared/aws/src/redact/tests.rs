// SPDX-License-Identifier: Apache-2.0
//! What is replaced, and what is left.

use aws_credential_types::Credentials;
use keyproof_plan::Plan;

use super::Redactor;

fn plan(attributes: &str) -> Plan {
    let text = format!(
        "keyproof: plan/v1\nname: orders\nregion: us-east-1\ntables:\n  orders:\n    table: orders\n    key: aws-owned\n    canary: {{ key: {{ pk: {{ S: keyproof#canary }} }}, attributes: {attributes} }}\nprincipals:\n  reader: {{ role: 'arn:aws:iam::111122223333:role/reader' }}\nexpectations:\n  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }}\n"
    );
    Plan::parse(&text).unwrap()
}

fn credentials(name: &str) -> Credentials {
    Credentials::new(
        format!("AKIA{name}"),
        format!("secret-of-{name}"),
        Some(format!("token-of-{name}")),
        None,
        "test",
    )
}

#[test]
fn secrets_of_runner_and_session_and_values_of_the_canary_are_replaced() {
    let plan = plan(
        "{ text: { S: c0ffee }, deep: { M: { list: { L: [ { N: '31415' } ] } } }, set: { SS: [ first, second ] }, bytes: { B: AAECAwQF } }",
    );
    let redactor = Redactor::new(&plan, Some(credentials("runner"))).with(credentials("session"));

    assert_eq!(
        redactor.message(
            "secret-of-runner token-of-runner secret-of-session token-of-session c0ffee 31415 first second AAECAwQF"
        ),
        ["[redacted]"; 9].join(" ")
    );
    assert_eq!(
        redactor.message("AKIArunner on table/orders"),
        "AKIArunner on table/orders"
    );
}

#[test]
fn a_value_that_holds_another_is_replaced_whole() {
    let plan = plan("{ a: { S: canary }, b: { S: canary-and-more } }");
    let redactor = Redactor::new(&plan, None);

    assert_eq!(redactor.message("<canary-and-more>"), "<[redacted]>");
}

#[test]
fn short_values_and_key_attributes_stay() {
    let plan = plan("{ a: { S: abc }, b: { N: '123' }, c: { BOOL: true } }");
    let redactor = Redactor::new(&plan, None);

    let text = "abc 123 true keyproof#canary";
    assert_eq!(redactor.message(text), text);
}

#[test]
fn a_name_keeps_what_it_shares_with_the_canary_and_loses_secrets() {
    let redactor = Redactor::new(&plan("{ a: { S: reader } }"), Some(credentials("runner")));

    let text = "arn:aws:sts::111122223333:assumed-role/reader/secret-of-runner";
    assert_eq!(
        redactor.name(text),
        "arn:aws:sts::111122223333:assumed-role/reader/[redacted]"
    );
}

#[test]
fn words_and_messages_are_bounded_by_characters() {
    let redactor = Redactor::default();

    assert_eq!(redactor.message(&"ü".repeat(2_000)), "ü".repeat(2_000));
    assert_eq!(
        redactor.message(&"ü".repeat(2_001)),
        "ü".repeat(2_000) + "…"
    );
    assert_eq!(redactor.word(&"x".repeat(300)).chars().count(), 257);
}

#[test]
fn nothing_of_a_redactor_can_be_printed() {
    let redactor = Redactor::new(&plan("{ a: { S: c0ffee } }"), Some(credentials("runner")));

    assert_eq!(format!("{redactor:?}"), "Redactor");
}
