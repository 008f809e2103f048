// SPDX-License-Identifier: Apache-2.0
//! States of every size, written and read back, and what a reader sees who comes in between.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Standing;

fn probe(reason: &str) -> ProbeState {
    ProbeState {
        standing: Standing::PASS,
        since: Timestamp::UNIX_EPOCH,
        inconclusive_since: None,
        reason: Some(reason.to_owned()),
        cause: None,
        incident: None,
        key: None,
        seq: None,
    }
}

/// A state of so many probes, each with a reason of so many letters.
fn state(commit: u64, probes: usize, letters: usize) -> PlanState {
    let mut state = PlanState::new("orders");
    state.commit = commit;
    for number in 0..probes {
        let id = format!("reader/dynamodb:GetItem/table-{number}");
        state.probes.insert(id, probe(&"x".repeat(letters)));
    }
    state
}

/// A table of one plan's state.
#[derive(Default)]
struct Items(BTreeMap<String, Item>);

impl Items {
    fn write(&mut self, items: StateItems) -> usize {
        let all: Vec<_> = [items.ahead, vec![items.head], items.parts].concat();
        let count = all.len();
        for item in all {
            let sk = item.get("sk").and_then(Value::as_str).unwrap().to_owned();
            self.0.insert(sk, item);
        }
        count
    }

    fn write_ahead(&mut self, items: &StateItems) {
        for item in &items.ahead {
            let sk = item.get("sk").and_then(Value::as_str).unwrap().to_owned();
            self.0.insert(sk, item.clone());
        }
    }

    fn clear(&mut self) {
        let all: Vec<_> = self.0.values().cloned().collect();
        for key in left_behind(&all).unwrap() {
            self.0.remove(&key.sk).unwrap();
        }
    }

    fn read(&self) -> Option<PlanState> {
        join("orders", self.0.values().cloned().collect()).unwrap()
    }
}

/// How many parts a state has, and where they are, is known when it is written.
fn without_parts(state: PlanState) -> PlanState {
    PlanState {
        parts: 0,
        generations: BTreeMap::new(),
        ..state
    }
}

#[test]
fn nothing_is_a_state_that_has_never_run() {
    assert_eq!(Items::default().read(), Some(PlanState::new("orders")));
}

#[test]
fn a_small_state_is_one_item() {
    let mut items = Items::default();
    let small = state(1, 54, 100);

    items.write(split(&small, &PlanState::new("orders"), "w", 20_000_000).unwrap());

    assert_eq!(items.0.keys().collect::<Vec<_>>(), ["STATE"]);
    assert_eq!(items.read(), Some(small));
}

#[test]
fn a_large_state_is_a_head_and_parts_none_of_which_is_too_large() {
    let mut items = Items::default();
    let large = state(1, 1500, 600);

    items.write(split(&large, &PlanState::new("orders"), "w", 20_000_000).unwrap());

    let keys: Vec<_> = items.0.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "STATE",
            "STATE#001",
            "STATE#002",
            "STATE#003",
            "STATE#004",
            "STATE#005",
            "STATE#006",
            "STATE#007",
            "STATE#008"
        ]
    );
    for item in items.0.values() {
        assert!(serde_json::to_string(item).unwrap().len() < 300_000);
    }
    let read = items.read().unwrap();
    assert_eq!(read.parts, 8);
    assert_eq!(without_parts(read), large);
}

#[test]
fn only_the_parts_in_which_something_changed_are_written_again() {
    let mut items = Items::default();
    let before = state(1, 1500, 600);
    items.write(split(&before, &PlanState::new("orders"), "w", 20_000_000).unwrap());
    let before = items.read().unwrap();
    let mut after = before.clone();
    after.commit = 2;
    let one = after
        .probes
        .get_mut("reader/dynamodb:GetItem/table-7")
        .unwrap();
    one.reason = Some("another".to_owned());

    let written = items.write(split(&after, &before, "w", 20_000_000).unwrap());

    assert_eq!(written, 2, "the head, and a part");
    assert_eq!(items.read(), Some(after));
}

