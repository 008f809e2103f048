// SPDX-License-Identifier: Apache-2.0
//! Runs of plans of the state table: started, committed, confirmed, and never twice.

use std::time::Duration;

use keyproof_state::{RunRequest, RunStage, ulid};
use keyproof_store::TableError;
use keyproof_verdict::{Finding, Report, Verdict};
use keyproof_verify::{Answer, Done, Function};
use serde_json::{Value, json};

use crate::support::{
    Fake, ID, PLAN, READ, batch, environment, failures, handle, invocation, report, request,
};

#[tokio::test]
async fn a_run_is_committed_with_the_report_that_is_answered() {
    let fake = Fake::with_plan().await;

    let (answer, log) = handle(&fake, &request(&json!({"run_id": ID, "trigger": "deploy"}))).await;

    let report = report(answer);
    let run = fake.store().run("orders", 1).await.unwrap().unwrap();
    assert_eq!(run.report, Some(report.to_json().unwrap()));
    assert_eq!(
        (
            run.run_id.as_str(),
            run.trigger.as_str(),
            run.seq,
            run.plan_version
        ),
        (ID, "deploy", 1, 1)
    );
    let status = fake.store().run_status(ID).await.unwrap().unwrap();
    assert_eq!(
        (status.status, status.commit, status.verdict),
        (RunStage::Done, Some(1), Some(Verdict::Pass))
    );
    let state = fake.store().state("orders").await.unwrap();
    assert_eq!(state.commit, 1);
    assert_eq!(state.probes.len(), 2);

    // One line, and no metrics: they are published from the table.
    let line: Value = serde_json::from_str(log.trim_end()).unwrap();
    assert_eq!(
        line,
        json!({
            "timestamp": "2026-01-15T03:04:05.250Z", "level": "INFO", "message": "report",
            "request_id": "a-request", "run_id": ID, "plan": "orders", "trigger": "deploy",
            "verdict": "pass", "commit": 1, "seq": 1, "late": false, "plan_version": 1,
            "entries": ["orders/1/0", "orders/1/1"],
            "report": serde_json::to_value(&report).unwrap(),
        })
    );
}

#[tokio::test]
async fn a_run_id_that_is_done_is_not_run_again() {
    let fake = Fake::with_plan().await;
    let payload = request(&json!({"run_id": ID}));
    handle(&fake, &payload).await.0.unwrap();
    let before = fake.store().table().items();

    let (answer, _) = handle(&fake, &payload).await;
    let (twice, _) = handle(&fake, &batch(&[payload.clone(), payload])).await;

    assert_eq!(answer.unwrap(), Answer::Done(Done::Before { commit: 1 }));
    assert_eq!(failures(twice), [] as [&str; 0]);
    assert_eq!(fake.runs(), 1);
    // All that has changed is the counter of starts.
    let count = |items: &[keyproof_state::Item]| items.len();
    assert_eq!(count(&fake.store().table().items()), count(&before));
    assert_eq!(fake.store().state("orders").await.unwrap().commit, 1);
}

#[tokio::test]
async fn the_same_message_delivered_twice_is_one_run() {
    let fake = Fake::with_plan().await;
    let delivered = batch(&[request(&json!({"trigger": "schedule"}))]);

    for _ in 0..2 {
        assert_eq!(failures(handle(&fake, &delivered).await.0), [] as [&str; 0]);
    }

    assert_eq!(fake.runs(), 1);
    assert_eq!(fake.store().state("orders").await.unwrap().commit, 1);
}

