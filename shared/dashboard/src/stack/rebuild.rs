// SPDX-License-Identifier: Apache-2.0
//! A plan's history from what its runs changed.
//!
//! Runs are gone through as they began. A change begins a span, the next ends it; a run that was committed after a
//! later one has its own rows, which stand for it alone. Which probes a run had is what its version of the plan
//! says: a probe that passed and left the plan is told nowhere else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;
use keyproof_report::Standing;
use keyproof_state::{Entry, EntryKind};
use keyproof_verdict::{Cause, Finding, ProbeRow, Summary, Verdict};

use super::{Known, ProbeOfPlan};
use crate::history::{Place, PlanHistory, ProbeHistory, RunRow, Segment};

/// What is said of a span whose beginning is not known any more.
const BEFORE: &str = "it stood so before the runs that are shown here";

/// How a probe stands, and what was said of it.
#[derive(Clone, Debug)]
struct Stand {
    standing: Standing,
    finding: Option<Finding>,
    reason: String,
    cause: Option<Cause>,
}

/// The history so far.
#[derive(Default)]
struct Rebuilt {
    probes: IndexMap<String, ProbeHistory>,
    /// Spans that are not over, each with the run that it began with.
    open: HashMap<String, (usize, Stand)>,
}

pub(super) fn rebuild(known: &Known) -> PlanHistory {
    let mut runs: Vec<_> = known.runs.iter().collect();
    runs.sort_by_key(|run| run.seq);
    let mut changes: BTreeMap<u64, Vec<&Entry>> = BTreeMap::new();
    for change in &known.changes {
        changes
            .entry(change.commit)
            .or_default()
            .extend(&change.entries);
    }
    let mut rebuilt = Rebuilt::default();
    for probes in known.versions.values().flatten() {
        for probe in probes {
            rebuilt.known(probe);
        }
    }
    let mut version = None;
    let mut come_to = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        let probes = known
            .versions
            .get(&run.plan_version)
            .and_then(Option::as_ref);
        if version != Some(run.plan_version) {
            if let Some(probes) = probes {
                rebuilt.leave_out(probes, index);
            }
            version = Some(run.plan_version);
        }
        if index == 0 {
            rebuilt.begin(known, probes, &changes);
        }
        if run.late {
            let report = known.late.get(&run.commit);
            for row in report.into_iter().flat_map(|report| &report.probes) {
                rebuilt.once(row, index);
            }
            continue;
        }
        for entry in changes.get(&run.commit).into_iter().flatten() {
            rebuilt.take(entry, index);
        }
        if run.part.is_some() {
            come_to.insert(run.commit, rebuilt.summary());
        }
    }
    rebuilt.end(known, runs.len());
    rebuilt.probes.retain(|_, probe| !probe.segments.is_empty());
    let rows = runs.into_iter().map(|run| RunRow {
        id: run.run_id.clone(),
        trigger: run.trigger.clone(),
        started: run.started_at,
        duration_ms: run.duration_ms,
        summary: (come_to.remove(&run.commit)).unwrap_or_else(|| run.summary.clone()),
        part: (run.part.as_ref()).map(|part| (run.summary.planned, part.of)),
        plan_digest: run.plan_digest.clone(),
        endpoint: run.endpoint.clone(),
        place: Place::Commit(run.commit),
    });
    PlanHistory {
        runs: rows.collect(),
        probes: rebuilt.probes,
        ..PlanHistory::default()
    }
}

impl ProbeOfPlan {
    /// As far as an id tells: `PRINCIPAL/ACTION/TABLE` and so on, where no plan is at hand.
    fn of_id(id: &str) -> Self {
        let mut parts = id.split('/').map(str::to_owned);
        let (first, second) = (parts.next(), parts.next());
        let (principal, action, table) = match second.as_deref() {
            Some("encryption") => (None, "dynamodb:DescribeTable".to_owned(), first),
            _ => (first, second.unwrap_or_default(), parts.next()),
        };
        Self {
            id: id.to_owned(),
            principal,
            action,
            table,
        }
    }
}

impl Stand {
    fn of(standing: keyproof_state::Standing, reason: &str, cause: Option<&Cause>) -> Self {
        Self {
            standing: Standing::new(standing.verdict, standing.excepted),
            finding: standing.finding,
            reason: reason.to_owned(),
            cause: cause.cloned(),
        }
    }

    fn over(self, first: usize, last: usize) -> Segment {
        let Self {
            standing,
            finding,
            reason,
            cause,
        } = self;
        Segment {
            first,
            last,
            standing,
            finding,
            reason,
            cause,
        }
    }
}

impl Rebuilt {
    /// What all probes come to.
    fn summary(&self) -> Summary {
        let open = self.open.values();
        Summary::count(open.map(|(_, stand)| match stand.standing {
            Standing::Pass => (Verdict::Pass, false),
            Standing::Fail => (Verdict::Fail, false),
            Standing::Excepted => (Verdict::Fail, true),
            Standing::Inconclusive => (Verdict::Inconclusive, false),
        }))
    }

