// SPDX-License-Identifier: Apache-2.0
//! Who takes part: the verify function with a message, the publish function with the stream or a
//! sweep, and whoever changes the account.

use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyproof_aws::{RunnerError, Settings};
use keyproof_interleavings::{Actor, Fate, Gate, Stepped};
use keyproof_plan::Plan;
use keyproof_publish::{
    Archive, Calling, Event, EventBus, Home, Message as Page, PublishMessage, Publisher, PutEvents,
    Refused, Sink, SinkError, Times, Topic,
};
use keyproof_state::Rules;
use keyproof_store::Store;
use keyproof_store::memory::MemoryReports;
use keyproof_verdict::{Finding, Report};
use keyproof_verify::{
    Answer, Function, HandlerError, Invocation, LargeRun, Limits, Ports, Stack, StackOf,
};
use serde_json::{Value, json};

use crate::world::{Ground, Message, Queue, World, now};

/// The verify function's way to the world.
struct Host {
    world: Rc<World>,
    gate: Gate,
    stack: Stack<Stepped<Ground>, MemoryReports, Queue>,
}

impl Host {
    fn new(world: &Rc<World>, gate: &Gate) -> Self {
        Self {
            stack: Stack {
                store: Store::new(Stepped::new(world.ground.clone(), gate.clone())),
                reports: world.reports.clone(),
                queue: Queue {
                    world: Rc::clone(world),
                    gate: gate.clone(),
                },
                rules: Rules::default(),
                limits: Limits::default(),
            },
            world: Rc::clone(world),
            gate: gate.clone(),
        }
    }
}

impl Ports for Host {
    type Table = Stepped<Ground>;
    type Reports = MemoryReports;
    type Queue = Queue;

    async fn run(&self, plan: &Plan, settings: &Settings) -> Result<Report, HandlerError> {
        let fate = self.gate.look().await;
        let id = settings.run_id.map(|id| id.to_string()).unwrap_or_default();
        let report = self.world.report(plan, id, settings.trigger.clone());
        self.gate
            .told(&(fate == Fate::Answered, format!("{:?}", report.summary)));
        match fate {
            Fate::Answered => Ok(report),
            Fate::Refused | Fate::Lost => Err(RunnerError::NoCredentials.into()),
        }
    }

    async fn stack(&self) -> Result<Option<&StackOf<Self>>, HandlerError> {
        Ok(Some(&self.stack))
    }

    // A stack without a state machine: the plans here fit one invocation.
    async fn hand_over(&self, _run: &LargeRun) -> Result<bool, HandlerError> {
        Ok(false)
    }

    fn now(&self) -> Timestamp {
        now()
    }
}

/// The verify function with a message, until it is carried out.
pub(crate) fn verify(name: &'static str, world: &Rc<World>, message: &Rc<Message>) -> Actor {
    let gate = Gate::default();
    let (stage, waiting) = (Rc::clone(world), Rc::clone(message));
    let (behind, own) = (gate.clone(), Rc::clone(message));
    Actor {
        name,
        gate,
        wants: Box::new(move || !waiting.done.get()),
        begin: Box::new(move || {
            own.deliveries.set(own.deliveries.get() + 1);
            let (host, message) = (Host::new(&stage, &behind), Rc::clone(&own));
            Box::pin(async move {
                let function = Function::new(host, Vec::new);
                let invocation = Invocation {
                    request_id: "a-request".to_owned(),
                    trace_id: None,
                    remaining: Duration::from_hours(1),
                };
                let (batch, mut log) = (message.batch(), std::io::sink());
                match function.handle(&batch, &invocation, &mut log).await {
                    Ok(Answer::Batch(answer)) => {
                        message.done.set(answer.batch_item_failures.is_empty());
                    }
                    other => panic!("{other:?}"),
                }
            })
        }),
    }
}

/// Whoever changes the account, one change after the other.
pub(crate) fn account(world: &Rc<World>, changes: &'static [Option<Finding>]) -> Actor {
    let next = Rc::new(std::cell::Cell::new(0));
    let (asked, stage) = (Rc::clone(&next), Rc::clone(world));
    Actor {
        name: "account",
        gate: Gate::default(),
        wants: Box::new(move || asked.get() < changes.len()),
        begin: Box::new(move || {
            stage.sees.set(changes.get(next.get()).copied().flatten());
            next.set(next.get() + 1);
            Box::pin(std::future::ready(()))
        }),
    }
}

/// A sink's port: what it is told is heard.
struct Ear {
    world: Rc<World>,
    gate: Gate,
}

impl Ear {
    async fn hear(
        &self,
        sink: &'static str,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<(), SinkError> {
        let fate = self.gate.pass().await;
        self.gate.told(&(fate == Fate::Answered));
        if fate != Fate::Refused {
            let mut heard = self.world.heard.borrow_mut();
            heard.extend(ids.into_iter().map(|id| (sink, id)));
        }
        match fate {
            Fate::Answered => Ok(()),
            Fate::Refused | Fate::Lost => Err(SinkError::Call {
                action: "a call",
                message: "the connection was closed".to_owned(),
            }),
        }
    }
}

