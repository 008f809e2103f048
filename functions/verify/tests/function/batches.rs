// SPDX-License-Identifier: Apache-2.0
//! Batches of the run queue: one message's failure is its own.

use std::time::Duration;

use keyproof_verify::{Answer, Done, Function};
use serde_json::{Value, json};

use crate::support::{Fake, batch, environment, failures, handle, invocation};

#[tokio::test]
async fn only_the_messages_that_failed_come_again() {
    let fake = Fake::with_plan().await;
    let payload = batch(&[
        json!({"plan": "orders"}),
        json!({"plan": "invoices"}),
        json!("no JSON"),
        json!({"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}),
        json!({"plan": "orders", "trigger": "schedule"}),
    ]);

    let (answer, log) = handle(&fake, &payload).await;

    assert_eq!(failures(answer), ["m1", "m2", "m3"]);
    assert_eq!(fake.runs(), 2);
    assert_eq!(fake.store().state("orders").await.unwrap().commit, 2);
    let told: Vec<_> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["message"] == "not carried out")
        .map(|line| (line["message_id"].clone(), line["error_type"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!("m1"), json!("PlanNotFound")),
            (json!("m2"), json!("InvalidRequest")),
            (json!("m3"), json!("InvalidRequest")),
        ]
    );
}

#[tokio::test]
async fn the_answer_is_what_lambda_reads() {
    let fake = Fake::with_plan().await;

    let (answer, _) = handle(&fake, &batch(&[json!({"plan": "invoices"})])).await;

    assert_eq!(
        serde_json::to_value(answer.unwrap()).unwrap(),
        json!({"batchItemFailures": [{"itemIdentifier": "m0"}]})
    );
    let (answer, _) = handle(&fake, &batch(&[json!({"plan": "orders"})])).await;
    assert_eq!(
        serde_json::to_value(answer.unwrap()).unwrap(),
        json!({"batchItemFailures": []})
    );
}

#[tokio::test]
async fn a_batch_of_something_else_is_refused_whole() {
    let fake = Fake::with_plan().await;

    for records in [
        json!([{"messageId": "m", "body": "{}", "eventSource": "aws:kinesis"}]),
        json!([{"eventSource": "aws:sqs"}]),
        json!("none"),
    ] {
        let (answer, _) = handle(&fake, &json!({"Records": records})).await;

        assert_eq!(answer.unwrap_err().name(), "InvalidRequest");
    }
    assert_eq!(fake.runs(), 0);
}

#[tokio::test]
async fn a_message_for_which_no_time_is_left_comes_again() {
    let fake = Fake::with_plan().await;
    let function = Function::new(&fake, environment);
    let payload = batch(&[json!({"plan": "orders"}), json!({"plan": "orders"})]);

    let answer = function
        .handle(
            &payload,
            &invocation(Duration::from_secs(9)),
            &mut Vec::new(),
        )
        .await;

    assert_eq!(failures(answer), ["m1"]);
    assert_eq!(fake.runs(), 1);
}

#[tokio::test]
async fn a_request_before_its_time_goes_back_into_the_queue() {
    let fake = Fake::with_plan().await;
    let payload =
        json!({"plan": "orders", "trigger": "recheck", "not_before": "2026-01-15T03:20:05Z"});

    let (answer, _) = handle(&fake, &payload).await;

    assert_eq!(answer.unwrap(), Answer::Done(Done::Postponed));
    let sent = fake.stack().queue.take();
    let (again, delay) = sent.first().unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), payload);
    assert_eq!(*delay, Duration::from_mins(16));
    assert_eq!(fake.runs(), 0);

    fake.wait(16 * 60);
    handle(&fake, &payload).await.0.unwrap();
    assert_eq!(fake.runs(), 1);
}
