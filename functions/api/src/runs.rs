// SPDX-License-Identifier: Apache-2.0
//! Runs: asked for, and asked after.

use std::time::Duration;

use jiff::Timestamp;
use keyproof_state::{RunRequest, RunStage, RunStatus, TakenRequest, digest, ulid};
use keyproof_store::{Reports, RunQueue, Store, Table, Taken};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::request::shortened;
use crate::{ApiError, HttpRequest, Moment, REMEMBERED, Response, status};

/// What started the run, for its report.
const TRIGGER: &str = "api";
/// Lambda returns 6 MB; what the report is wrapped in takes a little.
const LARGEST_REPORT: usize = 5_500_000;

/// A request to run a plan, as callers write it: a plan's name. A role, a table or a key handed in is
/// refused, not ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    plan: String,
}

/// What is answered to a request that was taken.
#[derive(Serialize)]
struct Accepted<'a> {
    run_id: &'a str,
    plan: &'a str,
    status: &'static str,
}

/// Asks for a run.
pub(crate) async fn post<T: Table>(
    store: &Store<T>,
    queue: &impl RunQueue,
    request: &HttpRequest,
    moment: Moment,
) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    is_json(request)?;
    let key = request
        .header("idempotency-key")
        .map(idempotency_key)
        .transpose()?;
    let body = written(&request.body()?)?;
    status::head(store, &body.plan).await?;

    let expires = seconds_after(moment.now, REMEMBERED);
    let mut run_id = moment.run_id.to_string();
    if let Some(key) = key {
        let taken = store
            .take(&TakenRequest {
                caller: caller.to_owned(),
                key,
                body_digest: digest(body.plan.as_bytes()),
                run_id: run_id.clone(),
                expires,
            })
            .await?;
        match taken {
            Taken::New => {}
            Taken::Other => return Err(ApiError::IdempotencyMismatch),
            Taken::Before(before) => run_id = before,
        }
    }
    // A request that was taken before may have ended between the mark and the queue. Until its run is
    // seen to have begun it is sent again: a run is carried out once, however often it is asked for.
    let known = store.run_status(&run_id).await?;
    if known
        .as_ref()
        .is_none_or(|known| known.status == RunStage::Queued)
    {
        if known.is_none() {
            store
                .note_request(&queued(&run_id, &body.plan, moment.now, expires))
                .await?;
        }
        let request = RunRequest {
            run_id: ulid(&run_id),
            ..RunRequest::new(&body.plan, TRIGGER)
        };
        queue.send(&request, Duration::ZERO).await?;
        tracing::info!(run_id, plan = body.plan, caller, "asked for a run");
    }
    let accepted = Accepted {
        run_id: &run_id,
        plan: &body.plan,
        status: "queued",
    };
    Ok(Response::json(202, &accepted).with("location", format!("/runs/{run_id}")))
}

fn written(body: &str) -> Result<Written, ApiError> {
    let invalid = |why: &str| ApiError::Body(format!(r#"{why}; expected {{"plan": NAME}}"#));
    // An object first: serde would take a list for one, field by field.
    let fields: serde_json::Map<String, Value> =
        serde_json::from_str(body).map_err(|error| invalid(&error.to_string()))?;
    Written::deserialize(Value::Object(fields)).map_err(|error| invalid(&error.to_string()))
}

fn queued(run_id: &str, plan: &str, now: Timestamp, expires: i64) -> RunStatus {
    RunStatus {
        run_id: run_id.to_owned(),
        plan: plan.to_owned(),
        status: RunStage::Queued,
        trigger: TRIGGER.to_owned(),
        requested_at: Some(now),
        started_at: None,
        finished_at: None,
        commit: None,
        verdict: None,
        error: None,
        expires,
    }
}

/// A key is whatever the caller likes, within what a header holds.
fn idempotency_key(text: &str) -> Result<String, ApiError> {
    let visible = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if visible && (1..=255).contains(&text.len()) && !text.trim().is_empty() {
        Ok(text.to_owned())
    } else {
        Err(ApiError::IdempotencyKey)
    }
}

/// A body that calls itself something else is something else.
fn is_json(request: &HttpRequest) -> Result<(), ApiError> {
    let Some(content_type) = request.header("content-type") else {
        return Ok(());
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(ApiError::ContentType(shortened(essence)))
    }
}

fn seconds_after(now: Timestamp, duration: Duration) -> i64 {
    now.as_second()
        .saturating_add(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}

/// A run, as the caller reads it.
#[derive(Serialize)]
struct RunAnswer<'a> {
    run_id: &'a str,
    plan: &'a str,
    status: RunStage,
    trigger: &'a str,
    requested_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    commit: Option<u64>,
    verdict: Option<keyproof_verdict::Verdict>,
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Value>,
}

/// Says what became of a run, with its report where it is wanted.
pub(crate) async fn get<T: Table>(
    store: &Store<T>,
    reports: &impl Reports,
    request: &HttpRequest,
    id: &str,
) -> Result<Response, ApiError> {
    let with_report = match request.parameter("include") {
        None => false,
        Some("report") => true,
        Some(other) => {
            return Err(ApiError::Parameter(format!(
                "`include={}` is nothing that a run has; expected `include=report`",
                shortened(other)
            )));
        }
    };
    let no_run = || ApiError::NoRun(shortened(id));
    ulid(id).ok_or_else(no_run)?;
    let status = store.run_status(id).await?.ok_or_else(no_run)?;
    let report = if with_report {
        report(store, reports, &status).await?
    } else {
        None
    };
    Ok(Response::json(
        200,
        &RunAnswer {
            run_id: &status.run_id,
            plan: &status.plan,
            status: status.status,
            trigger: &status.trigger,
            requested_at: status.requested_at,
            started_at: status.started_at,
            finished_at: status.finished_at,
            commit: status.commit,
            verdict: status.verdict,
            error: status.error.as_deref(),
            report,
        },
    ))
}

/// The report of a run; `None` of one that has none yet.
async fn report<T: Table>(
    store: &Store<T>,
    reports: &impl Reports,
    status: &RunStatus,
) -> Result<Option<Value>, ApiError> {
    let Some(commit) = status.commit else {
        return Ok(None);
    };
    let (text, key) = report_of(store, reports, &status.plan, commit).await?;
    if text.len() > LARGEST_REPORT {
        return Err(ApiError::TooLarge(key.unwrap_or_default()));
    }
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| ApiError::Stored(format!("the report is no JSON: {error}")))
}

/// The report of a committed run, and its key in the bucket where it is there. What was kept is what was
/// found: a report of another digest has been changed by somebody.
pub(crate) async fn report_of<T: Table>(
    store: &Store<T>,
    reports: &impl Reports,
    plan: &str,
    commit: u64,
) -> Result<(String, Option<String>), ApiError> {
    let gone = || ApiError::Stored(format!("the report of commit {commit} of `{plan}` is gone"));
    let run = store.run(plan, commit).await?.ok_or_else(gone)?;
    let text = match (run.report, &run.report_key) {
        (Some(text), _) => text,
        (None, Some(key)) => reports.get(key).await?.ok_or_else(gone)?,
        (None, None) => return Err(gone()),
    };
    if digest(text.as_bytes()) != run.report_digest {
        return Err(ApiError::Stored(format!(
            "the report of `{}` is not the one that was committed: its digest is another",
            run.run_id
        )));
    }
    Ok((text, run.report_key))
}
