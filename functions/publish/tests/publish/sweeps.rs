// SPDX-License-Identifier: Apache-2.0
//! What a sweep sees and does.

use keyproof_state::RunRequest;
use keyproof_verdict::Finding;
use serde_json::{Value, json};

use crate::world::{Trouble, World, at, excepted, failing, inconclusive, passing, widened};

const DAY: i64 = 24 * 60;

/// The runs that were asked for.
fn asked(world: &World) -> Vec<RunRequest> {
    world
        .queue
        .take()
        .into_iter()
        .map(|(request, _)| request)
        .collect()
}

fn due(trigger: &str) -> Vec<RunRequest> {
    vec![RunRequest::new("orders", trigger)]
}

/// The newest line that a sweep wrote of the plan.
fn newest(world: &World) -> Value {
    let mut lines = world.heard.log_lines();
    let of_a_sweep = lines.iter().rposition(|line| !line["Overdue"].is_null());
    lines.swap_remove(of_a_sweep.unwrap())
}

/// `Overdue` and `InconclusiveMinutes` of it.
fn silence(world: &World) -> (Value, Value) {
    let line = newest(world);
    (line["Overdue"].clone(), line["InconclusiveMinutes"].clone())
}

#[tokio::test]
async fn a_plan_without_a_run_in_its_interval_is_overdue() {
    let world = World::new();
    world.push().await;
    let mut seen = Vec::new();

    // Pushed at 0, every 30 minutes, ten minutes of grace.
    for minutes in [39, 41] {
        world.sweep(at(minutes)).await.unwrap();
        seen.push(silence(&world).0);
    }
    world.commit(&passing(45)).await;
    for minutes in [46, 85, 86] {
        world.sweep(at(minutes)).await.unwrap();
        seen.push(silence(&world).0);
    }

    assert_eq!(seen, [0, 1, 0, 0, 1].map(|overdue| json!(overdue)));
    assert_eq!(asked(&world), []);
}

/// The stack pushes what inventories come to each day, whether their plans run or not.
#[tokio::test]
async fn a_push_puts_off_no_run_that_is_waited_for() {
    let world = World::new();
    world.push().await;
    let mut seen = Vec::new();
    for (minutes, description) in [(35, "a"), (70, "b")] {
        world.push_another(description, at(minutes)).await;
        world.sweep(at(minutes + 10)).await.unwrap();
        seen.push(silence(&world).0);
    }
    world.commit(&passing(90)).await;
    world.push_another("c", at(125)).await;
    for minutes in [129, 131] {
        // The evidence of the run is refused: its report is of none of these texts.
        world.sweep(at(minutes)).await.unwrap_err();
        seen.push(silence(&world).0);
    }

    assert_eq!(seen, [1, 1, 0, 1].map(|overdue| json!(overdue)));
}

#[tokio::test]
async fn how_long_a_plan_has_known_nothing_is_counted_from_the_oldest_probe() {
    let world = World::new();
    world.push().await;
    world.commit(&passing(0)).await;
    world.sweep(at(5)).await.unwrap();
    let before = silence(&world).1;
    world
        .commit(&failing(10, &["outsider/dynamodb:Scan/orders"]))
        .await;
    world
        .commit(&failing(40, &["outsider/dynamodb:Scan/orders"]))
        .await;

    world.sweep(at(55)).await.unwrap();

    assert_eq!((before, silence(&world).1), (json!(0), json!(45)));
}

