// SPDX-License-Identifier: Apache-2.0
//! A run from start to report.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{Either, FusedFuture, select};
use jiff::{Timestamp, tz::TimeZone};
use keyproof_plan::Plan;
use keyproof_verdict::{NoteRow, Report, RunFacts, judge};

use crate::observe::{Seen, observe};
use crate::run::Run;
use crate::{Runner, Settings};

/// Carries out the plan's probes and judges what they saw.
///
/// There is no error: what could not be found out stands in the report, each planned probe once.
/// The future is to be run where it is (`block_on`, a `LocalSet`): it is not `Send`.
pub async fn verify(plan: &Plan, settings: &Settings, runner: &Runner) -> Report {
    verify_until(plan, settings, runner, pending()).await
}

/// The same, until `interrupted` is ready: what has no answer by then is blind, and the report is as
/// whole as any.
pub async fn verify_until(
    plan: &Plan,
    settings: &Settings,
    runner: &Runner,
    interrupted: impl Future<Output = ()>,
) -> Report {
    let mut interrupted = pin!(interrupted.fuse());
    let started = Instant::now();
    let run = Run::start(plan, settings, runner).await;
    tracing::info!(run_id = %run.id, plan = plan.name, "run started");
    let mut seen = observe_until(&run, interrupted.as_mut()).await;
    let mut notes = Vec::new();
    if run.guard_refused.load(Ordering::Relaxed) {
        tracing::warn!(run_id = %run.id, "STS would not take the sessions' guard: once more without");
        // All of it: what some sessions lack, the others must lack too (`session::guard`).
        let again = Settings {
            guard: false,
            run_id: Some(run.id),
            deadline: settings
                .deadline
                .map(|bound| bound.saturating_sub(started.elapsed())),
            ..settings.clone()
        };
        let bare = Run::start(plan, &again, runner).await;
        seen = observe_until(&bare, interrupted.as_mut()).await;
        notes.push(unguarded());
    }
    let finished_at = Timestamp::now();
    let facts = RunFacts {
        id: run.id.to_string(),
        trigger: settings.trigger.clone(),
        started_at: run.started_at,
        finished_at,
        account: seen.account,
        region: Some(run.region.to_owned()),
        endpoint: runner.endpoint().map(str::to_owned),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_file: settings.plan_file.clone(),
        today: run.started_at.to_zoned_datetime(TimeZone::UTC).date(),
    };
    let mut report = judge(plan, &seen.observations, facts);
    report.notes.extend(notes);
    tracing::info!(
        run_id = %run.id,
        verdict = ?report.summary.verdict,
        planned = report.summary.planned,
        "run finished"
    );
    report
}

/// What a run saw. Once it is interrupted, nothing is waited for any more.
async fn observe_until(run: &Run<'_>, interrupted: impl FusedFuture<Output = ()> + Unpin) -> Seen {
    if interrupted.is_terminated() {
        run.calls.stop();
    }
    // Boxed: laid out in place, the whole is deeper than compilers of callers follow.
    match select(Box::pin(observe(run)), interrupted).await {
        Either::Left((seen, _)) => seen,
        Either::Right(((), rest)) => {
            tracing::warn!(run_id = %run.id, "interrupted: what has no answer yet is left at that");
            run.calls.stop();
            rest.await
        }
    }
}

fn unguarded() -> NoteRow {
    let text = "STS had no room for the policy that keeps the sessions to the calls of the plan beside \
                their tags, so that they had none: give a principal fewer or shorter tags";
    NoteRow {
        kind: "unguarded".to_owned(),
        text: text.to_owned(),
        file: None,
        line: None,
    }
}
