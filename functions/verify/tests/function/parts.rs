// SPDX-License-Identifier: Apache-2.0
//! Changes that concern a part of a plan too large for one invocation: what is run, and what is said of the
//! rest.

use keyproof_state::RunRequest;
use keyproof_store::Reports;
use keyproof_verdict::{PartRow, Report, Verdict};
use keyproof_verify::{Answer, Done, Limits, StepAnswer};
use serde_json::{Value, json};

use crate::changes::{event, fanned_out};
use crate::large::{limited, step};
use crate::support::{Fake, ID, handle};

/// The key in the events of `events/change`.
const CHANGED: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

fn key(number: usize) -> String {
    format!("0000000{number}-12ab-34cd-56ef-1234567890ab")
}

/// Six tables, each of a key of its own; `reader` reads all, `outsider` must not read the last three.
fn plan() -> String {
    let name = |number| format!("t{number}");
    let table = |number| {
        let key = format!("arn:aws:kms:us-east-1:111122223333:key/{}", key(number));
        let canary = json!({"key": {"pk": {"S": "c"}}});
        (
            name(number),
            json!({"table": format!("table-{number}"), "key": key, "canary": canary}),
        )
    };
    let tables: serde_json::Map<_, _> = (0..6).map(table).collect();
    let role = |role| json!({"role": format!("arn:aws:iam::111122223333:role/{role}")});
    json!({
        "keyproof": "plan/v1", "name": "orders", "region": "us-east-1", "tables": tables,
        "principals": {"reader": role("reader"), "outsider": role("outsider")},
        "expectations": [
            {"principal": "reader", "on": (0..6).map(name).collect::<Vec<_>>(),
             "actions": ["dynamodb:GetItem"], "decision": "allowed"},
            {"principal": "outsider", "on": (3..6).map(name).collect::<Vec<_>>(),
             "actions": ["dynamodb:GetItem"], "decision": "denied", "by": "kms"},
        ],
    })
    .to_string()
}

/// A stack with the plan, of whose fifteen probes one invocation carries four out, and a run of the whole.
async fn world() -> Fake {
    let fake = limited(&plan()).await;
    let request = RunRequest {
        run_id: keyproof_state::ulid(ID),
        ..RunRequest::new("orders", "schedule")
    };
    assert!(matches!(
        deliver(&fake, &request).await,
        Answer::Done(Done::HandedOver { .. })
    ));
    let shards = in_shards(&fake).await;
    assert_eq!(shards, 5);
    fake
}

/// What a change of this key starts: the run at once, and the one when it has settled.
async fn changed(fake: &Fake, event: &Value) -> (RunRequest, RunRequest) {
    assert_eq!(fanned_out(fake, event).await, ["orders"]);
    let mut sent = fake.stack().queue.take().into_iter();
    (sent.next().unwrap().0, sent.next().unwrap().0)
}

fn set(event: &mut Value, pointer: &str, text: &str) {
    *event.pointer_mut(pointer).unwrap() = text.into();
}

fn of_key(number: usize) -> Value {
    let text = event("kms-put-key-policy").to_string();
    let mut event: Value = serde_json::from_str(&text.replace(CHANGED, &key(number))).unwrap();
    set(&mut event, "/detail/eventID", &format!("of-key-{number}"));
    event
}

fn of_role(role: &str) -> Value {
    let mut event = event("iam-attach-role-policy");
    set(&mut event, "/detail/requestParameters/roleName", role);
    event
}

async fn deliver(fake: &Fake, request: &RunRequest) -> Answer {
    let payload = serde_json::to_value(request).unwrap();
    handle(fake, &payload).await.0.unwrap()
}

/// Carries the run that was handed over out; how many shards it took.
async fn in_shards(fake: &Fake) -> usize {
    let run = {
        let runs = fake.handed_over.as_ref().unwrap().lock().unwrap();
        serde_json::to_value(runs.last().unwrap()).unwrap()
    };
    let StepAnswer::Cut { shards, .. } = step(fake, "cut", &json!({}), &run).await else {
        panic!("the plan is cut");
    };
    for shard in 0..shards {
        step(fake, "shard", &json!({"shard": shard}), &run).await;
    }
    step(fake, "collect", &json!({}), &run).await;
    shards
}

async fn committed(fake: &Fake, commit: u64) -> Report {
    let run = fake.store().run("orders", commit).await.unwrap().unwrap();
    let text = match run.report {
        Some(text) => text,
        None => fake
            .stack()
            .reports
            .get(&run.report_key.unwrap())
            .await
            .unwrap()
            .unwrap(),
    };
    Report::from_json(&text).unwrap()
}

fn ids(report: &Report) -> Vec<&str> {
    report.probes.iter().map(|row| row.id.as_str()).collect()
}

#[tokio::test]
async fn a_change_of_one_key_runs_its_table_at_once_and_leaves_the_rest_as_it_was() {
    let fake = world().await;
    let before = fake.store().state("orders").await.unwrap();

    let (now, later) = changed(&fake, &of_key(4)).await;
    let answer = deliver(&fake, &now).await;

    let Answer::Report(report) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        ids(&report),
        [
            "t4/encryption",
            "reader/dynamodb:GetItem/t4",
            "outsider/dynamodb:GetItem/t4"
        ]
    );
    let touching = vec![format!("KEY#{}", key(4))];
    assert_eq!(report.part, Some(PartRow { of: 15, touching }));
    assert_eq!(
        report.notes.first().map(|note| note.text.clone()),
        Some(format!(
            "a part of the plan: the 3 of its 15 probes that a change of `KEY#{}` may concern; of the others \
             nothing is said",
            key(4)
        ))
    );
    let after = fake.store().state("orders").await.unwrap();
    assert_eq!((after.commit, after.probes.len()), (2, 15));
    assert_eq!(
        (&after.last_run, &after.last_pass),
        (&before.last_run, &before.last_pass)
    );
    let run = fake.store().run("orders", 2).await.unwrap().unwrap();
    assert_eq!(run.part, report.part);
    // And once more when it has settled.
    fake.wait(360);
    assert!(
        matches!(deliver(&fake, &later).await, Answer::Report(report) if report.part.is_some())
    );
}

