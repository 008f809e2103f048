// SPDX-License-Identifier: Apache-2.0
//! Runs of plans of the state table, committed to it.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyproof_aws::Settings;
use keyproof_plan::Plan;
use keyproof_state::{Observed, PlanHead, RunRequest, RunStage, RunStatus};
use keyproof_store::{Claim, Committed, RunQueue, Started, Store, Table};
use keyproof_verdict::Report;
use ulid::Ulid;

use crate::plans::{explain, shortened};
use crate::request::derived;
use crate::{Answer, Done, HandlerError, Invocation, Ports, StackOf, change, record, time_to_use};

/// How long a run's status is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long a re-verification may be put off by later ones.
const LONGEST_PUT_OFF: SignedDuration = SignedDuration::from_mins(30);
/// How much too early a request may come: clocks differ.
const EARLY: SignedDuration = SignedDuration::from_secs(5);

/// Plans by name, each with its version.
type Versions = HashMap<String, (u64, Arc<Plan>)>;

/// The plans that were read before.
#[derive(Debug)]
pub(crate) struct Remembered(Mutex<Option<Versions>>);

impl Remembered {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn get(&self, plan: &str, version: u64) -> Option<Arc<Plan>> {
        let plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, plan) = plans.as_ref()?.get(plan)?;
        (*known == version).then(|| Arc::clone(plan))
    }

    fn put(&self, version: u64, plan: &Arc<Plan>) {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let plans = plans.get_or_insert_with(HashMap::new);
        plans.insert(plan.name.clone(), (version, Arc::clone(plan)));
    }
}

/// The only plan of the table.
pub(crate) async fn only_plan<T: Table>(store: &Store<T>) -> Result<String, HandlerError> {
    let mut plans = store.plans().await?;
    match (plans.pop(), plans.is_empty()) {
        (Some(plan), true) => Ok(plan),
        (last, _) => {
            plans.extend(last);
            Err(HandlerError::PlanNotNamed {
                there: there(&plans),
            })
        }
    }
}

fn there(plans: &[String]) -> String {
    let names: Vec<_> = plans.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "the state table has none, store one with `keyproof plan push`".to_owned(),
        names => format!("the state table has {}", names.join(", ")),
    }
}

/// What a run needs.
pub(crate) struct StoredRun<'a, P: Ports> {
    pub(crate) ports: &'a P,
    pub(crate) stack: &'a StackOf<P>,
    pub(crate) remembered: &'a Remembered,
    pub(crate) invocation: &'a Invocation,
}

