// SPDX-License-Identifier: Apache-2.0
//! The events that go onto the bus: source `keyproof`, with the schemas of `events/published`.
//!
//! A detail is read by programs of others: a field is added at most, never renamed, and never left
//! out. What is not known is `null`.

use std::borrow::Cow;

use jiff::Timestamp;
use keyproof_state::{ChangeItem, Entry, EntryKind, PolicyChange, RunItem, Standing, Subject};
use keyproof_verdict::{Cause, PartRow, Verdict};
use serde::Serialize;

use crate::run::Location;

/// The source of every event.
pub const SOURCE: &str = "keyproof";

/// An event, before it is on the bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The part of the record that it tells: `RUN`, or an entry's index.
    pub part: String,
    /// What kind of event it is.
    pub detail_type: &'static str,
    /// When the run ended.
    pub time: Timestamp,
    /// The ARNs that it is about.
    pub resources: Vec<String>,
    /// The detail as JSON.
    pub detail: String,
}

impl Event {
    /// Its size as `PutEvents` counts it.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html>
    #[must_use]
    pub fn size(&self) -> usize {
        const TIME: usize = 14;
        let resources: usize = self.resources.iter().map(String::len).sum();
        TIME + SOURCE.len() + self.detail_type.len() + self.detail.len() + resources
    }
}

/// The detail of `Run Completed`.
#[derive(Debug, Serialize)]
struct RunCompleted<'a> {
    schema: &'static str,
    id: String,
    plan: Plan<'a>,
    run: Run<'a>,
    account: Option<&'a str>,
    region: &'a str,
    verdict: Verdict,
    counts: Counts,
    sentinel_awake: Option<bool>,
    late: bool,
    part: Option<&'a PartRow>,
    confirms: Option<&'a str>,
    duration_ms: u64,
    report: Where<'a>,
}

/// The detail of every event about one probe.
#[derive(Debug, Serialize)]
struct AboutProbe<'a> {
    schema: &'static str,
    id: &'a str,
    plan: Plan<'a>,
    run: Run<'a>,
    account: Option<&'a str>,
    region: &'a str,
    probe: Probe<'a>,
    from: Option<Standing>,
    from_since: Option<Timestamp>,
    to: Option<Standing>,
    since: Timestamp,
    reason: Cow<'a, str>,
    cause: Option<&'a Cause>,
    incident: Option<Incident<'a>>,
    pages: bool,
    report: Where<'a>,
}

#[derive(Debug, Serialize)]
struct Plan<'a> {
    name: &'a str,
    digest: &'a str,
    version: u64,
}

#[derive(Debug, Serialize)]
struct Run<'a> {
    id: &'a str,
    commit: u64,
    seq: u64,
    trigger: &'a str,
    started_at: Timestamp,
    finished_at: Timestamp,
    change: Option<Change<'a>>,
}

/// The change of a policy that started a run.
#[derive(Debug, Serialize)]
struct Change<'a> {
    event: &'a str,
    source: &'a str,
    event_id: &'a str,
    at: Timestamp,
    by: Option<&'a str>,
    account: Option<&'a str>,
    document: Option<&'a str>,
}

