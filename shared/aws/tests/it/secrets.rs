// SPDX-License-Identifier: Apache-2.0
//! No secret, token or canary content in a report, whatever a service says.

use keyproof_scripted::{Layer, Reply, Rule, SECRET_ACCESS_KEY, Script};

use crate::world::{finding, plan, row, run, world};

const BOTH: &str = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, kms:Decrypt], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
  - { principal: outsider, actions: [sts:AssumeRole], decision: allowed }
";

/// A message that quotes everything there is to quote, of the first two sessions.
fn talkative() -> String {
    let sessions = ["ASIASCRIPTED00000000", "ASIASCRIPTED00000001"];
    let quoted = sessions.map(|id| format!("scripted/secret/of/{id} scripted/token/of/{id}"));
    format!(
        "runner {SECRET_ACCESS_KEY} item {{\"proof\":\"c0ffee-canary-content\"}} {}",
        quoted.join(" ")
    )
}

fn leaks(text: &str, of_session: &str) -> Vec<String> {
    let secrets = [
        SECRET_ACCESS_KEY.to_owned(),
        "c0ffee-canary-content".to_owned(),
        format!("scripted/secret/of/{of_session}"),
        format!("scripted/token/of/{of_session}"),
    ];
    secrets
        .into_iter()
        .filter(|secret| text.contains(secret))
        .collect()
}

#[tokio::test]
async fn secrets_that_a_service_quotes_are_redacted() {
    let codes = [
        "AccessDeniedException",
        "ValidationException",
        "SomethingElse",
        "ThrottlingException",
    ];
    for code in codes {
        let rule = Rule::new(Reply::error(400, code, &talkative()));
        let text = "  - { principal: reader, on: orders, actions: [dynamodb:GetItem, kms:Decrypt], decision: allowed }\n";
        let (report, _endpoint) =
            run(&plan(text), Script::new(world()).rule(rule.by("reader"))).await;

        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(
            leaks(&json, "ASIASCRIPTED00000000"),
            Vec::<String>::new(),
            "{code}"
        );
        let message = row(&report, "reader/dynamodb:GetItem/orders")
            .observed
            .message
            .as_ref()
            .unwrap();
        assert!(
            message.starts_with("runner [redacted] item {\"proof\":\"[redacted]\"}"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_run_in_which_all_goes_well_tells_no_secret_either() {
    let rule = Rule::new(Reply::DenyOld).by("outsider").on("GetItem");
    let (report, _endpoint) = run(&plan(BOTH), Script::new(world()).rule(rule)).await;

    let json = serde_json::to_string(&report).unwrap();
    for session in ["ASIASCRIPTED00000000", "ASIASCRIPTED00000001"] {
        assert_eq!(leaks(&json, session), Vec::<String>::new());
        assert!(!json.contains(session));
    }
}

#[tokio::test]
async fn secrets_are_kept_from_the_runners_own_calls() {
    let rule = Rule::new(Reply::error(400, "ValidationException", &talkative())).by("runner");
    let (report, _endpoint) = run(&plan(BOTH), Script::new(world()).rule(rule)).await;

    let json = serde_json::to_string(&report).unwrap();
    assert!(!json.contains(SECRET_ACCESS_KEY) && !json.contains("c0ffee-canary-content"));
}

#[tokio::test]
async fn a_long_message_is_cut() {
    let rule = Rule::new(Reply::error(
        400,
        "ValidationException",
        &"ü".repeat(10_000),
    ))
    .by("reader");
    let (report, _endpoint) = run(&plan(BOTH), Script::new(world()).rule(rule)).await;

    let message = row(&report, "reader/dynamodb:GetItem/orders")
        .observed
        .message
        .as_ref()
        .unwrap();
    assert_eq!(message.chars().count(), 2_001);
}

#[tokio::test]
async fn a_canary_that_holds_the_roles_name_does_not_hide_who_was_refused() {
    let text = "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }\n  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }\n";
    let mut plan = plan(text);
    let named = keyproof_plan::Attribute::S("outsider".to_owned());
    plan.tables["orders"]
        .canary
        .attributes
        .insert("proof".to_owned(), named);
    let item =
        serde_json::json!({ "pk": { "S": "keyproof#canary" }, "proof": { "S": "outsider" } });
    let script = Script::new(world())
        .rule(Rule::new(Reply::Item(item)).by("reader"))
        .rule(Rule::new(Reply::Deny(Layer::KmsThroughDynamoDb, String::new())).by("outsider"));
    let (report, _endpoint) = run(&plan, script).await;

    assert_eq!(finding(&report, "outsider/dynamodb:GetItem/orders"), "pass");
}
