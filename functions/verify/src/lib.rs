// SPDX-License-Identifier: Apache-2.0
//! The verify function: requests to run plans in, what came of them out.
//!
//! [`Function::handle`] takes its [`Ports`], its time and its log as arguments, so that tests call
//! it as Lambda would. Plans come from the stack's state table, or from the function's own
//! environment where it stands alone: a caller names one and can hand in nothing else, a role to
//! assume least of all.
//!
//! At the start of a process nothing is done but to wait for the first request; plans are read and
//! clients are built by the first that needs them, and kept.

mod change;
mod diagnosis;
mod error;
mod large;
mod machine;
mod part;
mod plans;
mod ports;
mod record;
mod request;
mod stored;

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use keyproof_aws::Settings;
use keyproof_plan::Plan;
use keyproof_verdict::Report;
use serde::Serialize;
use tokio::time::Instant;
use ulid::Ulid;

pub use error::HandlerError;
pub use large::{Failure, LargeRun, Limits, Step, StepAnswer};
pub use plans::Plans;
pub use ports::{Aws, Ports, Queue, Stack, StackOf};
pub use request::{Message, Request, messages};

/// What the function's code calls, on what: the variable of its environment that names it, or what its
/// plans name.
pub const PERMISSIONS: &[(&str, &[&str])] = &[
    ("plan roles", keyproof_aws::iam_actions::ASSUME),
    ("plan tables and keys", keyproof_aws::iam_actions::INSPECT),
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::READ),
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::WRITE),
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::REMOVE),
    (
        "KEYPROOF_REPORT_BUCKET",
        keyproof_store::iam_actions::PUT_REPORT,
    ),
    (
        "KEYPROOF_REPORT_BUCKET",
        keyproof_store::iam_actions::FIND_REPORT,
    ),
    ("KEYPROOF_QUEUE_URL", keyproof_store::iam_actions::SEND),
    ("KEYPROOF_STATE_MACHINE", machine::IAM_ACTIONS),
    // With `KEYPROOF_DIAGNOSE`.
    ("the trail", keyproof_diagnose::iam_actions::EVENTS),
    ("plan keys", keyproof_diagnose::iam_actions::KEYS),
    (
        "attached policies",
        keyproof_diagnose::iam_actions::POLICIES,
    ),
    (
        "plan roles and its own",
        keyproof_diagnose::iam_actions::ROLES,
    ),
    ("all plan tables", keyproof_diagnose::iam_actions::TABLES),
];

/// What Lambda says about one invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Lambda's id of the request.
    pub request_id: String,
    /// X-Ray's id of the trace, where there is one.
    pub trace_id: Option<String>,
    /// The time that is left until Lambda ends the function.
    pub remaining: Duration,
}

/// What the function answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// The report of the run that was asked for.
    Report(Box<Report>),
    /// The runs that a change asked for, or why no run was made.
    Done(Done),
    /// Which messages of a batch are to be delivered again.
    Batch(BatchAnswer),
    /// What a step of a large run came to.
    Step(StepAnswer),
}

/// What was done where there is no report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Done {
    /// The plans that a change may concern, each of which runs now and once more later.
    FannedOut {
        /// Their names.
        plans: Vec<String>,
    },
    /// The run was committed before, as this commit of its plan.
    Before {
        /// The commit.
        commit: u64,
    },
    /// A later re-verification is pending, which covers this one.
    Covered,
    /// The run is too large for one invocation, and is carried out in shards.
    HandedOver {
        /// Its id.
        run_id: String,
    },
    /// It was too early; the request is in the queue again.
    Postponed,
    /// The plan was removed.
    Removed,
    /// There was nothing to do: the change changes nothing.
    Nothing,
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// The messages to deliver again.
    pub batch_item_failures: Vec<ItemFailure>,
}

/// A message to deliver again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemFailure {
    /// Its id.
    pub item_identifier: String,
}

/// The function: its plans and its way to the world.
#[derive(Debug)]
pub struct Function<P> {
    ports: P,
    environment: fn() -> Vec<(String, String)>,
    plans: OnceLock<Plans>,
    remembered: stored::Remembered,
}

/// How much time a run needs at least: with less it would find nothing out.
const SHORTEST_RUN: Duration = Duration::from_secs(10);

impl<P: Ports> Function<P> {
    /// A function that reaches the world through `ports`. `environment` is read once, at the first
    /// request.
    pub const fn new(ports: P, environment: fn() -> Vec<(String, String)>) -> Self {
        Self {
            ports,
            environment,
            plans: OnceLock::new(),
            remembered: stored::Remembered::new(),
        }
    }

    /// Answers one invocation, and writes the log and the metrics of what it did to `log`.
    ///
    /// # Errors
    ///
    /// Where the request can't be understood, names no plan of this function, or the function has no
    /// credentials or no way to its stack. What could not be found out about the plan is no error: it
    /// stands in the report. Of a batch only what concerns it as a whole is an error; a message that
    /// fails is named in the answer.
    pub async fn handle(
        &self,
        payload: &serde_json::Value,
        invocation: &Invocation,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let done = self.answer(payload, invocation, log).await;
        if let Err(error) = &done {
            record::failed(error, None, invocation, log);
        }
        done
    }

