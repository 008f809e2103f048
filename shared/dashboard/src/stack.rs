// SPDX-License-Identifier: Apache-2.0
//! The history of a deployed service, from its state table.
//!
//! The table has each run in short, and what each changed; the reports themselves are read for a run's own page and
//! for runs that were committed late, whose rows say what no change does.

mod rebuild;

use std::collections::BTreeMap;
use std::time::Duration;

use keyproof_plan::{Plan, ProbeKind};
use keyproof_state::{ChangeItem, PlanHead, PlanState, RunItem};
use keyproof_store::{Reports, Store, StoreError, Table};
use keyproof_verdict::Report;
use thiserror::Error;

use crate::folder::{Folder, ReadError};
use crate::history::{History, Place, PlanHistory, RunRow, Schedule};
use crate::source::Source;

/// As many runs of each plan are shown: those of six weeks, every hour.
const RUNS: usize = 1_000;
/// What brings runs.
const HINT: &str =
    "<code>keyproof plan push PLAN --every 15</code> stores a plan, which is then run.";

/// Why a deployed service can't be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StackError {
    /// The table or the bucket.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder of drills.
    #[error(transparent)]
    Drills(#[from] ReadError),
}

/// A deployed service, and what is known of it.
#[derive(Debug)]
pub struct Stack<T, R> {
    store: Store<T>,
    reports: R,
    interval_minutes: Option<u32>,
    drills: Option<Folder>,
    known: BTreeMap<String, Known>,
    history: History,
}

/// What was read of a plan.
#[derive(Debug)]
struct Known {
    head: PlanHead,
    state: PlanState,
    /// In the order of commits.
    runs: Vec<RunItem>,
    /// In the order of commits.
    changes: Vec<ChangeItem>,
    /// The reports of runs that were committed late, by commit.
    late: BTreeMap<u64, Report>,
    /// The probes of each version that was run, in the plan's order; `None` where it can't be read.
    versions: BTreeMap<u64, Option<Vec<ProbeOfPlan>>>,
}

/// A probe, as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ProbeOfPlan {
    id: String,
    principal: Option<String>,
    action: String,
    table: Option<String>,
}

impl<T: Table, R: Reports> Stack<T, R> {
    /// The service of this state table and this bucket of reports, not yet read.
    #[must_use]
    pub fn new(store: Store<T>, reports: R) -> Self {
        Self {
            store,
            reports,
            interval_minutes: None,
            drills: None,
            known: BTreeMap::new(),
            history: History {
                hint: HINT,
                ..History::default()
            },
        }
    }

    /// Its plans are run this often, whatever the table says.
    #[must_use]
    pub fn with_interval(mut self, minutes: Option<u32>) -> Self {
        self.interval_minutes = minutes;
        self
    }

    /// Drills, which the service knows nothing of, are read from this folder.
    #[must_use]
    pub fn with_drills(mut self, folder: Option<Folder>) -> Self {
        self.drills = folder;
        self
    }

    /// Reads what is new of a plan; `true` where anything is.
    async fn plan(&mut self, head: PlanHead) -> Result<bool, StoreError> {
        let plan = head.plan.clone();
        // Before the runs: what it says of a probe then holds until the first change that is read.
        let state = self.store.state(&plan).await?;
        let Some(known) = self.known.get_mut(&plan) else {
            let mut runs = self.store.runs_in_short(&plan, None, RUNS).await?;
            runs.reverse();
            let mut known = Known {
                head,
                state,
                runs: Vec::new(),
                changes: Vec::new(),
                late: BTreeMap::new(),
                versions: BTreeMap::new(),
            };
            known.add(&self.store, &self.reports, runs).await?;
            self.known.insert(plan, known);
            return Ok(true);
        };
        let last = known.runs.last().map_or(0, |run| run.commit);
        let runs = self.store.runs_after(&plan, last).await?;
        let before = Schedule::of(&known.head, &known.state);
        let changed = !runs.is_empty() || before != Schedule::of(&head, &state);
        if changed {
            known.add(&self.store, &self.reports, runs).await?;
            (known.head, known.state) = (head, state);
        }
        Ok(changed)
    }
}

impl Schedule {
    fn of(head: &PlanHead, state: &PlanState) -> Self {
        let last = state.last_run.as_ref().map(|run| run.started_at);
        Self {
            interval_minutes: head.interval_minutes,
            awaited_since: Some(head.awaited_since(last)),
            recheck_at: head.recheck_at,
        }
    }
}

