// SPDX-License-Identifier: Apache-2.0
//! Each finding of the contract, in both directions, in all six read actions.

use keyproof_scripted::{KeyState, Layer, Reply, Rule, Script, Table, explicitly, implicitly};
use keyproof_verdict::Verdict;
use serde_json::json;

use crate::world::{KEY, READS, canary, finding, plan, row, run, world};

/// What comes of `reader` (allowed) and `outsider` (denied by KMS) when a read of each answers so.
#[track_caller]
fn expectations(action: &str) -> String {
    format!(
        "  - {{ principal: reader, on: orders, actions: [{action}], decision: allowed }}\n\
         \x20 - {{ principal: outsider, on: orders, actions: [{action}], decision: denied, by: kms }}\n"
    )
}

fn operation(action: &str) -> &str {
    match action {
        "dynamodb:PartiQLSelect" => "ExecuteStatement",
        action => action.trim_start_matches("dynamodb:"),
    }
}

fn kms(reason: &str) -> Reply {
    Reply::Deny(Layer::KmsThroughDynamoDb, reason.to_owned())
}

/// Runs the pair of expectations for each read action; gives the findings of reader and outsider.
async fn both(reader: Option<Reply>, outsider: Option<Reply>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for action in READS {
        let mut script = Script::new(world());
        for (role, reply) in [("reader", &reader), ("outsider", &outsider)] {
            if let Some(reply) = reply {
                let rule = Rule::new(reply.clone()).by(role).on(operation(action));
                script = script.rule(rule);
            }
        }
        let (report, _endpoint) = run(&plan(&expectations(action)), script).await;
        found.push((
            finding(&report, &format!("reader/{action}/orders")),
            finding(&report, &format!("outsider/{action}/orders")),
        ));
    }
    found
}

#[track_caller]
fn all_six(found: &[(String, String)], reader: &str, outsider: &str) {
    assert_eq!(found, vec![(reader.to_owned(), outsider.to_owned()); 6]);
}

#[tokio::test]
async fn let_in_and_kept_out_as_expected_passes() {
    let reason = implicitly("resource-based policy", "kms:Decrypt");
    all_six(&both(None, Some(kms(&reason))).await, "pass", "pass");
    let reason = explicitly("a resource-based policy");
    all_six(&both(None, Some(kms(&reason))).await, "pass", "pass");
    all_six(&both(None, Some(kms(""))).await, "pass", "pass");
    all_six(&both(None, Some(Reply::DenyOld)).await, "pass", "pass");
}

#[tokio::test]
async fn an_outsider_that_reads_is_exposed() {
    all_six(&both(None, None).await, "pass", "exposed");
    // Authorised, though nothing came of it: never softened.
    all_six(&both(None, Some(Reply::NoItem)).await, "pass", "exposed");
    let other = json!({ "pk": { "S": "keyproof#canary" }, "proof": { "S": "another" } });
    all_six(
        &both(None, Some(Reply::Item(other))).await,
        "pass",
        "exposed",
    );
}

#[tokio::test]
async fn a_reader_that_is_refused_is_locked_out() {
    let found = both(Some(kms("")), Some(kms(""))).await;
    all_six(&found, "locked_out", "no_witness");
    let service = Reply::Deny(Layer::Service, String::new());
    all_six(
        &both(Some(service), Some(kms(""))).await,
        "locked_out",
        "no_witness",
    );
}

#[tokio::test]
async fn a_refusal_by_dynamodb_masks_the_key() {
    let reason = implicitly("identity-based policy", "dynamodb:GetItem");
    let found = both(None, Some(Reply::Deny(Layer::Service, reason))).await;
    all_six(&found, "pass", "masked");
}

#[tokio::test]
async fn a_witness_without_the_canary_is_none() {
    let found = both(Some(Reply::NoItem), Some(kms(""))).await;
    all_six(&found, "canary_missing", "canary_missing");
    let other = json!({ "pk": { "S": "keyproof#canary" }, "proof": { "S": "another" } });
    let found = both(Some(Reply::Item(other)), Some(kms(""))).await;
    all_six(&found, "canary_missing", "canary_missing");
    let without = json!({ "pk": { "S": "keyproof#canary" } });
    let found = both(Some(Reply::Item(without)), Some(kms(""))).await;
    all_six(&found, "canary_missing", "canary_missing");
}

