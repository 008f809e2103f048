// SPDX-License-Identifier: Apache-2.0
//! A stack in memory, and the reports of its one plan.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use keyproof_evidence::{KeyId, PrivateKey, PublicKey, Sign, Signed};
use keyproof_publish::{
    Archive, Archives, Calling, Event, EventBus, EvidenceVault, Failed, Home, Hub, ImportFindings,
    Invocation, Log, Message, PublishMessage, Publisher, PutEvents, PutObject, Refused, Renew,
    Seal, Sink, SinkError, Times, Topic, UpdateFindings, Vault,
};
use keyproof_state::{Observed, PolicyChange, Rules};
use keyproof_store::memory::{MemoryQueue, MemoryReports, MemoryTable};
use keyproof_store::{Committed, Every, Store};
use keyproof_verdict::{Finding, Report, Verdict};
use serde_json::{Value, json};

/// What the stored plan makes exceptions of.
const EXCEPTIONS: &str = "exceptions:
  - probe: outsider/dynamodb:GetItem/orders
    reason: the migration reads through this role
    owner: data-platform@example.com
    expires: 2026-11-25
";
const PASSING: &str = include_str!("../../../../shared/report/cases/separation-holds/report.json");
const FAILING: &str =
    include_str!("../../../../shared/report/cases/key-policy-widened/report.json");
const WRONG: &str = include_str!("../../../../shared/report/cases/every-finding/report.json");

/// Everything that the sinks were told, and how they fail.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) events: RefCell<Vec<Event>>,
    pub(crate) messages: RefCell<Vec<Message>>,
    pub(crate) findings: RefCell<Vec<Value>>,
    pub(crate) workflows: RefCell<Vec<(Vec<String>, String)>>,
    pub(crate) objects: RefCell<Vec<(String, String)>>,
    pub(crate) vault: RefCell<BTreeMap<String, Vec<u8>>>,
    pub(crate) log: RefCell<Vec<u8>>,
    /// What happens while findings are next imported.
    meanwhile: RefCell<Option<Meanwhile>>,
    /// How the coming calls fail, by action: `None` for one that succeeds.
    failing: RefCell<VecDeque<(&'static str, Trouble)>>,
}

/// Something that somebody else does.
pub(crate) type Meanwhile = Pin<Box<dyn Future<Output = ()>>>;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// As a whole, before anything was done.
    Whole,
    /// The part with this index was refused, the others were taken.
    Part(usize),
}

impl Heard {
    /// Lets the next call of an action fail.
    pub(crate) fn fail(&self, action: &'static str, trouble: Trouble) {
        self.failing.borrow_mut().push_back((action, trouble));
    }

    /// Lets this happen while findings are next imported: after the ledger was read, before it is written.
    pub(crate) fn meanwhile(&self, other: impl Future<Output = ()> + 'static) {
        *self.meanwhile.borrow_mut() = Some(Box::pin(other));
    }

    fn trouble(&self, action: &'static str) -> Result<Option<usize>, SinkError> {
        let mut failing = self.failing.borrow_mut();
        let place = failing.iter().position(|(other, _)| *other == action);
        match place.and_then(|place| failing.remove(place)) {
            None => Ok(None),
            Some((_, Trouble::Part(index))) => Ok(Some(index)),
            Some((_, Trouble::Whole)) => Err(SinkError::Call {
                action,
                message: "ThrottlingException: slow down".to_owned(),
            }),
        }
    }

    /// The ids in the details of the events, in order.
    pub(crate) fn event_ids(&self) -> Vec<String> {
        let events = self.events.borrow();
        let id = |event: &Event| {
            let detail: Value = serde_json::from_str(&event.detail).unwrap();
            detail["id"].as_str().unwrap().to_owned()
        };
        events.iter().map(id).collect()
    }

    pub(crate) fn subjects(&self) -> Vec<String> {
        let messages = self.messages.borrow();
        messages
            .iter()
            .map(|message| message.subject.clone())
            .collect()
    }

