// SPDX-License-Identifier: Apache-2.0
//! The same faults at the calls of a diagnosis: the reads that say which statement is behind a failure.
//!
//! A diagnosis comes after the verdict. Whatever breaks in it, no verdict, finding or reason is another;
//! a cause is the one that is told undisturbed, or none, or one without the event that wrote the document,
//! and then something says what was not read. A wrong statement or event would send somebody to the wrong
//! place. The sandbox has no trail: that is another endpoint, which tells of the policy that is in force.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use keyproof_diagnose::{Aws, Event, LookUpEvents, diagnose};
use keyproof_faults::{Disturbance, Proxy, Recording};
use keyproof_plan::Plan;
use keyproof_scripted::{Reply, Rule, Script, Scripted, World};
use keyproof_verdict::{Cause, DocumentRow, ProbeRow, Report, Verdict};
use serde_json::{Value, json};

use crate::cell::DEADLINE;
use crate::faults::{Must, ROWS, Row};
use crate::page::{Signs, grid_of};
use crate::places;
use crate::world::{Truth, Worlds, patient};

/// The operator's reads of a diagnosis.
const CALLS: [&str; 10] = [
    "GetRole",
    "ListRolePolicies",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "DescribeKey",
    "GetKeyPolicy",
    "ListGrants",
    "DescribeTable",
    "GetResourcePolicy",
    "LookupEvents",
];

/// Runs under way at once: most of their time they wait for another try.
pub(crate) const AT_ONCE: usize = 96;

/// A trail that tells of the policies of these keys, and of whom they are of: first the newest, as CloudTrail
/// does. <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-put-key-policy.html>
async fn trail(documents: &[DocumentRow]) -> Scripted {
    let mut script = Script::new(World::default());
    for row in documents {
        let key = &row.document;
        let listed = |name: &str, id: &str, at: &str, parameters: Value| {
            let record = json!({
                "eventVersion": "1.08", "eventSource": "kms.amazonaws.com", "awsRegion": "us-east-1",
                "eventName": name, "eventID": id, "eventTime": at, "readOnly": false,
                "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ada"},
                "requestParameters": parameters, "responseElements": {"keyId": key},
                "resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key}],
            });
            json!({
                "EventId": id, "EventName": name, "EventSource": "kms.amazonaws.com", "ReadOnly": "false",
                "Username": "ada", "CloudTrailEvent": record.to_string(),
                "Resources": [{"ResourceType": "AWS::KMS::Key", "ResourceName": key}],
            })
        };
        let policy = row.content.to_string();
        let put = json!({"keyId": key, "policyName": "default", "policy": policy});
        let events = json!({"Events": [
            listed("PutKeyPolicy", "e-2", "2026-01-15T03:04:05Z", put),
            listed("CreateKey", "e-1", "2026-01-14T03:04:05Z", json!({"keySpec": "SYMMETRIC_DEFAULT"})),
        ]});
        let rule = Rule::new(Reply::body(&events.to_string()));
        script = script.rule(rule.on("LookupEvents").of(key));
    }
    Scripted::start(script).await
}

/// Nobody changed anything.
struct NoTrail;

impl LookUpEvents for NoTrail {
    async fn look_up(&self, _: &str, _: &str) -> Result<Vec<Event>, String> {
        Ok(Vec::new())
    }
}

/// A fault at a call of a diagnosis of this world's failures.
struct Cell {
    row: &'static Row,
    call: &'static str,
    truth: Truth,
}

/// A diagnosed report, and what was said about the diagnosis.
struct Told {
    report: Report,
    notes: Vec<String>,
}

fn plan() -> Plan {
    places::plan(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }\n  \
         - { principal: outsider, on: orders, actions: [dynamodb:GetItem, kms:Decrypt], decision: denied, by: kms }\n",
    )
}

