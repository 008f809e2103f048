// SPDX-License-Identifier: Apache-2.0
//! A change of a policy: each plan that it may concern runs now, and once more when what a change
//! leaves behind is over.
//!
//! A table key that DynamoDB cached is kept for five minutes after its last use, and grants and
//! policies settle in about as long. The second run comes after six idle minutes; where more changes
//! follow, the last one's second run covers those before it.
//!
//! Of a plan that is too large for one invocation, the part that the change may concern is enough
//! (`part`). Each such part has its own second run, which covers no other's.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyproof_state::{PolicyEvent, Reach, RunRequest};
use keyproof_store::{Reports, RunQueue, Store, StoreError, Table};

use crate::request::derived;
use crate::{Answer, Done, HandlerError, Stack};

/// How long after a change its second run begins.
pub(crate) const SETTLED: Duration = Duration::from_mins(6);

/// Asks for the runs. Done twice, it asks for the same runs.
pub(crate) async fn fan_out<T: Table, R: Reports, Q: RunQueue>(
    event: &PolicyEvent,
    stack: &Stack<T, R, Q>,
    now: Timestamp,
) -> Result<Answer, HandlerError> {
    let change = &event.change;
    let plans = match &event.reach {
        Reach::Of(references) => stack.store.plans_that_mention(references).await?,
        Reach::Every(reason) => {
            tracing::info!(
                event = change.event,
                event_id = change.event_id,
                reason,
                "every plan is run"
            );
            stack.store.plans().await?.into_iter().collect()
        }
    };
    tracing::info!(
        event = change.event,
        event_id = change.event_id,
        by = change.by,
        plans = ?plans,
        "a policy was changed"
    );
    for plan in &plans {
        let part = matches!(event.reach, Reach::Of(_)) && is_large(stack, plan).await?;
        let milliseconds = u64::try_from(change.at.as_millisecond()).unwrap_or_default();
        let id = |what: &str| derived(milliseconds, &format!("{}/{plan}/{what}", change.event_id));
        let at_once = RunRequest {
            run_id: Some(id("change")),
            change: Some(change.clone()),
            part,
            ..RunRequest::new(plan.clone(), "change")
        };
        stack.queue.send(&at_once, Duration::ZERO).await?;
        let later = RunRequest {
            run_id: Some(id("recheck")),
            change: Some(change.clone()),
            part,
            ..RunRequest::new(plan.clone(), "recheck")
        };
        recheck(later, &stack.store, &stack.queue, now).await?;
    }
    let plans = plans.into_iter().collect();
    Ok(Answer::Done(Done::FannedOut { plans }))
}

/// Whether the plan is known to be too large for one invocation.
async fn is_large<T: Table, R: Reports, Q: RunQueue>(
    stack: &Stack<T, R, Q>,
    plan: &str,
) -> Result<bool, StoreError> {
    let head = stack.store.head(plan).await?;
    let planned = head.and_then(|head| head.planned);
    Ok(planned.is_some_and(|planned| planned > stack.limits.probes.get()))
}

/// Asks for a run when everything has settled, and notes that it is pending, so that it covers others before
/// it: one of a part covers none.
pub(crate) async fn recheck<T: Table>(
    request: RunRequest,
    store: &Store<T>,
    queue: &impl RunQueue,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Whole seconds, as it is noted: what is pending must not seem later than itself.
    let at = now + SignedDuration::try_from(SETTLED).unwrap_or_default();
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    if !request.part {
        store.note_recheck(&request.plan, at, now).await?;
    }
    let request = RunRequest {
        not_before: Some(at),
        ..request
    };
    queue.send(&request, SETTLED).await
}