#[test]
fn a_state_that_was_read_while_it_was_written_is_none() {
    let first = state(1, 1500, 600);
    let mut items = Items::default();
    items.write(split(&first, &PlanState::new("orders"), "w", 20_000_000).unwrap());
    let first = items.read().unwrap();
    let mut second = first.clone();
    second.commit = 2;
    second.probes.clear();
    let later = split(&second, &first, "w", 20_000_000).unwrap();

    // The head of before, a part of after.
    let part = later.parts.first().unwrap().clone();
    items.0.insert("STATE#001".to_owned(), part);
    assert_eq!(items.read(), None);

    // A part that is not there yet.
    items.0.remove("STATE#001");
    assert_eq!(items.read(), None);
}

#[test]
fn a_state_of_a_newer_version_is_refused() {
    let item =
        json!({"pk": "PLAN#orders", "sk": "STATE", "schema": 2, "plan": "orders", "commit": "new"});
    let item = item.as_object().unwrap().clone();

    let error = join("orders", vec![item]).unwrap_err();

    assert_eq!(
        error.to_string(),
        format!(
            "a plan's state in the state table has schema 2, and keyproof {} knows 1; a newer keyproof wrote it: \
             upgrade this one (the command line to the stack's version, the stack by deploying it anew)",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn an_item_that_keyproof_did_not_write_is_refused() {
    let item = json!({"pk": "PLAN#orders", "sk": "STATE", "plan": "orders", "commit": 1});
    let foreign = join("orders", vec![item.as_object().unwrap().clone()]).unwrap_err();
    let item = json!({"pk": "PLAN#orders", "sk": "STATE", "schema": 1, "plan": "orders"});
    let damaged = join("orders", vec![item.as_object().unwrap().clone()]).unwrap_err();

    assert_eq!(
        foreign.to_string(),
        "a plan's state in the state table has no `schema`: keyproof didn't write it"
    );
    assert_eq!(
        damaged.to_string(),
        "a plan's state in the state table is damaged: missing field `commit`"
    );
}

#[test]
fn an_item_in_the_place_of_another_plan_is_refused() {
    let mut item = PlanState::new("orders").to_item().unwrap();
    PlanState::from_item(item.clone()).unwrap();
    item.insert("pk".to_owned(), "PLAN#ot\u{1b}her".into());

    let error = PlanState::from_item(item).unwrap_err();

    assert_eq!(
        error.to_string(),
        "a plan's state in the state table stands at `PLAN#ot\\u{1b}her/STATE`, and by what it says it belongs to \
         `PLAN#orders/STATE`: keyproof didn't write it"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_history_of_sizes_reads_back_after_each_step(
        sizes in prop::collection::vec((0_usize..60, 0_usize..80), 1..8),
        most in prop::sample::select(vec![0, 2_000, 6_000, 100_000]),
    ) {
        let mut items = Items::default();
        let mut before = PlanState::new("orders");
        for (commit, (probes, letters)) in (1..).zip(sizes) {
            let after = PlanState {
                parts: before.parts,
                generations: before.generations.clone(),
                ..state(commit, probes, letters)
            };
            let lost = split_at(&after, &before, "lost", (2_000, most)).unwrap();
            let written = split_at(&after, &before, &format!("w{commit}"), (2_000, most)).unwrap();
            prop_assert!(written.ahead.is_empty() || written.parts.is_empty());
            prop_assert!(written.parts.len() <= most.div_ceil(2_000));

            // Somebody wrote ahead and was lost; what is known is still what was.
            items.write_ahead(&lost);
            items.write_ahead(&written);
            prop_assert_eq!(items.read().map(without_parts), Some(without_parts(before.clone())));
            items.write(written);

            let read = items.read();
            prop_assert!(read.is_some());
            let read = read.unwrap();
            prop_assert!(read.parts >= before.parts);
            prop_assert_eq!(without_parts(read.clone()), without_parts(after));

            // What nothing leads to is cleared away, and nothing else.
            items.clear();
            prop_assert_eq!(items.read(), Some(read.clone()));
            prop_assert_eq!(items.0.len(), 1 + read.parts);
            before = read;
        }
    }
}
