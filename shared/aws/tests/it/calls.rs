// SPDX-License-Identifier: Apache-2.0
//! How much a run asks: no call that its plan can do without, and the report counts each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use keyproof_aws::Settings;
use keyproof_plan::Plan;
use keyproof_quota::least;
use keyproof_scripted::{KeyState, Layer, Reply, Rule, Script, Scripted, Table, World};
use keyproof_verdict::{CallRow, Report};

use crate::world::{KEY, canary, parse, plan, run, run_with, settings, world};

/// `service:Operation`, calls and requests.
type Counts = BTreeMap<String, (u64, u64)>;

fn reported(report: &Report) -> Counts {
    let rows = report.calls.iter();
    rows.map(
        |CallRow {
             service,
             operation,
             calls,
             requests,
         }| (format!("{service}:{operation}"), (*calls, *requests)),
    )
    .collect()
}

/// What arrived, by operation.
fn arrived(endpoint: &Scripted) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for request in endpoint.requests() {
        *counts.entry(request.operation).or_default() += 1;
    }
    counts
}

/// The least that the plan takes, as the endpoint would count it.
fn at_least(plan: &Plan) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for (operation, count) in least(plan) {
        *counts.entry(operation.name.to_owned()).or_default() += count;
    }
    counts
}

/// Three tables on one key, one of them looked at by a principal; a control table; every action.
fn large() -> (Plan, World) {
    let mut tables = String::new();
    let mut expectations = String::new();
    for (name, more) in [
        ("orders", ""),
        ("invoices", ""),
        ("elsewhere", ", inspect_as: reader"),
    ] {
        writeln!(
            tables,
            "  {name}: {{ table: {name}, key: \"{KEY}\"{more}, canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }} }}"
        )
        .unwrap();
        for principal in ["reader", "outsider"] {
            writeln!(
                expectations,
                "  - {{ principal: {principal}, on: {name}, decision: allowed, actions: [dynamodb:GetItem, \
                 dynamodb:Query, dynamodb:Scan, dynamodb:BatchGetItem, dynamodb:PartiQLSelect, \
                 dynamodb:TransactGetItems, dynamodb:PutItem, dynamodb:UpdateItem, dynamodb:DeleteItem, \
                 kms:Decrypt, kms:Encrypt, kms:GenerateDataKey, kms:GenerateDataKeyWithoutPlaintext, \
                 kms:ReEncrypt, kms:CreateGrant, kms:RevokeGrant, kms:RetireGrant, kms:DescribeKey, \
                 kms:GetKeyPolicy, kms:ListGrants] }}"
            )
            .unwrap();
        }
    }
    let plan = parse(&format!(
        r#"
keyproof: plan/v1
name: large
region: us-east-1
tables:
{tables}
  control: {{ table: keyproof-control, key: aws-owned, canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }} }}
principals:
  reader: {{ role: "arn:aws:iam::111122223333:role/keyproof/reader" }}
  outsider: {{ role: "arn:aws:iam::111122223333:role/keyproof/outsider" }}
  retired: {{ role: "arn:aws:iam::111122223333:role/keyproof/retired" }}
expectations:
{expectations}
  - {{ principal: outsider, on: control, actions: [dynamodb:GetItem], decision: allowed }}
  - {{ principal: retired, actions: [sts:AssumeRole], decision: allowed }}
"#
    ));
    let world = world()
        .table("invoices", Table::encrypted(canary(), KEY))
        .table("elsewhere", Table::encrypted(canary(), KEY))
        .key(KEY, KeyState::Enabled);
    (plan, world)
}

#[tokio::test]
async fn a_run_makes_the_least_calls_that_its_plan_takes() {
    let (plan, world) = large();

    let (report, endpoint) = run(&plan, Script::new(world)).await;

    assert_eq!(arrived(&endpoint), at_least(&plan));
    let expected: Counts = least(&plan)
        .into_iter()
        .map(|(operation, count)| (operation.to_string(), (count, count)))
        .collect();
    assert_eq!(reported(&report), expected);
    // The least is less than a call for each probe and look: that is what the sharing saves.
    let all: u64 = expected.values().map(|(calls, _)| calls).sum();
    let saved = 2 * 2 * 6;
    let (sessions, identity, keys) = (3, 1, 2);
    let own_answers = 1;
    let probes = plan.planned() as u64 - own_answers;
    assert_eq!(all, probes - saved + sessions + identity + keys);
}

#[tokio::test]
async fn two_principals_never_share_an_answer_about_a_key() {
    let (plan, world) = large();
    let rule = Rule::new(Reply::Deny(Layer::Service, String::new()))
        .by("outsider")
        .of(KEY);

    let (report, endpoint) = run(&plan, Script::new(world).rule(rule)).await;

    assert_eq!(endpoint.requests_of("GetKeyPolicy").len(), 2);
    let decided = |id: &str| {
        let row = report.probes.iter().find(|row| row.id == id).unwrap();
        row.observed.decision.clone()
    };
    for table in ["orders", "invoices", "elsewhere"] {
        assert_eq!(
            decided(&format!("reader/kms:GetKeyPolicy/{table}")),
            "allowed"
        );
        assert_ne!(
            decided(&format!("outsider/kms:GetKeyPolicy/{table}")),
            "allowed"
        );
    }
}

#[tokio::test]
async fn what_is_sent_again_is_one_call_and_several_requests() {
    let plan = plan(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }",
    );
    let rule = Rule::new(Reply::error(400, "ThrottlingException", "slow down"))
        .of("orders")
        .on("GetItem");
    let settings = Settings {
        attempts: 3,
        ..settings()
    };

    let (report, _) = run_with(&plan, Script::new(world()).rule(rule), &settings).await;

    assert_eq!(reported(&report)["dynamodb:GetItem"], (1, 3));
    assert_eq!(reported(&report)["sts:AssumeRole"], (1, 1));
}

#[tokio::test]
async fn a_call_that_was_never_sent_is_not_counted() {
    let plan = plan(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }",
    );
    let rule = Rule::new(Reply::Deny(Layer::Service, String::new()))
        .of("reader")
        .on("AssumeRole");

    let (report, _) = run(&plan, Script::new(world()).rule(rule)).await;

    let counts = reported(&report);
    assert_eq!(counts.get("dynamodb:GetItem"), None);
    assert_eq!(counts["sts:AssumeRole"], (1, 1));
}
