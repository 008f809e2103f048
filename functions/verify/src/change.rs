// SPDX-License-Identifier: Apache-2.0
//! A change of a policy: each plan that it may concern runs now, and once more when what a change
//! leaves behind is over.
//!
//! A table key that DynamoDB cached is kept for five minutes after its last use, and grants and
//! policies settle in about as long. The second run comes after six idle minutes; where more changes
//! follow, the last one's second run covers those before it.

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
        let milliseconds = u64::try_from(change.at.as_millisecond()).unwrap_or_default();
        let id = |what: &str| derived(milliseconds, &format!("{}/{plan}/{what}", change.event_id));
        let at_once = RunRequest {
            run_id: Some(id("change")),
            change: Some(change.clone()),
            ..RunRequest::new(plan.clone(), "change")
        };
        stack.queue.send(&at_once, Duration::ZERO).await?;
        let later = RunRequest {
            run_id: Some(id("recheck")),
            change: Some(change.clone()),
            ..RunRequest::new(plan.clone(), "recheck")
        };
        recheck(later, &stack.store, &stack.queue, now).await?;
    }
    let plans = plans.into_iter().collect();
    Ok(Answer::Done(Done::FannedOut { plans }))
}

/// Asks for a run when everything has settled, and notes that it is pending.
pub(crate) async fn recheck<T: Table>(
    request: RunRequest,
    store: &Store<T>,
    queue: &impl RunQueue,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Whole seconds, as it is noted: what is pending must not seem later than itself.
    let at = now + SignedDuration::try_from(SETTLED).unwrap_or_default();
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    store.note_recheck(&request.plan, at, now).await?;
    let request = RunRequest {
        not_before: Some(at),
        ..request
    };
    queue.send(&request, SETTLED).await
}
