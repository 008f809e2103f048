// SPDX-License-Identifier: Apache-2.0
//! The step that there are many of: one shard is carried out, by whoever has no more of the plan
//! than that.

use keyproof_aws::Settings;
use keyproof_shard::{Part, PartError};
use keyproof_state::report_text;
use keyproof_store::{Reports, StoreError};

use super::{LargeRun, REPORTS, StepAnswer, left_behind};
use crate::stored::StoredRun;
use crate::{HandlerError, Ports, time_to_use};

impl<P: Ports> StoredRun<'_, P> {
    /// Carries the shard out and leaves its report. One that is there already is left alone: the
    /// step died after its work. One that came meanwhile is of an attempt beside this one, and what either saw
    /// counts: both stay.
    pub(super) async fn shard(
        &self,
        run: &LargeRun,
        shard: usize,
    ) -> Result<StepAnswer, HandlerError> {
        let reports = &self.stack.reports;
        let part = left_behind(reports, &run.part(shard)).await?;
        let plan = Part::read(&part, &run.run_id, shard).map_err(|error| match error {
            // As with the manifest: it is read again.
            PartError::Unreadable(_) => HandlerError::CannotRun(error.to_string()),
            _ => HandlerError::InvalidPlan(error.to_string()),
        })?;
        let answer = StepAnswer::Shard {
            shard,
            probes: plan.probes().len(),
        };
        if reports.exists(&run.report(shard, 1)).await? {
            tracing::info!(
                run_id = run.run_id,
                shard,
                "the shard was carried out before"
            );
            return Ok(answer);
        }
        let settings = Settings {
            trigger: run.trigger.clone(),
            deadline: Some(time_to_use(self.invocation.remaining)),
            run_id: keyproof_state::ulid(&run.run_id),
            ..Settings::default()
        };
        let report = self.ports.run(&plan, &settings).await?;
        let text = report_text(&report).map_err(StoreError::from)?;
        for number in 1..=REPORTS {
            if reports.put_new(&run.report(shard, number), &text).await? {
                return Ok(answer);
            }
            tracing::warn!(
                run_id = run.run_id,
                shard,
                number,
                "another attempt at the shard has left this report"
            );
        }
        Err(HandlerError::CannotRun(format!(
            "shard {shard} has {REPORTS} reports already"
        )))
    }
}
