// SPDX-License-Identifier: Apache-2.0
//! What Lambda delivers: batches of the run queue, batches of the state table's stream, requests of
//! the HTTP API. Each goes through the deployed function's own code.

use std::sync::LazyLock;

use futures_util::FutureExt;
use jiff::Timestamp;
use keyproof_api::{Function, HttpRequest, Moment};
use keyproof_core::is_invisible;
use keyproof_plan::Plan;
use keyproof_publish::{
    Archive, Calling, Event, EventBus, Home, Invocation, Message, PublishMessage, Publisher,
    PutEvents, Record, Refused, Sink, Times, Topic,
};
use keyproof_state::{Item, Noun, RunItem, digest};
use keyproof_store::memory::{MemoryQueue, MemoryReports, MemoryTable};
use keyproof_store::{Every, Store, Table, Write};
use keyproof_verify::{Request, Step, messages};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::asked::Asked;
use crate::said;

/// What the verify function is invoked with, and what a message of its queue says: what is read is
/// the same when it is delivered again, so that it is the same run.
pub(crate) fn batch(text: &str) -> Vec<String> {
    let invoked: Option<Value> = serde_json::from_str(text).ok();
    if let Some(batch) = invoked
        .as_ref()
        .filter(|payload| payload.get("Records").is_some())
    {
        return invocation(batch);
    }
    let message = json!({
        "messageId": "1", "body": text, "eventSource": "aws:sqs",
        "attributes": {"SentTimestamp": "1768446245000"},
    });
    let mut refused = invocation(&json!({ "Records": [message] }));
    refused.extend(invoked.as_ref().map(invocation).unwrap_or_default());
    refused
}

fn invocation(payload: &Value) -> Vec<String> {
    match Step::read(payload) {
        Err(error) => return vec![error.to_string()],
        Ok(Some(_)) => return Vec::new(),
        Ok(None) => {}
    }
    let delivered = match messages(payload) {
        Err(error) => return vec![error.to_string()],
        Ok(None) => return said(Request::read(payload)).into_iter().collect(),
        Ok(Some(delivered)) => delivered,
    };
    let read = delivered.iter().map(|message| {
        let request = message.request();
        if let Ok(first) = &request {
            assert_eq!(message.request().ok().as_ref(), Some(first));
        }
        if let Ok(Request::Run(run)) = &request {
            assert!(run.run_id.is_some(), "delivered twice, it is two runs");
        }
        said(request)
    });
    read.flatten().collect()
}

/// A service that takes what it is told, as AWS's own does: an event's detail is JSON, a subject one
/// short line of ASCII, and no message acts on whoever reads it.
struct Ear;

impl PutEvents for Ear {
    fn put<'a>(&'a self, events: &'a [Event]) -> Calling<'a, Vec<Option<Refused>>> {
        for event in events {
            let _: Value = serde_json::from_str(&event.detail).unwrap();
        }
        Box::pin(async { Ok(vec![None; events.len()]) })
    }
}

impl PublishMessage for Ear {
    fn publish<'a>(&'a self, message: &'a Message) -> Calling<'a, ()> {
        let Message { subject, body, .. } = message;
        let plain = subject.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        assert!(plain && subject.len() < 100, "{subject:?}");
        let acts = body.chars().find(|&one| one != '\n' && is_invisible(one));
        assert_eq!(acts, None, "{body:?}");
        Box::pin(async { Ok(()) })
    }
}

/// A run of whatever plan and commit a change is of.
static RUN: LazyLock<RunItem> = LazyLock::new(|| {
    let report = include_str!("../../faults/tests/corpus/report/whole");
    let item = include_str!("../../faults/tests/corpus/item/whole");
    let run = RunItem::from_item(serde_json::from_str(item).unwrap()).unwrap();
    RunItem {
        report: Some(report.to_owned()),
        report_digest: digest(report.as_bytes()),
        ..run
    }
});

/// A batch of the state table's stream, or one image of it: what can be read is told to everybody.
pub(crate) fn stream(text: &str) -> Vec<String> {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let payload = match value.get("Records") {
        Some(_) => value,
        None => json!({"Records": [{
            "eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": value},
        }]}),
    };
    let table = MemoryTable::default();
    let images = payload.pointer("/Records").and_then(Value::as_array);
    let images = images.into_iter().flatten();
    let of_record = |record: &Value| record.pointer("/dynamodb/NewImage").cloned();
    // A record without one is refused as such.
    let images: Vec<Value> = images
        .map(|record| of_record(record).unwrap_or_default())
        .collect();
    let mut refused: Vec<String> = images
        .iter()
        .filter_map(|image| of(image, &table))
        .collect();
    let publisher = Publisher {
        store: Store::new(table),
        reports: None::<MemoryReports>,
        queue: None::<MemoryQueue>,
        sinks: sinks(),
        renew: None,
        times: Times::default(),
    };
    let home = Home::of("arn:aws:lambda:us-east-1:111122223333:function:publish").unwrap();
    let invocation = Invocation {
        home: &home,
        now: Timestamp::UNIX_EPOCH,
        time_is_up: &|| false,
    };
    let mut log = Vec::new();
    let answer = publisher.handle(&payload, &invocation, &mut log);
    match answer.now_or_never().unwrap() {
        Err(error) => refused.push(error.to_string()),
        Ok(answer) => {
            let failed = answer.pointer("/batchItemFailures/0").is_some();
            let why = "a record that can be read is told to nobody";
            assert!(!failed || !refused.is_empty(), "{why}: {payload}");
        }
    }
    refused
}

