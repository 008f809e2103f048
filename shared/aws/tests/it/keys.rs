// SPDX-License-Identifier: Apache-2.0
//! Probes of KMS: dry runs and reads, allowed and refused.

use keyproof_scripted::{KeyState, Layer, Reply, Rule, Script, explicitly, implicitly};

use crate::world::{KEY, finding, plan, row, run, world};

const DRY_RUNS: [&str; 8] = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncrypt",
    "CreateGrant",
    "RevokeGrant",
    "RetireGrant",
];
const READS: [&str; 3] = ["DescribeKey", "GetKeyPolicy", "ListGrants"];

fn pair(action: &str) -> String {
    format!(
        "  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem, kms:{action}], decision: allowed }}\n\
         \x20 - {{ principal: outsider, on: orders, actions: [kms:{action}], decision: denied, by: kms }}\n"
    )
}

/// The findings of reader and outsider where both are answered so.
async fn both(action: &str, reply: Option<Reply>) -> (String, String) {
    let mut script = Script::new(world());
    for role in ["reader", "outsider"] {
        if let Some(reply) = &reply {
            script = script.rule(Rule::new(reply.clone()).by(role).on(action));
        }
    }
    let (report, _endpoint) = run(&plan(&pair(action)), script).await;
    let of = |principal: &str| finding(&report, &format!("{principal}/kms:{action}/orders"));
    (of("reader"), of("outsider"))
}

fn both_are(reader: &str, outsider: &str) -> (String, String) {
    (reader.to_owned(), outsider.to_owned())
}

#[tokio::test]
async fn a_dry_run_that_would_have_succeeded_passes_or_is_exposed() {
    for action in DRY_RUNS.into_iter().chain(READS) {
        assert_eq!(
            both(action, None).await,
            both_are("pass", "exposed"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_refusal_by_kms_locks_out_or_passes() {
    for action in DRY_RUNS.into_iter().chain(READS) {
        let reasons = [
            String::new(),
            implicitly("identity-based policy", &format!("kms:{action}")),
            explicitly("a resource-based policy"),
        ];
        for reason in reasons {
            let found = both(action, Some(Reply::Deny(Layer::Service, reason))).await;
            assert_eq!(found, both_are("locked_out", "pass"), "{action}");
        }
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_used_decides_nothing() {
    for action in DRY_RUNS {
        for reply in [Reply::KeyDisabled, Reply::KeyPendingDeletion] {
            let found = both(action, Some(reply)).await;
            assert_eq!(found, both_are("locked_out", "key_unusable"), "{action}");
        }
    }
}

#[tokio::test]
async fn a_grant_that_is_looked_for_exposes_but_does_not_pass() {
    for action in ["RevokeGrant", "RetireGrant"] {
        let reply = Reply::error(400, "NotFoundException", "Grant ID 6b65 not found");
        assert_eq!(
            both(action, Some(reply)).await,
            both_are("blind", "exposed"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn an_empty_success_exposes_but_does_not_pass() {
    for action in DRY_RUNS.into_iter().chain(READS) {
        let found = both(action, Some(Reply::body("{}"))).await;
        assert_eq!(found, both_are("blind", "exposed"), "{action}");
    }
    for action in ["PutItem", "UpdateItem", "DeleteItem"] {
        let text = format!(
            "  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:{action}], decision: allowed }}\n\
             \x20 - {{ principal: outsider, on: orders, actions: [dynamodb:{action}], decision: denied, by: dynamodb }}\n"
        );
        let rule = Rule::new(Reply::body("{}")).on(action);
        let (report, _endpoint) = run(&plan(&text), Script::new(world()).rule(rule)).await;
        let of =
            |principal: &str| finding(&report, &format!("{principal}/dynamodb:{action}/orders"));
        assert_eq!(
            (of("reader"), of("outsider")),
            both_are("blind", "exposed"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn an_endpoint_that_ignores_dry_runs_is_authorised() {
    let id = "0".repeat(64);
    let answers = [
        (
            "Decrypt",
            format!("{{\"KeyId\":\"{KEY}\",\"Plaintext\":\"a2V5\"}}"),
        ),
        (
            "Encrypt",
            format!("{{\"KeyId\":\"{KEY}\",\"CiphertextBlob\":\"a2V5\"}}"),
        ),
        (
            "GenerateDataKey",
            format!("{{\"KeyId\":\"{KEY}\",\"CiphertextBlob\":\"a2V5\",\"Plaintext\":\"a2V5\"}}"),
        ),
        (
            "GenerateDataKeyWithoutPlaintext",
            format!("{{\"KeyId\":\"{KEY}\",\"CiphertextBlob\":\"a2V5\"}}"),
        ),
        (
            "ReEncrypt",
            format!("{{\"KeyId\":\"{KEY}\",\"CiphertextBlob\":\"a2V5\"}}"),
        ),
        (
            "CreateGrant",
            format!("{{\"GrantId\":\"{id}\",\"GrantToken\":\"content-of-a-token\"}}"),
        ),
    ];
    for (action, body) in answers {
        assert_eq!(
            both(action, Some(Reply::body(&body))).await,
            both_are("pass", "exposed"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn a_success_without_a_body_exposes_a_revocation() {
    for action in ["RevokeGrant", "RetireGrant"] {
        assert_eq!(
            both(action, Some(Reply::body(""))).await,
            both_are("blind", "exposed"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn direct_calls_on_a_disabled_key_are_known_by_its_state() {
    let rule = Rule::new(Reply::Deny(Layer::Service, String::new()))
        .by("outsider")
        .on("Decrypt");
    let script = Script::new(world().key(KEY, KeyState::Disabled)).rule(rule);
    let (report, _endpoint) = run(&plan(&pair("Decrypt")), script).await;

    assert_eq!(finding(&report, "reader/kms:Decrypt/orders"), "locked_out");
    assert_eq!(
        finding(&report, "outsider/kms:Decrypt/orders"),
        "key_unusable"
    );
    assert_eq!(
        row(&report, "outsider/kms:Decrypt/orders")
            .resource
            .as_deref(),
        Some(KEY)
    );
}
