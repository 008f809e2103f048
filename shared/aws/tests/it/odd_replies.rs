// SPDX-License-Identifier: Apache-2.0
//! Replies that the SDK takes for answers and that are none: what `tests/faults` found.

use keyproof_scripted::{Reply, Rule, Script};

use crate::world::{finding, plan, row, run, world};

const OUTSIDER: &str = "outsider/dynamodb:GetItem/orders";

#[tokio::test]
async fn half_a_session_is_asked_for_again() {
    let text = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
  - { principal: outsider, actions: [sts:AssumeRole], decision: allowed }
";
    for half in [
        "<AssumeRoleResponse><AssumeRoleResult>",
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>",
    ] {
        let cut = Reply::Raw {
            status: 200,
            content_type: "text/xml",
            body: half.into(),
        };
        let script = Script::new(world())
            .rule(Rule::new(cut).on("AssumeRole").of("outsider").times(1))
            .rule(Rule::new(Reply::DenyOld).by("outsider").on("GetItem"));
        let (report, endpoint) = run(&plan(text), script).await;

        assert_eq!(finding(&report, OUTSIDER), "pass", "{half}");
        let asked = &row(&report, "outsider/sts:AssumeRole").observed;
        assert_eq!(asked.attempts, 2, "{half}");
        assert_eq!(endpoint.requests_of("AssumeRole").len(), 3, "{half}");
    }
}

#[tokio::test]
async fn a_page_in_place_of_an_empty_reply_is_no_success() {
    let text = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [kms:RevokeGrant, kms:RetireGrant], decision: denied, by: kms }
";
    for (reply, expected) in [
        (Reply::html(200), "blind"),
        (Reply::body("[]"), "blind"),
        // What KMS itself says where it did as it was told, dry run or not.
        (Reply::body(""), "exposed"),
        (Reply::body("{}"), "exposed"),
    ] {
        for operation in ["RevokeGrant", "RetireGrant"] {
            let rule = Rule::new(reply.clone()).on(operation);
            let (report, _endpoint) = run(&plan(text), Script::new(world()).rule(rule)).await;

            let id = format!("outsider/kms:{operation}/orders");
            assert_eq!(finding(&report, &id), expected, "{reply:?}");
        }
    }
}
