// SPDX-License-Identifier: Apache-2.0
//! The ports: to the AWS under test, to the stack's own parts, and to the clock.

use std::future::Future;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use keyproof_aws::{Runner, RunnerError, Settings, verify};
use keyproof_plan::Plan;
use keyproof_state::{Rules, RunRequest};
use keyproof_store::{
    DynamoTable, Reports, RunQueue, S3Reports, SqsQueue, Store, StoreError, Table,
};
use keyproof_verdict::Report;
use tokio::sync::OnceCell;

use crate::diagnosis::{diagnose, is_wanted};
use crate::machine::StateMachine;
use crate::{HandlerError, LargeRun, Limits};

/// What the function needs of the world.
pub trait Ports: Sized {
    /// The state table.
    type Table: Table;
    /// The report bucket.
    type Reports: Reports;
    /// The run queue.
    type Queue: RunQueue;

    /// Runs the plan; what could not be found out stands in the report.
    fn run(
        &self,
        plan: &Plan,
        settings: &Settings,
    ) -> impl Future<Output = Result<Report, HandlerError>>;

    /// The stack that the function is part of; `None` where it stands alone.
    fn stack(&self) -> impl Future<Output = Result<Option<&StackOf<Self>>, HandlerError>>;

    /// Hands a run that is too large for one invocation over; `false` where there is nobody to take
    /// it.
    fn hand_over(&self, run: &LargeRun) -> impl Future<Output = Result<bool, HandlerError>>;

    /// The time.
    fn now(&self) -> Timestamp;
}

/// The stack of a function with these ports.
pub type StackOf<P> = Stack<<P as Ports>::Table, <P as Ports>::Reports, <P as Ports>::Queue>;

/// The stack's own parts.
#[derive(Debug)]
pub struct Stack<T, R, Q> {
    /// The state table.
    pub store: Store<T>,
    /// The report bucket.
    pub reports: R,
    /// The run queue.
    pub queue: Q,
    /// When failures are confirmed and told again.
    pub rules: Rules,
    /// When a run is carried out in shards.
    pub limits: Limits,
}

/// AWS, as the function's own role.
#[derive(Debug)]
pub struct Aws {
    environment: fn() -> Vec<(String, String)>,
    /// Made by the first run and kept for the life of the process.
    runner: OnceCell<Runner>,
    stack: OnceCell<Option<Stack<DynamoTable, S3Reports, Queue>>>,
    /// Whoever carries out what is too large for one invocation.
    machine: OnceCell<Option<StateMachine>>,
}

impl Aws {
    /// AWS as the environment says. It is looked at when it is first needed.
    #[must_use]
    pub const fn new(environment: fn() -> Vec<(String, String)>) -> Self {
        Self {
            environment,
            runner: OnceCell::const_new(),
            stack: OnceCell::const_new(),
            machine: OnceCell::const_new(),
        }
    }

    async fn runner(&self, settings: &Settings, region: &str) -> Result<&Runner, RunnerError> {
        let load = || Runner::load(settings, region);
        self.runner.get_or_try_init(load).await
    }

    async fn connect(&self) -> Result<Option<Stack<DynamoTable, S3Reports, Queue>>, HandlerError> {
        let environment = (self.environment)();
        let named = |name: &str| named(&environment, name);
        let Some(table) = named("KEYPROOF_STATE_TABLE") else {
            return Ok(None);
        };
        let bucket = named("KEYPROOF_REPORT_BUCKET").ok_or_else(|| {
            HandlerError::CannotRun(
                "the function has a state table but no report bucket; set `KEYPROOF_REPORT_BUCKET`"
                    .to_owned(),
            )
        })?;
        let mut rules = Rules::default();
        if let Some(hours) = named("KEYPROOF_REMINDER_HOURS") {
            let hours: u32 = hours.parse().map_err(|_| {
                HandlerError::CannotRun(format!(
                    "`KEYPROOF_REMINDER_HOURS` is `{hours}`; expected a whole number of hours"
                ))
            })?;
            rules.remind_after = SignedDuration::from_hours(i64::from(hours));
        }
        let mut limits = Limits::default();
        for (variable, limit) in [
            ("KEYPROOF_SHARD_PROBES", &mut limits.probes),
            ("KEYPROOF_SHARDS_AT_ONCE", &mut limits.shards_at_once),
        ] {
            if let Some(number) = named(variable) {
                *limit = number.parse::<NonZeroUsize>().map_err(|_| {
                    HandlerError::CannotRun(format!(
                        "`{variable}` is `{number}`; expected a whole number from 1"
                    ))
                })?;
            }
        }
        // Lambda names the region; the default is for a laptop.
        let runner = self.runner(&Settings::default(), "us-east-1").await?;
        let config = runner.service_config(named("KEYPROOF_STATE_ENDPOINT_URL"));
        Ok(Some(Stack {
            store: Store::new(DynamoTable::new(&config, table)),
            reports: S3Reports::new(&config, bucket),
            queue: Queue(named("KEYPROOF_QUEUE_URL").map(|url| SqsQueue::new(&config, url))),
            rules,
            limits,
        }))
    }

    async fn machine(&self) -> Result<Option<StateMachine>, RunnerError> {
        let environment = (self.environment)();
        let Some(arn) = named(&environment, "KEYPROOF_STATE_MACHINE") else {
            return Ok(None);
        };
        let runner = self.runner(&Settings::default(), "us-east-1").await?;
        let config = runner.service_config(named(&environment, "KEYPROOF_STATE_ENDPOINT_URL"));
        Ok(Some(StateMachine::new(&config, arn)))
    }
}

/// A variable that is set to something.
fn named<'a>(environment: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = environment.iter().find(|(known, _)| known == name);
    found
        .map(|(_, value)| value.as_str())
        .filter(|value| !value.is_empty())
}

impl Ports for Aws {
    type Table = DynamoTable;
    type Reports = S3Reports;
    type Queue = Queue;

    async fn run(&self, plan: &Plan, settings: &Settings) -> Result<Report, HandlerError> {
        let diagnosed = is_wanted(&(self.environment)())?;
        let runner = self.runner(settings, &plan.region).await?;
        let started = Instant::now();
        // Boxed: a run's future is large, and too deep for the compiler to lay out inside Lambda's.
        let mut report = Box::pin(verify(plan, settings, runner)).await;
        if diagnosed {
            let left = (settings.deadline).map(|whole| whole.saturating_sub(started.elapsed()));
            Box::pin(diagnose(&mut report, plan, runner, left)).await;
        }
        Ok(report)
    }

    async fn stack(&self) -> Result<Option<&StackOf<Self>>, HandlerError> {
        let connected = self.stack.get_or_try_init(|| self.connect()).await?;
        Ok(connected.as_ref())
    }

    async fn hand_over(&self, run: &LargeRun) -> Result<bool, HandlerError> {
        let machine = self.machine.get_or_try_init(|| self.machine()).await?;
        match machine {
            Some(machine) => machine.start(run).await.map(|()| true),
            None => Ok(false),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The run queue, where the function was told of one.
#[derive(Debug)]
pub struct Queue(Option<SqsQueue>);

impl RunQueue for Queue {
    async fn send(&self, request: &RunRequest, delay: Duration) -> Result<(), StoreError> {
        match &self.0 {
            Some(queue) => queue.send(request, delay).await,
            None => Err(StoreError::Invalid(
                "the function has no run queue to ask for a run; set `KEYPROOF_QUEUE_URL`"
                    .to_owned(),
            )),
        }
    }
}
