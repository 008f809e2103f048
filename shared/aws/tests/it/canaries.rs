// SPDX-License-Identifier: Apache-2.0
//! Planting and removing: never at the cost of somebody's data.

use keyproof_aws::{CanaryOutcome, CanaryState, plant, remove};
use keyproof_scripted::{Layer, Reply, Rule, Script, Scripted, Table};
use serde_json::json;

use crate::world::{KEY, canary, plan, runner, settings, world};

const READ: &str =
    "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }\n";

fn states(outcomes: Vec<CanaryOutcome>) -> Vec<(String, CanaryState)> {
    outcomes
        .into_iter()
        .map(|outcome| (outcome.table, outcome.state))
        .collect()
}

fn empty() -> Table {
    Table {
        item: None,
        ..Table::encrypted(canary(), KEY)
    }
}

#[tokio::test]
async fn planting_writes_what_is_missing_and_removing_takes_it_back() {
    let endpoint = Scripted::start(Script::new(world().table("orders", empty()))).await;
    let (plan, settings, runner) = (plan(READ), settings(), runner(&endpoint).await);

    let planted = states(plant(&plan, &settings, &runner).await);
    let control = || "control".to_owned();
    let orders = || "orders".to_owned();
    assert_eq!(
        planted,
        [
            (orders(), CanaryState::Planted),
            (control(), CanaryState::AlreadyThere)
        ]
    );
    assert_eq!(endpoint.item("orders"), Some(canary()));

    let again = states(plant(&plan, &settings, &runner).await);
    assert_eq!(
        again,
        [
            (orders(), CanaryState::AlreadyThere),
            (control(), CanaryState::AlreadyThere)
        ]
    );

    let removed = states(remove(&plan, &settings, &runner).await);
    assert_eq!(
        removed,
        [
            (orders(), CanaryState::Removed),
            (control(), CanaryState::Removed)
        ]
    );
    assert_eq!(endpoint.item("orders"), None);

    let again = states(remove(&plan, &settings, &runner).await);
    assert_eq!(
        again,
        [
            (orders(), CanaryState::AlreadyGone),
            (control(), CanaryState::AlreadyGone)
        ]
    );
    assert!(
        endpoint
            .requests()
            .iter()
            .all(|request| request.caller == "runner")
    );
}

#[tokio::test]
async fn an_item_of_somebody_else_is_left_alone() {
    let other = json!({ "pk": { "S": "keyproof#canary" }, "proof": { "S": "theirs" } });
    let more = json!({ "pk": { "S": "keyproof#canary" }, "total": { "N": "7" } });
    let world = world()
        .table("orders", Table::encrypted(other.clone(), KEY))
        .table("keyproof-control", Table::aws_owned(more.clone()));
    let endpoint = Scripted::start(Script::new(world)).await;
    let (plan, settings, runner) = (plan(READ), settings(), runner(&endpoint).await);

    let planted = states(plant(&plan, &settings, &runner).await);
    assert_eq!(planted[0].1, CanaryState::Foreign);
    let removed = states(remove(&plan, &settings, &runner).await);
    assert_eq!(
        [&removed[0].1, &removed[1].1],
        [&CanaryState::Foreign, &CanaryState::Foreign]
    );
    assert_eq!(endpoint.item("orders"), Some(other));
    assert_eq!(endpoint.item("keyproof-control"), Some(more));
}

#[tokio::test]
async fn a_refused_write_says_so_for_its_table() {
    let rule = Rule::new(Reply::Deny(Layer::Service, String::new()))
        .on("PutItem")
        .of("orders");
    let endpoint = Scripted::start(Script::new(world().table("orders", empty())).rule(rule)).await;
    let outcomes = plant(&plan(READ), &settings(), &runner(&endpoint).await).await;

    let CanaryState::Failed(seen) = &outcomes[0].state else {
        panic!("{outcomes:?}")
    };
    assert_eq!(seen.error_code.as_deref(), Some("AccessDeniedException"));
    assert!(!outcomes[0].state.is_success() && outcomes[1].state.is_success());
}
