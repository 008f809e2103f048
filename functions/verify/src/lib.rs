// SPDX-License-Identifier: Apache-2.0
//! The verify function: a request to run a plan in, its report out.
//!
//! [`Function::handle`] takes its port ([`RunPlan`]), its time and its log as arguments, so that
//! tests call it as Lambda would. Plans come from the function's own environment: a caller names
//! one and can hand in nothing else, a role to assume least of all.
//!
//! At the start of a process nothing is done but to wait for the first request; plans are read and
//! clients are built by the first that needs them, and kept.

mod aws;
mod error;
mod plans;
mod record;
mod request;

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use keyproof_aws::Settings;
use keyproof_verdict::Report;

pub use aws::{Aws, RunPlan};
pub use error::HandlerError;
pub use plans::Plans;
pub use request::RunRequest;

/// What Lambda says about one invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Lambda's id of the request.
    pub request_id: String,
    /// The time that is left until Lambda ends the function.
    pub remaining: Duration,
}

/// The function: its plans and its way to AWS.
#[derive(Debug)]
pub struct Function<Port> {
    port: Port,
    environment: fn() -> Vec<(String, String)>,
    plans: OnceLock<Plans>,
}

impl<Port: RunPlan> Function<Port> {
    /// A function that runs plans through `port`. `environment` is read once, at the first request.
    pub const fn new(port: Port, environment: fn() -> Vec<(String, String)>) -> Self {
        Self {
            port,
            environment,
            plans: OnceLock::new(),
        }
    }

    /// Answers one request: runs the plan that it names, writes the run's log and metrics to `log`
    /// and returns the report.
    ///
    /// # Errors
    ///
    /// Where the request can't be understood, names no plan of this function, or the function has
    /// no credentials. What could not be found out about the plan is no error: it stands in the
    /// report.
    pub async fn handle(
        &self,
        payload: &serde_json::Value,
        invocation: &Invocation,
        log: &mut impl Write,
    ) -> Result<Report, HandlerError> {
        let request = RunRequest::read(payload)?;
        let plans = self.plans.get_or_init(|| Plans::read((self.environment)()));
        let plan = plans.named(request.plan.as_deref())?;
        let settings = Settings {
            trigger: request.trigger,
            deadline: Some(time_to_use(invocation.remaining)),
            run_id: request.run_id,
            ..Settings::default()
        };
        let report = self.port.run(plan, &settings).await?;
        // A log that can't be written to is no reason to keep the report back.
        if let Err(error) = record::write(&report, &invocation.request_id, log) {
            tracing::error!(%error, "could not write the run's record");
        }
        Ok(report)
    }
}

/// The deadline for a run: what is left after it is for the record and the reply. Lambda ends a
/// function that is late without a word, and a run that nobody hears of is worse than a blind one.
fn time_to_use(remaining: Duration) -> Duration {
    const MARGIN: Duration = Duration::from_secs(2);
    remaining.saturating_sub(MARGIN.min(remaining / 5))
}