#[tokio::test]
async fn a_run_id_of_another_plan_is_refused() {
    let fake = Fake::with_plan().await;
    fake.push(&PLAN.replace(r#""orders""#, r#""invoices""#))
        .await;
    handle(&fake, &request(&json!({"run_id": ID})))
        .await
        .0
        .unwrap();

    let (answer, _) = handle(&fake, &json!({"plan": "invoices", "run_id": ID})).await;

    let error = answer.unwrap_err();
    assert_eq!(
        (error.name(), error.to_string().as_str()),
        (
            "InvalidRequest",
            "the run `01KEYPR00F0000000000000000` is one of the plan `orders`; a new run needs a new id"
        )
    );
}

#[tokio::test]
async fn the_plan_that_is_in_force_is_run() {
    let fake = Fake::with_plan().await;
    handle(&fake, &request(&json!({}))).await.0.unwrap();
    let changed = PLAN.replace("dynamodb:GetItem", "dynamodb:Scan");
    fake.push(&changed).await;

    let (answer, _) = handle(&fake, &request(&json!({}))).await;

    let ids: Vec<_> = report(answer)
        .probes
        .into_iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(ids, ["control/encryption", "reader/dynamodb:Scan/control"]);
    let run = fake.store().run("orders", 2).await.unwrap().unwrap();
    assert_eq!((run.plan_version, run.seq), (2, 2));
}

#[tokio::test]
async fn the_environment_is_no_fallback_for_a_plan_that_the_table_lacks() {
    let fake = Fake::with_stack();

    let (answer, _) = handle(&fake, &request(&json!({}))).await;
    let error = answer.unwrap_err();
    assert_eq!(
        (error.name(), error.to_string().as_str()),
        (
            "PlanNotFound",
            "there is no plan `orders`; the state table has none, store one with `keyproof plan push`"
        )
    );

    fake.push(&PLAN.replace(r#""orders""#, r#""invoices""#))
        .await;
    let (answer, _) = handle(&fake, &request(&json!({}))).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "there is no plan `orders`; the state table has `invoices`"
    );
}

#[tokio::test]
async fn an_event_without_a_name_means_the_only_plan() {
    let payload = json!({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}});
    let fake = Fake::with_plan().await;

    assert_eq!(report(handle(&fake, &payload).await.0).plan.name, "orders");

    fake.push(&PLAN.replace(r#""orders""#, r#""invoices""#))
        .await;
    let error = handle(&fake, &payload).await.0.unwrap_err();
    assert_eq!(
        (error.name(), error.to_string().as_str()),
        (
            "PlanNotNamed",
            "the request names no plan; the state table has `invoices`, `orders`"
        )
    );
}

#[tokio::test]
async fn a_late_function_still_commits() {
    let fake = Fake::with_plan().await;
    fake.will_see(Some(Finding::Blind));
    let function = Function::new(&fake, environment);

    function
        .handle(
            &request(&json!({})),
            &invocation(Duration::from_secs(1)),
            &mut Vec::new(),
        )
        .await
        .unwrap();

    let deadline = fake.asked.lock().unwrap().first().unwrap().1.deadline;
    assert_eq!(deadline, Some(Duration::from_millis(800)));
    let state = fake.store().state("orders").await.unwrap();
    assert_eq!(
        state.probes.get(READ).unwrap().standing.finding,
        Some(Finding::Blind)
    );
}

#[tokio::test]
async fn a_locked_out_asks_for_its_confirmation_six_minutes_later() {
    let fake = Fake::with_plan().await;
    fake.will_see(Some(Finding::LockedOut));

    handle(&fake, &request(&json!({"run_id": ID})))
        .await
        .0
        .unwrap();

    let sent = fake.stack().queue.take();
    let [(confirmation, delay)] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(*delay, Duration::from_mins(6));
    assert_eq!(
        confirmation,
        &RunRequest {
            run_id: confirmation.run_id,
            confirms: ulid(ID),
            not_before: Some("2026-01-15T03:10:05Z".parse().unwrap()),
            ..RunRequest::new("orders", "confirmation")
        }
    );

    // It still says so: a person is told. Then there is nothing more to ask.
    fake.wait(361);
    fake.will_see(Some(Finding::LockedOut));
    let message = serde_json::to_value(confirmation).unwrap();
    assert_eq!(
        failures(handle(&fake, &batch(&[message])).await.0),
        [] as [&str; 0]
    );
    let changes = fake.store().changes("orders", 2).await.unwrap();
    let entries: Vec<_> = changes
        .iter()
        .flat_map(|change| &change.entries)
        .map(|entry| (entry.kind.as_str(), entry.pages))
        .collect();
    assert_eq!(entries, [("confirmation", true)]);
    assert_eq!(fake.stack().queue.take(), []);
    let run = fake.store().run("orders", 2).await.unwrap().unwrap();
    assert_eq!(run.confirms.as_deref(), Some(ID));
}

#[tokio::test]
async fn exposed_asks_for_no_confirmation() {
    let fake = Fake::with_plan().await;
    fake.will_see(Some(Finding::Exposed));

    handle(&fake, &request(&json!({}))).await.0.unwrap();

    assert_eq!(fake.stack().queue.take(), []);
}

#[tokio::test]
async fn a_report_that_can_t_be_committed_is_in_the_log() {
    let fake = Fake::with_plan().await;
    let table = fake.store().table().clone();
    // The table fails when the report is there: on the reads of the commit.
    let function = Function::new(&fake, environment);
    let mut log = Vec::new();
    let error = TableError::Call {
        what: "read",
        table: "keyproof-state".to_owned(),
        why: "InternalServerError: try again".to_owned(),
        refused: false,
    };
    table.fail_after(4, error);

    let answer = function
        .handle(
            &request(&json!({"run_id": ID})),
            &invocation(Duration::from_mins(5)),
            &mut log,
        )
        .await;

    let error = answer.unwrap_err();
    assert_eq!(error.name(), "Retryable");
    let log = String::from_utf8(log).unwrap();
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(line["message"], "the report could not be committed");
    assert_eq!(line["level"], "ERROR");
    let report = Report::from_json(&line["report"].to_string()).unwrap();
    assert_eq!(report.run.id, ID);
    assert_eq!(fake.store().state("orders").await.unwrap().commit, 0);

    // Tried again, it is committed.
    handle(&fake, &request(&json!({"run_id": ID})))
        .await
        .0
        .unwrap();
    assert_eq!(fake.store().state("orders").await.unwrap().commit, 1);
}

#[tokio::test]
async fn a_function_without_credentials_fails_its_run() {
    let fake = Fake {
        refuses: true,
        ..Fake::with_plan().await
    };

    let error = handle(&fake, &request(&json!({"run_id": ID})))
        .await
        .0
        .unwrap_err();

    assert_eq!(error.name(), "CannotRun");
    let status = fake.store().run_status(ID).await.unwrap().unwrap();
    assert_eq!(
        (status.status, status.error),
        (RunStage::Failed, Some(error.to_string()))
    );
}
