// SPDX-License-Identifier: Apache-2.0
//! The same faults at the calls of a diagnosis: the reads that say which statement is behind a failure.
//!
//! A diagnosis comes after the verdict. Whatever breaks in it, no verdict, finding or reason is another;
//! a cause is the one that is told undisturbed, or none, and then something says what was not read. A
//! wrong statement would send somebody to the wrong place.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use keyproof_diagnose::{Aws, Event, LookUpEvents, diagnose};
use keyproof_faults::{Disturbance, Recording};
use keyproof_plan::Plan;
use keyproof_verdict::{Cause, Report, Verdict};

use crate::cell::DEADLINE;
use crate::faults::{Must, ROWS, Row};
use crate::page::{Signs, grid_of};
use crate::places;
use crate::world::{Truth, Worlds, patient};

/// The operator's reads of a diagnosis.
const CALLS: [&str; 9] = [
    "GetRole",
    "ListRolePolicies",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "DescribeKey",
    "GetKeyPolicy",
    "ListGrants",
    "DescribeTable",
    "GetResourcePolicy",
];

/// Runs under way at once: most of their time they wait for another try.
pub(crate) const AT_ONCE: usize = 96;

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
            let waits = !row.slow || ["GetRole", "GetKeyPolicy"].contains(&call);
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
    /// Diagnoses a copy of the report through a proxy: how many calls were broken, too.
    async fn diagnosed(
        &self,
        truth: Truth,
        report: &Report,
        disturbance: Option<Disturbance>,
        recording: Recording,
    ) -> (Told, usize, Recording) {
        let proxy = self.proxy(truth, disturbance, recording).await;
        let config = self.runner(truth, &proxy).await.service_config(None);
        let mut report = report.clone();
        let aws = Aws::new(config, "us-east-1");
        let notes = Box::pin(diagnose(&mut report, &plan(), &aws, &NoTrail)).await;
        (Told { report, notes }, proxy.broken(), proxy.recording())
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
        let whole = worlds.diagnosed(truth, &report, None, Recording::default());
        let (told, _, recording) = whole.await;
        assert_eq!(told.notes, [""; 0], "{truth:?}");
        let failures = told.report.probes.iter();
        let failures = failures.filter(|row| row.verdict == Verdict::Fail);
        assert!(failures.clone().count() > 0 && failures.clone().all(|row| row.cause.is_some()));
        undisturbed.insert(truth, (report, told, recording));
    }
    let cells: Vec<Cell> = cells().into_iter().step_by(step).collect();
    let came = stream::iter(&cells).map(async |cell| {
        let (report, whole, recording) = &undisturbed[&cell.truth];
        let disturbance = Disturbance {
            operation: cell.call.to_owned(),
            principal: "runner".to_owned(),
            fault: cell.row.fault,
            skip: 0,
            lost: false,
            times: if cell.row.slow { 1 } else { cell.row.times },
        };
        let started = Instant::now();
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
         reason was another; no failure was put down to another statement.\n\n\
         - `=` each failure has its cause all the same\n\
         - `?` at least one has none, and a note says what was not read\n\
         - nothing: not tried, as it takes its time, and one of its kind was\n\n"
    );
    introduction + &grid_of(&CALLS, signs)
}