    pub(crate) fn log_lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.log.borrow().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A port to what was heard.
pub(crate) struct Ear(pub(crate) Rc<Heard>);

impl PutEvents for Ear {
    fn put<'a>(&'a self, events: &'a [Event]) -> Calling<'a, Vec<Option<Refused>>> {
        Box::pin(async move {
            assert!((1..=10).contains(&events.len()), "{} events", events.len());
            let size: usize = events.iter().map(Event::size).sum();
            assert!(size <= 256 * 1024, "{size} bytes");
            let refused = self.0.trouble("events:PutEvents")?;
            let mut answers = Vec::new();
            for (index, event) in events.iter().enumerate() {
                let taken = refused != Some(index);
                if taken {
                    self.0.events.borrow_mut().push(event.clone());
                }
                answers.push((!taken).then(|| "InternalFailure: try again".to_owned()));
            }
            Ok(answers)
        })
    }
}

impl PublishMessage for Ear {
    fn publish<'a>(&'a self, message: &'a Message) -> Calling<'a, ()> {
        Box::pin(async move {
            self.0.trouble("sns:Publish")?;
            let subject = &message.subject;
            assert!(subject.len() < 100 && subject.is_ascii(), "{subject}");
            self.0.messages.borrow_mut().push(message.clone());
            Ok(())
        })
    }
}

impl ImportFindings for Ear {
    fn import<'a>(&'a self, findings: &'a [Value]) -> Calling<'a, Vec<Failed>> {
        Box::pin(async move {
            assert!((1..=100).contains(&findings.len()));
            let other = self.0.meanwhile.borrow_mut().take();
            if let Some(other) = other {
                other.await;
            }
            let refused = self.0.trouble("securityhub:BatchImportFindings")?;
            let mut failed = Vec::new();
            for (index, finding) in findings.iter().enumerate() {
                if refused == Some(index) {
                    let id = finding["Id"].as_str().unwrap().to_owned();
                    failed.push((id, "InvalidInput: no".to_owned()));
                } else {
                    self.0.findings.borrow_mut().push(finding.clone());
                }
            }
            Ok(failed)
        })
    }
}

impl UpdateFindings for Ear {
    fn update<'a>(
        &'a self,
        _: &'a str,
        ids: &'a [String],
        workflow: &'a str,
    ) -> Calling<'a, Vec<Failed>> {
        Box::pin(async move {
            self.0.trouble("securityhub:BatchUpdateFindings")?;
            let mut workflows = self.0.workflows.borrow_mut();
            workflows.push((ids.to_vec(), workflow.to_owned()));
            Ok(Vec::new())
        })
    }
}

impl PutObject for Ear {
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Calling<'a, ()> {
        Box::pin(async move {
            self.0.trouble("s3:PutObject")?;
            let body = String::from_utf8(body).unwrap();
            self.0.objects.borrow_mut().push((key.to_owned(), body));
            Ok(())
        })
    }
}

/// One key for all evidence of a test process.
static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());

pub(crate) fn public_key() -> PublicKey {
    KEY.public_key().clone()
}

impl Vault for Ear {
    fn get<'a>(&'a self, key: &'a str) -> Calling<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            self.0.trouble("vault:Get")?;
            Ok(self.0.vault.borrow().get(key).cloned())
        })
    }

    fn first<'a>(&'a self, prefix: &'a str) -> Calling<'a, Option<String>> {
        Box::pin(async move {
            self.0.trouble("vault:First")?;
            let vault = self.0.vault.borrow();
            let mut keys = vault.keys();
            Ok(keys.find(|key| key.starts_with(prefix)).cloned())
        })
    }

    fn create<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Calling<'a, bool> {
        Box::pin(async move {
            self.0.trouble("vault:Create")?;
            let mut vault = self.0.vault.borrow_mut();
            let new = !vault.contains_key(key);
            if new {
                vault.insert(key.to_owned(), body);
            }
            if key.contains("/records/") {
                self.0.trouble("vault:Created")?;
            }
            Ok(new)
        })
    }
}

impl Seal for Ear {
    fn id(&self) -> Calling<'_, KeyId> {
        Box::pin(async { Ok(KEY.public_key().id()) })
    }

    fn seal(&self, record: keyproof_evidence::Record) -> Calling<'_, Signed> {
        Box::pin(async {
            self.0.trouble("kms:Sign")?;
            Ok(record.sign(&*KEY).await.unwrap())
        })
    }
}

/// The log, as something to write to.
struct Paper(Rc<Heard>);

impl std::io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.log.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The stack.
pub(crate) struct World {
    pub(crate) table: MemoryTable,
    pub(crate) reports: MemoryReports,
    pub(crate) queue: MemoryQueue,
    pub(crate) heard: Rc<Heard>,
    pub(crate) publisher: Publisher<MemoryTable, MemoryReports, MemoryQueue>,
    home: Home,
    seen: Cell<usize>,
    seq: Cell<u64>,
}