/// What is said against an image. The run of a change is put into the table.
fn of(image: &Value, table: &MemoryTable) -> Option<String> {
    let record = match Record::of_image(image) {
        Err(error) => return Some(error.to_string()),
        Ok(record) => record?,
    };
    assert_eq!(Record::plan_of_image(image), Some(record.plan()));
    if let Record::Change(change) = &record {
        let run = RunItem {
            plan: change.plan.clone(),
            commit: change.commit,
            ..RUN.clone()
        };
        put(table, run.to_item().unwrap());
    }
    None
}

fn put(table: &MemoryTable, item: Item) {
    let write = [Write::put(item)];
    table.write(&write).now_or_never().unwrap().unwrap();
}

fn sinks() -> Vec<Box<dyn Sink>> {
    let archive = Archive {
        table: "keyproof-state".to_owned(),
        bucket: Some("keyproof-reports".to_owned()),
        region: "us-east-1".to_owned(),
    };
    vec![
        Box::new(Topic::new(Ear, archive.clone())),
        Box::new(EventBus::new(Ear, archive)),
    ]
}

/// What a state table holds of one stored plan.
static STORED: LazyLock<Vec<Item>> = LazyLock::new(|| {
    let text = include_str!("../../../plans/orders.yaml");
    let plan = Plan::parse(text).unwrap();
    let table = MemoryTable::default();
    let store = Store::new(table.clone());
    let pushed = store.push(&plan, text, Every::Minutes(15), None, Timestamp::UNIX_EPOCH);
    pushed.now_or_never().unwrap().unwrap();
    put(&table, RUN.to_item().unwrap());
    table.items()
});

/// A request of the HTTP API, as API Gateway hands it over or as it is written on the wire: it is
/// answered, never as if the service were broken, and a run is asked for of a stored plan alone.
pub(crate) fn http(text: &str) -> Vec<String> {
    let read = |payload: Value| HttpRequest::deserialize(payload).ok();
    let handed = serde_json::from_str(text).ok().and_then(read);
    let Some(request) = handed.or_else(|| read(gateway(&Asked::read(text)))) else {
        return Vec::new();
    };
    let (table, queue) = (MemoryTable::default(), MemoryQueue::default());
    for item in STORED.iter() {
        put(&table, item.clone());
    }
    let function = Function::new(Store::new(table), MemoryReports::default(), queue.clone());
    let moment = Moment {
        now: Timestamp::UNIX_EPOCH,
        run_id: "01KEYPR00F0000000000000009".parse().unwrap(),
    };
    let response = function.handle(&request, moment).now_or_never().unwrap();

    let (status, body) = (response.status_code, &response.body);
    assert!((200..500).contains(&status), "{status}: {body}");
    for value in response.headers.values() {
        assert!(!value.contains(is_invisible), "{value:?}");
    }
    let acts = body.chars().find(|&one| one != '\n' && is_invisible(one));
    assert_eq!(acts, None, "{body:?}");
    let kind = response.headers.get("content-type").unwrap();
    if kind.contains("json") {
        let body: Value = serde_json::from_str(body).unwrap();
        assert!(
            status < 400 || body.get("status") == Some(&status.into()),
            "{body}"
        );
    }
    for (request, _) in queue.take() {
        assert_eq!((status, request.plan.as_str()), (202, "orders"));
    }
    if status < 400 {
        return Vec::new();
    }
    vec![body.clone()]
}

/// A request on the wire, as API Gateway hands it over.
fn gateway(asked: &Asked<'_>) -> Value {
    let (path, query) = asked.target.split_once('?').unwrap_or((asked.target, ""));
    let query: Map<String, Value> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
        .collect();
    let headers: Map<String, Value> = (asked.headers.iter())
        .map(|(name, value)| (name.to_lowercase(), Value::from(*value)))
        .collect();
    json!({
        "rawPath": path, "headers": headers, "queryStringParameters": query, "body": asked.body,
        "requestContext": {
            "http": {"method": asked.method}, "requestId": "JKJaXmPLvHcESHA=",
            "authorizer": {"iam": {"userArn": "arn:aws:sts::111122223333:assumed-role/deployer/ci"}},
        },
    })
}
