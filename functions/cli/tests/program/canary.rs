// SPDX-License-Identifier: Apache-2.0
//! `keyproof canary`: what the operator plants and removes, and what is left alone.

use keyproof_scripted::{KeyState, Script, Scripted, Table, World};
use serde_json::json;

use crate::orders::{KEY, PLAN};
use crate::support::keyproof;

#[tokio::test]
async fn canaries_are_planted_and_removed_by_the_operator() {
    let empty = Table {
        item: None,
        ..Table::encrypted(json!({}), KEY)
    };
    let script = Script::new(
        World::default()
            .table("orders", empty)
            .key(KEY, KeyState::Enabled),
    );
    let endpoint = Scripted::start(script).await;
    let canary = |what: &'static str| {
        keyproof(["canary", what, "--plan", "plan.yaml"])
            .file("plan.yaml", PLAN)
            .at(&endpoint)
    };
    let mut said = Vec::new();
    for what in ["plant", "plant", "remove", "remove"] {
        let (run, _) = canary(what).run_beside().await;
        run.exits(0);
        assert_eq!(run.stderr, "");
        said.push(run.stdout);
    }

    assert_eq!(
        said,
        [
            "orders: canary planted\n",
            "orders: canary was there already\n",
            "orders: canary removed\n",
            "orders: canary was not there\n",
        ]
    );
}

#[tokio::test]
async fn an_item_of_somebody_else_is_left_alone() {
    let theirs = json!({"pk": {"S": "keyproof#canary"}, "balance": {"N": "7"}});
    let world = World::default().table("orders", Table::encrypted(theirs.clone(), KEY));
    let endpoint = Scripted::start(Script::new(world.key(KEY, KeyState::Enabled))).await;
    let plant = keyproof(["canary", "plant", "--plan", "plan.yaml"]).file("plan.yaml", PLAN);

    let (run, _) = plant.at(&endpoint).run_beside().await;

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr,
        "error: orders: another item has the canary's key; it was left alone, choose another key in the plan\n\
         error: 1 of 1 canaries could not be planted\n"
    );
    assert_eq!(endpoint.item("orders"), Some(theirs));
}
