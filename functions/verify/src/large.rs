// SPDX-License-Identifier: Apache-2.0
//! Runs that are too large for one invocation: AWS Step Functions carries them out in shards.
//!
//! The function that is asked for the run hands it over to the state machine, and that calls this
//! code again for each step: [`Step::Cut`] divides the plan and leaves each shard's part in the
//! report bucket, [`Step::Shard`] carries one out and leaves its report there, [`Step::Collect`]
//! makes one report of theirs and commits it as one run. A shard that died, or whose report can't be
//! read, is blind, and no step is lost for good: what was done before is found and not done again.

mod collect;
mod cut;
mod read;
mod shard;

use std::io::Write;
use std::num::NonZeroUsize;

use jiff::Timestamp;
use keyproof_state::{PolicyChange, RunStage, RunStatus};
use keyproof_store::Reports;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::stored::{KEPT, StoredRun};
use crate::{HandlerError, Ports};

/// How many reports a shard may have: one of each attempt that overlapped with others, and one more where the
/// answer to a write got lost. The state machine makes eleven attempts at most.
const REPORTS: usize = 16;

/// When a run is handed over, and how it is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most probes of a run that one invocation carries out, and of a shard.
    pub probes: NonZeroUsize,
    /// The most shards that are under way at once.
    pub shards_at_once: NonZeroUsize,
}

impl Default for Limits {
    fn default() -> Self {
        const PROBES: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
        const AT_ONCE: NonZeroUsize = NonZeroUsize::new(40).unwrap();
        Self {
            probes: PROBES,
            shards_at_once: AT_ONCE,
        }
    }
}

/// A run that is carried out in shards, as the state machine hands it from step to step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargeRun {
    /// The plan's name.
    pub plan: String,
    /// The plan's version as of the run's start.
    pub version: u64,
    /// The version's digest.
    pub digest: String,
    /// The run's id.
    pub run_id: String,
    /// The run's place in the order of starts.
    pub seq: u64,
    /// What started it.
    pub trigger: String,
    /// Start.
    pub started_at: Timestamp,
    /// The change of a policy that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<PolicyChange>,
    /// Whether the part of the plan that the change may concern is enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
    /// The run whose `locked_out` this one is to confirm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirms: Option<String>,
    /// The moment for which it was asked, where it is a re-verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

/// A step of a run, as the state machine asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Divide the plan.
    Cut {
        /// The run.
        run: LargeRun,
    },
    /// Carry one shard out.
    Shard {
        /// The run.
        run: LargeRun,
        /// The shard's number.
        shard: usize,
    },
    /// Make one report, and commit it.
    Collect {
        /// The run.
        run: LargeRun,
    },
    /// Note that the run came to nothing.
    Abandon {
        /// The run.
        run: LargeRun,
        /// What the state machine says.
        error: Failure,
    },
}

/// Why a state of the state machine failed.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Failure {
    /// The error's name.
    error: String,
    /// More about it; of a function, its answer as JSON.
    #[serde(default)]
    cause: String,
}

/// What a step tells the state machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum StepAnswer {
    /// The plan is divided.
    Cut {
        /// How many shards there are.
        shards: usize,
        /// How many may be under way at once.
        at_once: usize,
        /// The object of the report bucket that lists them.
        items: String,
    },
    /// A shard was carried out.
    Shard {
        /// Its number.
        shard: usize,
        /// How many probes it has.
        probes: usize,
    },
    /// The run is committed.
    Collected {
        /// As this commit of its plan.
        commit: u64,
        /// The shards that no report came of.
        dead: Vec<usize>,
    },
    /// The run's failure is noted.
    Abandoned {
        /// The run's id.
        run_id: String,
    },
}

impl Step {
    /// Reads a step; `None` where the payload is none.
    ///
    /// # Errors
    ///
    /// Where it is one that can't be understood.
    pub fn read(payload: &Value) -> Result<Option<Self>, HandlerError> {
        if payload.get("step").is_none() {
            return Ok(None);
        }
        let step = Self::deserialize(payload).map_err(|error| {
            HandlerError::InvalidRequest(format!("the step can't be read: {error}"))
        })?;
        let run_id = match &step {
            Self::Cut { run }
            | Self::Shard { run, .. }
            | Self::Collect { run }
            | Self::Abandon { run, .. } => &run.run_id,
        };
        // It becomes part of object keys.
        match keyproof_state::ulid(run_id) {
            Some(_) => Ok(Some(step)),
            None => Err(HandlerError::InvalidRequest(
                "the step's `run_id` is not a ULID".to_owned(),
            )),
        }
    }
}

impl LargeRun {
    /// The objects of the report bucket in which the run is kept while it is under way.
    fn object(&self, name: &str) -> String {
        format!("runs/{}/{name}", self.run_id)
    }

    fn manifest(&self) -> String {
        self.object("manifest.json")
    }

    fn part(&self, shard: usize) -> String {
        self.object(&format!("shards/{shard}.json"))
    }

    /// A shard's report, from the first. There is a second only where two attempts overlapped: neither may be
    /// written over the other.
    fn report(&self, shard: usize, number: usize) -> String {
        self.object(&match number {
            1 => format!("reports/{shard}.json"),
            _ => format!("reports/{shard}.{number}.json"),
        })
    }

    /// The run's status while it is under way.
    fn status(&self) -> RunStatus {
        RunStatus {
            run_id: self.run_id.clone(),
            plan: self.plan.clone(),
            status: RunStage::Running,
            trigger: self.trigger.clone(),
            requested_at: None,
            started_at: Some(self.started_at),
            finished_at: None,
            commit: None,
            verdict: None,
            error: None,
            expires: (self.started_at + KEPT).as_second(),
        }
    }
}

impl Failure {
    /// A sentence for whoever waits for the run.
    fn sentence(&self) -> String {
        let answer: Option<Value> = serde_json::from_str(&self.cause).ok();
        let told = answer
            .as_ref()
            .and_then(|answer| answer.get("errorMessage"));
        match told.and_then(Value::as_str).unwrap_or(&self.cause) {
            "" => format!("the run in shards failed: {}", self.error),
            told => format!("the run in shards failed: {}: {told}", self.error),
        }
    }
}

impl<P: Ports> StoredRun<'_, P> {
    /// Carries out a step of a run.
    pub(crate) async fn take(
        &self,
        step: Step,
        log: &mut impl Write,
    ) -> Result<StepAnswer, HandlerError> {
        match step {
            Step::Cut { run } => self.cut(&run).await,
            Step::Shard { run, shard } => self.shard(&run, shard).await,
            Step::Collect { run } => self.collect(&run, log).await,
            Step::Abandon { run, error } => {
                let sentence = error.sentence();
                tracing::error!(run_id = run.run_id, plan = run.plan, "{sentence}");
                self.stack.store.fail(&run.status(), &sentence).await?;
                let run_id = run.run_id;
                Ok(StepAnswer::Abandoned { run_id })
            }
        }
    }
}

/// Something that a step before must have left behind.
async fn left_behind(reports: &impl Reports, key: &str) -> Result<String, HandlerError> {
    let text = reports.get(key).await?;
    text.ok_or_else(|| {
        HandlerError::CannotRun(format!(
            "`{key}` is not in the report bucket: the run was not cut, or is long over"
        ))
    })
}
