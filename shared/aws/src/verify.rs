// SPDX-License-Identifier: Apache-2.0
//! A run from start to report.

use jiff::{Timestamp, tz::TimeZone};
use keyproof_plan::Plan;
use keyproof_verdict::{Report, RunFacts, judge};

use crate::observe::observe;
use crate::run::Run;
use crate::{Runner, Settings};

/// Carries out the plan's probes and judges what they saw.
///
/// There is no error: what could not be found out stands in the report, each planned probe once.
/// The future is to be run where it is (`block_on`, a `LocalSet`): it is not `Send`.
pub async fn verify(plan: &Plan, settings: &Settings, runner: &Runner) -> Report {
    let run = Run::start(plan, settings, runner).await;
    tracing::info!(run_id = %run.id, plan = plan.name, "run started");
    let seen = observe(&run).await;
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
    let report = judge(plan, &seen.observations, facts);
    tracing::info!(
        run_id = %run.id,
        verdict = ?report.summary.verdict,
        planned = report.summary.planned,
        "run finished"
    );
    report
}
