// SPDX-License-Identifier: Apache-2.0
//! A small plan and the world that it is about: the reader reads, and KMS keeps the outsider out.

use keyproof_scripted::{KeyState, Layer, Reply, Rule, Script, Table, World};
use serde_json::json;

use crate::support::{Program, keyproof};

pub(crate) const KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

pub(crate) const PLAN: &str = r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders:
    table: orders
    key: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    canary: { key: { pk: { S: "keyproof#canary" } }, attributes: { proof: { S: c0ffee-canary } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
expectations:
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
"#;

pub(crate) fn world() -> World {
    let item = json!({"pk": {"S": "keyproof#canary"}, "proof": {"S": "c0ffee-canary"}});
    World::default()
        .table("orders", Table::encrypted(item, KEY))
        .key(KEY, KeyState::Enabled)
}

/// The outsider is kept out by KMS.
pub(crate) fn kept_out() -> Script {
    let denied = Reply::Deny(
        Layer::KmsThroughDynamoDb,
        "because no resource-based policy allows the kms:Decrypt action".to_owned(),
    );
    Script::new(world()).rule(Rule::new(denied).by("outsider").on("GetItem"))
}

pub(crate) const VERIFY: [&str; 3] = ["verify", "--plan", "plan.yaml"];

pub(crate) fn verify(more: &[&'static str]) -> Program {
    keyproof(VERIFY.iter().chain(more).copied()).file("plan.yaml", PLAN)
}
