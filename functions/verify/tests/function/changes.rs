// SPDX-License-Identifier: Apache-2.0
//! Changes of policies: which plans run, when, and what of it stands in their runs.

use std::time::Duration;

use keyproof_state::RunRequest;
use keyproof_verify::{Answer, Done};
use serde_json::{Value, json};

use crate::support::{Fake, batch, failures, handle};

/// A plan about a key, a table and a role; `name` is all that tells two of them apart.
fn plan(name: &str, key: &str, table: &str, role: &str) -> String {
    format!(
        r#"{{"keyproof": "plan/v1", "name": "{name}", "region": "us-west-2",
        "tables": {{"t": {{"table": "{table}", "key": "{key}", "canary": {{"key": {{"pk": {{"S": "c"}}}}}}}}}},
        "principals": {{"p": {{"role": "arn:aws:iam::111122223333:role/team/{role}"}}}},
        "expectations": [{{"principal": "p", "on": "t", "actions": ["dynamodb:GetItem"], "decision": "allowed"}}]}}"#
    )
}

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const OTHER: &str = "arn:aws:kms:us-west-2:111122223333:key/9999abcd-12ab-34cd-56ef-1234567890ab";

async fn world() -> Fake {
    let fake = Fake::with_stack();
    fake.push(&plan("by-key", KEY, "first", "one")).await;
    fake.push(&plan("by-alias", "alias/my_alias", "second", "two"))
        .await;
    fake.push(&plan("neither", OTHER, "Music", "reader")).await;
    fake
}

