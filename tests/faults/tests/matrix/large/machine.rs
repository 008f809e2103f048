// SPDX-License-Identifier: Apache-2.0
//! A run in shards as the state machine carries it out, with the calls of one of its steps broken.

use std::time::{Duration, Instant};

use keyproof_faults::{Disturbance, Objects, Recording};
use keyproof_state::RunStatus;
use keyproof_verdict::Report;
use keyproof_verify::{Answer, HandlerError, StepAnswer};
use serde_json::{Value, json};

use super::account::{Account, PATIENT, Patience, Wired, committed, handle};
use crate::world::Truth;

pub(super) const ID: &str = "01KEYPR00F0000000000000000";
/// How often the state machine tries a step. (`Collect` it tries more often, which shows nothing more.)
const TRIES: usize = 3;

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

impl Account {
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
