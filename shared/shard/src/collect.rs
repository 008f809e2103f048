// SPDX-License-Identifier: Apache-2.0
//! One report from those of the shards.

mod handed;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use keyproof_plan::{Parts, Plan};
use keyproof_verdict::{
    CallRow, DocumentRow, ExceptionNote, NoteRow, Observations, PartRow, ProbeRow, Report,
    RunFacts, Sentinel, Summary, Verdict, judge_unwatched,
};

pub use self::handed::Handed;
use self::handed::{Refused, Unread};
use crate::{Manifest, ManifestError, Shard};

/// A run of all shards.
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    /// The one report: each planned probe once, in plan order.
    pub report: Report,
    /// The shards of which no report came, by number.
    pub dead: Vec<usize>,
    /// What was handed in and is no report of a shard of this run, a sentence each.
    pub refused: Vec<String>,
}

/// What is known of one probe, and of the exception that the plan makes for it.
struct Found {
    row: ProbeRow,
    exception: Option<ExceptionNote>,
}

/// Why nothing is known of probes of a shard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// There is no report.
    NoReport,
    /// There is more than was taken, so that nothing that passes does.
    InDoubt,
}

/// Puts the shards' reports together. Reports may come in any order, several of one shard too (a
/// step that is retried may have finished the first time): then a failure that one of them saw
/// stands, and what one found out is not undone by another that did not. A report of another run,
/// plan, cut or place is refused, and one that could not be read tells nothing. What no report tells
/// is `blind`, and says why; so is what passed in a shard of which an attempt's report can't be read,
/// or that was carried out in another place, too.
///
/// # Errors
///
/// Where the manifest is not this plan's.
pub fn collect(
    plan: &Plan,
    manifest: &Manifest,
    reports: impl IntoIterator<Item = impl Into<Handed>>,
    facts: &RunFacts,
) -> Result<Collected, ManifestError> {
    let parts = Parts::of(plan);
    manifest.check(&parts)?;
    let asked = manifest.plan_of(&parts);
    let planned = asked.probes();
    let shard_of = shard_of(&parts, manifest);
    let mut notes: Vec<NoteRow> = Vec::new();
    let mut documents: Vec<DocumentRow> = Vec::new();
    let mut found: HashMap<String, Found> = HashMap::with_capacity(planned.len());
    let mut calls: Vec<CallRow> = Vec::new();
    let mut alive = vec![false; manifest.shards.len()];
    let mut environment = None;
    let mut sentinels = Vec::new();
    let mut unread = Unread::default();
    let mut taken = Vec::new();
    for handed in reports {
        let belongs = |report: &Report| belongs(report, &parts, manifest, &shard_of, facts);
        taken.extend(unread.take(handed.into(), belongs));
    }
    for one in unread.of_one_place(taken, &plan.region) {
        let (shard, report) = (one.shard, one.report);
        sentinels.push(one.sentinel);
        if let Some(alive) = alive.get_mut(shard) {
            *alive = true;
        }
        environment.get_or_insert(report.environment);
        CallRow::add(&mut calls, report.calls);
        for note in report.notes {
            // What a shard is of the plan, the whole is not.
            if note.kind != PartRow::NOTE && !notes.contains(&note) {
                notes.push(note);
            }
        }
        for document in report.documents {
            if documents.iter().all(|other| other.id != document.id) {
                documents.push(document);
            }
        }
        let mut exceptions: HashMap<String, ExceptionNote> = report
            .exceptions
            .into_iter()
            .map(|note| (note.probe.clone(), note))
            .collect();
        // INVARIANT (never softened): what failed did, whatever is in doubt.
        let in_doubt = unread.in_doubt.contains(&shard);
        let stand = |row: &ProbeRow| !in_doubt || row.verdict == Verdict::Fail;
        for row in report.probes.into_iter().filter(stand) {
            let exception = exceptions.remove(&row.id);
            add(&mut found, Found { row, exception });
        }
    }
    let mut dead = Vec::new();
    for shard in &manifest.shards {
        let gap = if alive.get(shard.number) != Some(&true) {
            dead.push(shard.number);
            Gap::NoReport
        } else if unread.in_doubt.contains(&shard.number) {
            Gap::InDoubt
        } else {
            continue;
        };
        let why = unread.why(shard.number);
        notes.push(unknown(shard, manifest, gap, &why));
        for each in blind(shard, &parts, facts, gap, &why) {
            add(&mut found, each);
        }
    }
    if !dead.is_empty() {
        let stray = unread.stray.into_iter();
        notes.extend(stray.map(|why| unseen(format!("a report was not taken: {why}"))));
    }
    let mut report = judge_unwatched(&nothing_of(plan), &Observations::default(), facts.clone());
    report.notes = notes;
    if let Some(part) = &manifest.part {
        part.clone().mark(&mut report, planned.len());
    }
    report.documents = documents;
    report.calls = calls;
    let mut exceptions: HashMap<String, ExceptionNote> = HashMap::new();
    for probe in planned {
        if let Some(Found { mut row, exception }) = found.remove(&probe.id) {
            // Who had no more than a part doesn't know where the probe stands in the whole.
            row.line = Some(probe.place.line);
            report.probes.push(row);
            exceptions.extend(exception.map(|note| (probe.id, note)));
        }
    }
    let excepted = plan.exceptions.iter();
    report.exceptions = excepted
        .filter_map(|exception| exceptions.remove(&exception.probe))
        .collect();
    report.summary = Summary::of(&report.probes);
    if !sentinels.is_empty() {
        report.sentinel = Some(Sentinel::merged(sentinels));
    }
    if let Some(seen) = environment {
        report.environment = seen;
    }
    Ok(Collected {
        report,
        dead,
        refused: unread.refused,
    })
}

