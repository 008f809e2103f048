// SPDX-License-Identifier: Apache-2.0
//! The queue of runs, over HTTP.

use std::time::Duration;

use aws_credential_types::Credentials;
use keyproof_aws::Runner;
use keyproof_scripted::{ACCESS_KEY_ID, Reply, Rule, SECRET_ACCESS_KEY, Script, Scripted, World};
use keyproof_state::RunRequest;
use keyproof_store::{RunQueue, SqsQueue};
use serde_json::json;

/// What comes of asking for a run where the queue answers so, and what the queue was asked.
async fn sent(reply: &str) -> (Result<(), String>, Vec<serde_json::Value>) {
    let rule = Rule::new(Reply::body(reply)).on("SendMessage");
    let endpoint = Scripted::start(Script::new(World::of_any_table(json!({}))).rule(rule)).await;
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test");
    let runner = Runner::with_credentials(credentials, endpoint.url(), "us-east-1")
        .await
        .unwrap();
    let queue = SqsQueue::new(&runner.service_config(None), "https://sqs.example/runs");
    let request = RunRequest::new("orders", "api");
    let came = queue.send(&request, Duration::from_secs(1_000)).await;
    let asked = endpoint.requests_of("SendMessage");
    (
        came.map_err(|error| error.to_string()),
        asked.into_iter().map(|request| request.body).collect(),
    )
}

#[tokio::test]
async fn a_message_is_sent_once_it_has_an_id_and_not_before() {
    let (came, asked) = sent(r#"{"MessageId": "5fea7756-0ea4-451a-a703-a558b933e274"}"#).await;
    assert_eq!(came, Ok(()));
    let [asked] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!(asked["QueueUrl"], "https://sqs.example/runs");
    // The longest that SQS knows.
    assert_eq!(asked["DelaySeconds"], 900);

    for reply in ["", "{}", r#"{"MessageId": ""}"#] {
        let (came, _) = sent(reply).await;
        let lacking = "cannot send to the run queue: the reply has no id of the message";
        assert_eq!(came, Err(lacking.to_owned()), "{reply:?}");
    }
}
