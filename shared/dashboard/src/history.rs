// SPDX-License-Identifier: Apache-2.0
//! What reports come to, one after another: runs, and of each probe the spans in which it stood alike.
//!
//! A span is kept once however many runs it lasts, so that 1,000 runs of a quiet plan take as much room
//! as one.

use std::collections::BTreeMap;
use std::path::PathBuf;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use keyproof_drill::DrillReport;
use keyproof_report::Standing;
use keyproof_verdict::{Cause, Finding, ProbeRow, Report, Summary};

pub use crate::episode::Episode;

/// The trigger of runs that a schedule started.
const SCHEDULED: &str = "schedule";

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Where a run would come from, for whoever sees none yet: HTML.
    pub hint: &'static str,
    /// Plans, by name.
    pub plans: BTreeMap<String, PlanHistory>,
    /// Drills, in the order in which they were made.
    pub drills: Vec<DrillReport>,
    /// What could not be read, and why.
    pub problems: Vec<String>,
    /// Why nothing newer can be read: what is shown may be old.
    pub trouble: Option<String>,
    /// Grows with each change.
    pub version: u64,
}

/// A plan's runs.
#[derive(Clone, Debug, Default)]
pub struct PlanHistory {
    /// The runs, in the order of their starts.
    pub runs: Vec<RunRow>,
    /// The probes, in the order of the plan, by id.
    pub probes: IndexMap<String, ProbeHistory>,
    /// What is known of runs to come.
    pub schedule: Schedule,
}

/// When a plan is to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// Minutes between two scheduled runs, where they are known.
    pub interval_minutes: Option<u32>,
    /// Since when the next run has been waited for, where a stored plan says it.
    pub awaited_since: Option<Timestamp>,
    /// When a run is due beside the schedule, after a change of a policy.
    pub recheck_at: Option<Timestamp>,
}

/// A run.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its id.
    pub id: String,
    /// What started it.
    pub trigger: String,
    /// Start.
    pub started: Timestamp,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// Counts and verdict; of a run of a part of the plan, what all probes came to then.
    pub summary: Summary,
    /// How many probes such a part had, of how many.
    pub part: Option<(usize, usize)>,
    /// The plan's digest.
    pub plan_digest: String,
    /// The endpoint, where it was not AWS's own.
    pub endpoint: Option<String>,
    /// Where its report is.
    pub place: Place,
}

/// Where a report is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File(PathBuf),
    /// With the run of this number in a state table.
    Commit(u64),
}

/// A probe's past.
#[derive(Clone, Debug)]
pub struct ProbeHistory {
    /// The principal in the plan.
    pub principal: Option<String>,
    /// The action.
    pub action: String,
    /// The table in the plan.
    pub table: Option<String>,
    /// The spans, in order.
    pub segments: Vec<Segment>,
}

/// Runs one after another in which a probe stood alike.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The first of these runs, by its place in [`PlanHistory::runs`].
    pub first: usize,
    /// The last of them.
    pub last: usize,
    /// How it stood.
    pub standing: Standing,
    /// What was wrong.
    pub finding: Option<Finding>,
    /// What the first of these runs said about it.
    pub reason: String,
    /// The statement responsible, from the first run that named one.
    pub cause: Option<Cause>,
}

impl History {
    /// Adds a run. `false` where it started before one that is known: then everything has to be added
    /// again in order. A run that is known already is passed over.
    pub(crate) fn add(&mut self, report: &Report, started: Timestamp, file: PathBuf) -> bool {
        let plan = self.plans.entry(report.plan.name.clone()).or_default();
        if plan.runs.iter().any(|run| run.id == report.run.id) {
            return true;
        }
        if plan.runs.last().is_some_and(|last| last.started > started) {
            return false;
        }
        plan.add(report, started, file);
        self.version += 1;
        true
    }
}

impl PlanHistory {
    fn add(&mut self, report: &Report, started: Timestamp, file: PathBuf) {
        let index = self.runs.len();
        self.runs.push(RunRow {
            id: report.run.id.clone(),
            trigger: report.run.trigger.clone(),
            started,
            duration_ms: report.run.duration_ms,
            summary: report.summary.clone(),
            part: (report.part.as_ref()).map(|part| (report.summary.planned, part.of)),
            plan_digest: report.plan.digest.clone(),
            endpoint: report.environment.endpoint.clone(),
            place: Place::File(file),
        });
        for row in &report.probes {
            let probe = self
                .probes
                .entry(row.id.clone())
                .or_insert_with(|| ProbeHistory {
                    principal: row.principal.clone(),
                    action: row.action.clone(),
                    table: row.table.clone(),
                    segments: Vec::new(),
                });
            probe.add(row, index);
        }
    }

    /// When the next scheduled run is due: an interval after the last, or after the plan was stored.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let interval = SignedDuration::from_mins(self.schedule.interval_minutes?.into());
        // Other runs, of changes and of people, put the schedule off by nothing.
        let scheduled = self.runs.iter().rev().find(|run| run.trigger == SCHEDULED);
        let last = scheduled.or(self.last_whole()).map(|run| run.started);
        let since = last.or(self.schedule.awaited_since)?;
        since.checked_add(interval).ok()
    }

    /// Whether two intervals have gone by without a run, whatever would have started it: as the API has it.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        let last = self.last_whole().map(|run| run.started);
        let last = last.max(self.schedule.awaited_since);
        let after = self.schedule.interval_minutes.zip(last);
        after.is_some_and(|(minutes, last)| {
            now.duration_since(last) > SignedDuration::from_mins(i64::from(minutes) * 2)
        })
    }

    /// The last run of the whole plan: one of a part stands for none.
    fn last_whole(&self) -> Option<&RunRow> {
        self.runs.iter().rev().find(|run| run.part.is_none())
    }

    /// The run at a place.
    #[must_use]
    pub fn run(&self, index: usize) -> Option<&RunRow> {
        self.runs.get(index)
    }
}

impl ProbeHistory {
    fn add(&mut self, row: &ProbeRow, run: usize) {
        let standing = Standing::of(row);
        if let Some(last) = self.segments.last_mut()
            && last.last + 1 == run
            && last.standing == standing
            && last.finding == row.finding
        {
            last.last = run;
            if last.cause.is_none() {
                last.cause.clone_from(&row.cause);
            }
            return;
        }
        self.segments.push(Segment {
            first: run,
            last: run,
            standing,
            finding: row.finding,
            reason: row.reason.clone(),
            cause: row.cause.clone(),
        });
    }

    /// How it stands now; `None` where the last run did not have it.
    #[must_use]
    pub fn now(&self, runs: usize) -> Option<&Segment> {
        self.segments.last().filter(|last| last.last + 1 == runs)
    }
}