impl<P: Ports> StoredRun<'_, P> {
    /// Runs the plan and commits what came of it.
    pub(crate) async fn carry_out(
        &self,
        request: RunRequest,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let now = self.ports.now();
        if let Some(early) = too_early(&request, now) {
            self.stack.queue.send(&request, early).await?;
            return Ok(Answer::Done(Done::Postponed));
        }
        let head = match self.stack.store.start(&request.plan).await? {
            Started::Now(head) => head,
            Started::Removed => {
                tracing::info!(plan = request.plan, "the plan was removed; nothing is run");
                return Ok(Answer::Done(Done::Removed));
            }
            Started::Unknown => {
                return Err(HandlerError::PlanNotFound {
                    name: shortened(&request.plan),
                    there: there(&self.stack.store.plans().await?),
                });
            }
        };
        if is_covered(&request, &head, now) {
            return Ok(Answer::Done(Done::Covered));
        }
        let id = request.run_id.unwrap_or_else(Ulid::generate);
        let status = RunStatus {
            run_id: id.to_string(),
            plan: request.plan.clone(),
            status: RunStage::Running,
            trigger: request.trigger.clone(),
            requested_at: None,
            started_at: Some(now),
            finished_at: None,
            commit: None,
            verdict: None,
            error: None,
            expires: (now + KEPT).as_second(),
        };
        match self.stack.store.claim(&status).await? {
            Claim::Free => {}
            Claim::Done(commit) => {
                tracing::info!(
                    run_id = status.run_id,
                    commit,
                    "the run was committed before"
                );
                return Ok(Answer::Done(Done::Before { commit }));
            }
            Claim::OtherPlan(other) => {
                return Err(HandlerError::InvalidRequest(format!(
                    "the run `{id}` is one of the plan `{other}`; a new run needs a new id"
                )));
            }
        }
        let done = self.run_and_commit(&request, &head, id, log).await;
        if let Err(error) = &done {
            self.note_failure(&status, error).await;
        }
        done
    }

    async fn run_and_commit(
        &self,
        request: &RunRequest,
        head: &PlanHead,
        id: Ulid,
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let plan = self.plan(head).await?;
        let settings = Settings {
            trigger: request.trigger.clone(),
            deadline: Some(time_to_use(self.invocation.remaining)),
            run_id: Some(id),
            ..Settings::default()
        };
        let report = self.ports.run(&plan, &settings).await?;
        let confirms = request.confirms.map(|run| run.to_string());
        let observed = Observed {
            seq: head.next_seq,
            plan_version: head.version,
            change: request.change.as_ref(),
            confirms: confirms.as_deref(),
        };
        let stack = self.stack;
        let committed = stack
            .store
            .commit(&report, &observed, &stack.rules, &stack.reports)
            .await;
        let applied = match committed {
            Ok(Committed::Now(applied)) => applied,
            Ok(Committed::Before(commit)) => {
                return Ok(Answer::Done(Done::Before { commit }));
            }
            Err(error) => {
                // Nobody has the report then but the log.
                record::uncommitted(&report, self.invocation, log);
                return Err(error.into());
            }
        };
        // As it was committed: with the change in it, where that fits.
        let told = applied.run.report.as_deref().or(applied.apart.as_deref());
        let report = told
            .and_then(|text| Report::from_json(text).ok())
            .unwrap_or(report);
        record::committed(&report, &applied, self.invocation, log);
        if let Some(at) = request.not_before {
            stack.store.settle_recheck(&request.plan, at).await?;
        }
        if applied.unconfirmed && !applied.run.late {
            self.ask_for_confirmation(request, id).await?;
        }
        Ok(Answer::Report(Box::new(report)))
    }

    /// The version of the plan that is in force.
    async fn plan(&self, head: &PlanHead) -> Result<Arc<Plan>, HandlerError> {
        if let Some(plan) = self.remembered.get(&head.plan, head.version) {
            return Ok(plan);
        }
        let (name, number) = (&head.plan, head.version);
        let version = self.stack.store.version(name, number).await?;
        let version = version.ok_or_else(|| {
            HandlerError::InvalidPlan(format!(
                "version {number} of the plan `{name}` is not in the state table; push it again"
            ))
        })?;
        let what = format!("version {number} of the plan `{name}`");
        let plan = Plan::parse(&version.text)
            .map_err(|errors| HandlerError::InvalidPlan(explain(&what, &errors)))?;
        if plan.digest != head.digest || plan.name != head.plan {
            return Err(HandlerError::InvalidPlan(format!(
                "{what} is not what was pushed: its digest is {}, not {}; push it again",
                plan.digest, head.digest
            )));
        }
        let plan = Arc::new(plan);
        self.remembered.put(number, &plan);
        Ok(plan)
    }

    async fn ask_for_confirmation(
        &self,
        request: &RunRequest,
        id: Ulid,
    ) -> Result<(), HandlerError> {
        let now = self.ports.now();
        let confirmation = RunRequest {
            run_id: Some(derived(id.timestamp_ms(), &format!("{id}/confirmation"))),
            confirms: Some(id),
            change: request.change.clone(),
            ..RunRequest::new(request.plan.clone(), "confirmation")
        };
        change::recheck(confirmation, &self.stack.store, &self.stack.queue, now).await?;
        Ok(())
    }

    /// Lets whoever waits for the run know. The error itself is told by whoever gets it.
    async fn note_failure(&self, status: &RunStatus, error: &HandlerError) {
        if let Err(also) = self.stack.store.fail(status, &error.to_string()).await {
            tracing::error!(run_id = status.run_id, %error, %also, "the failure of the run could not be noted");
        }
    }
}

/// The time to wait, where the request came before its time.
fn too_early(request: &RunRequest, now: Timestamp) -> Option<Duration> {
    let left = request.not_before?.duration_since(now);
    if left <= EARLY {
        return None;
    }
    Duration::try_from(left).ok()
}

/// Whether a later re-verification is pending. One that has been put off for long is carried out
/// all the same: there may be changes without end.
fn is_covered(request: &RunRequest, head: &PlanHead, now: Timestamp) -> bool {
    let (Some(at), Some(pending)) = (request.not_before, head.recheck_at) else {
        return false;
    };
    let since = head.recheck_since.unwrap_or(now);
    pending > at && now.duration_since(since) < LONGEST_PUT_OFF
}
