// SPDX-License-Identifier: Apache-2.0
//! The same faults at the calls of a run in shards: of the state table and the report bucket, and of the
//! account under test, in each of its three steps.
//!
//! Whatever breaks: the run is committed once, with each planned probe, none of which passes that doesn't
//! pass undisturbed, and what another shard found out stands; or it is not committed, whoever waits for it is
//! told why, and the same step, asked again when nothing is broken, completes it. A call that is carried out
//! and whose reply breaks is one cell, one that gets lost another, where it writes something.

mod account;
mod calls;
mod judge;
mod machine;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use keyproof_faults::{Disturbance, Fault};

use crate::faults::{Must, ROWS, Row};
use crate::world::{Truth, block_on};
use account::{Account, PATIENT, Patience};
use calls::{CALLS, Call};
use machine::{Came, Step, Undisturbed, carry_out};

/// One cell of so many is run, unless all are.
pub(crate) const SAMPLE: usize = 101;
/// Cells under way at once in each thread: most of their time they wait for another try.
const AT_ONCE: usize = 24;
/// How long an attempt may take where the fault takes all of it.
const SHORT: Duration = Duration::from_secs(1);

/// A fault at a call of a step, in a world.
#[derive(Clone, Copy)]
struct Cell {
    row: &'static Row,
    call: &'static Call,
    truth: Truth,
}

/// Every cell, those that wait spread among those that work.
fn cells() -> Vec<Cell> {
    let of = |row: &'static Row, call: &'static Call| {
        let worlds = Truth::ALL.into_iter();
        let wanted = worlds.filter(move |&truth| is_worth_it(row, call, truth));
        wanted.map(move |truth| Cell { row, call, truth })
    };
    let calls = CALLS.iter();
    calls
        .flat_map(|call| ROWS.iter().flat_map(move |row| of(row, call)))
        .collect()
}

/// Whether it can show something that others don't.
fn is_worth_it(row: &Row, call: &Call, truth: Truth) -> bool {
    let may_mislead = row.must == Must::BeSafe;
    // Whoever can forge the reply to a write that never came can say that it was made; a reply that is large
    // is right.
    let says = matches!(row.must, Must::Say(_)) && row.fault != Fault::Huge;
    let lost = !call.lost || says || row.times == 1;
    // The calls that a run makes have a matrix of their own; one world will do here.
    let own = call.step != Step::Shard || call.operation.contains("runs/");
    lost && match truth {
        Truth::Open => own || may_mislead,
        Truth::Kept => true,
        Truth::Shut => own && may_mislead,
    }
}

impl Cell {
    async fn run(&self, whole: &Undisturbed) -> (Came, Vec<String>) {
        let mut patience = if self.row.slow { hasty(1) } else { PATIENT };
        let mut came = self.once(whole, patience).await;
        let mut wrong = judge::complaints(self, whole, &came, patience);
        // On a machine that is too busy, calls that nobody broke are late, too.
        for times in [3, 9] {
            if !self.row.slow || wrong.is_empty() || judge::is_fatal(&wrong) {
                break;
            }
            patience = hasty(times);
            came = self.once(whole, patience).await;
            wrong = judge::complaints(self, whole, &came, patience);
        }
        (came, wrong)
    }

    async fn once(&self, whole: &Undisturbed, patience: Patience) -> Came {
        let disturbance = Disturbance {
            operation: self.call.operation.to_owned(),
            principal: self.call.principal.to_owned(),
            fault: self.row.fault,
            skip: 0,
            lost: self.call.lost,
            times: self.row.times,
        };
        let run = carry_out(self.truth, whole, self.call.step, &disturbance, patience);
        Box::pin(run).await
    }
}

/// Where an attempt takes all of its time.
fn hasty(times: u32) -> Patience {
    Patience {
        attempts: 2,
        attempt: SHORT * times,
        step: SHORT * 10 * times,
    }
}

/// Runs the cells, spread over threads.
fn all(cells: &[Cell], whole: &BTreeMap<Truth, Undisturbed>) -> Vec<(Cell, Came, Vec<String>)> {
    let (next, came) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mine = std::iter::from_fn(|| cells.get(next.fetch_add(1, Ordering::Relaxed)));
                let done = stream::iter(mine).map(async |cell| {
                    let (came, wrong) = cell.run(&whole[&cell.truth]).await;
                    (*cell, came, wrong)
                });
                let done = block_on(done.buffer_unordered(AT_ONCE).collect::<Vec<_>>());
                came.lock().unwrap().extend(done);
            });
        }
    });
    came.into_inner().unwrap()
}

/// Breaks every call of every step with every fault; one of so many, unless all are asked for. Compares the
/// page, where all are; the complaints.
pub(crate) fn matrix(step: usize) -> Vec<String> {
    let whole: BTreeMap<Truth, Undisturbed> = block_on(async {
        let all = stream::iter(Truth::ALL).then(async |truth| {
            let run = Box::pin(Account::undisturbed(truth)).await;
            crate::judge::world_is(truth, &run.report);
            (truth, run)
        });
        all.collect().await
    });
    calls::are_all(&whole[&Truth::Kept].recordings);
    let cells: Vec<Cell> = cells().into_iter().step_by(step).collect();
    let came = all(&cells, &whole);
    assert_eq!(came.len(), cells.len());
    let mut signs: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (cell, came, _) in &came {
        let square = (cell.call.step, cell.row.name, cell.call.column);
        let sign = judge::sign(&whole[&cell.truth], came);
        signs.entry(square).or_default().insert(sign);
    }
    let wrong: Vec<String> = came
        .iter()
        .flat_map(|(_, _, wrong)| wrong.clone())
        .collect();
    if step == 1 && wrong.is_empty() {
        crate::page::compare("faults-large-run.md", &page::page(&came, &whole, &signs));
    }
    wrong
}
