// SPDX-License-Identifier: Apache-2.0
//! A run that began before the newest and was committed after it.

use keyproof_verdict::{Finding, ProbeRow, Report};

use super::Run;
use crate::{Entry, EntryKind, PlanState, ProbeState, Standing, Subject, shortened};

/// What it saw that differs from what is known.
pub(super) fn entries(known: &PlanState, report: &Report, run: &Run<'_>) -> Vec<Entry> {
    let mut entries = Vec::new();
    for row in &report.probes {
        let id = run.entry_id(entries.len());
        entries.extend(entry(known.probes.get(&row.id), row, id, run));
    }
    entries
}

/// What it saw of a probe, where that differs from what is known `now`. A person is told of an `exposed` or
/// a `wrong_key` that nobody has been told of: it was so, even if it is no more.
pub(super) fn entry(
    now: Option<&ProbeState>,
    row: &ProbeRow,
    id: String,
    run: &Run<'_>,
) -> Option<Entry> {
    let seen = Standing::of(row);
    if now.is_some_and(|now| now.standing == seen) {
        return None;
    }
    let grave = seen.counts_as_failure() && seen.finding != Some(Finding::LockedOut);
    if now.is_none() && !grave {
        // The plan no longer has the probe.
        return None;
    }
    let incident = now
        .and_then(|now| now.incident.as_ref())
        .filter(|incident| Some(incident.finding) == seen.finding);
    Some(Entry {
        id,
        kind: EntryKind::Late,
        probe: row.id.clone(),
        subject: Subject::of(row),
        from: now.map(|now| now.standing),
        from_since: now.map(|now| now.since),
        to: Some(seen),
        since: run.started_at,
        reason: shortened(&row.reason).into_owned(),
        cause: row.cause.clone(),
        incident: incident.map(|incident| incident.id.clone()),
        incident_since: incident.map(|incident| incident.since),
        pages: grave && incident.is_none(),
    })
}
