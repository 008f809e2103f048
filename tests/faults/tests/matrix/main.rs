// SPDX-License-Identifier: Apache-2.0
//! The fault matrix: each fault at each call of a run, in worlds where everything is as planned,
//! where the outsider is let in, and where the reader is locked out.
//!
//! Whatever is broken: no probe passes that doesn't pass undisturbed, no probe is lost, what was
//! seen to be open is reported as such, the run ends in its time, and the sentence says what
//! happened. `docs/faults.md` is written by this test (`UPDATE_GOLDEN=1`) and compared with it, and so is
//! `docs/faults-diagnosis.md`, `docs/faults-drill.md` and `docs/faults-large-run.md`: what comes of the same
//! faults in a diagnosis, in a doctor, in a drill and in a run in shards.
//!
//! Every eighth cell is run; all of them, which takes minutes, with `EVERY_FAULT=1`, as the gate does, of
//! drills with `EVERY_DRILL=1` and of runs in shards (of which fewer are run without) with `EVERY_LARGE_RUN=1`.
//! Only then is there a page to compare; a drill of the sample is compared with its square.
//!
//! A new fault is a row in `faults`; a new call is a row in `places`.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers fail by panicking"
)]

mod cell;
mod diagnosis;
mod doctor;
mod drill;
mod faults;
mod flap;
mod judge;
mod large;
mod page;
mod places;
mod world;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt};

use cell::{Came, Cell};
use world::{Truth, Worlds};

/// Cells under way at once in each thread.
const AT_ONCE: usize = 24;

/// One cell of so many is run, unless all are.
const SAMPLE: usize = 8;

/// Runs the cells, spread over threads with worlds of their own.
fn all(cells: &[Cell]) -> Vec<(Cell, Came)> {
    let next = AtomicUsize::new(0);
    let came = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                world::block_on(async {
                    let worlds = Worlds::start().await;
                    let mine =
                        std::iter::from_fn(|| cells.get(next.fetch_add(1, Ordering::Relaxed)));
                    let done: Vec<_> = stream::iter(mine)
                        .map(async |cell| (cell.clone(), cell.run(&worlds).await))
                        .buffer_unordered(AT_ONCE)
                        .collect()
                        .await;
                    came.lock().unwrap().extend(done);
                });
            });
        }
    });
    let mut came = came.into_inner().unwrap();
    came.sort_by_key(|(cell, _)| cell.number);
    came
}

/// Whether one of these is set.
fn asked(names: &[&str]) -> bool {
    names.iter().any(|name| std::env::var_os(name).is_some())
}

/// Whether all cells of a run's and a diagnosis' matrices are run.
fn whole() -> bool {
    asked(&["EVERY_FAULT", "UPDATE_GOLDEN"])
}

#[test]
fn no_fault_makes_a_diagnosis_or_a_doctor_say_what_is_not_so() {
    let step = if whole() { 1 } else { SAMPLE };
    let (parts, wrong) = world::block_on(async {
        let (diagnosis, mut wrong) = diagnosis::matrix(step).await;
        let (doctor, more) = doctor::matrix(step).await;
        wrong.extend(more);
        ([diagnosis, doctor], wrong)
    });

    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    if whole() {
        page::compare("faults-diagnosis.md", &page::of_others(&parts));
    }
}

#[test]
fn no_fault_leaves_a_drill_open_or_lets_it_pass() {
    let step = if asked(&["EVERY_DRILL", "UPDATE_GOLDEN"]) {
        1
    } else {
        SAMPLE
    };
    let wrong = world::block_on(drill::matrix(step));

    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_fault_lets_a_large_run_pass_or_lose_a_probe() {
    let step = if asked(&["EVERY_LARGE_RUN", "UPDATE_GOLDEN"]) {
        1
    } else {
        large::SAMPLE
    };
    let wrong = large::matrix(step);

    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_fault_at_any_call_turns_into_a_pass_that_is_not_true() {
    let started = Instant::now();
    let whole = whole();
    let step = if whole { 1 } else { SAMPLE };
    let cells: Vec<Cell> = cell::every().into_iter().step_by(step).collect();
    let came = all(&cells);
    assert_eq!(came.len(), cells.len());

    let mut wrong: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for (cell, came) in &came {
        for (kind, text) in judge::complaints(cell, came) {
            let of_kind = wrong.entry((cell.row.name, kind)).or_default();
            of_kind.push(format!("{cell}: {text}"));
        }
    }
    let told: Vec<String> = wrong
        .iter()
        .map(|((_, kind), cells)| format!("{} cells: {kind}\n    {}", cells.len(), cells[0]))
        .collect();
    assert!(told.is_empty(), "\n{}", told.join("\n"));
    if whole {
        page::compare("faults.md", &page::page(&came));
    }
    assert!(
        started.elapsed() < Duration::from_mins(10),
        "the matrix took {:?}",
        started.elapsed()
    );
}

#[test]
fn the_worlds_are_what_the_matrix_takes_them_for() {
    world::block_on(async {
        let worlds = Worlds::start().await;
        for place in places::PLACES {
            for truth in Truth::ALL {
                let report = worlds.undisturbed(truth, place).await;
                judge::world_is(truth, &report.report);
            }
        }
    });
}
