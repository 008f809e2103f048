// SPDX-License-Identifier: Apache-2.0
//! What may come of a large run in which a call broke, and what must.

use keyproof_faults::Fault;
use keyproof_state::RunStage;
use keyproof_verdict::{Finding, ProbeRow, Report, Summary, Verdict};

use super::Cell;
use super::account::{Patience, plan};
use super::machine::{Came, Step, Undisturbed};
use crate::faults::Must;
use crate::judge::is_for_a_person;

/// What complaints begin with that no busy machine explains.
const FATAL: &str = "never: ";

pub(super) fn is_fatal(wrong: &[String]) -> bool {
    wrong.iter().any(|text| text.contains(FATAL))
}

/// What came of the run, for its square.
pub(super) fn sign(whole: &Undisturbed, came: &Came) -> &'static str {
    let Some(report) = &came.report else {
        return "–";
    };
    let mut rows = whole.report.probes.iter().zip(&report.probes);
    let mut others = rows.clone().filter(|(was, is)| was.finding != is.finding);
    if others.any(|(was, is)| (was.verdict, is.verdict) == (Verdict::Pass, Verdict::Fail)) {
        "!"
    } else if rows.all(|(was, is)| was.finding == is.finding) {
        "="
    } else {
        "?"
    }
}

/// How many probes pass that don't undisturbed.
pub(super) fn false_passes(was: &Report, is: &Report) -> usize {
    let passes = |report: &Report, id: &str| {
        let mut rows = report.probes.iter();
        rows.any(|row| row.id == id && row.verdict == Verdict::Pass)
    };
    let rows = is.probes.iter().filter(|row| passes(is, &row.id));
    rows.filter(|row| !passes(was, &row.id)).count()
}

/// How many planned probes are not there once.
pub(super) fn lost(was: &Report, is: &Report) -> usize {
    let times = |id: &str| is.probes.iter().filter(|row| row.id == id).count();
    was.probes.iter().filter(|row| times(&row.id) != 1).count()
}

/// Everything that is wrong with what came.
pub(super) fn complaints(
    cell: &Cell,
    whole: &Undisturbed,
    came: &Came,
    patience: Patience,
) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Some(report) = &came.report {
        of_report(cell, whole, report, &mut wrong);
        if came.status.status != RunStage::Done {
            wrong.push(format!("committed, and its status is {:?}", came.status));
        }
    } else {
        let told = came.status.error.as_deref().unwrap_or_default();
        if came.status.status != RunStage::Failed || !is_for_a_person(told) {
            wrong.push(format!(
                "{FATAL}not committed, and told is {:?}",
                came.status
            ));
        }
        if must_recover(cell) {
            wrong.push("must recover, and was not committed".to_owned());
        }
    }
    // When nothing is broken any more.
    if came.commits != [1] {
        wrong.push(format!("{FATAL}the commits are {:?}", came.commits));
    }
    let after = came.after.as_ref();
    if came.report.is_none() && after.map(findings) != Some(findings(&whole.report)) {
        let after = after.map(|report| &report.summary);
        wrong.push(format!("{FATAL}asked again, it came to {after:?}"));
    }
    for error in came.errors.iter().filter(|error| !is_for_a_person(error)) {
        wrong.push(format!("no sentence for a person: {error}"));
    }
    if came.broken == 0 {
        wrong.push("nothing was broken".to_owned());
    }
    // Each try ends in its time; on a busy machine the rest of it takes a moment, too.
    let tries = u32::try_from(came.errors.len() + 3).unwrap();
    if came.took > patience.step * tries + patience.step / 2 {
        wrong.push(format!("{tries} tries took {:?}", came.took));
    }
    let place = format!(
        "{} at {} of {} in {:?} ({:?})",
        cell.row.name, cell.call.column, cell.call.principal, cell.call.step, cell.truth
    );
    let errors = came.errors.join("\n      ");
    wrong
        .into_iter()
        .map(|text| format!("{place}: {text}\n      {errors}"))
        .collect()
}

fn findings(report: &Report) -> Vec<(&str, Option<Finding>)> {
    let rows = report.probes.iter();
    rows.map(|row| (row.id.as_str(), row.finding)).collect()
}

fn of_report(cell: &Cell, whole: &Undisturbed, report: &Report, wrong: &mut Vec<String>) {
    let ids: Vec<&str> = report.probes.iter().map(|row| row.id.as_str()).collect();
    let planned = plan().probes();
    if ids != planned.iter().map(|probe| &*probe.id).collect::<Vec<_>>() {
        wrong.push(format!("{FATAL}lost or invented probes: {ids:?}"));
        return;
    }
    if report.summary != Summary::of(&report.probes) {
        wrong.push(format!(
            "a summary apart from its rows: {:?}",
            report.summary
        ));
    }
    for (was, is) in whole.report.probes.iter().zip(&report.probes) {
        let told = format!(
            "{} was {:?}, is {:?}: {}",
            is.id, was.finding, is.finding, is.reason
        );
        if is.verdict == Verdict::Pass && was.verdict != Verdict::Pass {
            wrong.push(format!("{FATAL}a false pass: {told}"));
        }
        if !is_for_a_person(&is.reason) {
            wrong.push(format!("no sentence for a person: {told}"));
        }
        if is.finding != was.finding && !may_differ(cell, was, is) {
            wrong.push(told);
        }
    }
}

/// Whether nothing may come of it. S3 answers a write without a body: a reply that breaks there is whole, and
/// says of what got lost that it was written.
fn must_recover(cell: &Cell) -> bool {
    let in_body = matches!(cell.row.fault, Fault::ResetInBody | Fault::Truncated);
    let written = cell.call.lost && cell.call.operation.starts_with("PutObject");
    cell.row.must == Must::Recover && !(in_body && written)
}

/// Whether a probe may be another than undisturbed: what was not found out is blind, or lacks its witness,
/// and a reply that can't be told from the service's own may mislead; none does beyond its shard.
fn may_differ(cell: &Cell, was: &ProbeRow, is: &ProbeRow) -> bool {
    let of_the_other = is.id.ends_with("/ledger") || is.id.starts_with("ledger/");
    if must_recover(cell) || (of_the_other && cell.call.step != Step::Cut) {
        return false;
    }
    let own = cell.call.step == Step::Shard && !cell.call.operation.contains("runs/");
    match is.finding {
        Some(Finding::Blind) => true,
        Some(Finding::NoWitness) => own && was.expected.decision == "denied",
        _ => own && cell.row.must == Must::BeSafe && is.verdict != Verdict::Pass,
    }
}