impl PutEvents for Ear {
    fn put<'a>(&'a self, events: &'a [Event]) -> Calling<'a, Vec<Option<Refused>>> {
        Box::pin(async move {
            let ids = events.iter().map(|event| {
                let detail: Value = serde_json::from_str(&event.detail).unwrap();
                detail.get("id").and_then(Value::as_str).unwrap().to_owned()
            });
            self.hear("bus", ids).await?;
            Ok(vec![None; events.len()])
        })
    }
}

impl PublishMessage for Ear {
    fn publish<'a>(&'a self, page: &'a Page) -> Calling<'a, ()> {
        Box::pin(async move {
            let id = page.attributes.iter().find(|(name, _)| *name == "id");
            self.hear("topic", id.map(|(_, id)| id.clone())).await
        })
    }
}

type Publishing = Publisher<Stepped<Ground>, MemoryReports, Queue>;

fn publisher(world: &Rc<World>, gate: &Gate) -> Publishing {
    let ear = || Ear {
        world: Rc::clone(world),
        gate: gate.clone(),
    };
    let archive = Archive {
        table: "state".to_owned(),
        bucket: None,
        region: "us-east-1".to_owned(),
    };
    let sinks: Vec<Box<dyn Sink>> = vec![
        Box::new(Topic::new(ear(), archive.clone())),
        Box::new(EventBus::new(ear(), archive)),
    ];
    Publisher {
        store: Store::new(Stepped::new(world.ground.clone(), gate.clone())),
        reports: Some(world.reports.clone()),
        queue: Some(Queue {
            world: Rc::clone(world),
            gate: gate.clone(),
        }),
        sinks,
        renew: None,
        times: Times::default(),
    }
}

async fn invoke(publisher: &Publishing, payload: Value, now: Timestamp) -> Option<Value> {
    let home = Home::of("arn:aws:lambda:us-east-1:111122223333:function:publish").unwrap();
    let invocation = keyproof_publish::Invocation {
        home: &home,
        now,
        time_is_up: &|| false,
    };
    let mut log = std::io::sink();
    let answer = publisher.handle(&payload, &invocation, &mut log);
    answer.await.ok()
}

/// The publish function with what is new in the stream.
pub(crate) fn stream(world: &Rc<World>) -> Actor {
    let gate = Gate::default();
    let (asked, stage, behind) = (Rc::clone(world), Rc::clone(world), gate.clone());
    Actor {
        name: "stream",
        gate,
        wants: Box::new(move || asked.checkpoint.get() < asked.table.inserted().len()),
        begin: Box::new(move || {
            let (world, publisher) = (Rc::clone(&stage), publisher(&stage, &behind));
            let records = records(&world);
            behind.told(&format!("{records:?}"));
            Box::pin(async move {
                let count = records.len();
                let payload = json!({"Records": records});
                let answer = invoke(&publisher, payload, now()).await.unwrap();
                let failed = answer.pointer("/batchItemFailures/0/itemIdentifier");
                // A sequence number is a place in the stream.
                let failed = failed.and_then(Value::as_str).map(|at| at.parse().unwrap());
                let told = failed.unwrap_or(world.checkpoint.get() + count);
                world.checkpoint.set(told);
            })
        }),
    }
}

fn records(world: &World) -> Vec<Value> {
    let inserted = world.table.inserted();
    let new = inserted.iter().enumerate().skip(world.checkpoint.get());
    let record = |(place, item): (usize, &keyproof_state::Item)| {
        let image: serde_json::Map<_, _> = item
            .iter()
            .map(|(name, value)| (name.clone(), typed(value)))
            .collect();
        json!({"eventName": "INSERT",
            "dynamodb": {"SequenceNumber": place.to_string(), "NewImage": image}})
    };
    new.map(record).collect()
}

/// A value as DynamoDB's streams write it.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({ "S": text }),
        Value::Array(values) => json!({"L": values.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(fields) => {
            let typed = fields
                .iter()
                .map(|(name, value)| (name.clone(), typed(value)));
            json!({ "M": typed.collect::<serde_json::Map<_, _>>() })
        }
    }
}

/// The publish function with a sweep so long after the runs, until it succeeds; it begins when `ready`.
pub(crate) fn sweep(
    world: &Rc<World>,
    after: SignedDuration,
    ready: impl Fn() -> bool + 'static,
) -> Actor {
    let gate = Gate::default();
    let (asked, stage, behind) = (Rc::clone(world), Rc::clone(world), gate.clone());
    Actor {
        name: "sweep",
        gate,
        wants: Box::new(move || !asked.swept.get() && ready()),
        begin: Box::new(move || {
            let (world, publisher) = (Rc::clone(&stage), publisher(&stage, &behind));
            Box::pin(async move {
                let at = now() + after;
                let answer = invoke(&publisher, json!({"sweep": at.to_string()}), at).await;
                world.swept.set(answer.is_some());
            })
        }),
    }
}
