// SPDX-License-Identifier: Apache-2.0
//! CloudTrail's `LookupEvents` over the wire, with the real SDK, against an endpoint that answers as
//! AWS documents it. A case is a list of replies and what is made of them.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test helpers fail by panicking"
)]

use aws_credential_types::Credentials;
use keyproof_aws::Runner;
use keyproof_diagnose::{Aws, Event, LookUpEvents};
use keyproof_scripted::{
    ACCESS_KEY_ID, Reply, Request, Rule, SECRET_ACCESS_KEY, Script, Scripted, World,
};
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// An event as `LookupEvents` lists it: the record is a text in it.
fn listed(id: &str, record: &Value) -> Value {
    json!({
        "EventId": id, "EventName": "PutKeyPolicy", "ReadOnly": "false",
        "EventTime": 1_795_600_000.0, "EventSource": "kms.amazonaws.com", "Username": "ada",
        "Resources": [{"ResourceType": "AWS::KMS::Key", "ResourceName": KEY}],
        "CloudTrailEvent": record.to_string(),
    })
}

fn record(id: &str, at: &str) -> Value {
    json!({
        "eventVersion": "1.08", "eventName": "PutKeyPolicy", "eventID": id, "eventTime": at,
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada"},
        "requestParameters": {"keyId": KEY, "policyName": "default"},
    })
}

fn page(events: &[Value], next: Option<&str>) -> Reply {
    let mut page = json!({ "Events": events });
    if let Some(next) = next {
        page["NextToken"] = json!(next);
    }
    Reply::body(&page.to_string())
}

/// Looks the key's events up; each reply answers one call.
async fn look_up(replies: Vec<Reply>) -> (Result<Vec<Event>, String>, Vec<Request>) {
    let mut script = Script::new(World::default());
    for reply in replies {
        script = script.rule(Rule::new(reply).on("LookupEvents").of(KEY).times(1));
    }
    let endpoint = Scripted::start(script).await;
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test");
    let runner = Runner::with_credentials(credentials, endpoint.url(), "us-east-1");
    let aws = Aws::new(runner.await.unwrap().service_config(None), "us-east-1");

    let found = aws.look_up("eu-west-1", KEY).await;

    (found, endpoint.requests())
}

#[tokio::test]
async fn all_pages_are_read_in_the_region_that_is_asked_for() {
    let (first, second) = (
        record("e-1", "2026-11-25T10:00:00Z"),
        record("e-2", "2026-11-24T10:00:00Z"),
    );
    let pages = vec![
        page(&[listed("e-1", &first)], Some("more")),
        page(&[listed("e-2", &second)], None),
    ];

    let (found, requests) = look_up(pages).await;

    let event = |id: &str, at: &str, record: Value| Event {
        name: "PutKeyPolicy".to_owned(),
        id: id.to_owned(),
        at: at.to_owned(),
        record,
    };
    assert_eq!(
        found,
        Ok(vec![
            event("e-1", "2026-11-25T10:00:00Z", first),
            event("e-2", "2026-11-24T10:00:00Z", second),
        ])
    );
    let asked: Vec<_> = requests
        .iter()
        .map(|request| {
            (
                request.service,
                request.region.as_str(),
                request.body.clone(),
            )
        })
        .collect();
    let of_the_key = json!([{"AttributeKey": "ResourceName", "AttributeValue": KEY}]);
    assert_eq!(
        asked,
        [
            (
                "cloudtrail",
                "eu-west-1",
                json!({"LookupAttributes": of_the_key})
            ),
            (
                "cloudtrail",
                "eu-west-1",
                json!({"LookupAttributes": of_the_key, "NextToken": "more"})
            ),
        ]
    );
}

#[tokio::test]
async fn an_event_without_a_record_that_can_be_read_is_passed_over() {
    let mut torn = listed("e-1", &json!({}));
    torn["CloudTrailEvent"] = json!("{\"eventName\": ");
    let whole = listed("e-2", &record("e-2", "2026-11-24T10:00:00Z"));

    let (found, _) = look_up(vec![page(&[torn, whole], None)]).await;

    let ids: Vec<String> = found.unwrap().into_iter().map(|event| event.id).collect();
    assert_eq!(ids, ["e-2"]);
}

#[tokio::test]
async fn a_call_that_comes_too_soon_is_made_again() {
    let found = page(
        &[listed("e-1", &record("e-1", "2026-11-24T10:00:00Z"))],
        None,
    );

    let (found, requests) = look_up(vec![Reply::throttled(), found]).await;

    assert_eq!((found.unwrap().len(), requests.len()), (1, 2));
}

#[tokio::test]
async fn a_refusal_is_told() {
    let refusal = Reply::error(
        400,
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/runner is not authorized to perform: cloudtrail:LookupEvents",
    );

    let (found, _) = look_up(vec![refusal]).await;

    assert_eq!(
        found,
        Err(format!(
            "cloudtrail:LookupEvents of `{KEY}`: AccessDeniedException: User: \
             arn:aws:iam::111122223333:user/runner is not authorized to perform: cloudtrail:LookupEvents"
        ))
    );
}

#[tokio::test]
async fn an_endpoint_without_a_trail_has_no_events() {
    let (found, requests) = look_up(vec![]).await;

    assert_eq!((found, requests.len()), (Ok(vec![]), 1));
}