pub(crate) fn event(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/change");
    let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(crate) async fn fanned_out(fake: &Fake, payload: &Value) -> Vec<String> {
    match handle(fake, payload).await.0.unwrap() {
        Answer::Done(Done::FannedOut { plans }) => plans,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_event_runs_the_plans_that_it_may_concern_and_no_others() {
    let expected: [(&str, &[&str]); 9] = [
        ("dynamodb-put-resource-policy", &["neither"]),
        ("dynamodb-update-table", &["neither"]),
        ("iam-attach-role-policy", &["neither"]),
        (
            "iam-create-policy-version",
            &["by-alias", "by-key", "neither"],
        ),
        ("kms-create-grant", &["by-key"]),
        ("kms-put-key-policy", &["by-key"]),
        ("kms-retire-grant", &["by-key"]),
        ("kms-schedule-key-deletion", &["by-key"]),
        ("kms-update-alias", &["by-alias", "by-key"]),
    ];
    for (name, plans) in expected {
        let fake = world().await;

        assert_eq!(fanned_out(&fake, &event(name)).await, plans, "{name}");

        let sent: Vec<_> = (fake.stack().queue.take().into_iter())
            .map(|(request, delay)| (request.plan, request.trigger, delay.as_secs()))
            .collect();
        let expected: Vec<_> = plans
            .iter()
            .flat_map(|plan| {
                [("change", 0), ("recheck", 360)]
                    .map(|(trigger, delay)| ((*plan).to_owned(), trigger.to_owned(), delay))
            })
            .collect();
        assert_eq!(sent, expected, "{name}");
        assert_eq!(fake.runs(), 0, "a change is fanned out, never run at once");
    }
}

#[tokio::test]
async fn what_changes_nothing_runs_nothing() {
    for name in [
        "ignored/kms-create-grant-dry-run",
        "ignored/kms-put-key-policy-denied",
    ] {
        let fake = world().await;

        let (answer, _) = handle(&fake, &event(name)).await;

        assert_eq!(answer.unwrap(), Answer::Done(Done::Nothing), "{name}");
        assert_eq!(fake.stack().queue.take(), []);
    }
}

#[tokio::test]
async fn a_key_behind_an_alias_is_known_once_the_plan_has_run() {
    let fake = world().await;
    // As a run that looked behind the alias leaves it.
    let key = keyproof_state::Reference::key(KEY);
    fake.store().refer("by-alias", [key]).await.unwrap();

    let plans = fanned_out(&fake, &event("kms-put-key-policy")).await;

    assert_eq!(plans, ["by-alias", "by-key"]);
}

#[tokio::test]
async fn the_change_stands_in_the_runs_that_it_started() {
    let fake = world().await;
    let delivered = batch(&[event("kms-put-key-policy")]);
    assert_eq!(failures(handle(&fake, &delivered).await.0), [] as [&str; 0]);
    let sent = fake.stack().queue.take();
    let (first, _) = sent.first().unwrap();

    let message = serde_json::to_value(first).unwrap();
    assert_eq!(
        failures(handle(&fake, &batch(&[message])).await.0),
        [] as [&str; 0]
    );

    let run = fake.store().run("by-key", 1).await.unwrap().unwrap();
    assert_eq!(run.trigger, "change");
    assert_eq!(
        serde_json::to_value(run.change).unwrap(),
        json!({
            "event": "PutKeyPolicy", "source": "kms.amazonaws.com",
            "event_id": "c217db1f-903f-4a2f-8f88-9580182d6313", "at": "2022-09-01T20:06:16Z",
            "by": "arn:aws:iam::111122223333:user/Alice", "account": "111122223333",
            "touches": ["KEY#1234abcd-12ab-34cd-56ef-1234567890ab"],
            "document": KEY,
        })
    );
}

#[tokio::test]
async fn an_event_that_is_delivered_twice_asks_for_the_same_runs() {
    let fake = world().await;
    let ids = |sent: Vec<(RunRequest, Duration)>| {
        sent.into_iter()
            .map(|(request, _)| request.run_id.unwrap())
            .collect::<Vec<_>>()
    };

    fanned_out(&fake, &event("kms-put-key-policy")).await;
    let first = ids(fake.stack().queue.take());
    fanned_out(&fake, &event("kms-put-key-policy")).await;
    let second = ids(fake.stack().queue.take());

    assert_eq!(first, second);
    assert_ne!(first.first(), first.last());
}

#[tokio::test]
async fn a_later_change_s_second_run_covers_the_earlier_one_s() {
    let fake = world().await;
    fanned_out(&fake, &event("kms-put-key-policy")).await;
    let first = fake.stack().queue.take().pop().unwrap().0;
    fake.wait(60);
    fanned_out(&fake, &event("kms-create-grant")).await;
    let second = fake.stack().queue.take().pop().unwrap().0;
    let deliver = async |request: &RunRequest| {
        let payload = serde_json::to_value(request).unwrap();
        handle(&fake, &payload).await.0.unwrap()
    };

    fake.wait(300);
    assert_eq!(deliver(&first).await, Answer::Done(Done::Covered));
    assert_eq!(fake.runs(), 0);
    fake.wait(60);
    assert!(matches!(deliver(&second).await, Answer::Report(_)));

    // What was pending is settled: the next change begins anew.
    let head = fake.store().head("by-key").await.unwrap().unwrap();
    assert_eq!((head.recheck_at, head.recheck_since), (None, None));
}

#[tokio::test]
async fn changes_without_end_do_not_put_the_second_run_off_for_ever() {
    let fake = world().await;
    let mut covered = 0;
    let mut pending = Vec::new();
    // A change every two minutes for an hour.
    for _ in 0..30 {
        fanned_out(&fake, &event("kms-put-key-policy")).await;
        pending.push(fake.stack().queue.take().pop().unwrap().0);
        fake.wait(120);
        let due = pending
            .iter()
            .position(|request| request.not_before.unwrap() <= fake.now());
        if let Some(due) = due {
            let mut request = pending.remove(due);
            // Each event is one of its own.
            request.run_id = None;
            let payload = serde_json::to_value(request).unwrap();
            let answer = handle(&fake, &payload).await.0.unwrap();
            covered += usize::from(answer == Answer::Done(Done::Covered));
        }
    }

    assert!(fake.runs() >= 1, "{covered} were covered, none was run");
    assert!(covered >= 10, "{covered}");
}

#[tokio::test]
async fn a_plan_that_was_removed_is_asked_for_no_more() {
    let fake = world().await;
    fake.store().remove("by-key", fake.now()).await.unwrap();

    assert_eq!(
        fanned_out(&fake, &event("kms-put-key-policy")).await,
        [] as [&str; 0]
    );
}
