// SPDX-License-Identifier: Apache-2.0
//! The objects in which a large run is kept while it is under way, each broken in each way that a reply or
//! a half written object could be, between the steps.
//!
//! Whatever is broken: each planned probe stands in the collected report once, in plan order, as it is
//! undisturbed or blind; only probes of a shard whose object broke are blind; the run that fails never
//! passes; and where nothing can be collected nothing is committed, until the object is whole again.

use keyproof_plan::Plan;
use keyproof_store::Reports;
use keyproof_verdict::{Finding, Report, Verdict};
use keyproof_verify::{Answer, HandlerError, StepAnswer};
use serde_json::{Value, json};

use crate::large::limited;
use crate::support::{Fake, ID, READ, handle};

pub(crate) const SHARDS: usize = 3;

/// The tables: two a shard.
const NAMES: [&str; 5] = ["table-0", "table-1", "control", "table-3", "table-4"];

/// A plan of five tables, a look and a read each; the read of `control` is in the shard in the middle.
pub(crate) fn plan() -> String {
    let canary = json!({"key": {"pk": {"S": "c"}}});
    let table = |name: &&str| {
        let table = json!({"table": name, "key": "aws-owned", "canary": canary});
        ((*name).to_owned(), table)
    };
    let tables: serde_json::Map<_, _> = NAMES.iter().map(table).collect();
    let expectation = |name| json!({"principal": "reader", "on": name, "actions": ["dynamodb:GetItem"], "decision": "allowed"});
    json!({
        "keyproof": "plan/v1", "name": "orders", "region": "us-east-1", "tables": tables,
        "principals": {"reader": {"role": "arn:aws:iam::111122223333:role/reader"}},
        "expectations": NAMES.map(expectation),
    })
    .to_string()
}

/// An object of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    Manifest,
    Part(usize),
    Report(usize),
}

impl Object {
    pub(crate) fn key(self) -> String {
        match self {
            Self::Manifest => format!("runs/{ID}/manifest.json"),
            Self::Part(shard) => format!("runs/{ID}/shards/{shard}.json"),
            Self::Report(shard) => format!("runs/{ID}/reports/{shard}.json"),
        }
    }

    /// The object of the same kind of another shard.
    fn other(self) -> Self {
        match self {
            Self::Manifest => Self::Part(0),
            Self::Part(shard) => Self::Part((shard + 1) % SHARDS),
            Self::Report(shard) => Self::Report((shard + 1) % SHARDS),
        }
    }
}

/// The broken forms of an object, by name.
fn forms(text: &str, other: &str) -> Vec<(String, String)> {
    let another_run = text.replace(ID, "01KEYPR00F0000000000000009");
    let mut forms = vec![
        ("empty".to_owned(), String::new()),
        (
            "half".to_owned(),
            text.chars().take(text.len() / 2).collect(),
        ),
        ("twice".to_owned(), text.repeat(2)),
        ("garbage".to_owned(), "\u{fffd}\u{1}\u{2}".to_owned()),
        ("a page".to_owned(), "<html>AccessDenied</html>".to_owned()),
        (
            "an error".to_owned(),
            r#"{"__type":"SlowDown","message":"Reduce your request rate"}"#.to_owned(),
        ),
        ("an empty document".to_owned(), "{}".to_owned()),
        ("an empty list".to_owned(), "[]".to_owned()),
        ("nested".to_owned(), "[".repeat(100_000)),
        ("another's".to_owned(), other.to_owned()),
    ];
    if another_run != text {
        forms.push(("another run's".to_owned(), another_run));
    }
    for (place, byte) in text.bytes().enumerate().step_by(29) {
        if byte.is_ascii_alphanumeric() {
            let changed = if matches!(byte, b'z' | b'Z' | b'9') {
                byte - 1
            } else {
                byte + 1
            };
            let (before, rest) = text.split_at(place);
            let after = rest.get(1..).unwrap_or_default();
            let changed = char::from(changed);
            forms.push((
                format!("byte {place} changed"),
                format!("{before}{changed}{after}"),
            ));
        }
    }
    forms
}

pub(crate) async fn take(
    fake: &Fake,
    run: &Value,
    step: &str,
    shard: Option<usize>,
) -> Result<StepAnswer, HandlerError> {
    let payload = match shard {
        Some(shard) => json!({"step": step, "run": run, "shard": shard}),
        None => json!({"step": step, "run": run}),
    };
    match handle(fake, &payload).await.0 {
        Ok(Answer::Step(answer)) => Ok(answer),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error),
    }
}

/// A run that is cut, and whose first steps up to the object are made.
pub(crate) async fn up_to(object: Object) -> (Fake, Value) {
    let fake = limited(&plan()).await;
    for finding in [None, Some(Finding::LockedOut), None] {
        fake.will_see(finding);
    }
    handle(
        &fake,
        &json!({"plan": "orders", "run_id": ID, "trigger": "deploy"}),
    )
    .await
    .0
    .unwrap();
    let run = {
        let runs = fake.handed_over.as_ref().unwrap().lock().unwrap();
        serde_json::to_value(runs.last().unwrap()).unwrap()
    };
    take(&fake, &run, "cut", None).await.unwrap();
    if !matches!(object, Object::Part(_)) {
        shards(&fake, &run).await;
    }
    (fake, run)
}

