// SPDX-License-Identifier: Apache-2.0
//! A plan's runs, newest first, a page at a time.

use jiff::Timestamp;
use keyproof_state::{PolicyChange, RunItem};
use keyproof_store::{Store, Table};
use keyproof_verdict::{PartRow, Summary};
use serde::Serialize;

use crate::request::shortened;
use crate::{ApiError, HttpRequest, Response, status};

/// Runs of a page, unless the caller says so.
const PAGE: usize = 25;
/// Runs of a page at most: a run that keeps its report in the table takes up to 200 KB of reading.
const LONGEST_PAGE: usize = 100;

/// A page.
#[derive(Serialize)]
struct Page<'a> {
    plan: &'a str,
    runs: Vec<RunRow<'a>>,
    /// The next page's address; `null` on the last.
    next: Option<String>,
}

/// A run, without its report.
#[derive(Serialize)]
struct RunRow<'a> {
    run_id: &'a str,
    commit: u64,
    trigger: &'a str,
    change: Option<&'a PolicyChange>,
    late: bool,
    part: Option<&'a PartRow>,
    summary: &'a Summary,
    sentinel_awake: Option<bool>,
    started_at: Timestamp,
    finished_at: Timestamp,
    duration_ms: u64,
    plan_version: u64,
    report_digest: &'a str,
}

/// Answers with a page.
pub(crate) async fn get<T: Table>(
    store: &Store<T>,
    request: &HttpRequest,
    plan: &str,
) -> Result<Response, ApiError> {
    let limit = number(request, "limit", 1..=LONGEST_PAGE as u64)?;
    let limit = limit.map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(PAGE));
    let before = number(request, "before", 1..=999_999_999_999)?;
    let head = status::head(store, plan).await?;
    // One more than asked for tells whether there is another page.
    let mut runs = store.runs(plan, before, limit + 1).await?;
    let more = runs.len() > limit;
    runs.truncate(limit);
    let last = runs.last().filter(|_| more);
    let next = last.map(|run| {
        let path = request.path();
        format!("{path}?limit={limit}&before={}", run.commit)
    });
    let page = Page {
        plan: &head.plan,
        runs: runs.iter().map(row).collect(),
        next,
    };
    let response = Response::json(200, &page);
    Ok(match &page.next {
        Some(next) => response.with("link", format!("<{next}>; rel=\"next\"")),
        None => response,
    })
}

fn row(run: &RunItem) -> RunRow<'_> {
    RunRow {
        run_id: &run.run_id,
        commit: run.commit,
        trigger: &run.trigger,
        change: run.change.as_ref(),
        late: run.late,
        part: run.part.as_ref(),
        summary: &run.summary,
        sentinel_awake: run.sentinel_awake,
        started_at: run.started_at,
        finished_at: run.finished_at,
        duration_ms: run.duration_ms,
        plan_version: run.plan_version,
        report_digest: &run.report_digest,
    }
}

fn number(
    request: &HttpRequest,
    name: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, ApiError> {
    let Some(text) = request.parameter(name) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        ApiError::Parameter(format!(
            "`{name}={}` has no meaning; expected a number from {} to {}",
            shortened(text),
            range.start(),
            range.end()
        ))
    })
}