impl World {
    pub(crate) fn new() -> Self {
        let (table, reports) = (MemoryTable::default(), MemoryReports::default());
        let (queue, heard) = (MemoryQueue::default(), Rc::new(Heard::default()));
        let ear = || Ear(Rc::clone(&heard));
        let archive = Archive {
            table: "keyproof-state".to_owned(),
            bucket: Some("keyproof-reports".to_owned()),
            region: "us-east-1".to_owned(),
        };
        let ledger = Rc::new(table.clone());
        let hub = Rc::new(Hub::new(ear(), Rc::clone(&ledger)));
        let sinks: Vec<Box<dyn Sink>> = vec![
            Box::new(Topic::new(ear(), archive.clone())),
            Box::new(EventBus::new(ear(), archive)),
            Box::new(Log::new(Paper(Rc::clone(&heard)))),
            Box::new(Rc::clone(&hub)),
            Box::new(Archives::new(ear(), ledger)),
            Box::new(EvidenceVault::new(ear(), ear(), Store::new(table.clone()))),
        ];
        let renew: Option<Box<dyn Renew>> = Some(Box::new(hub));
        Self {
            publisher: Publisher {
                store: Store::new(table.clone()),
                reports: Some(reports.clone()),
                queue: Some(queue.clone()),
                sinks,
                renew,
                times: Times::default(),
            },
            table,
            reports,
            queue,
            heard,
            home: Home::of("arn:aws:lambda:us-east-1:111122223333:function:publish").unwrap(),
            seen: Cell::new(0),
            seq: Cell::new(0),
        }
    }

    /// Stores the plan, to be run every 30 minutes; its probes are not those of the reports.
    pub(crate) async fn push(&self) {
        self.push_another("first", at(0)).await;
    }

    /// Stores another version of the plan.
    pub(crate) async fn push_another(&self, version: &str, now: Timestamp) {
        let text = format!(
            "# {version}\n{}\n{EXCEPTIONS}",
            include_str!("../../../../plans/orders.yaml")
        );
        let plan = keyproof_plan::Plan::parse(&text).unwrap();
        let store = &self.publisher.store;
        store
            .push(&plan, &text, Every::Minutes(30), None, now)
            .await
            .unwrap();
    }

    /// Takes the plan's schedule away.
    pub(crate) async fn never_again(&self) {
        let store = &self.publisher.store;
        let head = store.head("orders").await.unwrap().unwrap();
        let version = store.version("orders", head.version).await.unwrap();
        let text = version.unwrap().text;
        let plan = keyproof_plan::Plan::parse(&text).unwrap();
        let pushed = store.push(&plan, &text, Every::Never, None, at(1)).await;
        assert_eq!(pushed.unwrap().head.interval_minutes, None);
    }

    /// Commits a run as the newest.
    pub(crate) async fn commit(&self, report: &Report) {
        self.commit_by(report, None).await;
    }

    /// Commits a run that a change has started.
    pub(crate) async fn commit_by(&self, report: &Report, change: Option<&PolicyChange>) {
        self.seq.set(self.seq.get() + 1);
        self.commit_as(report, self.seq.get(), change).await;
    }

    /// Commits a run that began as the `seq`th.
    pub(crate) async fn commit_as(&self, report: &Report, seq: u64, change: Option<&PolicyChange>) {
        let observed = Observed {
            seq,
            plan_version: 3,
            change,
            confirms: None,
        };
        let store = &self.publisher.store;
        let committed = store
            .commit(report, &observed, &Rules::default(), &self.reports)
            .await;
        assert!(matches!(committed.unwrap(), Committed::Now(_)));
    }

    /// The stream's records since the last call: everything that was inserted.
    pub(crate) fn stream(&self) -> Vec<Value> {
        let inserted = self.table.inserted();
        let new = inserted.iter().enumerate().skip(self.seen.get());
        let records = new.map(|(index, item)| {
            let image: serde_json::Map<_, _> = item
                .iter()
                .map(|(name, value)| (name.clone(), typed(value)))
                .collect();
            json!({
                "eventID": index.to_string(), "eventName": "INSERT", "eventSource": "aws:dynamodb",
                "dynamodb": {"SequenceNumber": index.to_string(), "NewImage": image},
            })
        });
        let records = records.collect();
        self.seen.set(inserted.len());
        records
    }

    /// Delivers a batch: where to go on from.
    pub(crate) async fn deliver(&self, records: &[Value]) -> Option<String> {
        let answer = self
            .invoke(json!({ "Records": records }), at(0))
            .await
            .unwrap();
        let failures = answer["batchItemFailures"].as_array().unwrap();
        assert!(failures.len() <= 1, "{failures:?}");
        let first = failures.first()?;
        Some(first["itemIdentifier"].as_str().unwrap().to_owned())
    }

    /// Delivers what is new, all of it at once and to its end.
    pub(crate) async fn publish(&self) {
        let records = self.stream();
        assert_eq!(self.deliver(&records).await, None);
    }

    pub(crate) async fn sweep(&self, now: Timestamp) -> Result<Value, String> {
        self.invoke(json!({"sweep": now.to_string()}), now).await
    }

