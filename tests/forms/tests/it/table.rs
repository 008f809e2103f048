// SPDX-License-Identifier: Apache-2.0
//! The state table of a service that ran for a while: every kind of item, read and written again.

use std::collections::BTreeMap;

use keyproof_publish::{FindingNote, Mark};
use keyproof_state::{
    ChangeItem, Item, Noun, PlanHead, PlanVersion, RunItem, RunStatus, StackConfig, TakenRequest,
    join,
};
use serde_json::Value;

use crate::{json, released};

/// What an item is read as, and written as again.
fn again<N: Noun>(item: &Item) -> Item {
    N::from_item(item.clone())
        .unwrap_or_else(|error| panic!("{error}: {}", Value::Object(item.clone())))
        .to_item()
        .unwrap()
}

/// The name of a kind of item, and how it is read and written again.
type Reader = (&'static str, fn(&Item) -> Item);

/// How an item with such keys is read; `None` for what has no more than its keys, and for what no other
/// program reads.
fn reader(pk: &str, sk: &str) -> Option<Reader> {
    let (kind, what) = (pk.split('#').next()?, sk.split('#').next()?);
    Some(match (kind, what) {
        ("CONFIG", "STACK") => ("stack", again::<StackConfig>),
        ("PLAN", "HEAD") => ("head", again::<PlanHead>),
        ("PLAN", "VERSION") => ("version", again::<PlanVersion>),
        ("PLAN", "RUN") => ("run", again::<RunItem>),
        ("PLAN", "CHANGE") => ("change", again::<ChangeItem>),
        ("PLAN", "STATE") => ("state", again::<keyproof_state::PlanState>),
        ("RUN", "RUN") => ("status", again::<RunStatus>),
        ("IDEMPOTENCY", "RUN") => ("taken", again::<TakenRequest>),
        ("PUBLISHED", "FINDING") => ("finding", again::<FindingNote>),
        ("PUBLISHED", what) if what.contains('/') => ("mark", again::<Mark>),
        _ => return None,
    })
}

#[test]
fn every_item_is_read_and_nothing_of_it_is_lost() {
    for folder in released() {
        let mut read: BTreeMap<&str, usize> = BTreeMap::new();
        let mut unread = Vec::new();
        for item in json(&folder, "table.json").as_array().unwrap() {
            let item = item.as_object().unwrap();
            let key = |name: &str| item[name].as_str().unwrap().to_owned();
            let (pk, sk) = (key("pk"), key("sk"));
            match reader(&pk, &sk) {
                Some((kind, again)) => {
                    let written = again(item);
                    for (name, value) in item {
                        assert_eq!(written.get(name), Some(value), "`{name}` of {pk}/{sk}");
                    }
                    *read.entry(kind).or_default() += 1;
                }
                None => unread.push(pk.split('#').next().unwrap().to_owned()),
            }
        }
        let kinds: Vec<_> = read.keys().copied().collect();
        assert_eq!(
            kinds,
            [
                "change", "finding", "head", "mark", "run", "stack", "state", "status", "version"
            ]
        );
        unread.sort();
        unread.dedup();
        // The list of plans and what leads to them have keys alone; the rest is the sweep's own.
        assert_eq!(unread, ["PLANS", "PUBLISHED", "REF"]);
    }
}

#[test]
fn the_state_of_the_plan_is_joined() {
    for folder in released() {
        let items = json(&folder, "table.json");
        let parts = items.as_array().unwrap().iter();
        let parts: Vec<Item> = parts
            .filter(|item| {
                item["pk"] == "PLAN#orders" && item["sk"].as_str().unwrap().starts_with("STATE")
            })
            .map(|item| item.as_object().unwrap().clone())
            .collect();
        let state = join("orders", parts).unwrap().unwrap();
        assert!(state.commit > 1);
        assert!(state.probes.len() > 5);
    }
}
