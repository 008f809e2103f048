// SPDX-License-Identifier: Apache-2.0
//! Ports that see what a test tells them to, and remember what they were asked.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyproof_aws::{RunnerError, Settings};
use keyproof_plan::Plan;
use keyproof_state::Rules;
use keyproof_store::memory::{MemoryQueue, MemoryReports, MemoryTable};
use keyproof_store::{Every, Reports, Store, StoreError};
use keyproof_verdict::{Finding, Observations, Report, RunFacts, Verdict, judge};
use keyproof_verify::{Answer, Function, HandlerError, Invocation, LargeRun, Limits, Ports, Stack};
use serde_json::{Value, json};

pub(crate) const PLAN: &str = r#"{"keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
  "tables": {"control": {"table": "control", "key": "aws-owned", "canary": {"key": {"pk": {"S": "c"}}}}},
  "principals": {"reader": {"role": "arn:aws:iam::111122223333:role/reader"}},
  "expectations": [{"principal": "reader", "on": "control", "actions": ["dynamodb:GetItem"], "decision": "allowed"}]}"#;

/// The only probe of the plan beside the table's encryption.
pub(crate) const READ: &str = "reader/dynamodb:GetItem/control";

/// When the story begins.
pub(crate) const NOW: &str = "2026-01-15T03:04:05Z";

type MemoryStack = Stack<MemoryTable, Bucket, MemoryQueue>;

/// What comes of reading an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// S3 says no.
    Refused,
    /// S3 can't at the moment.
    Unavailable,
    /// S3 never answers.
    Hangs,
    /// Half of the object.
    Half,
}

/// A report bucket that can be read as a test says. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    kept: MemoryReports,
    /// By object: what comes of so many reads.
    trouble: Arc<Mutex<HashMap<String, (Trouble, usize)>>>,
}

impl Bucket {
    /// Breaks so many reads of this object.
    pub(crate) fn disturb(&self, key: &str, trouble: Trouble, times: usize) {
        let mut known = self.trouble.lock().unwrap();
        known.insert(key.to_owned(), (trouble, times));
    }

    fn trouble(&self, key: &str) -> Option<Trouble> {
        let mut known = self.trouble.lock().unwrap();
        let (trouble, left) = known.get_mut(key)?;
        *left = left.checked_sub(1)?;
        Some(*trouble)
    }
}

impl Reports for Bucket {
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.kept.put(key, text).await
    }

    async fn put_new(&self, key: &str, text: &str) -> Result<bool, StoreError> {
        self.kept.put_new(key, text).await
    }

    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let failed = |why: &str, refused| {
            Err(StoreError::Call {
                what: "cannot read from the report bucket",
                why: why.to_owned(),
                refused,
            })
        };
        let text = self.kept.get(key).await?;
        match self.trouble(key) {
            None => Ok(text),
            Some(Trouble::Refused) => failed("AccessDenied: so it is", true),
            Some(Trouble::Unavailable) => failed("SlowDown: so it is", false),
            Some(Trouble::Hangs) => std::future::pending().await,
            Some(Trouble::Half) => Ok(text.map(|text| text.chars().take(text.len() / 2).collect())),
        }
    }

    async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        self.kept.exists(key).await
    }
}

/// Ports that see what they are told to.
pub(crate) struct Fake {
    /// The plans that were run, with their settings.
    pub(crate) asked: Mutex<Vec<(String, Settings)>>,
    /// What the coming runs see of the read: everything passes where nothing is said.
    pub(crate) sees: Mutex<VecDeque<Option<Finding>>>,
    pub(crate) refuses: bool,
    /// The runs that were handed over; `None` where there is nobody to take them.
    pub(crate) handed_over: Option<Mutex<Vec<LargeRun>>>,
    pub(crate) stack: Option<MemoryStack>,
    pub(crate) now: Mutex<Timestamp>,
}

impl Fake {
    /// A function that stands alone.
    pub(crate) fn alone() -> Self {
        Self {
            asked: Mutex::default(),
            sees: Mutex::default(),
            refuses: false,
            handed_over: None,
            stack: None,
            now: Mutex::new(NOW.parse().unwrap()),
        }
    }

    /// A function of a stack with nothing in its table.
    pub(crate) fn with_stack() -> Self {
        Self {
            stack: Some(Stack {
                store: Store::new(MemoryTable::default()),
                reports: Bucket::default(),
                queue: MemoryQueue::default(),
                rules: Rules::default(),
                limits: Limits::default(),
            }),
            ..Self::alone()
        }
    }

    /// A function of a stack whose table has the plan.
    pub(crate) async fn with_plan() -> Self {
        let fake = Self::with_stack();
        fake.push(PLAN).await;
        fake
    }

    pub(crate) async fn push(&self, text: &str) {
        let plan = Plan::parse(text).unwrap();
        let store = self.store();
        store
            .push(&plan, text, Every::AsBefore, None, self.now())
            .await
            .unwrap();
    }

    pub(crate) fn stack(&self) -> &MemoryStack {
        self.stack.as_ref().unwrap()
    }

