// SPDX-License-Identifier: Apache-2.0
//! The function: its state table, its sinks, its queue.

mod findings;

use std::io::Write;

use jiff::Timestamp;
use keyproof_state::{Key, Noun, PlanState, RunItem};
use keyproof_store::{Reports, RunQueue, Store, StoreError, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::batch::Teller;
use crate::error::HandlerError;
use crate::home::Home;
use crate::image::Record;
use crate::marks::put;
use crate::request::Request;
use crate::run::{ReadRun, Reading};
use crate::sink::{Sink, SinkError};
use crate::sinks::Renew;
use crate::sweep::{self, Times};

/// How many commits of a plan a sweep asks after.
const MOST_COMMITS: u64 = 50;

/// What Lambda says about one invocation.
pub struct Invocation<'a> {
    /// Where the function lives.
    pub home: &'a Home,
    /// The time.
    pub now: Timestamp,
    /// Whether the rest must be left for another invocation.
    pub time_is_up: &'a dyn Fn() -> bool,
}

impl std::fmt::Debug for Invocation<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Invocation")
            .field("home", &self.home)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// The function.
pub struct Publisher<T, R, Q> {
    /// The state table.
    pub store: Store<T>,
    /// The report bucket, where there is one.
    pub reports: Option<R>,
    /// The run queue, where there is one.
    pub queue: Option<Q>,
    /// Who is told, in this order.
    pub sinks: Vec<Box<dyn Sink>>,
    /// Who forgets what it isn't told again.
    pub renew: Option<Box<dyn Renew>>,
    /// When what is due.
    pub times: Times,
}

impl<T, R, Q> std::fmt::Debug for Publisher<T, R, Q> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sinks: Vec<_> = self.sinks.iter().map(|sink| sink.name()).collect();
        formatter
            .debug_struct("Publisher")
            .field("sinks", &sinks)
            .finish_non_exhaustive()
    }
}

/// How far sweeps have come with a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Swept {
    plan: String,
    /// Every commit up to this one has been told.
    commit: u64,
    /// When what the hub has was last looked through.
    #[serde(default)]
    renewed_at: Option<Timestamp>,
    /// Whether no run had come then for so long that passes are none any more.
    #[serde(default)]
    silent: bool,
}

impl Noun for Swept {
    const NOUN: &'static str = "a note of a sweep";

    fn key(&self) -> Key {
        Self::at(&self.plan)
    }
}

impl Swept {
    fn at(plan: &str) -> Key {
        Key::published(plan, "SWEPT", "HEAD")
    }
}

impl<T: Table, R: Reports, Q: RunQueue> Publisher<T, R, Q> {
    /// Answers one invocation: what Lambda is told.
    ///
    /// # Errors
    ///
    /// Where the payload is none of the forms; and, of a sweep or of one commit, where somebody was
    /// not told. Of a batch that is no error: the answer says where to go on.
    pub async fn handle(
        &self,
        payload: &Value,
        invocation: &Invocation<'_>,
        log: &mut impl Write,
    ) -> Result<Value, HandlerError> {
        match Request::read(payload)? {
            Request::Batch(records) => {
                let mut teller = self.teller(invocation.home);
                let answer = teller.batch(&records, invocation.time_is_up).await;
                Ok(json!(answer))
            }
            Request::Publish { plan, commit } => {
                let records = self.records(&plan, commit).await?;
                if records.is_empty() {
                    return Err(HandlerError::NoCommit { plan, commit });
                }
                let untold = self.tell(&records, invocation.home).await;
                answer(untold, records.len())
            }
            Request::Sweep { scheduled_at } => {
                tracing::info!(%scheduled_at, "sweep");
                self.sweep(invocation, log).await
            }
        }
    }

    fn teller<'a>(&'a self, home: &'a Home) -> Teller<'a> {
        Teller::new(self.store.table(), self, &self.sinks, home)
    }

    /// The records of a commit, in the order in which they are told.
    async fn records(&self, plan: &str, commit: u64) -> Result<Vec<Record>, StoreError> {
        let run = self
            .store
            .run(plan, commit)
            .await?
            .map(Box::new)
            .map(Record::Run);
        let changes = self.store.changes(plan, commit).await?;
        let changes = changes.into_iter().map(Box::new).map(Record::Change);
        Ok(run.into_iter().chain(changes).collect())
    }

