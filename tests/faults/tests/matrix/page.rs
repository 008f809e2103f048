// SPDX-License-Identifier: Apache-2.0
//! `docs/faults.md`, the matrix as a page, and the one of what else asks AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use keyproof_verdict::Verdict;

use crate::cell::{Came, Cell};
use crate::faults::ROWS;
use crate::places::PLACES;

/// What came of a broken call, in the order in which a square lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// As undisturbed.
    Same,
    /// Not found out.
    Unknown,
    /// Failed, where it passes undisturbed.
    Alarm,
}

impl Sign {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "=",
            Self::Unknown => "?",
            Self::Alarm => "!",
        }
    }
}

const INTRODUCTION: &str = "\
# When replies break

Not finding out is never a pass, whatever breaks on the way to AWS. This page is written by a test
(`tests/faults`), which puts a proxy between keyproof and an AWS endpoint, breaks the replies to one
call of a run, and compares the report with that of a run that nothing disturbs. It does so for each
fault at each call, of the reader and of the outsider, in a world where the key keeps the outsider
out, in one where it lets the outsider in, and, for faults that could mislead, in one where it lets
nobody in.
";

const LEGEND: &str = "\
In every run, each planned probe stood in the report once, in plan order; no probe passed that does not
pass undisturbed; what was seen open stood there as `exposed`, whatever else was broken; the run ended
in its time; and the sentence of each broken call said what happened.

- `=` found out all the same: the call was sent again, or the fault changed nothing that matters
- `?` inconclusive, and said why
- `!` a false alarm: a probe failed that passes undisturbed, as the reply could not be told from one
  that only an authorised call gets
- two signs: it depends on whose call it was

";

const AFTERWORD: &str = "\
## What no client can see

A reply that is whole, well formed, and to the question carries nothing that ties it to the request.
Whoever can forge AWS's replies, past TLS, can make keyproof say anything; `!` above is the harmless
side of that. A refusal is tied more closely: the caller that it names must be the probe's own.

A policy that settles while a run looks is seen call by call: whatever was open at one call makes the
run fail. One that is closed during each call of a run, and open before and after, is not seen by it.
";

/// The page.
pub(crate) fn page(came: &[(Cell, Came)]) -> String {
    let mut signs: BTreeMap<(&str, String), BTreeSet<Sign>> = BTreeMap::new();
    for (cell, came) in came {
        let square = signs
            .entry((cell.row.name, cell.place.column()))
            .or_default();
        square.extend(of(cell, came));
    }
    let calls = PLACES.iter().filter(|place| place.is_made()).count();
    let mut page = INTRODUCTION.to_owned();
    let _ = write!(
        page,
        "\n{} runs: {} faults at {calls} calls. False passes: {}. Lost probes: {}.\n\n{LEGEND}",
        came.len(),
        ROWS.len(),
        came.iter()
            .map(|(_, came)| false_passes(came))
            .sum::<usize>(),
        came.iter().map(|(_, came)| lost(came)).sum::<usize>(),
    );
    for service in ["STS", "DynamoDB", "KMS"] {
        let mut columns: Vec<String> = Vec::new();
        for place in PLACES.iter().filter(|place| place.service == service) {
            if !columns.contains(&place.column()) {
                columns.push(place.column());
            }
        }
        let squares = |row: &'static str, column: &String| {
            let square = &signs[&(row, column.clone())];
            square.iter().map(|sign| sign.as_str()).collect()
        };
        let _ = write!(page, "## {service}\n\n{}", grid(&columns, squares));
    }
    page + AFTERWORD
}

/// A table of every fault at these calls; `squares` says what came of one at one.
pub(crate) fn grid<C: AsRef<str>>(
    columns: &[C],
    squares: impl Fn(&'static str, &C) -> Vec<&'static str>,
) -> String {
    let heads: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    let line = "|---".repeat(columns.len() + 1);
    let mut table = format!("| fault | {} |\n{line}|\n", heads.join(" | "));
    for row in ROWS {
        let squares = columns
            .iter()
            .map(|column| squares(row.name, column).join(" "));
        let squares = squares.collect::<Vec<_>>().join(" | ");
        let _ = writeln!(table, "| {} | {squares} |", row.name);
    }
    table.push('\n');
    table
}

/// What came of a fault at a call, of what asks AWS beside a run.
pub(crate) type Signs = BTreeMap<(&'static str, &'static str), BTreeSet<&'static str>>;

/// The same, where not every fault was tried at every call.
pub(crate) fn grid_of(columns: &[&'static str], signs: &Signs) -> String {
    grid(columns, |row, column| {
        let square = signs.get(&(row, *column)).into_iter().flatten();
        square.copied().collect()
    })
}

/// What came of the probes that hang on the broken call.
fn of(cell: &Cell, came: &Came) -> BTreeSet<Sign> {
    let rows = came.undisturbed.probes.iter().zip(&came.disturbed.probes);
    let touched = rows.filter(|(row, _)| cell.place.touches(&row.id));
    let mut signs: BTreeSet<Sign> = touched
        .map(|(was, is)| match is.verdict {
            _ if is.finding == was.finding => Sign::Same,
            Verdict::Fail if was.verdict == Verdict::Pass => Sign::Alarm,
            Verdict::Pass | Verdict::Fail | Verdict::Inconclusive => Sign::Unknown,
        })
        .collect();
    if signs.is_empty() {
        signs.insert(Sign::Same);
    }
    signs
}

fn false_passes(came: &Came) -> usize {
    let rows = came.undisturbed.probes.iter().zip(&came.disturbed.probes);
    rows.filter(|(was, is)| is.verdict == Verdict::Pass && was.verdict != Verdict::Pass)
        .count()
}

fn lost(came: &Came) -> usize {
    let found = |id: &&String| {
        came.disturbed
            .probes
            .iter()
            .filter(|row| row.id == **id)
            .count()
            == 1
    };
    came.planned.len() - came.planned.iter().filter(found).count()
}

/// The page about commands that ask AWS beside a run.
pub(crate) fn of_others(parts: &[String]) -> String {
    let introduction = "\
# When replies to a diagnosis or to a doctor break

[The matrix of runs](faults.md) has each fault at each call of a run. The same test does the same to the calls that
say why something failed, and to those that say what a run lacks.

";
    let page = introduction.to_owned() + &parts.concat();
    page.trim_end().to_owned() + "\n"
}

fn file(name: &str) -> PathBuf {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    docs.join(name)
}

/// The page of this name, as it is.
pub(crate) fn written(name: &str) -> String {
    std::fs::read_to_string(file(name)).unwrap_or_default()
}

/// Compares the page with the file of this name in `docs`, or writes it there.
#[track_caller]
pub(crate) fn compare(name: &str, page: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file(name), page).unwrap();
    }
    assert!(
        page == written(name),
        "docs/{name} is not what this run came to; read the diff after UPDATE_GOLDEN=1"
    );
}
