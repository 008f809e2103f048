// SPDX-License-Identifier: Apache-2.0
//! How a plan stands.

use jiff::Timestamp;
use keyproof_state::{Incident, LastRun, PlanHead, PlanState, ProbeState};
use keyproof_store::{Reports, Store, Table};
use keyproof_verdict::{Cause, Finding, Report, Summary, Verdict};
use serde::Serialize;

use crate::request::shortened;
use crate::{ApiError, Response, runs};

/// A plan's status, as the caller reads it.
#[derive(Serialize)]
struct Status<'a> {
    plan: &'a str,
    version: u64,
    digest: &'a str,
    interval_minutes: Option<u32>,
    /// What all probes come to, each as the newest run that asked it said; `null` where there was none.
    verdict: Option<Verdict>,
    /// Whether the schedule should have brought a run since.
    overdue: bool,
    last_run: Option<Ran<'a>>,
    last_pass: Option<Ran<'a>>,
    /// Every probe that doesn't pass, in the order of their ids.
    not_passing: Vec<NotPassing<'a>>,
}

/// A run, in short.
#[derive(Serialize)]
struct Ran<'a> {
    run_id: &'a str,
    commit: u64,
    trigger: &'a str,
    summary: &'a Summary,
    started_at: Timestamp,
    finished_at: Timestamp,
    plan_version: u64,
}

/// A probe that doesn't pass.
#[derive(Serialize)]
struct NotPassing<'a> {
    probe: &'a str,
    verdict: Verdict,
    finding: Option<Finding>,
    excepted: bool,
    since: Timestamp,
    reason: Option<&'a str>,
    cause: Option<&'a Cause>,
    /// Whether a second run has said so, or it needs none.
    confirmed: Option<bool>,
    /// When a person was last told.
    told_at: Option<Timestamp>,
}

/// A stored plan's head.
///
/// # Errors
///
/// Where there is no such plan, or it was removed.
pub(crate) async fn head<T: Table>(store: &Store<T>, plan: &str) -> Result<PlanHead, ApiError> {
    let no_plan = || ApiError::NoPlan(shortened(plan));
    // An empty name is no key for DynamoDB, and an endless one none either.
    if plan.is_empty() || plan.len() > 256 {
        return Err(no_plan());
    }
    let head = store.head(plan).await?.ok_or_else(no_plan)?;
    if head.removed_at.is_some() {
        return Err(no_plan());
    }
    Ok(head)
}

/// Says how a plan stands.
pub(crate) async fn get<T: Table>(
    store: &Store<T>,
    plan: &str,
    now: Timestamp,
) -> Result<Response, ApiError> {
    let head = head(store, plan).await?;
    let state = store.state(plan).await?;
    let not_passing = state.probes.iter();
    let not_passing = not_passing.filter(|(_, probe)| probe.standing.verdict != Verdict::Pass);
    let newest = state.last_run.as_ref().map(|run| run.started_at);
    let status = Status {
        plan: &head.plan,
        version: head.version,
        digest: &head.digest,
        interval_minutes: head.interval_minutes,
        verdict: verdict(&state),
        // Two intervals, as a pass is news for as long.
        overdue: head.is_overdue(newest, head.interval().unwrap_or_default(), now),
        last_run: state.last_run.as_ref().map(ran),
        last_pass: state.last_pass.as_ref().map(ran),
        not_passing: not_passing.map(|(id, probe)| row(id, probe)).collect(),
    };
    Ok(Response::json(200, &status))
}

/// A badge for a page: what all probes come to, and whether the last run of them all is still news.
pub(crate) async fn badge<T: Table>(
    store: &Store<T>,
    reports: &impl Reports,
    plan: &str,
    now: Timestamp,
) -> Result<Response, ApiError> {
    let head = head(store, plan).await?;
    let state = store.state(plan).await?;
    let report = match &state.last_run {
        Some(run) => Some(runs::report_of(store, reports, plan, run.commit).await?),
        None => None,
    };
    let report = report.map(|(text, _)| serde_json::from_str::<Report>(&text));
    let report = report
        .transpose()
        .map_err(|error| ApiError::Stored(format!("the report is none: {error}")))?;
    // What runs of parts saw since counts; when all was last seen is the last run's.
    let report = report.map(|report| Report {
        summary: state.since.clone().unwrap_or(report.summary),
        ..report
    });
    let svg = keyproof_report::badge(plan, report.as_ref(), now, head.pass_lasts());
    Ok(Response::text(200, "image/svg+xml", svg))
}

fn verdict(state: &PlanState) -> Option<Verdict> {
    state.summary().map(|summary| summary.verdict)
}

fn ran(run: &LastRun) -> Ran<'_> {
    Ran {
        run_id: &run.run_id,
        commit: run.commit,
        trigger: &run.trigger,
        summary: &run.summary,
        started_at: run.started_at,
        finished_at: run.finished_at,
        plan_version: run.plan_version,
    }
}

fn row<'a>(id: &'a str, probe: &'a ProbeState) -> NotPassing<'a> {
    let incident = probe.incident.as_ref();
    NotPassing {
        probe: id,
        verdict: probe.standing.verdict,
        finding: probe.standing.finding,
        excepted: probe.standing.excepted,
        since: probe.since,
        reason: probe.reason.as_deref(),
        cause: probe.cause.as_ref(),
        confirmed: incident.map(Incident::is_confirmed),
        told_at: incident.and_then(|incident| incident.told_at),
    }
}
