// SPDX-License-Identifier: Apache-2.0
//! What a report changes in what is known.
//!
//! Runs are ordered by when they began (`seq`), not by when they were committed: what is known is
//! always what the newest run saw. A run that began before the newest one and is committed after it
//! leaves the standings alone; what it saw that differs becomes a `late` entry.
//!
//! A run of a part of the plan says something of the probes that it asked, and of no other: it is no last
//! run, retires nothing, and a pass of it is no pass of the plan. For its probes it is in the order of runs
//! like any other, so that a run of the whole that began before it doesn't undo what it saw.
//!
//! Who is told, and when:
//!
//! - `exposed` and `wrong_key` open an incident and page at once.
//! - `locked_out` opens an incident that pages when a run that began long enough after the first
//!   still says so: a policy that is settling locks people out for a moment.
//! - While the incident lasts, a reminder pages at an interval. A run that found nothing out neither
//!   pages nor ends it: not finding out is never a pass.
//! - A pass ends it, and pages where a person had been told that it began.
//! - A failure under an exception in force pages nobody; when the exception has expired, it does.

mod attribute;
mod late;
mod step;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use keyproof_verdict::{Report, Summary, Verdict};
use thiserror::Error;

use crate::{ChangeItem, Entry, ItemError, LastRun, PlanState, PolicyChange, RunItem, digest};

/// The largest report that is kept in the table, in bytes. An item takes 400 KB in all.
const LARGEST_REPORT: usize = 200_000;
/// The most that the entries of an item take, in bytes of JSON.
const LARGEST_CHANGE: usize = 300_000;

/// How failures are confirmed and repeated, and how long runs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long after the first run that said `locked_out` another must have begun to confirm it.
    pub confirm_after: SignedDuration,
    /// How long a person is left alone with what they were told.
    pub remind_after: SignedDuration,
    /// How long runs are kept in the table.
    pub keep: SignedDuration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            // What a table key's cache may hide is over after five idle minutes.
            confirm_after: SignedDuration::from_mins(5),
            remind_after: SignedDuration::from_hours(24),
            keep: SignedDuration::from_hours(24 * 400),
        }
    }
}

/// What the report itself doesn't say of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed<'a> {
    /// The run's place in the order of starts.
    pub seq: u64,
    /// The plan's version.
    pub plan_version: u64,
    /// The change of a policy that started it.
    pub change: Option<&'a PolicyChange>,
    /// The run whose `locked_out` it was to confirm.
    pub confirms: Option<&'a str>,
}

/// What comes of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// What is known now.
    pub state: PlanState,
    /// The run, for the table. Its `report` is whole; see [`Applied::apart`].
    pub run: RunItem,
    /// What it changed: nothing, or one item, or a few where it is much.
    pub changes: Vec<ChangeItem>,
    /// The report's bytes, where they are too many for the table: to be put at
    /// [`RunItem::report_key`] before the run is committed.
    pub apart: Option<String>,
    /// The ARNs of keys that no run had seen before.
    pub new_keys: Vec<String>,
    /// Whether a `locked_out` awaits its confirmation.
    pub unconfirmed: bool,
}

impl Applied {
    /// Every entry, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.changes.iter().flat_map(|change| &change.entries)
    }
}

/// Why a report can't be applied.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// Another plan's.
    #[error("the report is of the plan `{report}`, the state of `{state}`")]
    OtherPlan {
        /// The report's plan.
        report: String,
        /// The state's plan.
        state: String,
    },
    /// A time that is none.
    #[error("the report's `{field}` is no time: {source}")]
    Time {
        /// `started_at` or `finished_at`.
        field: &'static str,
        /// What is wrong with it.
        source: jiff::Error,
    },
    /// A noun that can't be written.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// A report that can't be written.
    #[error("the report can't be written: {0}")]
    Report(serde_json::Error),
}

/// The run at hand.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a str,
    pub(crate) commit: u64,
    pub(crate) seq: u64,
    /// Whether it was of a part of the plan.
    pub(crate) of_a_part: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) finished_at: Timestamp,
    pub(crate) rules: &'a Rules,
}

impl Run<'_> {
    /// The id of the entry of this index.
    fn entry_id(&self, index: usize) -> String {
        format!("{}/{}/{index}", self.plan, self.commit)
    }
}

/// The report as the table and the bucket keep it: the bytes that `keyproof verify --format json`
/// writes.
///
/// # Errors
///
/// Where it can't be written: never, for a report that a run made.
pub fn report_text(report: &Report) -> Result<String, ApplyError> {
    report.to_json().map_err(ApplyError::Report)
}

