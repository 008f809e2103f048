// SPDX-License-Identifier: Apache-2.0
//! The same faults at the calls of `keyproof doctor`: what could not be asked is never called well.
//!
//! No check is lost, and none is well that isn't undisturbed; where a call brought nothing, something is
//! not well and says so.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use keyproof_aws::{Settings, examine};
use keyproof_doctor::{Circumstances, Diagnosis, State, diagnose};
use keyproof_faults::{Disturbance, Fault, Recording};
use keyproof_plan::Plan;
use keyproof_verdict::RunFacts;

use crate::cell::DEADLINE;
use crate::diagnosis::AT_ONCE;
use crate::faults::{Must, ROWS, Row};
use crate::page::{Signs, grid_of};
use crate::places;
use crate::world::{Truth, Worlds, patient};

/// The calls of a doctor, and whose they are.
const CALLS: [(&str, &str); 5] = [
    ("GetCallerIdentity", "runner"),
    ("AssumeRole", "reader"),
    ("DescribeTable", "runner"),
    ("DescribeKey", "runner"),
    ("GetItem", "reader"),
];

fn plan() -> Plan {
    places::plan(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }\n  \
         - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }\n",
    )
}

fn facts() -> RunFacts {
    let at: Timestamp = "2026-01-15T00:00:00Z".parse().unwrap();
    RunFacts {
        id: "01KEYPR00F0000000000000001".to_owned(),
        trigger: "doctor".to_owned(),
        started_at: at,
        finished_at: at,
        account: None,
        region: Some("us-east-1".to_owned()),
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: "2026-01-15".parse().unwrap(),
    }
}

struct Cell {
    row: &'static Row,
    call: (&'static str, &'static str),
    truth: Truth,
}

impl Worlds {
    async fn examined(
        &self,
        truth: Truth,
        disturbance: Option<Disturbance>,
        recording: Recording,
        settings: &Settings,
    ) -> (Diagnosis, usize, Recording) {
        let proxy = self.proxy(truth, disturbance, recording).await;
        let runner = self.runner(truth, &proxy).await;
        let found = Box::pin(examine(&plan(), settings, &runner)).await;
        let told = diagnose(&plan(), &found, &Circumstances::default(), facts());
        (told, proxy.broken(), proxy.recording())
    }
}

/// Everything that is wrong with a diagnosis.
fn complaints(before: &Diagnosis, after: &Diagnosis, row: &Row, operation: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let state = |told: &Diagnosis, id: &str| {
        let mut checks = told.checks.iter();
        checks.find(|check| check.id == id).map(|check| check.state)
    };
    for check in &before.checks {
        match (check.state, state(after, &check.id)) {
            (_, None) => wrong.push(format!("{} is lost", check.id)),
            (was, Some(State::Ok)) if was != State::Ok => {
                wrong.push(format!("{} is well, and it is not", check.id));
            }
            // On a busy machine the second attempt may be late, too.
            (was, Some(is)) if row.must == Must::Recover && !row.slow && was != is => {
                wrong.push(format!("{} was {was:?} and is {is:?}", check.id));
            }
            _ => {}
        }
    }
    // Nothing hangs on who asks but names; and an XML reader stops at the end of the document.
    let matters = operation != "GetCallerIdentity"
        && (row.fault, operation) != (Fault::Doubled, "AssumeRole");
    if matches!(row.must, Must::Say(_)) && matters && after.summary.state == State::Ok {
        wrong.push("all is well, and a call brought nothing".to_owned());
    }
    for check in &after.checks {
        let inside = ["Some(", "Error {", "hyper", "\n", "\u{1b}"];
        if inside.iter().any(|word| check.finding.contains(word)) {
            wrong.push(format!("no sentence for a person: {}", check.finding));
        }
    }
    wrong
}

/// Breaks every call with every fault; one of so many, unless all are asked for. What came of each, for the
/// page; the complaints.
pub(crate) async fn matrix(step: usize) -> (String, Vec<String>) {
    let worlds = Worlds::start().await;
    let settings = patient();
    let mut undisturbed = BTreeMap::new();
    for truth in [Truth::Kept, Truth::Shut] {
        let whole = worlds.examined(truth, None, Recording::default(), &settings);
        let (told, _, recording) = whole.await;
        let well = told.summary.state == State::Ok;
        assert_eq!(well, truth == Truth::Kept, "{:#?}", told.checks);
        undisturbed.insert(truth, (told, recording));
    }
    let cells = ROWS.iter().flat_map(|row| {
        let calls = CALLS.into_iter();
        let of = calls.flat_map(move |call| {
            [Truth::Kept, Truth::Shut].map(|truth| Cell { row, call, truth })
        });
        // One of a kind that takes its time will do.
        of.filter(|cell| !cell.row.slow || (cell.truth == Truth::Kept && cell.call.0 == "GetItem"))
    });
    let cells: Vec<Cell> = cells.step_by(step).collect();
    let came = stream::iter(&cells).map(async |cell| {
        let (whole, recording) = &undisturbed[&cell.truth];
        let (operation, principal) = cell.call;
        let disturbance = Disturbance {
            operation: operation.to_owned(),
            principal: principal.to_owned(),
            fault: cell.row.fault,
            skip: 0,
            lost: false,
            times: cell.row.times,
        };
        let short = std::time::Duration::from_secs(8);
        let settings = Settings {
            attempt_timeout: if cell.row.slow {
                short
            } else {
                patient().attempt_timeout
            },
            attempts: if cell.row.slow { 2 } else { patient().attempts },
            deadline: Some(DEADLINE),
            ..patient()
        };
        let started = Instant::now();
        let broken = worlds.examined(cell.truth, Some(disturbance), recording.clone(), &settings);
        let (told, count, _) = broken.await;
        let mut wrong = complaints(whole, &told, cell.row, operation);
        // On a busy machine it may be too late for a session before anything is broken.
        if count == 0 && !cell.row.slow {
            wrong.push("nothing was broken".to_owned());
        }
        if started.elapsed() > DEADLINE {
            wrong.push(format!("it took {:?}", started.elapsed()));
        }
        let sign = match told.summary.state {
            _ if told.summary == whole.summary => "=",
            State::Ok | State::Unknown => "?",
            State::Problem => "!",
        };
        let place = format!(
            "{} at {operation} of {principal} ({:?})",
            cell.row.name, cell.truth
        );
        let wrong = wrong
            .into_iter()
            .map(move |text| format!("{place}: {text}"));
        ((cell.row.name, operation), sign, wrong.collect::<Vec<_>>())
    });
    let came: Vec<_> = came.buffer_unordered(AT_ONCE).collect().await;
    let mut signs: Signs = BTreeMap::new();
    for (square, sign, _) in &came {
        signs.entry(*square).or_default().insert(sign);
    }
    let wrong = came.into_iter().flat_map(|(_, _, wrong)| wrong);
    (section(cells.len(), &signs), wrong.collect())
}

/// The matrix as a part of the page.
fn section(runs: usize, signs: &Signs) -> String {
    let names: Vec<&str> = CALLS.iter().map(|(operation, _)| *operation).collect();
    let introduction = format!(
        "## Doctor\n\n\
         What `keyproof doctor` asks: {runs} runs in which it broke. No check was lost, and none was well that is not so\n\
         undisturbed.\n\n\
         - `=` found out all the same\n\
         - `?` something could not be found out, and says so\n\
         - `!` something is told as a problem\n\
         - nothing: not tried, as it takes its time, and one of its kind was\n\n"
    );
    introduction + &grid_of(&names, signs)
}