    /// How many of the records were not told to everybody.
    async fn tell(&self, records: &[Record], home: &Home) -> usize {
        let mut teller = self.teller(home);
        let mut untold = 0;
        for record in records {
            untold += usize::from(!teller.record(record).await);
        }
        untold
    }

    async fn sweep(
        &self,
        invocation: &Invocation<'_>,
        log: &mut impl Write,
    ) -> Result<Value, HandlerError> {
        let plans = self.store.plans().await?;
        let mut failed = 0;
        for plan in &plans {
            if (invocation.time_is_up)() {
                tracing::warn!(plan, "no time left for this plan and those after it");
                failed += 1;
                break;
            }
            // A plan that can't be looked at keeps no other from it.
            if let Err(error) = self.look(plan, invocation, log).await {
                tracing::error!(plan, %error, "not swept");
                failed += 1;
            }
        }
        let removed = match self.take_back(&plans, invocation).await {
            Ok(failed) => failed,
            Err(error) => {
                tracing::error!(%error, "nobody knows what the hub has of plans that were removed");
                1
            }
        };
        answer(failed + removed, plans.len() + removed)
    }

    async fn look(
        &self,
        plan: &str,
        invocation: &Invocation<'_>,
        log: &mut impl Write,
    ) -> Result<(), SinkError> {
        let (now, times) = (invocation.now, &self.times);
        let looked = sweep::look(&self.store, self.queue.as_ref(), plan, now, times, log).await?;
        let Some((head, state)) = looked else {
            return Ok(());
        };
        let item = self.store.table().get(&Swept::at(plan)).await?;
        let before: Option<Swept> = item.map(Swept::from_item).transpose()?;
        let mut swept = before.clone().unwrap_or_else(|| Swept {
            plan: plan.to_owned(),
            // What is older than the first sweep is the stream's alone.
            commit: state.commit.saturating_sub(MOST_COMMITS),
            renewed_at: None,
            silent: false,
        });
        let caught_up = self.catch_up(&state, &mut swept, invocation).await;
        let renewed = self.renew(&head, &state, &mut swept, now).await;
        if before.as_ref() != Some(&swept) {
            put(self.store.table(), &swept).await?;
        }
        caught_up.and(renewed)
    }

    /// Tells what the stream did not get through, commit by commit.
    async fn catch_up(
        &self,
        state: &PlanState,
        swept: &mut Swept,
        invocation: &Invocation<'_>,
    ) -> Result<(), SinkError> {
        let last = state.commit.min(swept.commit + MOST_COMMITS);
        for commit in swept.commit + 1..=last {
            let records = self.records(&state.plan, commit).await?;
            let young = records.iter().any(|record| {
                invocation.now.duration_since(record.finished_at()) < self.times.told_after
            });
            if young {
                break;
            }
            let untold = self.tell(&records, invocation.home).await;
            if untold > 0 {
                return Err(SinkError::CommitUntold(commit));
            }
            swept.commit = commit;
        }
        Ok(())
    }
}

fn answer(failed: usize, all: usize) -> Result<Value, HandlerError> {
    if failed > 0 {
        return Err(HandlerError::Untold {
            untold: failed,
            all,
        });
    }
    Ok(json!({ "done": all }))
}

impl<T: Table, R: Reports, Q> ReadRun for Publisher<T, R, Q> {
    fn run<'a>(&'a self, plan: &'a str, commit: u64) -> Reading<'a, RunItem> {
        Box::pin(async move {
            let run = self.store.run(plan, commit).await?;
            run.ok_or_else(|| SinkError::NoReport("the run is not in the state table".to_owned()))
        })
    }

    fn report<'a>(&'a self, key: &'a str) -> Reading<'a, String> {
        Box::pin(async move {
            let reports = self.reports.as_ref().ok_or_else(|| {
                SinkError::NoReport("the function has no KEYPROOF_REPORT_BUCKET".to_owned())
            })?;
            let report = reports.get(key).await?;
            report.ok_or_else(|| SinkError::NoReport(format!("the report bucket has no `{key}`")))
        })
    }
}
