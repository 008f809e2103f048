// SPDX-License-Identifier: Apache-2.0
//! What no stream tells: that nothing happens.
//!
//! Every few minutes, for every plan: whether it has been silent, what of it fails and how long it has known
//! nothing, as metrics; a run for what is due (a reminder, the confirmation of a `locked_out`, an exception
//! that has expired), as only a fresh look may say that something is still so; findings that
//! Security Hub would forget; commits that the stream did not get through.

mod due;

use std::io::Write;

use jiff::{SignedDuration, Timestamp};
use keyproof_state::{PlanHead, PlanState, RunRequest};
use keyproof_store::{RunQueue, Store, Table};

use crate::metrics;
use crate::sink::SinkError;

use due::{due, failing, inconclusive_minutes};

/// When what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long a person is left alone with what they were told.
    pub remind_after: SignedDuration,
    /// How long after the first run that said `locked_out` another is to confirm it.
    pub confirm_after: SignedDuration,
    /// How much later than planned a run may be committed: it waits, takes its time, is retried.
    pub grace: SignedDuration,
    /// How old what the hub was told may be. It forgets after 90 days.
    /// <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings.html>
    pub renew_after: SignedDuration,
    /// How old a commit must be before it is asked whether the stream told it: older than the stream
    /// is ever late, while all is well.
    pub told_after: SignedDuration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            remind_after: SignedDuration::from_hours(24),
            confirm_after: SignedDuration::from_mins(5),
            grace: SignedDuration::from_mins(10),
            renew_after: SignedDuration::from_hours(24 * 30),
            told_after: SignedDuration::from_mins(15),
        }
    }
}

/// One plan, looked at: its metrics go to `log`, a run that is due to `queue`.
pub(crate) async fn look<T: Table>(
    store: &Store<T>,
    queue: Option<&impl RunQueue>,
    plan: &str,
    now: Timestamp,
    times: &Times,
    log: &mut impl Write,
) -> Result<Option<(PlanHead, PlanState)>, SinkError> {
    let Some(head) = store
        .head(plan)
        .await?
        .filter(|head| head.removed_at.is_none())
    else {
        return Ok(None);
    };
    let state = store.state(plan).await?;
    let newest = state.last_run.as_ref().map(|run| run.started_at);
    let overdue = head.is_overdue(newest, times.grace, now);
    let minutes = inconclusive_minutes(&state, now);
    let line = metrics::of_plan(plan, now, overdue, failing(&state), minutes);
    writeln!(log, "{line}")?;
    log.flush()?;
    if overdue {
        let since = head.awaited_since(newest);
        tracing::warn!(plan, %since, "no run in the interval");
    }
    let expired = expired_exceptions(store, &head, &state, now).await?;
    if let (Some(due), Some(queue)) = (due(&state, expired, now, times), queue) {
        tracing::info!(plan, due = due.as_str(), "a run is due");
        queue
            .send(
                &RunRequest::new(plan, due.as_str()),
                std::time::Duration::ZERO,
            )
            .await?;
    }
    Ok(Some((head, state)))
}

/// The last day of the exception that expired last, of those that the newest run still held for in
/// force. Plans are read only where a failure is excepted.
async fn expired_exceptions<T: Table>(
    store: &Store<T>,
    head: &PlanHead,
    state: &PlanState,
    now: Timestamp,
) -> Result<bool, SinkError> {
    let excepted = |probe: &str| {
        state
            .probes
            .get(probe)
            .is_some_and(|state| state.standing.excepted)
    };
    if !state.probes.keys().any(|probe| excepted(probe)) {
        return Ok(false);
    }
    let Some(version) = store.version(&head.plan, head.version).await? else {
        return Ok(false);
    };
    let Ok(plan) = keyproof_plan::Plan::parse(&version.text) else {
        return Ok(false);
    };
    let today = jiff::tz::TimeZone::UTC.to_datetime(now).date();
    Ok(plan
        .exceptions
        .iter()
        .any(|exception| exception.expires < today && excepted(&exception.probe)))
}
