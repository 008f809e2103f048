// SPDX-License-Identifier: Apache-2.0
//! Plans, reports, and a table on which everybody gets in everybody's way.

use jiff::{SignedDuration, Timestamp};
use keyproof_plan::Plan;
use keyproof_state::{Item, Key, Observed};
use keyproof_store::memory::MemoryTable;
use keyproof_store::{Query, Table, TableError, Update, Updated, Write, Written};
use keyproof_verdict::{Finding, Observations, Report, RunFacts, Verdict, judge};

pub(crate) const PLAN: &str = r#"{"keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
  "tables": {"control": {"table": "control", "key": "aws-owned", "canary": {"key": {"pk": {"S": "c"}}}}},
  "principals": {"reader": {"role": "arn:aws:iam::111122223333:role/reader"}},
  "expectations": [{"principal": "reader", "on": "control", "actions": ["dynamodb:GetItem"], "decision": "allowed"}]}"#;

pub(crate) const READ: &str = "reader/dynamodb:GetItem/control";

pub(crate) fn midnight() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().unwrap()
}

pub(crate) fn plan() -> Plan {
    Plan::parse(PLAN).unwrap()
}

pub(crate) const fn observed(seq: u64) -> Observed<'static> {
    Observed {
        seq,
        plan_version: 1,
        change: None,
        confirms: None,
    }
}

/// The report of a run that began so many minutes after midnight, and saw this of the read.
pub(crate) fn report(number: u64, minutes: i64, read: Option<Finding>) -> Report {
    let started_at = midnight() + SignedDuration::from_mins(minutes);
    let facts = RunFacts {
        id: format!("01KEYPR00F{number:016}"),
        trigger: "schedule".to_owned(),
        started_at,
        finished_at: started_at + SignedDuration::from_secs(10),
        account: Some("111122223333".to_owned()),
        region: None,
        endpoint: None,
        version: "0.0.0".to_owned(),
        plan_file: None,
        today: "2026-01-15".parse().unwrap(),
    };
    let mut report = judge(&plan(), &Observations::default(), facts);
    for row in &mut report.probes {
        row.finding = read.filter(|_| row.id == READ);
        row.verdict = row.finding.map_or(Verdict::Pass, Finding::verdict);
    }
    report.summary.verdict = read.map_or(Verdict::Pass, Finding::verdict);
    report
}

/// A table whose users take turns at every operation, as they do over a network.
#[derive(Clone, Debug)]
pub(crate) struct Contended<T>(pub(crate) T);

impl<T: Table> Table for Contended<T> {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        tokio::task::yield_now().await;
        self.0.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        tokio::task::yield_now().await;
        self.0.query(query).await
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        tokio::task::yield_now().await;
        self.0.write(writes).await
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        tokio::task::yield_now().await;
        self.0.update(update).await
    }
}

/// A table at which somebody does something before each write, or instead of it.
pub(crate) struct Before<F>(pub(crate) MemoryTable, pub(crate) F);

impl<F: AsyncFn(&[Write]) -> Option<Written>> Table for Before<F> {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.0.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.0.query(query).await
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        match (self.1)(writes).await {
            Some(written) => Ok(written),
            None => self.0.write(writes).await,
        }
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        (self.1)(&[]).await;
        self.0.update(update).await
    }
}