#[tokio::test]
async fn a_part_that_is_large_itself_is_run_in_shards_of_its_own() {
    let fake = world().await;

    let (now, _) = changed(&fake, &of_role("outsider")).await;
    let answer = deliver(&fake, &now).await;
    assert!(
        matches!(answer, Answer::Done(Done::HandedOver { .. })),
        "{answer:?}"
    );
    let shards = in_shards(&fake).await;

    assert_eq!(shards, 3);
    let report = committed(&fake, 2).await;
    let tables: std::collections::BTreeSet<_> = report
        .probes
        .iter()
        .filter_map(|row| row.table.clone())
        .collect();
    assert_eq!(tables.into_iter().collect::<Vec<_>>(), ["t3", "t4", "t5"]);
    assert_eq!(
        (report.summary.planned, report.summary.verdict),
        (9, Verdict::Pass)
    );
    assert_eq!(report.part.as_ref().map(|part| part.of), Some(15));
    let lines: Vec<_> = report.probes.iter().map(|row| row.line).collect();
    let whole = committed(&fake, 1).await;
    let of_whole: Vec<_> = (whole.probes.iter())
        .filter(|row| ids(&report).contains(&row.id.as_str()))
        .map(|row| row.line)
        .collect();
    assert_eq!(
        lines, of_whole,
        "a row knows where its probe stands in the whole plan"
    );
    assert_eq!(fake.store().state("orders").await.unwrap().probes.len(), 15);
}

#[tokio::test]
async fn a_shard_of_a_part_that_died_is_blind_and_the_rest_untouched() {
    let fake = world().await;
    let (now, _) = changed(&fake, &of_role("outsider")).await;
    deliver(&fake, &now).await;
    let run = {
        let runs = fake.handed_over.as_ref().unwrap().lock().unwrap();
        serde_json::to_value(runs.last().unwrap()).unwrap()
    };
    step(&fake, "cut", &json!({}), &run).await;
    for shard in [0, 2] {
        step(&fake, "shard", &json!({"shard": shard}), &run).await;
    }

    let collected = step(&fake, "collect", &json!({}), &run).await;

    assert_eq!(
        collected,
        StepAnswer::Collected {
            commit: 2,
            dead: vec![1]
        }
    );
    let state = fake.store().state("orders").await.unwrap();
    let summary = state.summary().unwrap();
    assert_eq!(
        (summary.verdict, summary.pass, summary.inconclusive),
        (Verdict::Inconclusive, 12, 3)
    );
    assert_eq!(state.last_run.unwrap().summary.verdict, Verdict::Pass);
}

#[tokio::test]
async fn what_reaches_everything_or_nobody_knows_how_far_runs_the_whole() {
    for event in [of_role("reader"), event("iam-create-policy-version")] {
        let fake = world().await;
        let (now, _) = changed(&fake, &event).await;

        assert!(matches!(
            deliver(&fake, &now).await,
            Answer::Done(Done::HandedOver { .. })
        ));

        assert_eq!(in_shards(&fake).await, 5);
        let report = committed(&fake, 2).await;
        assert_eq!((report.summary.planned, report.part), (15, None));
    }
}

#[tokio::test]
async fn a_plan_that_was_never_run_whole_or_fits_an_invocation_is_run_whole() {
    let fake = world().await;
    fake.push(&format!("{}\n", plan())).await;
    let (now, _) = changed(&fake, &of_key(4)).await;
    let answer = deliver(&fake, &now).await;
    assert!(
        matches!(answer, Answer::Done(Done::HandedOver { .. })),
        "{answer:?}"
    );
    assert_eq!(
        in_shards(&fake).await,
        5,
        "its new version has not been seen"
    );

    let mut fake = world().await;
    if let Some(stack) = fake.stack.as_mut() {
        stack.limits = Limits::default();
    }
    let (now, _) = changed(&fake, &of_key(4)).await;
    assert!(!now.part);
    assert!(
        matches!(deliver(&fake, &now).await, Answer::Report(report) if report.summary.planned == 15)
    );
}

#[tokio::test]
async fn the_second_run_of_a_part_covers_no_other_s() {
    let fake = world().await;
    let (_, whole) = changed(&fake, &event("iam-create-policy-version")).await;
    fake.wait(30);
    let (_, first) = changed(&fake, &of_key(1)).await;
    fake.wait(30);
    let (_, second) = changed(&fake, &of_key(4)).await;

    fake.wait(360);
    // Another key's: each is run; and the whole is, for all that a part came after it.
    for (request, rows) in [(&first, 2), (&second, 3)] {
        let answer = deliver(&fake, request).await;
        assert!(
            matches!(&answer, Answer::Report(report) if report.probes.len() == rows),
            "{answer:?}"
        );
    }
    let answer = deliver(&fake, &whole).await;
    assert!(
        matches!(answer, Answer::Done(Done::HandedOver { .. })),
        "{answer:?}"
    );
}