    pub(crate) async fn invoke(&self, payload: Value, now: Timestamp) -> Result<Value, String> {
        let invocation = Invocation {
            home: &self.home,
            now,
            time_is_up: &|| false,
        };
        let mut log = Paper(Rc::clone(&self.heard));
        let answer = self.publisher.handle(&payload, &invocation, &mut log).await;
        answer.map_err(|error| format!("{}: {error}", error.name()))
    }
}

/// A value as DynamoDB's streams write it.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({ "S": text }),
        Value::Array(values) => json!({"L": values.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(fields) => {
            let fields: serde_json::Map<_, _> = fields
                .iter()
                .map(|(name, value)| (name.clone(), typed(value)))
                .collect();
            json!({ "M": fields })
        }
    }
}

/// What a finding says there.
#[track_caller]
pub(crate) fn text(finding: &Value, pointer: &str) -> String {
    finding
        .pointer(pointer)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned()
}

/// So many minutes into the story.
pub(crate) fn at(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-11-24T02:00:00Z".parse().unwrap();
    start + SignedDuration::from_mins(minutes)
}

/// A run that begins so many minutes into the story, in which all is well.
pub(crate) fn passing(minutes: i64) -> Report {
    dated(PASSING, minutes)
}

/// The same with some probes as they are in another story: exposed by a widened key policy, or
/// wrong in each way.
pub(crate) fn failing(minutes: i64, probes: &[&str]) -> Report {
    let mut report = passing(minutes);
    let others = [dated(FAILING, minutes), dated(WRONG, minutes)];
    for probe in probes {
        let mut rows = others.iter().flat_map(|other| &other.probes);
        let row = rows.find(|row| row.id == *probe && row.verdict != Verdict::Pass);
        let row = row.unwrap_or_else(|| panic!("no other story has {probe}"));
        let place = report
            .probes
            .iter()
            .position(|row| row.id == *probe)
            .unwrap();
        report.probes[place] = row.clone();
    }
    counted(report)
}

/// A run that found nothing out about a probe, for this reason.
pub(crate) fn inconclusive(minutes: i64, probe: &str, finding: Finding) -> Report {
    let mut report = passing(minutes);
    let mut rows = report.probes.iter_mut();
    let row = rows.find(|row| row.id == probe).unwrap();
    (row.verdict, row.finding) = (Verdict::Inconclusive, Some(finding));
    counted(report)
}

/// The widened key policy: three ways in.
pub(crate) fn widened(minutes: i64) -> Report {
    failing(minutes, WIDENED)
}

pub(crate) const WIDENED: &[&str] = &[
    "outsider/dynamodb:GetItem/orders",
    "outsider/dynamodb:Query/orders",
    "outsider/kms:Decrypt/orders",
];

/// The report with its counts made anew.
pub(crate) fn counted(mut report: Report) -> Report {
    let number = |wanted: &dyn Fn(&keyproof_verdict::ProbeRow) -> bool| {
        report.probes.iter().filter(|row| wanted(row)).count()
    };
    let sum = keyproof_verdict::Summary {
        pass: number(&|row| row.verdict == Verdict::Pass),
        fail: number(&|row| row.verdict == Verdict::Fail && row.exception.is_none()),
        excepted: number(&|row| row.verdict == Verdict::Fail && row.exception.is_some()),
        inconclusive: number(&|row| row.verdict == Verdict::Inconclusive),
        planned: report.probes.len(),
        verdict: Verdict::Pass,
    };
    report.summary = sum;
    let sum = &mut report.summary;
    sum.verdict = match (sum.fail, sum.inconclusive) {
        (0, 0) => Verdict::Pass,
        (0, _) => Verdict::Inconclusive,
        _ => Verdict::Fail,
    };
    report
}

fn dated(text: &str, minutes: i64) -> Report {
    let mut report: Report = serde_json::from_str(text).unwrap();
    report.run.id = format!("01KEYPR00F{minutes:016}");
    "schedule".clone_into(&mut report.run.trigger);
    report.run.started_at = at(minutes).to_string();
    report.run.finished_at = (at(minutes) + SignedDuration::from_secs(2)).to_string();
    report.run.duration_ms = 2_000;
    counted(report)
}

/// The finding of a row, for a test that sets it.
pub(crate) fn excepted(mut report: Report, status: &str, expires: &str) -> Report {
    let note = |probe: &str| keyproof_verdict::ExceptionNote {
        probe: probe.to_owned(),
        status: status.to_owned(),
        reason: "the migration reads through this role".to_owned(),
        owner: "data-platform@example.com".to_owned(),
        expires: expires.to_owned(),
    };
    for row in &mut report.probes {
        if row.finding == Some(Finding::Exposed) {
            report.exceptions.push(note(&row.id));
            row.exception = (status == "in_force").then(|| note(&row.id));
        }
    }
    counted(report)
}