/// The number of the shard that each probe is in.
fn shard_of(parts: &Parts<'_>, manifest: &Manifest) -> HashMap<String, usize> {
    let shards = manifest.shards.iter();
    shards
        .flat_map(|shard| {
            let probes = shard.plan(parts).probes().into_iter();
            probes.map(|probe| (probe.id, shard.number))
        })
        .collect()
}

/// The shard that a report is of: exactly its probes, each once, of this run and this plan.
fn belongs(
    report: &Report,
    parts: &Parts<'_>,
    manifest: &Manifest,
    shard_of: &HashMap<String, usize>,
    facts: &RunFacts,
) -> Result<usize, Refused> {
    let refused = |shard, why| Err(Refused { shard, why });
    let id = &report.run.id;
    if *id != facts.id {
        let why = format!("a report of run `{id}`, and not of this one");
        return refused(None, why);
    }
    if report.plan.digest != parts.whole().digest {
        let digest = &report.plan.digest;
        let why = format!("a report of the plan with digest `{digest}`");
        return refused(None, why);
    }
    let first = report.probes.first().and_then(|row| shard_of.get(&row.id));
    let shard = first.and_then(|&number| manifest.shards.get(number));
    let Some(shard) = shard else {
        return refused(None, "a report of no shard of this plan".to_owned());
    };
    // INVARIANT (no verdict crosses a shard): a report with probes of two shards had its witness
    // elsewhere than this cut says; one with a probe missing or twice is not the shard's.
    let planned = shard.plan(parts).probes();
    let same = planned.len() == report.probes.len()
        && planned
            .iter()
            .zip(&report.probes)
            .all(|(planned, row)| planned.id == row.id);
    if same {
        Ok(shard.number)
    } else {
        let number = shard.number;
        let why = format!(
            "a report whose probes are not those of shard {number}, to which its first belongs"
        );
        refused(Some(number), why)
    }
}

/// Keeps the stronger of two findings about one probe.
fn add(found: &mut HashMap<String, Found>, new: Found) {
    /// INVARIANT (never softened): a failure that was seen stands. Then what was found out, then
    /// what was not.
    const fn strength(verdict: Verdict) -> u8 {
        match verdict {
            Verdict::Fail => 2,
            Verdict::Pass => 1,
            Verdict::Inconclusive => 0,
        }
    }
    let weaker = found
        .get(&new.row.id)
        .is_none_or(|old| strength(old.row.verdict) < strength(new.row.verdict));
    if weaker {
        found.insert(new.row.id.clone(), new);
    }
}

/// What is known of a shard of which nothing is.
fn blind(
    shard: &Shard,
    parts: &Parts<'_>,
    facts: &RunFacts,
    gap: Gap,
    why: &str,
) -> impl Iterator<Item = Found> {
    let report = judge_unwatched(&shard.plan(parts), &Observations::default(), facts.clone());
    let mut exceptions: HashMap<String, ExceptionNote> = report
        .exceptions
        .into_iter()
        .map(|note| (note.probe.clone(), note))
        .collect();
    let number = shard.number;
    let reason = match gap {
        Gap::NoReport => {
            format!(
                "nothing is known: no report came of shard {number}, which this probe is in{why}"
            )
        }
        Gap::InDoubt => {
            format!("nothing is known: shard {number}, which this probe is in, is in doubt{why}")
        }
    };
    report.probes.into_iter().map(move |mut row| {
        row.reason.clone_from(&reason);
        let exception = exceptions.remove(&row.id);
        Found { row, exception }
    })
}

/// What the report says of such a shard.
fn unknown(shard: &Shard, manifest: &Manifest, gap: Gap, why: &str) -> NoteRow {
    let (number, shards) = (shard.number, manifest.shards.len());
    let probes = match shard.probes {
        1 => "its probe is".to_owned(),
        probes => format!("its {probes} probes are"),
    };
    unseen(match gap {
        Gap::NoReport => {
            format!("no report came of shard {number} of {shards}, and {probes} blind{why}")
        }
        Gap::InDoubt => {
            format!(
                "shard {number} of {shards} is in doubt, and {probes} blind unless they fail{why}"
            )
        }
    })
}

fn unseen(text: String) -> NoteRow {
    NoteRow {
        kind: "unseen".to_owned(),
        text,
        file: None,
        line: None,
    }
}

/// The plan's frame, to make a report without rows from.
fn nothing_of(plan: &Plan) -> Plan {
    Plan {
        name: plan.name.clone(),
        region: plan.region.clone(),
        digest: plan.digest.clone(),
        tables: indexmap::IndexMap::new(),
        principals: indexmap::IndexMap::new(),
        expectations: Vec::new(),
        exceptions: Vec::new(),
    }
}