fn cells() -> Vec<Cell> {
    let of = |row: &'static Row, call| {
        let worlds = [Truth::Open, Truth::Shut].into_iter();
        // One of a kind that takes its time will do.
        let wanted = move |truth: &Truth| {
            let waits = !row.slow || ["GetRole", "GetKeyPolicy", "LookupEvents"].contains(&call);
            waits && (*truth == Truth::Open || row.must == Must::BeSafe)
        };
        worlds
            .filter(wanted)
            .map(move |truth| Cell { row, call, truth })
    };
    let rows = ROWS.iter();
    rows.flat_map(|row| CALLS.iter().flat_map(move |call| of(row, call)))
        .collect()
}

impl Worlds {
    /// Diagnoses a copy of the report through a proxy before the account and one before the trail: how many
    /// calls were broken, too.
    async fn diagnosed(
        &self,
        truth: Truth,
        (report, trail): (&Report, &Scripted),
        disturbance: Option<Disturbance>,
        recording: Recording,
    ) -> (Told, usize, Recording) {
        let address = trail.url().trim_start_matches("http://");
        let events = Proxy::start(address, disturbance.clone(), recording.clone()).await;
        let proxy = self.proxy(truth, disturbance, recording).await;
        let runner = self.runner(truth, &proxy).await;
        let mut report = report.clone();
        let at = |url| Aws::new(runner.service_config(url), "us-east-1");
        let (aws, trail) = (at(None), at(Some(events.url())));
        let notes = Box::pin(diagnose(&mut report, &plan(), &aws, &trail)).await;
        let broken = proxy.broken() + events.broken();
        let recording = proxy.recording().or(&events.recording());
        (Told { report, notes }, broken, recording)
    }

    /// The policies of the keys that are in force.
    async fn policies(&self, truth: Truth, report: &Report) -> Vec<DocumentRow> {
        let proxy = self.proxy(truth, None, Recording::default()).await;
        let config = self.runner(truth, &proxy).await.service_config(None);
        let mut report = report.clone();
        let aws = Aws::new(config, "us-east-1");
        Box::pin(diagnose(&mut report, &plan(), &aws, &NoTrail)).await;
        let documents = report.documents.into_iter();
        documents
            .filter(|row| row.document.contains(":key/"))
            .collect()
    }
}

fn causes(report: &Report) -> Vec<Option<&Cause>> {
    let rows = report.probes.iter();
    rows.map(|row| row.cause.as_ref()).collect()
}

/// Everything that is wrong with a diagnosis.
fn complaints(undisturbed: &Told, told: &Told, row: &Row) -> Vec<String> {
    let may_mislead = row.must == Must::BeSafe;
    let mut wrong = Vec::new();
    let (before, after) = (&undisturbed.report, &told.report);
    if before.summary != after.summary {
        wrong.push("another summary".to_owned());
    }
    for (was, is) in before.probes.iter().zip(&after.probes) {
        if (was.verdict, was.finding, &was.reason) != (is.verdict, is.finding, &is.reason) {
            wrong.push(format!("{} is {:?}", is.id, is.finding));
        }
        match (&was.cause, &is.cause) {
            (was, is) if was == is => {}
            // The same, but who wrote it is not known.
            (Some(was), Some(is))
                if is.changed.is_none() && (may_mislead || !told.notes.is_empty()) =>
            {
                let without = Cause {
                    changed: None,
                    ..was.clone()
                };
                if without != *is {
                    wrong.push(format!("another cause: {is:?}"));
                }
            }
            // A whole reply that has nothing in it is what an account without policies says.
            (Some(_), None) if may_mislead || !told.notes.is_empty() => {}
            (Some(_), None) => wrong.push(format!("{} lost its cause without a word", is.id)),
            (_, cause) => wrong.push(format!("{} is blamed on {cause:?}", is.id)),
        }
    }
    for note in &told.notes {
        let plain = note.len() < 900 && !note.contains(['\n', '\u{0}', '\u{1b}']);
        if !plain || note.contains("Some(") || note.contains("Error {") {
            wrong.push(format!("no sentence for a person: {note}"));
        }
    }
    wrong
}

