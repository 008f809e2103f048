// SPDX-License-Identifier: Apache-2.0
//! One cell: a fault at a call in a world.

use std::time::{Duration, Instant};

use keyproof_aws::Settings;
use keyproof_faults::Disturbance;
use keyproof_verdict::Report;

use crate::faults::{Must, ROWS, Row};
use crate::judge;
use crate::places::{PLACES, Place};
use crate::world::{Truth, Worlds, patient};

/// How long an attempt may take where the fault takes all of it.
const SHORT: Duration = Duration::from_secs(1);
/// How long a run may take, whatever is broken.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

/// A cell of the matrix.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Its place in the order of all.
    pub(crate) number: usize,
    pub(crate) row: &'static Row,
    pub(crate) place: &'static Place,
    pub(crate) truth: Truth,
}

/// What came of a cell.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) undisturbed: Report,
    pub(crate) disturbed: Report,
    pub(crate) planned: Vec<String>,
    /// How many calls were broken.
    pub(crate) broken: usize,
    pub(crate) took: Duration,
}

/// Every cell, those that wait spread among those that work.
pub(crate) fn every() -> Vec<Cell> {
    let of = |slow: bool| -> Vec<_> {
        let rows = ROWS.iter().filter(move |row| row.slow == slow);
        let cells = rows.flat_map(|row| {
            let places = PLACES.iter().filter(|place| place.is_made());
            places.flat_map(move |place| {
                let worlds = Truth::ALL
                    .into_iter()
                    .filter(move |truth| is_worth_it(row, place, *truth));
                worlds.map(move |truth| (row, place, truth))
            })
        });
        cells.collect()
    };
    let (slow, quick) = (of(true), of(false));
    let every = quick.len().div_ceil(slow.len());
    let mut mixed = Vec::with_capacity(slow.len() + quick.len());
    for (waiting, working) in slow.iter().zip(quick.chunks(every)) {
        mixed.push(*waiting);
        mixed.extend_from_slice(working);
    }
    mixed.extend_from_slice(&slow[quick.len().div_ceil(every).min(slow.len())..]);
    let numbered = mixed.into_iter().enumerate();
    numbered
        .map(|(number, (row, place, truth))| Cell {
            number,
            row,
            place,
            truth,
        })
        .collect()
}

/// Whether a world can show something that the others don't.
fn is_worth_it(row: &Row, place: &Place, truth: Truth) -> bool {
    match truth {
        Truth::Kept => true,
        // What is open, and what is broken elsewhere: two calls that everything hangs on will do.
        Truth::Open => {
            place.principal != "reader"
                || row.must == Must::BeSafe
                || ["AssumeRole", "GetItem"].contains(&place.operation)
        }
        // What is denied to everybody passes nowhere, unless the reply misleads.
        Truth::Shut => row.must == Must::BeSafe,
    }
}

impl Cell {
    /// Runs it.
    pub(crate) async fn run(&self, worlds: &Worlds) -> Came {
        let mut came = self.once(worlds, SHORT).await;
        // On a machine that is too busy, calls that nobody broke are late, too.
        for patience in [2, 4, 8, 16] {
            if !self.row.slow || !judge::may_be_haste(self, &came) {
                break;
            }
            came = self.once(worlds, SHORT * patience).await;
        }
        came
    }

    async fn once(&self, worlds: &Worlds, short: Duration) -> Came {
        let plan = self.place.plan();
        let before = worlds.undisturbed(self.truth, self.place).await;
        let disturbance = Disturbance {
            operation: self.place.operation.to_owned(),
            principal: self.place.principal.to_owned(),
            fault: self.row.fault,
            skip: 0,
            lost: false,
            times: self.row.times,
        };
        let proxy = worlds
            .proxy(self.truth, Some(disturbance), before.recording.clone())
            .await;
        let settings = Settings {
            attempt_timeout: if self.row.slow {
                short
            } else {
                patient().attempt_timeout
            },
            attempts: if self.row.slow { 2 } else { patient().attempts },
            deadline: Some(DEADLINE),
            ..patient()
        };
        let started = Instant::now();
        let disturbed = worlds.run(self.truth, &proxy, &plan, &settings).await;
        Came {
            undisturbed: before.report.clone(),
            disturbed,
            planned: plan.probes().into_iter().map(|probe| probe.id).collect(),
            broken: proxy.broken(),
            took: started.elapsed(),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} at {} of {} ({:?})",
            self.row.name, self.place.operation, self.place.principal, self.truth
        )
    }
}
