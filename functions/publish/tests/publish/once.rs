// SPDX-License-Identifier: Apache-2.0
//! Exactly once and in order, however the stream is delivered.

use serde_json::Value;

use crate::world::{Trouble, World, at, failing, passing, widened};

/// Six runs: well, widened, rolled back, locked out, confirmed, well.
async fn story(world: &World) {
    world.commit(&passing(0)).await;
    world.commit(&widened(10)).await;
    world.commit(&passing(20)).await;
    world
        .commit(&failing(30, &["reader/dynamodb:GetItem/orders"]))
        .await;
    world
        .commit(&failing(37, &["reader/dynamodb:GetItem/orders"]))
        .await;
    world.commit(&passing(50)).await;
}

/// What the story tells the bus: each run, then what it changed.
fn events() -> Vec<String> {
    let mut ids = Vec::new();
    for (commit, entries) in [(1, 12), (2, 3), (3, 3), (4, 1), (5, 1), (6, 1)] {
        ids.push(format!("orders/{commit}"));
        ids.extend((0..entries).map(|index| format!("orders/{commit}/{index}")));
    }
    ids
}

fn pages() -> Vec<String> {
    [
        "keyproof: EXPOSED: outsider gets into orders [orders]",
        "keyproof: RECOVERED: outsider is kept out of orders [orders]",
        "keyproof: LOCKED OUT, confirmed: reader is kept out of orders [orders]",
        "keyproof: RECOVERED: reader gets into orders [orders]",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Whether each sink was told all of it, once.
#[track_caller]
fn told_once(world: &World) {
    let mut ids = world.heard.event_ids();
    // A run and what it changed are written at once: either may come first.
    let mut expected = events();
    for ids in [&mut ids, &mut expected] {
        ids.sort_by_key(|id| {
            let numbers = id
                .split('/')
                .skip(1)
                .map(|part| part.parse::<u64>().unwrap());
            numbers.collect::<Vec<_>>()
        });
    }
    assert_eq!(ids, expected);
    assert_eq!(world.heard.subjects(), pages());
    assert_eq!(world.heard.findings.borrow().len(), 12 + 3 + 3 + 1 + 1);
    assert_eq!(world.heard.objects.borrow().len(), 5);
    // By plan, by three tables… and by three principals: the same lines for each of six runs.
    let lines = world.heard.log_lines();
    let by_plan = |line: &&Value| line["table"].is_null() && line["principal"].is_null();
    assert_eq!(lines.iter().filter(by_plan).count(), 6);
}

#[tokio::test]
async fn one_batch_is_told_in_the_order_of_its_commits() {
    let world = World::new();
    story(&world).await;

    world.publish().await;

    let commits: Vec<u64> = world
        .heard
        .event_ids()
        .iter()
        .map(|id| id.split('/').nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(commits.is_sorted(), "{commits:?}");
    told_once(&world);
}

#[tokio::test]
async fn a_batch_that_comes_twice_is_told_once() {
    let world = World::new();
    story(&world).await;
    let records = world.stream();

    for _ in 0..2 {
        assert_eq!(world.deliver(&records).await, None);
    }

    told_once(&world);
}

#[tokio::test]
async fn a_stream_cut_anywhere_is_told_once() {
    for size in [1, 2, 3, 5] {
        let world = World::new();
        story(&world).await;

        for batch in world.stream().chunks(size) {
            assert_eq!(world.deliver(batch).await, None);
        }

        told_once(&world);
    }
}

/// Delivers as Lambda does after a failure: from the failed record on.
async fn deliver_to_the_end(world: &World, records: &[Value]) -> usize {
    let mut start = 0;
    for deliveries in 1..100 {
        match world.deliver(&records[start..]).await {
            None => return deliveries,
            Some(number) => {
                let place = records
                    .iter()
                    .position(|record| record["dynamodb"]["SequenceNumber"] == *number);
                start = place.unwrap();
            }
        }
    }
    panic!("it never ends");
}

#[tokio::test]
async fn whatever_fails_in_the_middle_each_sink_is_told_once() {
    let actions = [
        "events:PutEvents",
        "sns:Publish",
        "securityhub:BatchImportFindings",
        "s3:PutObject",
    ];
    for action in actions {
        for failures in 1..=4 {
            let world = World::new();
            story(&world).await;
            for _ in 0..failures {
                world.heard.fail(action, Trouble::Whole);
            }

            let deliveries = deliver_to_the_end(&world, &world.stream()).await;

            assert_eq!(deliveries, failures + 1, "{action}");
            told_once(&world);
        }
    }
}

#[tokio::test]
async fn an_event_that_is_refused_alone_is_put_alone() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world.heard.fail("events:PutEvents", Trouble::Part(0));
    world.heard.fail("events:PutEvents", Trouble::Part(0));
    let records = world.stream();

    let deliveries = deliver_to_the_end(&world, &records).await;

    assert_eq!(deliveries, 3);
    let mut ids = world.heard.event_ids();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), world.heard.events.borrow().len()), (13, 13));
}

#[tokio::test]
async fn a_sink_that_fails_holds_up_no_other() {
    let world = World::new();
    story(&world).await;
    // The hub takes nothing at all.
    for _ in 0..100 {
        world
            .heard
            .fail("securityhub:BatchImportFindings", Trouble::Whole);
    }
    let records = world.stream();

    let failed = world.deliver(&records).await;

    assert!(failed.is_some());
    assert_eq!(world.heard.subjects(), pages());
    assert_eq!(world.heard.events.borrow().len(), events().len());
    assert_eq!(world.heard.findings.borrow().len(), 0);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_holds_up_its_plan_and_comes_again() {
    let world = World::new();
    story(&world).await;
    let mut records = world.stream();
    let place = records
        .iter()
        .position(|record| record["dynamodb"]["NewImage"]["sk"]["S"] == "RUN#000000000003")
        .unwrap();
    // As a later version would write it.
    records[place]["dynamodb"]["NewImage"]["schema"] = serde_json::json!({"N": "2"});

    let failed = world.deliver(&records).await;

    let expected = records[place]["dynamodb"]["SequenceNumber"]
        .as_str()
        .unwrap();
    assert_eq!(failed.as_deref(), Some(expected));
    let ids = world.heard.event_ids();
    let later = ids
        .iter()
        .filter(|id| id.starts_with("orders/4") || id.starts_with("orders/6"));
    assert_eq!(later.count(), 0, "{ids:?}");
}

#[tokio::test]
async fn what_is_no_insert_of_the_outbox_is_told_to_nobody() {
    let world = World::new();
    story(&world).await;
    let mut records = world.stream();
    for record in &mut records {
        record["eventName"] = "MODIFY".into();
    }

    assert_eq!(world.deliver(&records).await, None);

    assert_eq!(world.heard.events.borrow().len(), 0);
}

#[tokio::test]
async fn a_commit_can_be_published_again_by_name_and_is_told_once() {
    let world = World::new();
    story(&world).await;
    let ask = |commit: u64| serde_json::json!({"publish": {"plan": "orders", "commit": commit}});

    for commit in [1, 2, 3, 4, 5, 6, 6] {
        world.invoke(ask(commit), at(60)).await.unwrap();
    }
    let unknown = world.invoke(ask(7), at(60)).await;

    told_once(&world);
    assert_eq!(
        unknown.unwrap_err(),
        "NoCommit: the plan `orders` has no commit 7"
    );
}
