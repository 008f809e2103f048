// SPDX-License-Identifier: Apache-2.0
//! A run in shards as the state machine carries it out, with the calls of one of its steps broken.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use jiff::Timestamp;
use keyproof_aws::{Runner, Settings, verify};
use keyproof_faults::{Bucket, Disturbance, Objects, Proxy, Recording};
use keyproof_plan::Plan;
use keyproof_state::{Rules, RunStatus};
use keyproof_store::memory::MemoryQueue;
use keyproof_store::{DynamoTable, Every, S3Reports, Store};
use keyproof_verdict::Report;
use keyproof_verify::{
    Answer, Done, Function, HandlerError, Invocation, LargeRun, Limits, Ports, Stack, StepAnswer,
};
use serde_json::{Value, json};

use crate::world::{Truth, World, account_with};

pub(super) const ID: &str = "01KEYPR00F0000000000000000";
/// How often the state machine tries a step. (`Collect` it tries more often, which shows nothing more.)
const TRIES: usize = 3;

const RESOURCES: &str = r"
  Ledger:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: ledger
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
  State:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: state
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }, { AttributeName: sk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }, { AttributeName: sk, KeyType: RANGE }]
";

/// Two tables of one key, each a shard.
const PLAN: &str = r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders:
    table: orders
    key: alias/orders
    canary: { key: { pk: { S: keyproof#canary } }, attributes: { proof: { S: c0ffee-canary-content } } }
  ledger:
    table: ledger
    key: alias/orders
    canary: { key: { pk: { S: keyproof#canary } }, attributes: { proof: { S: c0ffee-canary-content } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/keyproof/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/keyproof/outsider" }
expectations:
  - { principal: reader, on: [orders, ledger], actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: [orders, ledger], actions: [dynamodb:GetItem], decision: denied, by: kms }
"#;

pub(super) fn plan() -> Plan {
    Plan::parse(PLAN).unwrap()
}

/// A step of the run, as far as calls break in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    Cut,
    /// Of the two shards, the first.
    Shard,
    Collect,
}

impl Step {
    pub(super) const ALL: [Self; 3] = [Self::Cut, Self::Shard, Self::Collect];
}

/// How long a call may take, and a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) attempts: u32,
    pub(super) attempt: Duration,
    pub(super) step: Duration,
}

/// Under which only a fault takes long.
pub(super) const PATIENT: Patience = Patience {
    attempts: 3,
    attempt: Duration::from_mins(1),
    step: Duration::from_secs(30),
};

/// The function's way to the world: these two endpoints.
struct Wired {
    runner: Runner,
    stack: Stack<DynamoTable, S3Reports, MemoryQueue>,
    patience: Patience,
    handed_over: Mutex<Option<LargeRun>>,
}

impl Ports for &Wired {
    type Table = DynamoTable;
    type Reports = S3Reports;
    type Queue = MemoryQueue;

    async fn run(&self, plan: &Plan, settings: &Settings) -> Result<Report, HandlerError> {
        let settings = Settings {
            attempts: self.patience.attempts,
            attempt_timeout: self.patience.attempt,
            ..settings.clone()
        };
        Ok(Box::pin(verify(plan, &settings, &self.runner)).await)
    }

    async fn stack(
        &self,
    ) -> Result<Option<&Stack<DynamoTable, S3Reports, MemoryQueue>>, HandlerError> {
        Ok(Some(&self.stack))
    }

    async fn hand_over(&self, run: &LargeRun) -> Result<bool, HandlerError> {
        *self.handed_over.lock().unwrap() = Some(run.clone());
        Ok(true)
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// An account with a state table, and a bucket.
pub(super) struct Account {
    world: World,
    bucket: Bucket,
}

/// What came of a run.
pub(super) struct Came {
    /// As it was committed; `None` where the state machine gave up.
    pub(super) report: Option<Report>,
    /// What whoever waits for the run is told.
    pub(super) status: RunStatus,
    /// What failed, try by try.
    pub(super) errors: Vec<String>,
    /// The committed report when nothing is broken any more and the steps were tried again, and the
    /// commits of the plan by then.
    pub(super) after: Option<Report>,
    pub(super) commits: Vec<u64>,
    pub(super) broken: usize,
    /// How long the steps took, all tries together.
    pub(super) took: Duration,
}

/// What is known of a run that nothing disturbs.
pub(super) struct Undisturbed {
    pub(super) report: Report,
    /// What each step's calls brought.
    pub(super) recordings: Vec<(Step, Recording)>,
    pub(super) objects: Objects,
}

fn endpoint(address: &str) -> String {
    format!("http://{address}")
}

impl Account {
    pub(super) async fn start(truth: Truth, objects: Objects) -> Self {
        let world = World::start(&account_with(truth.users(), "", RESOURCES)).await;
        let canary =
            json!({"pk": {"S": "keyproof#canary"}, "proof": {"S": "c0ffee-canary-content"}});
        let ledger = "arn:aws:dynamodb:us-east-1:111122223333:table/ledger";
        world.sandbox.put_item(ledger, &canary).unwrap();
        let bucket = Bucket::start(objects).await;
        Self { world, bucket }
    }

    async fn wired(&self, account: &str, bucket: &str, patience: Patience) -> Wired {
        let runner = self.world.runner(account).await;
        let retries = RetryConfig::standard()
            .with_max_attempts(patience.attempts)
            .with_initial_backoff(Duration::from_millis(20));
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(patience.attempt)
            .build();
        let config = |url: &str| {
            let mut builder = runner.service_config(Some(url)).to_builder();
            builder.set_retry_config(Some(retries.clone()));
            builder.set_timeout_config(Some(timeouts.clone()));
            builder.build()
        };
        let limits = Limits {
            probes: 3.try_into().unwrap(),
            ..Limits::default()
        };
        Wired {
            stack: Stack {
                store: Store::new(DynamoTable::new(&config(account), "state")),
                reports: S3Reports::new(&config(bucket), "reports"),
                queue: MemoryQueue::default(),
                rules: Rules::default(),
                limits,
            },
            runner,
            patience,
            handed_over: Mutex::default(),
        }
    }

    /// The function with nothing between it and the world.
    async fn direct(&self) -> Wired {
        let (account, bucket) = (
            endpoint(&self.world.address),
            endpoint(self.bucket.address()),
        );
        self.wired(&account, &bucket, PATIENT).await
    }

    /// Pushes the plan and asks for the run: what the state machine is started with.
    async fn asked(&self, direct: &Wired) -> Value {
        let store = &direct.stack.store;
        let plan = plan();
        let pushed = store.push(&plan, PLAN, Every::AsBefore, None, Timestamp::now());
        pushed.await.unwrap();
        let asked = json!({"plan": "orders", "run_id": ID, "trigger": "schedule"});
        let answer = handle(direct, &asked).await;
        assert!(
            matches!(answer, Ok(Answer::Done(Done::HandedOver { .. }))),
            "{answer:?}"
        );
        let run = direct.handed_over.lock().unwrap().take();
        serde_json::to_value(run.unwrap()).unwrap()
    }

    /// A run in which nothing breaks, and what each of its steps was answered.
    pub(super) async fn undisturbed(truth: Truth) -> Undisturbed {
        let account = Self::start(truth, Objects::default()).await;
        let direct = account.direct().await;
        let run = account.asked(&direct).await;
        let mut recordings = Vec::new();
        for step in Step::ALL {
            let way = account.way(None, &Recording::default()).await;
            let wired = account.wired(way.0.url(), way.1.url(), PATIENT).await;
            take(&wired, &run, step, 0).await.unwrap();
            if step == Step::Shard {
                take(&direct, &run, step, 1).await.unwrap();
            }
            recordings.push((step, way.0.recording().or(&way.1.recording())));
        }
        Undisturbed {
            report: committed(&direct).await.unwrap(),
            recordings,
            objects: account.bucket.objects(),
        }
    }

    /// Proxies before the account and before the bucket.
    async fn way(
        &self,
        disturbance: Option<&Disturbance>,
        recording: &Recording,
    ) -> (Proxy, Proxy) {
        let before = |address| Proxy::start(address, disturbance.cloned(), recording.clone());
        (
            before(&self.world.address).await,
            before(self.bucket.address()).await,
        )
    }
}

/// Carries a run out whose calls break in one step; what comes before that is as undisturbed.
pub(super) async fn carry_out(
    truth: Truth,
    whole: &Undisturbed,
    broken: Step,
    disturbance: &Disturbance,
    patience: Patience,
) -> Came {
    let objects = match broken {
        Step::Cut => Objects::default(),
        Step::Shard => whole.objects.clone().without("reports/0.json"),
        Step::Collect => whole.objects.clone(),
    };
    let account = Account::start(truth, objects).await;
    let direct = account.direct().await;
    let run = account.asked(&direct).await;
    let all = whole.recordings.iter();
    let recording = all.fold(Recording::default(), |all, (_, one)| all.or(one));
    let way = account.way(Some(disturbance), &recording).await;
    let wired = account.wired(way.0.url(), way.1.url(), patience).await;

    let mut tried = Tried::default();
    go_on(&direct, &wired, &run, broken, &mut tried).await;
    let report = committed(&direct).await;
    let status = direct.stack.store.run_status(ID).await.unwrap().unwrap();
    if report.is_none() {
        go_on(&direct, &direct, &run, broken, &mut Tried::default()).await;
    }
    let runs = direct.stack.store.runs("orders", None, 10).await.unwrap();
    Came {
        report,
        status,
        errors: tried.errors,
        after: committed(&direct).await,
        commits: runs.iter().map(|run| run.commit).collect(),
        broken: way.0.broken() + way.1.broken(),
        took: tried.took,
    }
}

/// What the tries of the broken step came to.
#[derive(Default)]
struct Tried {
    errors: Vec<String>,
    took: Duration,
}

/// The state machine, from this step on, which goes its own way; the others go the direct one.
async fn go_on(direct: &Wired, wired: &Wired, run: &Value, from: Step, tried: &mut Tried) {
    let mut failed = None;
    for step in Step::ALL.into_iter().filter(|step| *step >= from) {
        let way = if step == from { wired } else { direct };
        failed = try_step(way, run, step, 0, tried).await;
        if step == Step::Shard {
            // A dead shard ends nothing.
            try_step(direct, run, step, 1, tried).await;
            failed = None;
        }
        if failed.is_some() {
            break;
        }
    }
    if let Some((name, message)) = failed {
        let cause = json!({"errorType": name, "errorMessage": message}).to_string();
        let error = json!({"Error": name, "Cause": cause});
        let abandon = json!({"step": "abandon", "run": run, "error": error});
        handle(direct, &abandon).await.unwrap();
    }
}

/// Tries a step as often as the state machine does; why it failed, by name, and in a sentence.
async fn try_step(
    way: &Wired,
    run: &Value,
    step: Step,
    shard: usize,
    tried: &mut Tried,
) -> Option<(&'static str, String)> {
    let started = Instant::now();
    let mut failed = None;
    for _ in 0..TRIES {
        failed = match take(way, run, step, shard).await {
            Ok(_) => None,
            Err(error) => Some((error.name(), error.to_string())),
        };
        tried
            .errors
            .extend(failed.clone().map(|(_, message)| message));
        let for_good = ["InvalidRequest", "InvalidPlan", "OtherSchema"];
        if failed
            .as_ref()
            .is_none_or(|(name, _)| for_good.contains(name))
        {
            break;
        }
    }
    tried.took += started.elapsed();
    failed
}

async fn handle(wired: &Wired, payload: &Value) -> Result<Answer, HandlerError> {
    let function = Function::new(wired, Vec::new);
    let invocation = Invocation {
        request_id: "a-request".to_owned(),
        trace_id: None,
        remaining: wired.patience.step,
    };
    let mut log = Vec::new();
    Box::pin(function.handle(payload, &invocation, &mut log)).await
}

async fn take(
    wired: &Wired,
    run: &Value,
    step: Step,
    shard: usize,
) -> Result<StepAnswer, HandlerError> {
    let payload = match step {
        Step::Cut => json!({"step": "cut", "run": run}),
        Step::Shard => json!({"step": "shard", "run": run, "shard": shard}),
        Step::Collect => json!({"step": "collect", "run": run}),
    };
    match handle(wired, &payload).await? {
        Answer::Step(answer) => Ok(answer),
        other => panic!("{other:?}"),
    }
}

async fn committed(direct: &Wired) -> Option<Report> {
    let run = direct.stack.store.run("orders", 1).await.unwrap()?;
    Some(Report::from_json(&run.report.unwrap()).unwrap())
}