impl<'a> Change<'a> {
    fn of(change: &'a PolicyChange) -> Self {
        Self {
            event: &change.event,
            source: &change.source,
            event_id: &change.event_id,
            at: change.at,
            by: change.by.as_deref(),
            account: change.account.as_deref(),
            document: change.document.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Counts {
    pass: usize,
    fail: usize,
    inconclusive: usize,
    excepted: usize,
    planned: usize,
}

#[derive(Debug, Serialize)]
struct Probe<'a> {
    id: &'a str,
    #[serde(flatten)]
    subject: &'a Subject,
}

#[derive(Debug, Serialize)]
struct Incident<'a> {
    id: &'a str,
    since: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Where<'a> {
    digest: &'a str,
    #[serde(flatten)]
    location: Location,
}

/// `Run Completed`: every run, whatever came of it.
///
/// # Errors
///
/// Never, for what a table can hold.
pub(crate) fn run_completed(run: &RunItem, location: Location) -> serde_json::Result<Event> {
    let sum = &run.summary;
    let detail = RunCompleted {
        schema: "keyproof.run-completed/v1",
        id: format!("{}/{}", run.plan, run.commit),
        plan: Plan {
            name: &run.plan,
            digest: &run.plan_digest,
            version: run.plan_version,
        },
        run: Run {
            id: &run.run_id,
            commit: run.commit,
            seq: run.seq,
            trigger: &run.trigger,
            started_at: run.started_at,
            finished_at: run.finished_at,
            change: run.change.as_ref().map(Change::of),
        },
        account: run.account.as_deref(),
        region: &run.region,
        verdict: sum.verdict,
        counts: Counts {
            pass: sum.pass,
            fail: sum.fail,
            inconclusive: sum.inconclusive,
            excepted: sum.excepted,
            planned: sum.planned,
        },
        sentinel_awake: run.sentinel_awake,
        late: run.late,
        part: run.part.as_ref(),
        confirms: run.confirms.as_deref(),
        duration_ms: run.duration_ms,
        report: Where {
            digest: &run.report_digest,
            location,
        },
    };
    Ok(Event {
        part: "RUN".to_owned(),
        detail_type: "Run Completed",
        time: run.finished_at,
        resources: Vec::new(),
        detail: serde_json::to_string(&detail)?,
    })
}

/// The detail type of an entry's event, and the schema of its detail.
const fn kind(kind: EntryKind) -> (&'static str, &'static str) {
    match kind {
        // A probe that has left the plan is a transition to nothing.
        EntryKind::Transition | EntryKind::Retired => {
            ("Probe Transition", "keyproof.probe-transition/v1")
        }
        EntryKind::Confirmation => ("Probe Confirmed", "keyproof.probe-confirmed/v1"),
        EntryKind::Reminder => ("Probe Reminder", "keyproof.probe-reminder/v1"),
        EntryKind::Late => ("Late Observation", "keyproof.late-observation/v1"),
    }
}

/// The event about one entry of a change.
///
/// # Errors
///
/// Never, for what a table can hold.
pub(crate) fn of_entry(
    change: &ChangeItem,
    entry: &Entry,
    report_digest: &str,
    location: Location,
) -> serde_json::Result<Event> {
    let (detail_type, schema) = kind(entry.kind);
    let detail = AboutProbe {
        schema,
        id: &entry.id,
        plan: Plan {
            name: &change.plan,
            digest: &change.plan_digest,
            version: change.plan_version,
        },
        run: Run {
            id: &change.run_id,
            commit: change.commit,
            seq: change.seq,
            trigger: &change.trigger,
            started_at: change.started_at,
            finished_at: change.finished_at,
            change: change.change.as_ref().map(Change::of),
        },
        account: change.account.as_deref(),
        region: &change.region,
        probe: Probe {
            id: &entry.probe,
            subject: &entry.subject,
        },
        from: entry.from,
        from_since: entry.from_since,
        to: entry.to,
        since: entry.since,
        reason: keyproof_state::shortened(&entry.reason),
        cause: entry.cause.as_ref(),
        incident: entry.incident.as_deref().map(|id| Incident {
            id,
            since: entry.incident_since,
        }),
        pages: entry.pages,
        report: Where {
            digest: report_digest,
            location,
        },
    };
    Ok(Event {
        part: part(entry).to_owned(),
        detail_type,
        time: change.finished_at,
        resources: resources(entry),
        detail: serde_json::to_string(&detail)?,
    })
}

/// An entry's part of its record: the last piece of its id.
#[must_use]
pub(crate) fn part(entry: &Entry) -> &str {
    entry.id.rsplit('/').next().unwrap_or(&entry.id)
}

/// Who, on what, by which document: nothing twice.
fn resources(entry: &Entry) -> Vec<String> {
    let document = entry
        .cause
        .as_ref()
        .and_then(|cause| cause.document.as_ref());
    let all = [
        entry.subject.role_arn.as_ref(),
        entry.subject.resource.as_ref(),
        document,
    ];
    let mut resources: Vec<String> = Vec::new();
    for arn in all.into_iter().flatten() {
        if arn.starts_with("arn:") && !resources.contains(arn) {
            resources.push(arn.clone());
        }
    }
    resources
}
