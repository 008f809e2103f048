// SPDX-License-Identifier: Apache-2.0
//! The stage: a stack in memory, an account whose key policy changes, and who is told.

use std::cell::{Cell, RefCell};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyproof_interleavings::{Fate, Gate, lost};
use keyproof_plan::Plan;
use keyproof_state::{Item, Key, RunRequest};
use keyproof_store::memory::{MemoryReports, MemoryTable};
use keyproof_store::{
    Every, Query, RunQueue, Store, StoreError, Table, TableError, Update, Updated, Write, Written,
};
use keyproof_verdict::{Finding, Observations, Report, RunFacts, Verdict, judge};
use serde_json::{Value, json};

const PLAN: &str = r#"{"keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
  "tables": {"control": {"table": "control", "key": "aws-owned", "canary": {"key": {"pk": {"S": "c"}}}}},
  "principals": {"reader": {"role": "arn:aws:iam::111122223333:role/reader"}},
  "expectations": [{"principal": "reader", "on": "control", "actions": ["dynamodb:GetItem"], "decision": "allowed"}]}"#;

/// The probe whose outcome the account decides.
pub(crate) const READ: &str = "reader/dynamodb:GetItem/control";

/// A message of the run queue.
pub(crate) struct Message {
    pub(crate) id: &'static str,
    /// Whether it was carried out, and is deleted.
    pub(crate) done: Cell<bool>,
    pub(crate) deliveries: Cell<usize>,
}

impl Message {
    pub(crate) fn new(id: &'static str) -> Rc<Self> {
        Rc::new(Self {
            id,
            done: Cell::default(),
            deliveries: Cell::default(),
        })
    }

    /// The batch that brings it.
    pub(crate) fn batch(&self) -> Value {
        json!({"Records": [{
            "messageId": self.id, "receiptHandle": "r", "eventSource": "aws:sqs",
            "body": json!({"plan": "orders", "trigger": "schedule"}).to_string(),
            "attributes": {"SentTimestamp": "1768446245000"},
        }]})
    }
}

/// A table in memory, which may forget what must be so before a state is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ground {
    table: MemoryTable,
    forgets: bool,
    /// How often it was written to.
    writes: Rc<Cell<u64>>,
}

impl Table for Ground {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.table.get(key).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.table.query(query).await
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        self.writes.set(self.writes.get() + 1);
        if !self.forgets {
            return self.table.write(writes).await;
        }
        let of_state = |item: &Item| item.get("sk").is_some_and(|sk| sk == "STATE");
        let writes = writes.iter().map(|write| match write {
            Write::Put { item, .. } if of_state(item) => Write::put(item.clone()),
            // With the state's condition gone, a run is put in the place of another.
            Write::Put { item, conditions } if !conditions.is_empty() => Write::put(item.clone()),
            other => other.clone(),
        });
        self.table.write(&writes.collect::<Vec<_>>()).await
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        self.writes.set(self.writes.get() + 1);
        self.table.update(update).await
    }
}

/// Everything outside of the functions.
pub(crate) struct World {
    pub(crate) table: MemoryTable,
    /// The table as the functions have it.
    pub(crate) ground: Ground,
    pub(crate) reports: MemoryReports,
    /// What the functions asked for.
    pub(crate) asked: RefCell<Vec<RunRequest>>,
    /// What a run would see of the read now.
    pub(crate) sees: Cell<Option<Finding>>,
    /// Who was told what, in order.
    pub(crate) heard: RefCell<Vec<(&'static str, String)>>,
    /// How many of the stream's records have been told.
    pub(crate) checkpoint: Cell<usize>,
    pub(crate) swept: Cell<bool>,
    /// After how many writes all was found to be as it must be.
    checked: Cell<Option<u64>>,
    /// After how many writes the table was put into a number, and into which.
    hashed: Cell<Option<(u64, u64)>>,
}

impl World {
    /// A stack with the plan in its table.
    pub(crate) fn new() -> Rc<Self> {
        Self::with(false)
    }