    fn known(&mut self, probe: &ProbeOfPlan) {
        let nothing = || ProbeHistory {
            principal: probe.principal.clone(),
            action: probe.action.clone(),
            table: probe.table.clone(),
            segments: Vec::new(),
        };
        self.probes.entry(probe.id.clone()).or_insert_with(nothing);
    }

    /// How probes stood before the first run that is known: as the first change of each says, or, where nothing
    /// has changed since, as they stand now.
    fn begin(
        &mut self,
        known: &Known,
        probes: Option<&Vec<ProbeOfPlan>>,
        changes: &BTreeMap<u64, Vec<&Entry>>,
    ) {
        let mut moved = BTreeSet::new();
        for entry in changes.values().flatten() {
            let is_change = matches!(entry.kind, EntryKind::Transition | EntryKind::Retired);
            if is_change
                && moved.insert(entry.probe.as_str())
                && let Some(from) = entry.from
            {
                let stand = Stand::of(from, BEFORE, None);
                self.known(&ProbeOfPlan::of_id(&entry.probe));
                self.open.insert(entry.probe.clone(), (0, stand));
            }
        }
        let here = |id: &str| probes.is_none_or(|probes| probes.iter().any(|probe| probe.id == id));
        for (id, state) in &known.state.probes {
            if !moved.contains(id.as_str()) && here(id) {
                let reason = state.reason.as_deref().unwrap_or(BEFORE);
                self.known(&ProbeOfPlan::of_id(id));
                let stand = Stand::of(state.standing, reason, state.cause.as_ref());
                self.open.insert(id.clone(), (0, stand));
            }
        }
    }

    /// What a run changed of a probe.
    fn take(&mut self, entry: &Entry, index: usize) {
        match (entry.kind, entry.to) {
            (EntryKind::Transition, Some(to)) => {
                self.close(&entry.probe, index);
                let subject = &entry.subject;
                self.known(&ProbeOfPlan {
                    id: entry.probe.clone(),
                    principal: subject.principal.clone(),
                    action: subject.action.clone().unwrap_or_default(),
                    table: subject.table.clone(),
                });
                let stand = Stand::of(to, &entry.reason, entry.cause.as_ref());
                self.open.insert(entry.probe.clone(), (index, stand));
            }
            (EntryKind::Retired, _) => self.close(&entry.probe, index),
            // A statement that was found later is still the cause.
            (EntryKind::Confirmation | EntryKind::Reminder, _) => {
                if let Some((_, stand)) = self.open.get_mut(&entry.probe)
                    && stand.cause.is_none()
                {
                    stand.cause.clone_from(&entry.cause);
                }
            }
            (EntryKind::Transition, None) | (EntryKind::Late, _) => {}
        }
    }

    /// What one run saw of a probe, and no run around it.
    fn once(&mut self, row: &ProbeRow, index: usize) {
        let standing = Standing::of(row);
        let before = self.open.get(&row.id).map(|(_, stand)| stand.clone());
        let same = |stand: &Stand| stand.standing == standing && stand.finding == row.finding;
        if before.as_ref().is_some_and(same) {
            return;
        }
        self.close(&row.id, index);
        self.known(&ProbeOfPlan {
            id: row.id.clone(),
            principal: row.principal.clone(),
            action: row.action.clone(),
            table: row.table.clone(),
        });
        let seen = Stand {
            standing,
            finding: row.finding,
            reason: row.reason.clone(),
            cause: row.cause.clone(),
        };
        self.open.insert(row.id.clone(), (index, seen));
        self.close(&row.id, index + 1);
        if let Some(stand) = before {
            self.open.insert(row.id.clone(), (index + 1, stand));
        }
    }

    /// Ends the span of a probe before a run.
    fn close(&mut self, probe: &str, index: usize) {
        let Some((first, stand)) = self.open.remove(probe) else {
            return;
        };
        let history = self.probes.get_mut(probe);
        let Some(history) = history.filter(|_| first < index) else {
            return;
        };
        // Runs that stand alike are one span, a late one between them or not.
        match history.segments.last_mut() {
            Some(last)
                if last.last + 1 == first
                    && last.standing == stand.standing
                    && last.finding == stand.finding =>
            {
                last.last = index - 1;
                last.cause = last.cause.take().or(stand.cause);
            }
            _ => history.segments.push(stand.over(first, index - 1)),
        }
    }

    /// Ends the spans of probes that a version of the plan does not have.
    fn leave_out(&mut self, probes: &[ProbeOfPlan], index: usize) {
        let there: BTreeSet<&str> = probes.iter().map(|probe| probe.id.as_str()).collect();
        let gone: Vec<String> = self
            .open
            .keys()
            .filter(|id| !there.contains(id.as_str()))
            .cloned()
            .collect();
        for probe in gone {
            self.close(&probe, index);
        }
    }

    /// Ends what is still open, with the last run. A cause that was found without a change is in the state.
    fn end(&mut self, known: &Known, runs: usize) {
        let open: Vec<String> = self.open.keys().cloned().collect();
        for probe in open {
            if let (Some((_, stand)), Some(state)) =
                (self.open.get_mut(&probe), known.state.probes.get(&probe))
                && stand.cause.is_none()
                && stand.finding == state.standing.finding
            {
                stand.cause.clone_from(&state.cause);
            }
            self.close(&probe, runs);
        }
    }
}
