// SPDX-License-Identifier: Apache-2.0
//! Evidence: one record for each commit, in a chain, however often the stream brings it.

use std::collections::BTreeMap;

use keyproof_evidence::{Digest, Record};
use serde_json::Value;

use crate::world::{Trouble, World, at, passing, public_key, widened};

async fn story(world: &World) {
    world.push().await;
    world.commit(&passing(0)).await;
    world.commit(&widened(10)).await;
    world.commit(&passing(20)).await;
}

/// Each record is signed, names its report, which is there, and the record before it.
#[track_caller]
fn is_a_chain(world: &World, commits: u64) {
    let vault: BTreeMap<String, Vec<u8>> = world.heard.vault.borrow().clone();
    let mut previous = None;
    for commit in 1..=commits {
        let stored = &vault[&format!("evidence/orders/records/{commit:012}.dsse.json")];
        let record = Record::open(stored, &[public_key()]).unwrap();
        assert_eq!(record.run.commit, commit);
        assert_eq!(record.previous, previous, "record {commit}");
        let report = &vault[&format!("evidence/orders/reports/{commit:012}.json")];
        assert_eq!(record.report, Digest::of(report));
        previous = Some(Digest::of(stored));
    }
    let records = vault.keys().filter(|key| key.contains("/records/"));
    assert_eq!(records.count() as u64, commits);
}

#[tokio::test(flavor = "current_thread")]
async fn each_commit_is_a_record_in_a_chain() {
    let world = World::new();
    story(&world).await;

    world.publish().await;

    is_a_chain(&world, 3);
}

#[tokio::test(flavor = "current_thread")]
async fn a_batch_that_comes_again_changes_nothing() {
    let world = World::new();
    story(&world).await;
    let records = world.stream();
    assert_eq!(world.deliver(&records).await, None);
    let once = world.heard.vault.borrow().clone();

    assert_eq!(world.deliver(&records).await, None);

    assert_eq!(*world.heard.vault.borrow(), once);
}

#[tokio::test(flavor = "current_thread")]
async fn no_link_is_signed_to_what_is_not_the_record_before() {
    let world = World::new();
    story(&world).await;
    world.publish().await;
    let whole = world.heard.vault.borrow().clone();
    let place = |commit| format!("evidence/orders/records/{commit:012}.dsse.json");
    let of = |commit: u64| whole[&place(commit)].clone();
    for bogus in [b"<html></html>".to_vec(), of(1), of(3), Vec::new()] {
        let world = World::new();
        story(&world).await;
        let mut records = world.stream();
        // The third commit's, whose record before is what a reply makes it.
        let first = |commit: u64| {
            move |record: &serde_json::Value| {
                record["dynamodb"]["NewImage"]["sk"]["S"] == format!("RUN#{commit:012}")
            }
        };
        let rest = records.split_off(records.iter().position(first(3)).unwrap());
        assert_eq!(world.deliver(&records).await, None);
        let before = world
            .heard
            .vault
            .borrow_mut()
            .insert(place(2), bogus)
            .unwrap();

        assert!(world.deliver(&rest).await.is_some());

        assert!(!world.heard.vault.borrow().contains_key(&place(3)));
        world.heard.vault.borrow_mut().insert(place(2), before);
        assert_eq!(world.deliver(&rest).await, None);
        is_a_chain(&world, 3);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_call_that_fails_is_made_again_and_no_record_is_left_out() {
    // The last: the record was written, but nobody heard of it and no mark was set.
    for action in ["kms:Sign", "vault:Get", "vault:Create", "vault:Created"] {
        let world = World::new();
        story(&world).await;
        let mut records = world.stream();
        world.heard.fail(action, Trouble::Whole);

        let again = world.deliver(&records).await.unwrap();
        let is_next =
            |record: &serde_json::Value| record["dynamodb"]["SequenceNumber"] == again.as_str();
        let next = records.iter().position(is_next).unwrap();
        records.drain(..next);
        assert_eq!(world.deliver(&records).await, None);

        is_a_chain(&world, 3);
    }
}

/// The records of a commit, and those after it.
fn from_commit(records: &[Value], commit: u64) -> Vec<Value> {
    let sk = format!("RUN#{commit:012}");
    let first = |record: &Value| record["dynamodb"]["NewImage"]["sk"]["S"] == sk;
    records[records.iter().position(first).unwrap()..].to_vec()
}

/// The stream gave up on the second commit: the third waits for the sweep to tell it.
#[tokio::test(flavor = "current_thread")]
async fn a_record_waits_for_the_one_before_it_where_there_are_earlier_ones() {
    let world = World::new();
    story(&world).await;
    let records = world.stream();
    let (second, third) = (from_commit(&records, 2), from_commit(&records, 3));
    let first = &records[..records.len() - second.len()];
    assert_eq!(world.deliver(first).await, None);

    // Whether the reply says so, or doesn't come.
    for trouble in [None, Some(Trouble::Whole)] {
        if let Some(trouble) = trouble {
            world.heard.fail("vault:First", trouble);
        }
        assert!(world.deliver(&third).await.is_some());
        is_a_chain(&world, 1);
    }
    // All others were told.
    assert_eq!(world.heard.subjects().len(), 1);

    world.sweep(at(40)).await.unwrap();

    is_a_chain(&world, 3);
    assert_eq!(world.deliver(&third).await, None);
    is_a_chain(&world, 3);
}

#[tokio::test(flavor = "current_thread")]
async fn evidence_that_was_turned_on_later_begins_there_beside_other_plans() {
    let world = World::new();
    story(&world).await;
    let records = world.stream();
    let third = from_commit(&records, 3);
    let others = "evidence/orders-eu/records/000000000001.dsse.json".to_owned();
    let later = "evidence/orders/records/000000000004.dsse.json".to_owned();
    for place in [others, later] {
        world.heard.vault.borrow_mut().insert(place, Vec::new());
    }

    assert_eq!(world.deliver(&third).await, None);

    let vault = world.heard.vault.borrow();
    let stored = &vault["evidence/orders/records/000000000003.dsse.json"];
    let record = Record::open(stored, &[public_key()]).unwrap();
    assert_eq!((record.run.commit, record.previous), (3, None));
}
