// SPDX-License-Identifier: Apache-2.0
//! The last step: one report of all shards', committed as one run.

use std::io::Write;

use jiff::tz::TimeZone;
use keyproof_shard::{Collected, Manifest, ManifestError};
use keyproof_verdict::RunFacts;

use super::{LargeRun, StepAnswer, left_behind};
use crate::stored::{Finished, StoredRun};
use crate::{HandlerError, Ports};

impl<P: Ports> StoredRun<'_, P> {
    /// Collects the shards' reports. One that can't be read, or is none of its shard, is as good as
    /// missing: the shard is blind, and report and log say why.
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
        let manifest = Manifest::read(&manifest, &plan).map_err(|error| match error {
            // What came over the way may be broken where the object is whole: it is read again.
            ManifestError::Unreadable { .. } => HandlerError::CannotRun(error.to_string()),
            _ => HandlerError::InvalidPlan(error.to_string()),
        })?;
        let reports = self.reports(run, &manifest).await;
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
}
