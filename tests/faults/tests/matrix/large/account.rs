// SPDX-License-Identifier: Apache-2.0
//! Where a large run happens: an account with a state table, a bucket, and the function on its way to both.

use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use jiff::Timestamp;
use keyproof_aws::{Runner, Settings, verify};
use keyproof_faults::{Bucket, Disturbance, Objects, Proxy, Recording};
use keyproof_plan::Plan;
use keyproof_state::Rules;
use keyproof_store::memory::MemoryQueue;
use keyproof_store::{DynamoTable, Every, S3Reports, Store};
use keyproof_verdict::Report;
use keyproof_verify::{
    Answer, Done, Function, HandlerError, Invocation, LargeRun, Limits, Ports, Stack,
};
use serde_json::{Value, json};

use super::machine::ID;
use crate::world::{Truth, World, account_with};

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
pub(super) struct Wired {
    runner: Runner,
    pub(super) stack: Stack<DynamoTable, S3Reports, MemoryQueue>,
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
        let mut report = Box::pin(verify(plan, &settings, &self.runner)).await;
        // Each proxy has a port of its own, and one run is of one place.
        report.environment.endpoint = None;
        Ok(report)
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
    pub(super) bucket: Bucket,
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

    pub(super) async fn wired(&self, account: &str, bucket: &str, patience: Patience) -> Wired {
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
    pub(super) async fn direct(&self) -> Wired {
        let (account, bucket) = (
            endpoint(&self.world.address),
            endpoint(self.bucket.address()),
        );
        self.wired(&account, &bucket, PATIENT).await
    }

    /// Pushes the plan and asks for the run: what the state machine is started with.
    pub(super) async fn asked(&self, direct: &Wired) -> Value {
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

    /// Proxies before the account and before the bucket.
    pub(super) async fn way(
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

pub(super) async fn handle(wired: &Wired, payload: &Value) -> Result<Answer, HandlerError> {
    let function = Function::new(wired, Vec::new);
    let invocation = Invocation {
        request_id: "a-request".to_owned(),
        trace_id: None,
        remaining: wired.patience.step,
    };
    let mut log = Vec::new();
    Box::pin(function.handle(payload, &invocation, &mut log)).await
}

pub(super) async fn committed(direct: &Wired) -> Option<Report> {
    let run = direct.stack.store.run("orders", 1).await.unwrap()?;
    Some(Report::from_json(&run.report.unwrap()).unwrap())
}
