// SPDX-License-Identifier: Apache-2.0
//! The last step: one report of all shards', committed as one run.

use std::io::Write;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::tz::TimeZone;
use keyproof_shard::{Collected, Manifest};
use keyproof_store::Reports;
use keyproof_verdict::{Report, RunFacts};

use super::cut::AT_ONCE;
use super::{LargeRun, StepAnswer, left_behind};
use crate::stored::{Finished, StoredRun};
use crate::{HandlerError, Ports};

impl<P: Ports> StoredRun<'_, P> {
    /// Collects the shards' reports. What is none, or none of its shard, is as good as missing: the
    /// shard is blind, and the log says why.
    pub(super) async fn collect(
        &self,
        run: &LargeRun,
        log: &mut impl Write,
    ) -> Result<StepAnswer, HandlerError> {
        let stack = self.stack;
        // Committed before, by a step that died then or did not say so.
        if let Some(commit) = stack.store.settle(&run.plan, &run.run_id).await? {
            let dead = Vec::new();
            return Ok(StepAnswer::Collected { commit, dead });
        }
        let plan = self.plan(&run.plan, run.version, &run.digest).await?;
        let manifest = left_behind(&stack.reports, &run.manifest()).await?;
        let manifest = Manifest::read(&manifest, &plan)
            .map_err(|error| HandlerError::InvalidPlan(error.to_string()))?;
        let reports: Vec<_> = stream::iter(&manifest.shards)
            .map(|shard| self.report_of(run, shard.number))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let facts = RunFacts {
            id: run.run_id.clone(),
            trigger: run.trigger.clone(),
            started_at: run.started_at,
            finished_at: self.ports.now(),
            account: None,
            region: None,
            endpoint: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plan_file: None,
            today: run.started_at.to_zoned_datetime(TimeZone::UTC).date(),
        };
        let reports = reports.into_iter().flatten().collect();
        let Collected {
            report,
            dead,
            refused,
        } = keyproof_shard::collect(&plan, &manifest, reports, &facts)
            .map_err(|error| HandlerError::InvalidPlan(error.to_string()))?;
        for reason in refused {
            tracing::error!(run_id = run.run_id, reason, "a shard's report is refused");
        }
        let finished = Finished {
            seq: run.seq,
            version: run.version,
            change: run.change.as_ref(),
            confirms: run.confirms.as_deref(),
            not_before: run.not_before,
        };
        let (commit, _) = self.commit(report, &finished, log).await?;
        Ok(StepAnswer::Collected { commit, dead })
    }

    /// A shard's report; `None` where there is none that can be read.
    async fn report_of(
        &self,
        run: &LargeRun,
        shard: usize,
    ) -> Result<Option<Report>, HandlerError> {
        let text = self.stack.reports.get(&run.report(shard)).await?;
        Ok(text.and_then(|text| {
            Report::from_json(&text)
                .inspect_err(|error| {
                    tracing::error!(run_id = run.run_id, shard, %error, "a shard's report can't be read");
                })
                .ok()
        }))
    }
}