/// The shards, as the state machine carries them out: whichever fails is dead.
async fn shards(fake: &Fake, run: &Value) {
    for shard in 0..SHARDS {
        if let Err(error) = take(fake, run, "shard", Some(shard)).await {
            assert!(error.to_string().len() > 30, "{error}");
            // What the others see does not move up.
            fake.sees.lock().unwrap().pop_front();
        }
    }
}

pub(crate) async fn committed(fake: &Fake) -> Option<Report> {
    let run = fake.store().run("orders", 1).await.unwrap()?;
    Some(Report::from_json(&run.report.unwrap()).unwrap())
}

/// The shard that a row is of, by its table.
pub(crate) fn shard_of(id: &str) -> usize {
    NAMES
        .iter()
        .position(|name| id.split('/').any(|part| part == *name))
        .unwrap()
        / 2
}

/// What is wrong with what was collected.
fn wrong(report: &Report, dead: &[usize], object: Object) -> Vec<String> {
    let mut wrong = Vec::new();
    let ids: Vec<&str> = report.probes.iter().map(|row| row.id.as_str()).collect();
    let planned = Plan::parse(&plan()).unwrap().probes();
    if ids
        != planned
            .iter()
            .map(|probe| probe.id.as_str())
            .collect::<Vec<_>>()
    {
        return vec![format!("lost or invented probes: {ids:?}")];
    }
    for row in &report.probes {
        let truth = (row.id == READ).then_some(Finding::LockedOut);
        let shard = shard_of(&row.id);
        let blind = row.finding == Some(Finding::Blind);
        let touched = matches!(object, Object::Part(one) | Object::Report(one) if one == shard);
        if (row.finding != truth && !(blind && touched)) || blind != dead.contains(&shard) {
            wrong.push(format!("{} is {:?}", row.id, row.finding));
        }
        if (row.verdict == Verdict::Pass) != row.finding.is_none() {
            wrong.push(format!(
                "{} is {:?} with {:?}",
                row.id, row.verdict, row.finding
            ));
        }
    }
    let expected = if dead.contains(&shard_of(READ)) {
        Verdict::Inconclusive
    } else {
        Verdict::Fail
    };
    if report.summary.verdict != expected {
        wrong.push(format!("the run is {:?}", report.summary));
    }
    wrong
}

// A report that is none is read again: the clock runs ahead.
#[tokio::test(start_paused = true)]
async fn a_broken_object_of_a_large_run_blinds_its_shard_and_loses_or_passes_nothing() {
    let (mut cells, mut blind, mut refused, mut all_wrong) = (0, 0, 0, Vec::new());
    let of = |shard| [Object::Part(shard), Object::Report(shard)];
    for object in (0..SHARDS).flat_map(of).chain([Object::Manifest]) {
        let (fake, _) = up_to(object).await;
        let reports = &fake.stack().reports;
        let whole = reports.get(&object.key()).await.unwrap().unwrap();
        let other = reports.get(&object.other().key()).await.unwrap().unwrap();
        for (name, text) in forms(&whole, &other) {
            let (fake, run) = up_to(object).await;
            fake.stack()
                .reports
                .put(&object.key(), &text)
                .await
                .unwrap();
            if matches!(object, Object::Part(_)) {
                shards(&fake, &run).await;
            }
            cells += 1;
            let place = format!("{object:?}, {name}");
            let dead = match take(&fake, &run, "collect", None).await {
                Ok(StepAnswer::Collected { commit: 1, dead }) => dead,
                Ok(other) => panic!("{place}: {other:?}"),
                // Only without the manifest can nothing be collected; then nothing is committed.
                Err(error) => {
                    refused += 1;
                    assert_eq!(object, Object::Manifest, "{place}: {error}");
                    assert_eq!(committed(&fake).await, None, "{place}");
                    fake.stack()
                        .reports
                        .put(&object.key(), &whole)
                        .await
                        .unwrap();
                    let again = take(&fake, &run, "collect", None).await.unwrap();
                    assert_eq!(
                        again,
                        StepAnswer::Collected {
                            commit: 1,
                            dead: vec![]
                        },
                        "{place}"
                    );
                    vec![]
                }
            };
            blind += usize::from(!dead.is_empty());
            let report = committed(&fake).await.unwrap();
            let found = wrong(&report, &dead, object).into_iter();
            all_wrong.extend(found.map(|text| format!("{place}: {text}")));
        }
    }
    assert!(all_wrong.is_empty(), "\n{}", all_wrong.join("\n"));
    // Most forms are none that could be taken for whole.
    assert!(
        blind > 100 && refused > 10,
        "{cells} cells, {blind} blind, {refused} refused"
    );
}