impl Known {
    /// Adds runs that follow those that are known, with all that is to be known of them.
    async fn add(
        &mut self,
        store: &Store<impl Table>,
        reports: &impl Reports,
        runs: Vec<RunItem>,
    ) -> Result<(), StoreError> {
        let (Some(first), Some(last)) = (runs.first(), runs.last()) else {
            return Ok(());
        };
        let plan = &self.head.plan;
        let mut changes = store.changes_from(plan, first.commit).await?;
        // What came since the runs were read is read with its run.
        changes.retain(|change| change.commit <= last.commit);
        let mut late = BTreeMap::new();
        for run in runs.iter().filter(|run| run.late) {
            late.extend(
                whole(store, reports, plan, run.commit)
                    .await?
                    .map(|report| (run.commit, report)),
            );
        }
        let mut versions = BTreeMap::new();
        for run in &runs {
            let version = run.plan_version;
            if !self.versions.contains_key(&version) && !versions.contains_key(&version) {
                let stored = store.version(plan, version).await?;
                versions.insert(version, stored.and_then(|stored| probes(&stored.text)));
            }
        }
        // All of it or nothing: what failed is read again.
        self.changes.extend(changes);
        self.late.append(&mut late);
        self.versions.append(&mut versions);
        self.runs.extend(runs);
        let many = self.runs.len().saturating_sub(RUNS);
        self.runs.drain(..many);
        let first = self.runs.first().map_or(0, |run| run.commit);
        self.changes.retain(|change| change.commit >= first);
        self.late.retain(|commit, _| *commit >= first);
        Ok(())
    }

    fn history(&self, interval_minutes: Option<u32>) -> PlanHistory {
        let mut history = rebuild::rebuild(self);
        history.schedule = Schedule::of(&self.head, &self.state);
        if interval_minutes.is_some() {
            history.schedule.interval_minutes = interval_minutes;
        }
        history
    }
}

/// The probes of a plan's text; `None` where this version can't read it.
fn probes(text: &str) -> Option<Vec<ProbeOfPlan>> {
    let plan = Plan::parse(text).ok()?;
    let probes = plan.probes().into_iter().map(|probe| match probe.kind {
        ProbeKind::Encryption { table } => ProbeOfPlan {
            id: probe.id,
            principal: plan
                .tables
                .get(&table)
                .and_then(|table| table.inspect_as.clone()),
            action: "dynamodb:DescribeTable".to_owned(),
            table: Some(table),
        },
        ProbeKind::Access {
            principal,
            action,
            table,
            ..
        } => ProbeOfPlan {
            id: probe.id,
            principal: Some(principal),
            action: action.to_string(),
            table,
        },
    });
    Some(probes.collect())
}

/// A run's report, from the table or from the bucket, where it is still there and is the one that was committed.
async fn whole(
    store: &Store<impl Table>,
    reports: &impl Reports,
    plan: &str,
    commit: u64,
) -> Result<Option<Report>, StoreError> {
    let Some(run) = store.run(plan, commit).await? else {
        return Ok(None);
    };
    let text = match (run.report, run.report_key) {
        (Some(text), _) => Some(text),
        (None, Some(key)) => reports.get(&key).await?,
        (None, None) => None,
    };
    Ok(text
        .filter(|text| keyproof_state::digest(text.as_bytes()) == run.report_digest)
        .and_then(|text| Report::from_json(&text).ok()))
}

impl<T: Table, R: Reports> Source for Stack<T, R> {
    type Error = StackError;

    const REFRESH: Duration = Duration::from_secs(5);

    fn history(&self) -> &History {
        &self.history
    }

    async fn refresh(&mut self) -> Result<bool, StackError> {
        let mut changed = false;
        let mut names = self.store.plans().await?;
        names.sort_unstable();
        let before = self.known.len();
        self.known
            .retain(|name, _| names.binary_search(name).is_ok());
        changed |= self.known.len() != before;
        self.history
            .plans
            .retain(|name, _| names.binary_search(name).is_ok());
        for name in names {
            let head = self.store.head(&name).await?;
            let Some(head) = head.filter(|head| head.removed_at.is_none()) else {
                continue;
            };
            if self.plan(head).await?
                && let Some(known) = self.known.get(&name)
            {
                let history = known.history(self.interval_minutes);
                self.history.plans.insert(name, history);
                changed = true;
            }
        }
        if let Some(folder) = &mut self.drills
            && folder.refresh().await?
        {
            self.history.drills.clone_from(&folder.history().drills);
            self.history.problems.clone_from(&folder.history().problems);
            changed = true;
        }
        self.history.version += u64::from(changed);
        Ok(changed)
    }

    async fn report(&mut self, plan: &str, run: &RunRow) -> Option<Report> {
        let Place::Commit(commit) = run.place else {
            return None;
        };
        let report = whole(&self.store, &self.reports, plan, commit).await;
        let report = report.inspect_err(|error| tracing::warn!(%error, "a report can't be read"));
        report.ok()?.filter(|report| report.run.id == run.id)
    }
}
