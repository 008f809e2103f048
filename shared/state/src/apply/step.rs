// SPDX-License-Identifier: Apache-2.0
//! The newest run: each probe's standing becomes what it saw, but for a probe that a run of a part which
//! began later has seen.

use jiff::Timestamp;
use keyproof_verdict::{Finding, ProbeRow, Report, Verdict};

use super::{Run, late};
use crate::{Entry, EntryKind, Incident, PlanState, ProbeState, Standing, Subject, shortened};

/// Brings the probes up to what the report says. The entries are in the report's order, then those
/// of probes that the plan no longer has.
pub(super) fn step(state: &mut PlanState, report: &Report, run: &Run<'_>) -> Vec<Entry> {
    let mut known = std::mem::take(&mut state.probes);
    let mut entries = Vec::new();
    let seen_since = |before: &ProbeState| before.seq.is_some_and(|seq| seq > run.seq);
    for row in &report.probes {
        let probe = match known.remove(&row.id) {
            Some(newer) if seen_since(&newer) => {
                let id = run.entry_id(entries.len());
                entries.extend(late::entry(Some(&newer), row, id, run));
                newer
            }
            before => Step::new(row, before.as_ref(), run).take(&mut entries),
        };
        state.probes.insert(row.id.clone(), probe);
    }
    for (probe, before) in known {
        if run.of_a_part || seen_since(&before) {
            state.probes.insert(probe, before);
            continue;
        }
        if before.standing != Standing::PASS || before.incident.is_some() {
            let id = run.entry_id(entries.len());
            entries.push(retired(id, probe, before, run));
        }
    }
    entries
}

/// A probe, from what was known to what is seen.
struct Step<'a> {
    row: &'a ProbeRow,
    before: Option<&'a ProbeState>,
    now: Standing,
    since: Timestamp,
    run: &'a Run<'a>,
}

impl<'a> Step<'a> {
    fn new(row: &'a ProbeRow, before: Option<&'a ProbeState>, run: &'a Run<'a>) -> Self {
        let now = Standing::of(row);
        let unmoved = before.filter(|before| before.standing == now);
        Self {
            row,
            before,
            now,
            since: unmoved.map_or(run.started_at, |before| before.since),
            run,
        }
    }

    /// What is known of the probe now. Pushes what that changes.
    fn take(&self, entries: &mut Vec<Entry>) -> ProbeState {
        let moved = self.before.is_none_or(|before| before.standing != self.now);
        let old = self.before.and_then(|before| before.incident.as_ref());
        let mut incident = self.lasting(old);
        let opens = incident.is_none() && self.now.counts_as_failure();
        if moved {
            let id = self.run.entry_id(entries.len());
            let mut pages = self.now == Standing::PASS && told(old);
            if let Some(finding) = self.now.finding.filter(|_| opens) {
                incident = Some(self.opened(finding, id.clone()));
                pages = told(incident.as_ref());
            }
            let about = incident.as_ref().or(old);
            entries.push(self.entry(id, EntryKind::Transition, about, pages));
        }
        if let Some(open) = incident.as_mut().filter(|_| !opens)
            && let Some(kind) = self.due(open)
        {
            open.told_at = Some(self.run.finished_at);
            let id = self.run.entry_id(entries.len());
            entries.push(self.entry(id, kind, Some(open), true));
        }
        let passed = self.now.verdict == Verdict::Pass;
        ProbeState {
            standing: self.now,
            since: self.since,
            inconclusive_since: self.inconclusive_since(),
            reason: (!passed).then(|| shortened(&self.row.reason).into_owned()),
            cause: self.row.cause.clone().filter(|_| !passed),
            incident,
            key: self.key(),
            seq: self.run.of_a_part.then_some(self.run.seq),
        }
    }

    /// Since when nothing has been found out, where that is longer than for today's reason.
    fn inconclusive_since(&self) -> Option<Timestamp> {
        let inconclusive = self.now.verdict == Verdict::Inconclusive;
        let before = self.before.filter(|_| inconclusive);
        let since = before.and_then(ProbeState::inconclusive_since);
        since.filter(|since| *since != self.since)
    }

    /// The key that the row's table was found to have, where the plan says it otherwise.
    fn key(&self) -> Option<String> {
        let found = self.row.observed.key.as_ref()?;
        let otherwise = self.row.expected.key.as_ref() != Some(found);
        (otherwise && found.starts_with("arn:")).then(|| found.clone())
    }

    /// The incident that goes on: the same failure still counts, or nothing was found out.
    fn lasting(&self, old: Option<&Incident>) -> Option<Incident> {
        let old = old?;
        let lasts = match self.now.verdict {
            Verdict::Pass => false,
            Verdict::Inconclusive => true,
            Verdict::Fail => !self.now.excepted && self.now.finding == Some(old.finding),
        };
        lasts.then(|| old.clone())
    }

    /// A new incident. One that was excepted until now has been seen before, so it began then, and
    /// is beyond doubt where that is long enough ago.
    fn opened(&self, finding: Finding, id: String) -> Incident {
        let seen_before = self
            .before
            .filter(|before| before.standing.finding == Some(finding));
        let since = seen_before.map_or(self.run.started_at, |before| before.since);
        let confirmed = finding != Finding::LockedOut || self.long_after(since);
        Incident {
            id,
            finding,
            since,
            told_at: confirmed.then_some(self.run.finished_at),
        }
    }

    /// What a person is to be told of an incident that was open before and is seen again.
    fn due(&self, open: &Incident) -> Option<EntryKind> {
        if !self.now.counts_as_failure() {
            return None;
        }
        match open.told_at {
            None => self
                .long_after(open.since)
                .then_some(EntryKind::Confirmation),
            Some(told) => (self.run.finished_at.duration_since(told)
                >= self.run.rules.remind_after)
                .then_some(EntryKind::Reminder),
        }
    }

    fn long_after(&self, since: Timestamp) -> bool {
        self.run.started_at.duration_since(since) >= self.run.rules.confirm_after
    }

    fn entry(&self, id: String, kind: EntryKind, about: Option<&Incident>, pages: bool) -> Entry {
        Entry {
            id,
            kind,
            probe: self.row.id.clone(),
            subject: Subject::of(self.row),
            from: self.before.map(|before| before.standing),
            from_since: self.before.map(|before| before.since),
            to: Some(self.now),
            since: self.since,
            reason: shortened(&self.row.reason).into_owned(),
            cause: self.row.cause.clone(),
            incident: about.map(|incident| incident.id.clone()),
            incident_since: about.map(|incident| incident.since),
            pages,
        }
    }
}

fn told(incident: Option<&Incident>) -> bool {
    incident.is_some_and(|incident| incident.told_at.is_some())
}

/// A probe that the plan no longer has. Nobody is called for it: whoever changed the plan knows.
fn retired(id: String, probe: String, before: ProbeState, run: &Run<'_>) -> Entry {
    Entry {
        id,
        kind: EntryKind::Retired,
        reason: format!("the plan no longer has the probe `{probe}`"),
        probe,
        subject: Subject::default(),
        from: Some(before.standing),
        from_since: Some(before.since),
        to: None,
        since: run.started_at,
        cause: None,
        incident: before.incident.as_ref().map(|incident| incident.id.clone()),
        incident_since: before.incident.map(|incident| incident.since),
        pages: false,
    }
}