/// Applies a run's report to what was known.
///
/// # Errors
///
/// Where the report is another plan's, or its times are none.
pub fn apply(
    known: &PlanState,
    report: &Report,
    observed: &Observed<'_>,
    rules: &Rules,
) -> Result<Applied, ApplyError> {
    if report.plan.name != known.plan {
        return Err(ApplyError::OtherPlan {
            report: report.plan.name.clone(),
            state: known.plan.clone(),
        });
    }
    let run = Run {
        plan: &known.plan,
        commit: known.commit + 1,
        seq: observed.seq,
        of_a_part: report.part.is_some(),
        started_at: time("started_at", &report.run.started_at)?,
        finished_at: time("finished_at", &report.run.finished_at)?,
        rules,
    };
    let attributed = attribute::attribute(known, report, observed);
    let report = attributed.as_ref().unwrap_or(report);
    let late = observed.seq < known.seq();
    let mut state = PlanState {
        commit: run.commit,
        ..known.clone()
    };
    let entries = if late {
        late::entries(known, report, &run)
    } else {
        step::step(&mut state, report, &run)
    };
    let new_keys = keys(&mut state, report);
    let last = last_run(report, observed, &run);
    let newest_pass = state
        .last_pass
        .as_ref()
        .is_none_or(|pass| pass.seq < last.seq);
    if last.summary.verdict == Verdict::Pass && newest_pass && !run.of_a_part {
        state.last_pass = Some(last.clone());
    }
    if !late {
        if !run.of_a_part {
            state.last_run = Some(last);
        }
        let probes = state.probes.values();
        let by_parts = probes.clone().any(|probe| probe.seq.is_some());
        let standings = probes.map(|probe| (probe.standing.verdict, probe.standing.excepted));
        state.since = by_parts.then(|| Summary::count(standings));
    }
    let (item, apart) = run_item(report, observed, &run, late)?;
    let unconfirmed = state
        .probes
        .values()
        .filter_map(|probe| probe.incident.as_ref())
        .any(|incident| !incident.is_confirmed());
    Ok(Applied {
        changes: changes(&item, entries),
        state,
        run: item,
        apart,
        new_keys,
        unconfirmed,
    })
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, ApplyError> {
    text.parse()
        .map_err(|source| ApplyError::Time { field, source })
}

/// Notes the keys that tables were found to be encrypted with; those that are new.
fn keys(state: &mut PlanState, report: &Report) -> Vec<String> {
    let found = report
        .probes
        .iter()
        .filter_map(|row| row.observed.key.as_ref());
    let arns = found.filter(|key| key.starts_with("arn:"));
    let new: Vec<String> = arns
        .filter(|arn| state.keys.insert((*arn).clone()))
        .cloned()
        .collect();
    new
}

fn last_run(report: &Report, observed: &Observed<'_>, run: &Run<'_>) -> LastRun {
    LastRun {
        run_id: report.run.id.clone(),
        seq: observed.seq,
        commit: run.commit,
        trigger: report.run.trigger.clone(),
        summary: report.summary.clone(),
        started_at: run.started_at,
        finished_at: run.finished_at,
        plan_digest: report.plan.digest.clone(),
        plan_version: observed.plan_version,
    }
}

/// The run's item, and the report's bytes where they are too many for it.
fn run_item(
    report: &Report,
    observed: &Observed<'_>,
    run: &Run<'_>,
    late: bool,
) -> Result<(RunItem, Option<String>), ApplyError> {
    let text = report_text(report)?;
    let digest = digest(text.as_bytes());
    let (inline, key, apart) = if text.len() > LARGEST_REPORT {
        // Named by its bytes: written twice, it is the same object.
        let name = digest.trim_start_matches("sha256:");
        (None, Some(format!("reports/{name}.json")), Some(text))
    } else {
        (Some(text), None, None)
    };
    let item = RunItem {
        plan: run.plan.to_owned(),
        commit: run.commit,
        seq: observed.seq,
        run_id: report.run.id.clone(),
        trigger: report.run.trigger.clone(),
        change: observed.change.cloned(),
        confirms: observed.confirms.map(str::to_owned),
        late,
        part: report.part.clone(),
        summary: report.summary.clone(),
        sentinel_awake: report.sentinel.as_ref().map(|sentinel| sentinel.awake),
        started_at: run.started_at,
        finished_at: run.finished_at,
        duration_ms: report.run.duration_ms,
        plan_digest: report.plan.digest.clone(),
        plan_version: observed.plan_version,
        account: report.environment.account.clone(),
        region: report.environment.region.clone(),
        endpoint: report.environment.endpoint.clone(),
        report: inline,
        report_key: key,
        report_digest: digest,
        expires: (run.finished_at + run.rules.keep).as_second(),
    };
    Ok((item, apart))
}

/// The entries as items, none too large.
fn changes(run: &RunItem, entries: Vec<Entry>) -> Vec<ChangeItem> {
    let mut parts: Vec<Vec<Entry>> = Vec::new();
    let mut room = 0;
    for entry in entries {
        let size = serde_json::to_string(&entry).map_or(LARGEST_CHANGE, |json| json.len());
        if let Some(part) = parts.last_mut().filter(|_| size <= room) {
            part.push(entry);
        } else {
            room = LARGEST_CHANGE;
            parts.push(vec![entry]);
        }
        room = room.saturating_sub(size);
    }
    let count = parts.len();
    let items = parts
        .into_iter()
        .zip(1..)
        .map(|(entries, part)| ChangeItem {
            plan: run.plan.clone(),
            commit: run.commit,
            part,
            parts: count,
            run_id: run.run_id.clone(),
            seq: run.seq,
            trigger: run.trigger.clone(),
            change: run.change.clone(),
            plan_digest: run.plan_digest.clone(),
            plan_version: run.plan_version,
            account: run.account.clone(),
            region: run.region.clone(),
            started_at: run.started_at,
            finished_at: run.finished_at,
            entries,
            expires: run.expires,
        });
    items.collect()
}