/// Where another plan passes meanwhile, `Fail` of its run must not stand for this one.
#[tokio::test]
async fn what_fails_is_counted_at_each_sweep_until_a_run_has_seen_it_mended() {
    let world = World::new();
    world.push().await;
    let mut seen = Vec::new();
    let runs = [
        passing(0),
        widened(10),
        excepted(widened(40), "in_force", "2026-11-25"),
        widened(70),
        passing(100),
    ];
    for (run, minutes) in runs.iter().zip([0, 10, 40, 70, 100]) {
        world.commit(run).await;
        for later in [5, 10] {
            world.sweep(at(minutes + later)).await.unwrap();
            let line = newest(&world);
            let metrics = &line["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(metrics["Dimensions"], json!([["plan"]]));
            let all = metrics["Metrics"].as_array().unwrap();
            let named = all.iter().any(|metric| metric["Name"] == "Failing");
            seen.push(json!([named, line["Failing"]]));
        }
    }

    let counts = [0, 0, 3, 3, 0, 0, 3, 3, 0, 0];
    assert_eq!(seen, counts.map(|count| json!([true, count])));
}

#[tokio::test]
async fn another_reason_to_know_nothing_does_not_begin_the_count_anew() {
    let probe = "outsider/dynamodb:Scan/orders";
    let world = World::new();
    world.push().await;
    world.commit(&passing(0)).await;
    let mut seen = Vec::new();
    for (minutes, finding) in [
        (10, Finding::Blind),
        (40, Finding::NoWitness),
        (70, Finding::Blind),
    ] {
        world.commit(&inconclusive(minutes, probe, finding)).await;
        world.sweep(at(minutes + 5)).await.unwrap();
        seen.push(silence(&world).1);
    }
    // A run that found something out ends it.
    world.commit(&passing(100)).await;
    world
        .commit(&inconclusive(130, probe, Finding::NoWitness))
        .await;
    world.sweep(at(135)).await.unwrap();
    seen.push(silence(&world).1);

    assert_eq!(seen, [5, 35, 65, 5].map(|minutes| json!(minutes)));
}

#[tokio::test]
async fn a_reminder_is_due_after_a_day_without_a_run() {
    let world = World::new();
    world.push().await;
    world.commit(&passing(0)).await;
    world.commit(&widened(10)).await;

    world.sweep(at(10 + DAY - 1)).await.unwrap();
    let early = asked(&world);
    world.sweep(at(10 + DAY + 1)).await.unwrap();
    let due_now = asked(&world);
    world.commit(&widened(10 + DAY + 1)).await;
    world.sweep(at(10 + DAY + 2)).await.unwrap();

    assert_eq!((early, due_now), (vec![], due("reminder")));
    assert_eq!(asked(&world), []);
}

#[tokio::test]
async fn a_lost_confirmation_is_asked_for_again() {
    let reader = &["reader/dynamodb:GetItem/orders"];
    let world = World::new();
    world.push().await;
    world.commit(&passing(0)).await;
    world.commit(&failing(10, reader)).await;

    world.sweep(at(24)).await.unwrap();
    let early = asked(&world);
    world.sweep(at(25)).await.unwrap();
    let due_now = asked(&world);
    world.commit(&failing(26, reader)).await;
    world.sweep(at(45)).await.unwrap();

    assert_eq!((early, due_now), (vec![], due("confirmation")));
    assert_eq!(asked(&world), []);
}

#[tokio::test]
async fn an_exception_that_has_expired_is_looked_at_the_day_after() {
    let world = World::new();
    world.push().await;
    world
        .commit(&excepted(widened(10), "in_force", "2026-11-25"))
        .await;

    // 2026-11-24T02:00 is the story's start; the exception holds to the end of the next day.
    world.sweep(at(DAY + 21 * 60 + 59)).await.unwrap();
    let early = asked(&world);
    world.sweep(at(DAY + 22 * 60 + 1)).await.unwrap();

    assert_eq!((early, asked(&world)), (vec![], due("exception")));
}

#[tokio::test]
async fn what_the_stream_lost_is_told_by_a_sweep_and_once() {
    let world = World::new();
    world.push().await;
    world.commit(&passing(0)).await;
    world.publish().await;
    world.commit(&widened(10)).await;
    // The stream's records are lost.
    let _ = world.stream();
    world.commit(&passing(20)).await;
    // The record of evidence waits for the one before it; all else is told.
    let records = world.stream();
    assert!(world.deliver(&records).await.is_some());
    assert_eq!(world.heard.subjects().len(), 1);

    world.sweep(at(24)).await.unwrap();
    let young = world.heard.subjects().len();
    for minutes in [26, 36, 75] {
        world.sweep(at(minutes)).await.unwrap();
    }

    assert_eq!(young, 1);
    assert_eq!(
        world.heard.subjects(),
        [
            "keyproof: RECOVERED: outsider is kept out of orders [orders]",
            "keyproof: EXPOSED: outsider gets into orders [orders]",
        ]
    );
    assert_eq!(world.heard.events.borrow().len(), 13 + 4 + 4);
    // The hub has the later standing already, and isn't told of the earlier.
    let findings = world.heard.findings.borrow();
    assert!(
        findings
            .iter()
            .all(|finding| finding["Compliance"]["Status"] == "PASSED")
    );
}

#[tokio::test]
async fn one_plan_that_cannot_be_told_fails_the_sweep_and_no_other() {
    let world = World::new();
    world.push().await;
    world.commit(&passing(0)).await;
    let _ = world.stream();
    world.heard.fail("sns:Publish", Trouble::Whole);
    world.heard.fail("events:PutEvents", Trouble::Whole);

    let failed = world.sweep(at(100)).await;
    let mended = world.sweep(at(105)).await;

    assert_eq!(
        failed.unwrap_err(),
        "Untold: 1 of 1 were not told to everybody; the log says whom and why"
    );
    assert_eq!(mended.unwrap(), json!({"done": 1}));
    assert_eq!(world.heard.events.borrow().len(), 13);
}

#[tokio::test]
async fn a_plan_that_was_removed_is_left_alone() {
    let world = World::new();
    world.push().await;
    world.publisher.store.remove("orders", at(1)).await.unwrap();

    world.sweep(at(10 * DAY)).await.unwrap();

    assert_eq!(world.heard.log_lines().len(), 0);
    assert_eq!(asked(&world), []);
}