/// Breaks every call with every fault; one of so many, unless all are asked for. What came of each, for the
/// page; the complaints.
pub(crate) async fn matrix(step: usize) -> (String, Vec<String>) {
    let worlds = Worlds::start().await;
    let mut undisturbed = BTreeMap::new();
    for truth in [Truth::Open, Truth::Shut] {
        let proxy = worlds.proxy(truth, None, Recording::default()).await;
        let report = worlds.run(truth, &proxy, &plan(), &patient()).await;
        let trail = trail(&worlds.policies(truth, &report).await).await;
        let whole = worlds.diagnosed(truth, (&report, &trail), None, Recording::default());
        let (told, _, recording) = whole.await;
        assert_eq!(told.notes, [""; 0], "{truth:?}");
        let failures = told.report.probes.iter();
        let failures = failures.filter(|row| row.verdict == Verdict::Fail);
        let written = |row: &ProbeRow| {
            let changed = row.cause.as_ref()?.changed.as_ref()?;
            Some((changed.event.clone(), changed.event_id.clone()?))
        };
        let newest = Some(("PutKeyPolicy".to_owned(), "e-2".to_owned()));
        assert!(failures.clone().count() > 0 && failures.clone().all(|row| written(row) == newest));
        undisturbed.insert(truth, (report, trail, told, recording));
    }
    let cells: Vec<Cell> = cells().into_iter().step_by(step).collect();
    let came = stream::iter(&cells).map(async |cell| {
        let (report, trail, whole, recording) = &undisturbed[&cell.truth];
        let disturbance = Disturbance {
            operation: cell.call.to_owned(),
            principal: "runner".to_owned(),
            fault: cell.row.fault,
            skip: 0,
            lost: false,
            times: if cell.row.slow { 1 } else { cell.row.times },
        };
        let started = Instant::now();
        let report = (report, trail);
        let broken = worlds.diagnosed(cell.truth, report, Some(disturbance), recording.clone());
        let (told, count, _) = broken.await;
        let mut wrong = complaints(whole, &told, cell.row);
        if count == 0 {
            wrong.push("nothing was broken".to_owned());
        }
        if started.elapsed() > DEADLINE {
            wrong.push(format!("it took {:?}", started.elapsed()));
        }
        let same = causes(&told.report) == causes(&whole.report);
        let place = format!("{} at {} ({:?})", cell.row.name, cell.call, cell.truth);
        let wrong = wrong
            .into_iter()
            .map(move |text| format!("{place}: {text}"));
        ((cell.row.name, cell.call), same, wrong.collect::<Vec<_>>())
    });
    let came: Vec<_> = came.buffer_unordered(AT_ONCE).collect().await;
    let mut signs: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for (square, same, _) in &came {
        let sign = if *same { "=" } else { "?" };
        signs.entry(*square).or_default().insert(sign);
    }
    let wrong = came.into_iter().flat_map(|(_, _, wrong)| wrong);
    (section(cells.len(), &signs), wrong.collect())
}

/// The matrix as a part of the page.
fn section(runs: usize, signs: &Signs) -> String {
    let introduction = format!(
        "## Diagnosis\n\n\
         What `--diagnose` reads, as the operator, after the verdict: {runs} runs in which it broke. No verdict, finding or\n\
         reason was another; no failure was put down to another statement, or to another event than the one that wrote it.\n\n\
         - `=` each failure has its cause all the same, and the event that wrote it\n\
         - `?` at least one has none, or lacks the event, and a note says what was not read; of a reply that can't be told from\n\
         \x20 that of an account or a trail with nothing in it, no note can\n\
         - nothing: not tried, as it takes its time, and one of its kind was\n\n"
    );
    introduction + &grid_of(&CALLS, signs)
}