    /// The same with a table that forgets its conditions.
    pub(crate) fn forgetful() -> Rc<Self> {
        Self::with(true)
    }

    fn with(forgets: bool) -> Rc<Self> {
        let table = MemoryTable::default();
        let world = Self {
            ground: Ground {
                table: table.clone(),
                forgets,
                writes: Rc::default(),
            },
            table,
            reports: MemoryReports::default(),
            asked: RefCell::default(),
            sees: Cell::default(),
            heard: RefCell::default(),
            checkpoint: Cell::default(),
            swept: Cell::default(),
            checked: Cell::default(),
            hashed: Cell::default(),
        };
        let plan = Plan::parse(PLAN).unwrap();
        let store = world.store();
        at_once(store.push(&plan, PLAN, Every::Minutes(30), None, now())).unwrap();
        Rc::new(world)
    }

    pub(crate) fn store(&self) -> Store<MemoryTable> {
        Store::new(self.table.clone())
    }

    /// Everything that may matter for what happens next.
    pub(crate) fn state(&self) -> u64 {
        let writes = self.ground.writes.get();
        let known = self.hashed.get().filter(|(after, _)| *after == writes);
        let table = known.map_or_else(
            || hash(&format!("{:?}", self.table.items())),
            |(_, hash)| hash,
        );
        self.hashed.set(Some((writes, table)));
        let mut hasher = DefaultHasher::new();
        (table, format!("{:?}", self.asked)).hash(&mut hasher);
        self.sees.get().map(Finding::as_str).hash(&mut hasher);
        self.heard.borrow().hash(&mut hasher);
        (self.checkpoint.get(), self.swept.get()).hash(&mut hasher);
        hasher.finish()
    }

    /// Whether the table is what it was when this was last asked.
    pub(crate) fn is_as_before(&self) -> bool {
        let writes = Some(self.ground.writes.get());
        self.checked.replace(writes) == writes
    }

    /// The report of a run that looks now.
    pub(crate) fn report(&self, plan: &Plan, id: String, trigger: String) -> Report {
        let facts = RunFacts {
            id,
            trigger,
            started_at: now(),
            finished_at: now() + SignedDuration::from_millis(250),
            account: Some("111122223333".to_owned()),
            region: None,
            endpoint: None,
            version: "0.0.0".to_owned(),
            plan_file: None,
            today: "2026-01-15".parse().unwrap(),
        };
        let finding = self.sees.get();
        let mut report = judge(plan, &Observations::default(), facts);
        for row in &mut report.probes {
            row.finding = finding.filter(|_| row.id == READ);
            row.verdict = row.finding.map_or(Verdict::Pass, Finding::verdict);
        }
        let count = |verdict| {
            let rows = report.probes.iter();
            rows.filter(|row| row.verdict == verdict).count()
        };
        report.summary.pass = count(Verdict::Pass);
        report.summary.fail = count(Verdict::Fail);
        report.summary.inconclusive = count(Verdict::Inconclusive);
        report.summary.verdict = finding.map_or(Verdict::Pass, Finding::verdict);
        report
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The time of every run. Orders are the search's own affair, and no rule of these plays waits.
pub(crate) fn now() -> Timestamp {
    "2026-01-15T03:04:05Z".parse().unwrap()
}

/// The run queue as one actor sees it.
pub(crate) struct Queue {
    pub(crate) world: Rc<World>,
    pub(crate) gate: Gate,
}

impl RunQueue for Queue {
    async fn send(&self, request: &RunRequest, _: Duration) -> Result<(), StoreError> {
        let fate = self.gate.pass().await;
        if fate != Fate::Refused {
            self.world.asked.borrow_mut().push(request.clone());
        }
        self.gate.told(&(fate == Fate::Answered));
        match fate {
            Fate::Answered => Ok(()),
            Fate::Refused | Fate::Lost => Err(lost().into()),
        }
    }
}

/// What a future that waits for nobody brings.
pub(crate) fn at_once<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a table in memory waits for nobody"),
    }
}