#[tokio::test]
async fn a_key_that_nobody_can_use_locks_out_and_proves_nothing() {
    let found = both(Some(Reply::KeyDisabled), Some(Reply::KeyDisabled)).await;
    all_six(&found, "locked_out", "key_unusable");
    let found = both(
        Some(Reply::KeyPendingDeletion),
        Some(Reply::KeyPendingDeletion),
    )
    .await;
    all_six(&found, "locked_out", "key_unusable");
}

#[tokio::test]
async fn a_disabled_key_is_noticed_while_reads_are_still_served() {
    for state in [KeyState::Disabled, KeyState::PendingDeletion] {
        for action in READS {
            let rule = Rule::new(kms("")).by("outsider").on(operation(action));
            let script = Script::new(world().key(KEY, state)).rule(rule);
            let (report, _endpoint) = run(&plan(&expectations(action)), script).await;

            let reader = finding(&report, &format!("reader/{action}/orders"));
            let outsider = finding(&report, &format!("outsider/{action}/orders"));
            assert_eq!(
                (&*reader, &*outsider),
                ("locked_out", "key_unusable"),
                "{state:?} {action}"
            );
        }
    }
}

#[tokio::test]
async fn expired_and_invalid_credentials_are_blind_in_both_directions() {
    let invalid = Reply::error(
        400,
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    );
    for reply in [Reply::expired(), invalid] {
        let found = both(Some(reply.clone()), Some(reply)).await;
        all_six(&found, "blind", "blind");
    }
}

#[tokio::test]
async fn a_table_or_index_that_is_not_there_is_blind() {
    let missing = Reply::error(
        400,
        "ResourceNotFoundException",
        "Requested resource not found",
    );
    all_six(
        &both(Some(missing.clone()), Some(missing)).await,
        "blind",
        "blind",
    );
}

#[tokio::test]
async fn a_denial_inside_of_a_200_is_a_denial() {
    let text = "  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:PartiQLSelect], decision: allowed }\n";
    let rule = Rule::new(Reply::DenyInside)
        .by("reader")
        .on("ExecuteStatement");
    let (report, _endpoint) = run(&plan(text), Script::new(world()).rule(rule)).await;

    assert_eq!(
        finding(&report, "reader/dynamodb:PartiQLSelect/orders"),
        "locked_out"
    );
    let seen = &row(&report, "reader/dynamodb:PartiQLSelect/orders").observed;
    assert_eq!(seen.error_code.as_deref(), Some("AccessDenied"));
}

#[tokio::test]
async fn a_table_on_another_key_is_wrong_key() {
    let other = KEY.replace("1234abcd", "5678abcd");
    let managed = json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": other });
    let tables = [
        Table::encrypted(canary(), &other),
        Table {
            sse: Some(managed),
            ..Table::aws_owned(canary())
        },
        Table::aws_owned(canary()),
        Table {
            sse: Some(json!({ "Status": "DISABLED" })),
            ..Table::aws_owned(canary())
        },
    ];
    for table in tables {
        let script = Script::new(world().table("orders", table));
        let (report, _endpoint) = run(&plan(&expectations("dynamodb:GetItem")), script).await;
        assert_eq!(finding(&report, "orders/encryption"), "wrong_key");
    }
    let script = Script::new(world().table("keyproof-control", Table::encrypted(canary(), KEY)));
    let (report, _endpoint) = run(&plan(&expectations("dynamodb:GetItem")), script).await;
    assert_eq!(finding(&report, "control/encryption"), "wrong_key");
}

#[tokio::test]
async fn a_whole_run_passes_with_its_account_and_every_field() {
    let rule = Rule::new(kms(&implicitly("resource-based policy", "kms:Decrypt")))
        .by("outsider")
        .of("orders");
    let text = expectations("dynamodb:GetItem")
        + "  - { principal: outsider, on: control, actions: [dynamodb:GetItem], decision: allowed }\n";
    let (report, endpoint) = run(&plan(&text), Script::new(world()).rule(rule)).await;

    assert_eq!(report.summary.verdict, Verdict::Pass);
    assert_eq!(report.environment.account.as_deref(), Some("111122223333"));
    assert_eq!(report.environment.endpoint.as_deref(), Some(endpoint.url()));
    let denied = row(&report, "outsider/dynamodb:GetItem/orders");
    assert_eq!(denied.observed.decision, "denied");
    assert_eq!(
        denied.observed.error_code.as_deref(),
        Some("AccessDeniedException")
    );
    assert_eq!(denied.observed.attempts, 1);
    assert!(denied.observed.request_id.is_some() && denied.observed.latency_ms.is_some());
    assert_eq!(
        denied.resource.as_deref(),
        Some("arn:aws:dynamodb:us-east-1:111122223333:table/orders")
    );
}
