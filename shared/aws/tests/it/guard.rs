// SPDX-License-Identifier: Apache-2.0
//! The policy that keeps sessions to the calls of the plan, and what becomes of a refusal by it.

use keyproof_aws::Settings;
use keyproof_scripted::{Layer, Reply, Rule, Script, implicitly};
use serde_json::Value;

use crate::world::{finding, plan, row, run, run_with, settings, world};

const BOTH: &str = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem, kms:Decrypt], decision: denied, by: kms }
";
const READER: &str = "reader/dynamodb:GetItem/orders";
const OUTSIDER: &str = "outsider/dynamodb:GetItem/orders";
const DIRECTLY: &str = "outsider/kms:Decrypt/orders";

fn kept_out() -> Script {
    let direct = Reply::Deny(Layer::Service, String::new());
    Script::new(world())
        .rule(Rule::new(Reply::DenyOld).by("outsider").on("GetItem"))
        .rule(Rule::new(direct).by("outsider").on("Decrypt"))
}

#[tokio::test]
async fn all_principals_get_the_same_guard() {
    let (report, endpoint) = run(&plan(BOTH), kept_out()).await;

    assert_eq!(report.summary.pass, report.summary.planned);
    let expected = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": [
            "dynamodb:GetItem", "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey",
            "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*",
        ],
        "Resource": "*",
    }]});
    let sent = endpoint
        .requests_of("AssumeRole")
        .into_iter()
        .map(|request| {
            serde_json::from_str::<Value>(request.body["Policy"].as_str().unwrap()).unwrap()
        });
    assert_eq!(sent.collect::<Vec<_>>(), [expected.clone(), expected]);
}

#[tokio::test]
async fn a_refusal_by_the_guard_is_no_answer_in_either_direction() {
    let by_guard = |layer| Reply::Deny(layer, implicitly("session policy", "kms:Decrypt"));
    let script = || {
        Script::new(world())
            .rule(
                Rule::new(by_guard(Layer::KmsThroughDynamoDb))
                    .on("GetItem")
                    .of("orders"),
            )
            .rule(Rule::new(by_guard(Layer::Service)).on("Decrypt"))
    };
    let (report, _endpoint) = run(&plan(BOTH), script()).await;
    let found = [READER, OUTSIDER, DIRECTLY].map(|id| finding(&report, id));
    assert_eq!(found, ["blind", "blind", "blind"]);
    assert!(row(&report, READER).reason.contains("`--no-guard`"));

    // Without a guard, somebody else's session policy is an answer like any other.
    let bare = Settings {
        guard: false,
        ..settings()
    };
    let (report, endpoint) = run_with(&plan(BOTH), script(), &bare).await;
    assert_eq!(finding(&report, READER), "locked_out");
    for request in endpoint.requests_of("AssumeRole") {
        assert_eq!(request.body["Policy"], Value::Null);
    }
}

/// A guard that forgot `kms:Decrypt`, refused in the sentence of old, which names no policy: the
/// outsider's refusal looks right, and only that the witness is refused too keeps it from passing.
#[tokio::test]
async fn a_guard_that_forgets_something_leaves_no_witness() {
    let script = Script::new(world()).rule(Rule::new(Reply::DenyOld).on("GetItem").of("orders"));
    let (report, _endpoint) = run(&plan(BOTH), script).await;

    let found = [READER, OUTSIDER].map(|id| finding(&report, id));
    assert_eq!(found, ["locked_out", "no_witness"]);
}

#[tokio::test]
async fn where_sts_has_no_room_the_whole_run_is_made_without_and_says_so() {
    for code in ["PackedPolicyTooLarge", "MalformedPolicyDocument"] {
        let refused = Rule::new(Reply::error(400, code, "too large"))
            .on("AssumeRole")
            .of("outsider")
            .times(1);
        let (report, endpoint) = run(&plan(BOTH), kept_out().rule(refused)).await;

        assert_eq!(report.summary.pass, report.summary.planned, "{code}");
        let kinds: Vec<&str> = report.notes.iter().map(|note| &*note.kind).collect();
        assert_eq!(kinds, ["unguarded"]);
        let asked = endpoint.requests_of("AssumeRole");
        let guarded: Vec<bool> = asked
            .iter()
            .map(|request| !request.body["Policy"].is_null())
            .collect();
        assert_eq!(guarded, [true, true, false, false]);
        let names: Vec<&Value> = asked
            .iter()
            .map(|request| &request.body["RoleSessionName"])
            .collect();
        assert!(names.iter().all(|name| *name == names[0]));
    }
}