    async fn answer(
        &self,
        payload: &serde_json::Value,
        invocation: &Invocation,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        if let Some(step) = Step::read(payload)? {
            return self.take(step, invocation, log).await;
        }
        let Some(messages) = messages(payload)? else {
            let request = Request::read(payload)?;
            return self.in_time(request, invocation, log).await;
        };
        let started = Instant::now();
        let mut answer = BatchAnswer::default();
        for (index, message) in messages.iter().enumerate() {
            let remaining = invocation.remaining.saturating_sub(started.elapsed());
            let done = if index > 0 && remaining < SHORTEST_RUN {
                Err(HandlerError::NoTime)
            } else {
                let invocation = Invocation {
                    remaining,
                    ..invocation.clone()
                };
                match message.request() {
                    Ok(request) => self.in_time(request, &invocation, log).await,
                    Err(error) => Err(error),
                }
            };
            if let Err(error) = done {
                record::failed(&error, Some(&message.id), invocation, log);
                answer.batch_item_failures.push(ItemFailure {
                    item_identifier: message.id.clone(),
                });
            }
        }
        Ok(Answer::Batch(answer))
    }

    /// Carries a request out, or gives it up while there is time to say so. What was under way then
    /// is whole or not at all, as it is where the process is killed.
    async fn in_time(
        &self,
        request: Request,
        invocation: &Invocation,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let limit = time_to_answer(invocation.remaining);
        let carried_out = self.carry_out(request, invocation, log);
        let done = tokio::time::timeout(limit, carried_out).await;
        done.unwrap_or(Err(HandlerError::OutOfTime))
    }

    async fn carry_out(
        &self,
        request: Request,
        invocation: &Invocation,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let stack = Box::pin(self.ports.stack()).await?;
        match (request, stack) {
            (Request::Nothing, _) => Ok(Answer::Done(Done::Nothing)),
            (Request::Change(event), Some(stack)) => {
                Box::pin(change::fan_out(&event, stack, self.ports.now())).await
            }
            (Request::Change(_), None) => Err(HandlerError::InvalidRequest(
                "a change of a policy needs the stack's state table to tell which plans it concerns; \
                 set `KEYPROOF_STATE_TABLE`"
                    .to_owned(),
            )),
            (Request::Run(request), Some(stack)) => {
                let run = stored::StoredRun {
                    ports: &self.ports,
                    stack,
                    remembered: &self.remembered,
                    invocation,
                };
                // Boxed, as the futures of the table's calls are deep.
                Box::pin(run.carry_out(request, log)).await
            }
            (Request::OnlyPlan(trigger), Some(stack)) => {
                let plan = stored::only_plan(&stack.store).await?;
                let request = Request::Run(keyproof_state::RunRequest::new(plan, trigger));
                // Once more only: it has a name now.
                Box::pin(self.carry_out(request, invocation, log)).await
            }
            (Request::Run(request), None) => {
                let (plan, id) = (Some(request.plan.as_str()), request.run_id);
                self.run_alone(plan, request.trigger.clone(), id, invocation, log)
                    .await
            }
            (Request::OnlyPlan(trigger), None) => {
                self.run_alone(None, trigger, None, invocation, log).await
            }
        }
    }

    /// Carries out a step of a large run.
    async fn take(
        &self,
        step: Step,
        invocation: &Invocation,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let Some(stack) = Box::pin(self.ports.stack()).await? else {
            return Err(HandlerError::InvalidRequest(
                "a step of a large run needs the stack's state table; set `KEYPROOF_STATE_TABLE`"
                    .to_owned(),
            ));
        };
        let run = stored::StoredRun {
            ports: &self.ports,
            stack,
            remembered: &self.remembered,
            invocation,
        };
        // Boxed, as the futures of the table's calls are deep.
        let taken = Box::pin(run.take(step, log));
        let done = tokio::time::timeout(time_to_answer(invocation.remaining), taken).await;
        done.unwrap_or(Err(HandlerError::OutOfTime))
            .map(Answer::Step)
    }

    /// Runs a plan of the environment: nothing is kept but what the log says.
    async fn run_alone(
        &self,
        plan: Option<&str>,
        trigger: String,
        run_id: Option<Ulid>,
        invocation: &Invocation,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let plans = self.plans.get_or_init(|| Plans::read((self.environment)()));
        let plan: &Plan = plans.named(plan)?;
        let settings = Settings {
            trigger,
            deadline: Some(time_to_use(invocation.remaining)),
            run_id,
            ..Settings::default()
        };
        let report = self.ports.run(plan, &settings).await?;
        record::alone(&report, invocation, log);
        Ok(Answer::Report(Box::new(report)))
    }
}

/// The deadline for a run: what is left after it is for the commit, the record and the reply. Lambda
/// ends a function that is late without a word, and a run that nobody hears of is worse than a blind
/// one.
pub(crate) fn time_to_use(remaining: Duration) -> Duration {
    const MARGIN: Duration = Duration::from_secs(5);
    remaining.saturating_sub(MARGIN.min(remaining / 5))
}

/// When whatever still waits for an answer is given up: what is left after it is for the log and the
/// reply.
fn time_to_answer(remaining: Duration) -> Duration {
    const MARGIN: Duration = Duration::from_millis(500);
    remaining.saturating_sub(MARGIN.min(remaining / 20))
}