    pub(crate) fn store(&self) -> &Store<MemoryTable> {
        &self.stack().store
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, seconds: i64) {
        let mut now = self.now.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    /// Lets the coming run see this of the read.
    pub(crate) fn will_see(&self, finding: Option<Finding>) {
        self.sees.lock().unwrap().push_back(finding);
    }

    /// How many runs there were.
    pub(crate) fn runs(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The report of a run: everything passed, but what it was told to see.
    fn report(&self, plan: &Plan, settings: &Settings) -> Report {
        let started_at = self.now();
        let facts = RunFacts {
            id: settings.run_id.map_or_else(
                || "01KEYPR00F0000000000000001".to_owned(),
                |id| id.to_string(),
            ),
            trigger: settings.trigger.clone(),
            started_at,
            finished_at: started_at + SignedDuration::from_millis(250),
            account: Some("111122223333".to_owned()),
            region: None,
            endpoint: None,
            version: "0.0.0".to_owned(),
            plan_file: None,
            today: "2026-01-15".parse().unwrap(),
        };
        let finding = self.sees.lock().unwrap().pop_front().flatten();
        let mut report = judge(plan, &Observations::default(), facts);
        for row in &mut report.probes {
            row.finding = finding.filter(|_| row.id == READ);
            row.verdict = row.finding.map_or(Verdict::Pass, Finding::verdict);
        }
        let count = |verdict| {
            report
                .probes
                .iter()
                .filter(|row| row.verdict == verdict)
                .count()
        };
        let counts = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive].map(count);
        [
            report.summary.pass,
            report.summary.fail,
            report.summary.inconclusive,
        ] = counts;
        report.summary.verdict = match counts {
            [_, 0, 0] => Verdict::Pass,
            [_, 0, _] => Verdict::Inconclusive,
            _ => Verdict::Fail,
        };
        report
    }
}

impl Ports for &Fake {
    type Table = MemoryTable;
    type Reports = Bucket;
    type Queue = MemoryQueue;

    async fn run(&self, plan: &Plan, settings: &Settings) -> Result<Report, HandlerError> {
        self.asked
            .lock()
            .unwrap()
            .push((plan.name.clone(), settings.clone()));
        if self.refuses {
            return Err(RunnerError::NoCredentials.into());
        }
        // A run takes a while, in which another may begin.
        tokio::task::yield_now().await;
        Ok(self.report(plan, settings))
    }

    async fn stack(&self) -> Result<Option<&MemoryStack>, HandlerError> {
        Ok(self.stack.as_ref())
    }

    async fn hand_over(&self, run: &LargeRun) -> Result<bool, HandlerError> {
        let taken = self.handed_over.as_ref();
        Ok(taken.is_some_and(|taken| {
            taken.lock().unwrap().push(run.clone());
            true
        }))
    }

    fn now(&self) -> Timestamp {
        Fake::now(self)
    }
}

pub(crate) fn environment() -> Vec<(String, String)> {
    vec![("KEYPROOF_PLAN".to_owned(), PLAN.to_owned())]
}

pub(crate) fn invocation(remaining: Duration) -> Invocation {
    Invocation {
        request_id: "a-request".to_owned(),
        trace_id: None,
        remaining,
    }
}

/// What the function answers with five minutes left, and its log.
pub(crate) async fn handle(fake: &Fake, payload: &Value) -> (Result<Answer, HandlerError>, String) {
    let function = Function::new(fake, environment);
    let mut log = Vec::new();
    let answer = function
        .handle(payload, &invocation(Duration::from_mins(5)), &mut log)
        .await;
    (answer, String::from_utf8(log).unwrap())
}

/// The report that the function answers with.
#[track_caller]
pub(crate) fn report(answer: Result<Answer, HandlerError>) -> Report {
    match answer {
        Ok(Answer::Report(report)) => *report,
        other => panic!("{other:?}"),
    }
}

/// The files of a folder of `events/`, in the order of their names.
pub(crate) fn events(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events")
        .join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    paths.sort();
    paths
}

pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

pub(crate) fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A batch of the run queue with these bodies; the message ids are `m0`, `m1`, ….
pub(crate) fn batch(bodies: &[Value]) -> Value {
    let records = bodies.iter().enumerate().map(|(index, body)| {
        let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
        json!({
            "messageId": format!("m{index}"), "receiptHandle": "r", "body": body,
            "attributes": {"SentTimestamp": "1768446245000", "ApproximateReceiveCount": "1"},
            "messageAttributes": {}, "md5OfBody": "0", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:keyproof-runs", "awsRegion": "us-east-1",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

/// The messages of a batch that are to be delivered again.
#[track_caller]
pub(crate) fn failures(answer: Result<Answer, HandlerError>) -> Vec<String> {
    match answer {
        Ok(Answer::Batch(answer)) => {
            let failures = answer.batch_item_failures.into_iter();
            failures.map(|failure| failure.item_identifier).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// The id of a run.
pub(crate) const ID: &str = "01KEYPR00F0000000000000000";

/// A request for the plan, with more fields.
pub(crate) fn request(extra: &Value) -> Value {
    let mut request = json!({"plan": "orders"});
    let fields = extra.as_object().unwrap().clone();
    request.as_object_mut().unwrap().extend(fields);
    request
}
