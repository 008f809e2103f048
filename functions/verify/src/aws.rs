// SPDX-License-Identifier: Apache-2.0
//! The port to AWS.

use std::future::Future;

use keyproof_aws::{Runner, RunnerError, Settings, verify};
use keyproof_plan::Plan;
use keyproof_verdict::Report;
use tokio::sync::OnceCell;

/// Carries a plan out.
pub trait RunPlan {
    /// Runs the plan; what could not be found out stands in the report.
    fn run(
        &self,
        plan: &Plan,
        settings: &Settings,
    ) -> impl Future<Output = Result<Report, RunnerError>>;
}

/// AWS, as the function's own role.
#[derive(Debug, Default)]
pub struct Aws {
    /// Made by the first run and kept for the life of the process.
    runner: OnceCell<Runner>,
}

impl RunPlan for Aws {
    async fn run(&self, plan: &Plan, settings: &Settings) -> Result<Report, RunnerError> {
        let load = || Runner::load(settings, &plan.region);
        let runner = self.runner.get_or_try_init(load).await?;
        // Boxed: a run's future is large, and too deep for the compiler to lay out inside Lambda's.
        Ok(Box::pin(verify(plan, settings, runner)).await)
    }
}
