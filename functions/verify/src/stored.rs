// SPDX-License-Identifier: Apache-2.0
//! Runs of plans of the state table, committed to it.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyproof_aws::Settings;
use keyproof_plan::Plan;
use keyproof_state::{
    Observed, PlanHead, PlanVersion, PolicyChange, RunRequest, RunStage, RunStatus,
};
use keyproof_store::{Claim, Committed, RunQueue, Started, Store, Table};
use keyproof_verdict::Report;
use ulid::Ulid;

use crate::large::LargeRun;
use crate::plans::{explain, shortened};
use crate::request::derived;
use crate::{Answer, Done, HandlerError, Invocation, Ports, StackOf, change, record, time_to_use};

/// How long a run's status is kept.
pub(crate) const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
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

/// What a run that is over says of itself beside its report.
pub(crate) struct Finished<'a> {
    pub(crate) seq: u64,
    pub(crate) version: u64,
    pub(crate) change: Option<&'a PolicyChange>,
    pub(crate) confirms: Option<&'a str>,
    pub(crate) not_before: Option<Timestamp>,
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
                self.stack
                    .store
                    .settle(&status.plan, &status.run_id)
                    .await?;
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
        let done = self.run_and_commit(&request, &head, (id, now), log).await;
        if let Err(error) = &done {
            self.note_failure(&status, error).await;
        }
        done
    }

    async fn run_and_commit(
        &self,
        request: &RunRequest,
        head: &PlanHead,
        (id, now): (Ulid, Timestamp),
        log: &mut impl Write,
    ) -> Result<Answer, HandlerError> {
        let plan = self.plan(&head.plan, head.version, &head.digest).await?;
        let confirms = request.confirms.map(|run| run.to_string());
        let change = request.change.as_ref().filter(|_| request.part);
        let part = self.part(&plan, change).await?;
        let plan = match &part {
            Some(part) => &part.of(&plan),
            None => &*plan,
        };
        if plan.planned() > self.stack.limits.probes.get() {
            let run = LargeRun {
                plan: head.plan.clone(),
                version: head.version,
                digest: head.digest.clone(),
                run_id: id.to_string(),
                seq: head.next_seq,
                trigger: request.trigger.clone(),
                started_at: now,
                change: request.change.clone(),
                part: part.is_some(),
                confirms: confirms.clone(),
                not_before: request.not_before,
            };
            if self.ports.hand_over(&run).await? {
                tracing::info!(
                    run_id = run.run_id,
                    plan = run.plan,
                    "the run is carried out in shards"
                );
                return Ok(Answer::Done(Done::HandedOver { run_id: run.run_id }));
            }
        }
        let settings = Settings {
            trigger: request.trigger.clone(),
            deadline: Some(time_to_use(self.invocation.remaining)),
            run_id: Some(id),
            ..Settings::default()
        };
        let mut report = self.ports.run(plan, &settings).await?;
        if let Some(part) = &part {
            part.mark(&mut report);
        }
        let finished = Finished {
            seq: head.next_seq,
            version: head.version,
            change: request.change.as_ref(),
            confirms: confirms.as_deref(),
            not_before: request.not_before,
        };
        Ok(match self.commit(report, &finished, log).await? {
            (_, Some(report)) => Answer::Report(report),
            (commit, None) => Answer::Done(Done::Before { commit }),
        })
    }

    /// Commits a run, and sees to what follows from it: its number in the order of commits, and its
    /// report as it was committed; without one, where it had been committed before.
    pub(crate) async fn commit(
        &self,
        report: Report,
        finished: &Finished<'_>,
        log: &mut impl Write,
    ) -> Result<(u64, Option<Box<Report>>), HandlerError> {
        let observed = Observed {
            seq: finished.seq,
            plan_version: finished.version,
            change: finished.change,
            confirms: finished.confirms,
        };
        let stack = self.stack;
        let committed = stack
            .store
            .commit(&report, &observed, &stack.rules, &stack.reports)
            .await;
        let applied = match committed {
            Ok(Committed::Now(applied)) => applied,
            Ok(Committed::Before(commit)) => return Ok((commit, None)),
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
        let plan = &report.plan.name;
        let part = applied.run.part.is_some();
        if let Some(at) = finished.not_before.filter(|_| !part) {
            stack.store.settle_recheck(plan, at).await?;
        }
        if applied.unconfirmed && !applied.run.late {
            self.ask_for_confirmation(&report, part, finished.change)
                .await?;
        }
        Ok((applied.run.commit, Some(Box::new(report))))
    }

    /// A version of a plan, which must have this digest.
    pub(crate) async fn plan(
        &self,
        name: &str,
        number: u64,
        digest: &str,
    ) -> Result<Arc<Plan>, HandlerError> {
        if let Some(plan) = self.remembered.get(name, number) {
            return Ok(plan);
        }
        let version = self.stack.store.version(name, number).await?;
        let version = version.ok_or_else(|| {
            HandlerError::InvalidPlan(format!(
                "version {number} of the plan `{name}` is not in the state table; push it again"
            ))
        })?;
        let what = format!("version {number} of the plan `{name}`");
        let plan = Plan::parse(&version.text).map_err(|errors| {
            HandlerError::InvalidPlan(explain(&pushed(&what, &version), &errors))
        })?;
        if plan.digest != digest || plan.name != name {
            return Err(HandlerError::InvalidPlan(format!(
                "{what} is not what was pushed: its digest is {}, not {digest}; push it again",
                plan.digest
            )));
        }
        let plan = Arc::new(plan);
        self.remembered.put(number, &plan);
        Ok(plan)
    }

    async fn ask_for_confirmation(
        &self,
        report: &Report,
        part: bool,
        change: Option<&PolicyChange>,
    ) -> Result<(), HandlerError> {
        let now = self.ports.now();
        let confirms = keyproof_state::ulid(&report.run.id);
        let confirmation = RunRequest {
            run_id: confirms.map(|id| derived(id.timestamp_ms(), &format!("{id}/confirmation"))),
            confirms,
            change: change.cloned(),
            part,
            ..RunRequest::new(report.plan.name.clone(), "confirmation")
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

/// What can't be read, with the versions of keyproof where the one that pushed it is another: then that is
/// most likely why.
fn pushed(what: &str, version: &PlanVersion) -> String {
    const OWN: &str = env!("CARGO_PKG_VERSION");
    match version.pushed_with.as_deref().filter(|with| *with != OWN) {
        Some(with) => format!(
            "{what}, pushed with keyproof {with} where this function is {OWN} (upgrade: deploy the stack of \
             {with}),"
        ),
        None => what.to_owned(),
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
