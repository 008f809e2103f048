// SPDX-License-Identifier: Apache-2.0
//! A service of the function's own that hangs, at each call of a run: the function ends before
//! Lambda would end it, says which message is to come again, and the next delivery completes the run.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use keyproof_aws::Settings;
use keyproof_plan::Plan;
use keyproof_state::{Item, Key, RunRequest};
use keyproof_store::memory::MemoryTable;
use keyproof_store::{
    Query, RunQueue, Store, StoreError, Table, TableError, Update, Updated, Write, Written,
};
use keyproof_verdict::{Finding, Report};
use keyproof_verify::{Answer, Function, HandlerError, Invocation, LargeRun, Ports, Stack};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Bucket, Fake, batch, environment, failures};

/// At which call everything stands still: before it is carried out, or before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hangs {
    Before(usize),
    After(usize),
    Never,
}

/// Counts the calls, and hangs.
#[derive(Debug)]
struct Turnstile {
    hangs: Hangs,
    calls: Mutex<usize>,
}

impl Turnstile {
    async fn call<A>(&self, carried_out: impl Future<Output = A>) -> A {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        if self.hangs == Hangs::Before(call) {
            std::future::pending::<()>().await;
        }
        let answer = carried_out.await;
        if self.hangs == Hangs::After(call) {
            std::future::pending::<()>().await;
        }
        answer
    }
}

#[derive(Debug)]
struct Slow<'a, T> {
    inner: T,
    turnstile: &'a Turnstile,
}

impl Table for Slow<'_, MemoryTable> {
    async fn get(&self, key: &Key) -> Result<Option<Item>, TableError> {
        self.turnstile.call(self.inner.get(key)).await
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        self.turnstile.call(self.inner.query(query)).await
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        self.turnstile.call(self.inner.write(writes)).await
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        self.turnstile.call(self.inner.update(update)).await
    }
}

impl RunQueue for Slow<'_, &Fake> {
    async fn send(&self, request: &RunRequest, delay: Duration) -> Result<(), StoreError> {
        let sent = self.inner.stack().queue.send(request, delay);
        self.turnstile.call(sent).await
    }
}

type SlowStack<'a> = Stack<Slow<'a, MemoryTable>, Bucket, Slow<'a, &'a Fake>>;

/// A function of which every call counts.
struct SlowPorts<'a> {
    fake: &'a Fake,
    turnstile: &'a Turnstile,
    stack: SlowStack<'a>,
}

impl<'a> SlowPorts<'a> {
    fn new(fake: &'a Fake, turnstile: &'a Turnstile) -> Self {
        let stack = fake.stack();
        Self {
            fake,
            turnstile,
            stack: Stack {
                store: Store::new(Slow {
                    inner: stack.store.table().clone(),
                    turnstile,
                }),
                reports: stack.reports.clone(),
                queue: Slow {
                    inner: fake,
                    turnstile,
                },
                rules: stack.rules,
                limits: stack.limits,
            },
        }
    }
}

impl<'a> Ports for SlowPorts<'a> {
    type Table = Slow<'a, MemoryTable>;
    type Reports = Bucket;
    type Queue = Slow<'a, &'a Fake>;

    async fn run(&self, plan: &Plan, settings: &Settings) -> Result<Report, HandlerError> {
        self.turnstile.call((&self.fake).run(plan, settings)).await
    }

    async fn stack(&self) -> Result<Option<&SlowStack<'a>>, HandlerError> {
        Ok(Some(&self.stack))
    }

    async fn hand_over(&self, run: &LargeRun) -> Result<bool, HandlerError> {
        self.turnstile.call((&self.fake).hand_over(run)).await
    }

    fn now(&self) -> Timestamp {
        self.fake.now()
    }
}

/// A minute, by a clock that runs ahead where everybody waits.
const MINUTE: Duration = Duration::from_mins(1);

/// Delivers a payload: the answer, the log, how long it took and how many calls it made.
async fn deliver(
    fake: &Fake,
    payload: &Value,
    hangs: Hangs,
) -> (Result<Answer, HandlerError>, String, Duration, usize) {
    let turnstile = Turnstile {
        hangs,
        calls: Mutex::default(),
    };
    let function = Function::new(SlowPorts::new(fake, &turnstile), environment);
    let invocation = Invocation {
        request_id: "a-request".to_owned(),
        trace_id: None,
        remaining: MINUTE,
    };
    let (began, mut log) = (Instant::now(), Vec::new());
    let answer = function.handle(payload, &invocation, &mut log).await;
    let calls = *turnstile.calls.lock().unwrap();
    (
        answer,
        String::from_utf8(log).unwrap(),
        began.elapsed(),
        calls,
    )
}

async fn locked_out() -> Fake {
    let fake = Fake::with_plan().await;
    // The most calls: a failure that asks for its confirmation.
    fake.will_see(Some(Finding::LockedOut));
    fake.will_see(Some(Finding::LockedOut));
    fake
}

#[tokio::test(start_paused = true)]
async fn whatever_hangs_the_function_ends_in_time_and_the_next_delivery_completes() {
    let payload = batch(&[json!({"plan": "orders"})]);
    let (_, _, _, calls) = deliver(&locked_out().await, &payload, Hangs::Never).await;
    assert!(calls > 8, "{calls}");
    let places = (1..=calls).flat_map(|call| [Hangs::Before(call), Hangs::After(call)]);
    for hangs in places {
        let fake = locked_out().await;

        let (answer, log, took, _) = deliver(&fake, &payload, hangs).await;

        assert_eq!(failures(answer), ["m0"], "{hangs:?}");
        assert_eq!(took, Duration::from_millis(59_500), "{hangs:?}");
        assert!(
            log.contains(r#""error_type":"OutOfTime""#),
            "{hangs:?}: {log}"
        );

        let (answer, _, _, _) = deliver(&fake, &payload, Hangs::Never).await;

        assert_eq!(failures(answer), [] as [&str; 0], "{hangs:?}");
        let runs = fake.store().runs("orders", None, 10).await.unwrap();
        let commits: Vec<_> = runs.iter().map(|run| run.commit).collect();
        assert_eq!(commits, [1], "{hangs:?}");
        let state = fake.store().state("orders").await.unwrap();
        assert_eq!(state.commit, 1, "{hangs:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_is_told_that_the_time_was_over() {
    let fake = Fake::with_plan().await;

    let (answer, _, took, _) = deliver(&fake, &json!({"plan": "orders"}), Hangs::Before(1)).await;

    let error = answer.unwrap_err();
    assert_eq!(
        (error.name(), error.to_string().as_str()),
        (
            "OutOfTime",
            "the function's time was over before the run was committed; it will be tried again \
             where a queue or the state machine asked for it"
        )
    );
    assert!(took < MINUTE, "{took:?}");
}

/// One message that hangs keeps none of the batch from being named.
#[tokio::test(start_paused = true)]
async fn a_batch_whose_first_message_hangs_comes_again_whole() {
    let fake = Fake::with_plan().await;
    let payload = batch(&[json!({"plan": "orders"}), json!({"plan": "orders"})]);

    let (answer, _, took, _) = deliver(&fake, &payload, Hangs::Before(1)).await;

    assert_eq!(failures(answer), ["m0", "m1"]);
    assert!(took < MINUTE, "{took:?}");
}
