// SPDX-License-Identifier: Apache-2.0
//! Requests as API Gateway sends them, whole responses, over a state table in memory.
//!
//! Every response that a test gets is held against `openapi.json`: [`World::ask`] does it.

mod document;
mod plans;
mod requests;
mod runs;

use std::time::Duration;

use keyproof_plan::Plan;
use keyproof_state::{Observed, Rules};
use keyproof_store::memory::{MemoryQueue, MemoryReports, MemoryTable};
use keyproof_store::{Every, Started, Store};
use keyproof_verdict::Report;
use serde_json::{Value, json};

use crate::{Function, HttpRequest, Moment, Response};

const NOW: &str = "2026-11-26T12:00:00Z";
const RUN_ID: &str = "01KEYPR00F0000000000000000";
const OTHER_RUN_ID: &str = "01KEYPR00F0000000000000001";
const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/deployer/ci-4711";
const PLAN: &str = include_str!("../../../plans/orders.yaml");

/// The function and everything around it.
struct World {
    table: MemoryTable,
    reports: MemoryReports,
    queue: MemoryQueue,
    function: Function<MemoryTable, MemoryReports, MemoryQueue>,
}

/// A request in the making.
struct Ask {
    method: &'static str,
    path: String,
    headers: Value,
    query: Value,
    body: Option<String>,
    caller: Option<&'static str>,
    run_id: &'static str,
}

fn get(path: &str) -> Ask {
    Ask {
        method: "GET",
        path: path.to_owned(),
        headers: json!({}),
        query: Value::Null,
        body: None,
        caller: Some(CALLER),
        run_id: RUN_ID,
    }
}

fn post(body: &str) -> Ask {
    Ask {
        method: "POST",
        headers: json!({"content-type": "application/json"}),
        body: Some(body.to_owned()),
        ..get("/runs")
    }
}

impl Ask {
    fn query(self, query: Value) -> Self {
        Self { query, ..self }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers[name] = value.into();
        self
    }

    fn run_id(self, run_id: &'static str) -> Self {
        Self { run_id, ..self }
    }

    /// As API Gateway hands it over.
    fn payload(&self) -> Value {
        let mut payload = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": self.path,
            "rawQueryString": "",
            "headers": self.headers,
            "requestContext": {
                "accountId": "111122223333",
                "apiId": "abcdef1234",
                "http": {"method": self.method, "path": self.path, "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1", "userAgent": "curl"},
                "requestId": "JKJaXmPLvHcESHA=",
                "stage": "$default",
            },
            "isBase64Encoded": false,
        });
        if let Some(caller) = self.caller {
            payload["requestContext"]["authorizer"] =
                json!({"iam": {"accountId": "111122223333", "userArn": caller}});
        }
        if !self.query.is_null() {
            payload["queryStringParameters"] = self.query.clone();
        }
        if let Some(body) = &self.body {
            payload["body"] = body.as_str().into();
        }
        payload
    }
}

impl World {
    fn new() -> Self {
        let (table, reports, queue) = Default::default();
        let function = Function::new(
            Store::new(MemoryTable::clone(&table)),
            MemoryReports::clone(&reports),
            MemoryQueue::clone(&queue),
        );
        Self {
            table,
            reports,
            queue,
            function,
        }
    }

    /// A world in which the plan of this repository is stored.
    async fn with_plan() -> Self {
        let world = Self::new();
        let plan = Plan::parse(PLAN).unwrap();
        let now = "2026-11-26T11:00:00Z".parse().unwrap();
        world
            .store()
            .push(&plan, PLAN, Every::Minutes(15), None, now)
            .await
            .unwrap();
        world
    }

    /// Stores another version of the plan.
    async fn push_another(&self, now: &str) {
        let text = format!("# another\n{PLAN}");
        let plan = Plan::parse(&text).unwrap();
        let pushed = (self.store())
            .push(&plan, &text, Every::AsBefore, None, now.parse().unwrap())
            .await;
        assert!(pushed.unwrap().new_version);
    }

    fn store(&self) -> Store<MemoryTable> {
        Store::new(self.table.clone())
    }

    /// Asks, and holds the response against the API's own description.
    async fn ask(&self, ask: Ask) -> Response {
        let request: HttpRequest = serde_json::from_value(ask.payload()).unwrap();
        let moment = Moment {
            now: NOW.parse().unwrap(),
            run_id: ask.run_id.parse().unwrap(),
        };
        let response = self.function.handle(&request, moment).await;
        document::assert_described(ask.method, &ask.path, &response);
        response
    }

    /// Commits a run of the plan, its report being this one but for its id and time.
    async fn commit(&self, report: &str, run_id: &str, started_at: &str) {
        let mut report: Value = serde_json::from_str(report).unwrap();
        report["run"]["id"] = run_id.into();
        report["run"]["started_at"] = started_at.into();
        report["run"]["finished_at"] = started_at.into();
        let report: Report = serde_json::from_value(report).unwrap();
        self.commit_report(&report).await;
    }

    async fn commit_report(&self, report: &Report) {
        let Started::Now(head) = self.store().start("orders").await.unwrap() else {
            panic!("the plan is not in force")
        };
        let observed = Observed {
            seq: head.next_seq,
            plan_version: head.version,
            change: None,
            confirms: None,
        };
        self.store()
            .commit(report, &observed, &Rules::default(), &self.reports)
            .await
            .unwrap();
    }
}

/// The response's status and body as JSON.
fn told(response: &Response) -> (u16, Value) {
    (
        response.status_code,
        serde_json::from_str(&response.body).unwrap(),
    )
}

fn problem(status: u16, name: &str, title: &str, detail: &str) -> (u16, Value) {
    (
        status,
        json!({
            "type": format!("urn:keyproof:problem:{name}"),
            "title": title,
            "status": status,
            "detail": detail,
            "instance": "urn:keyproof:request:JKJaXmPLvHcESHA=",
        }),
    )
}
