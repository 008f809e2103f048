// SPDX-License-Identifier: Apache-2.0
//! Calls: how many at once, how often, and for how long.
//!
//! The SDK's own retries are off. Here a call is sent up to [`Settings::attempts`] times with full
//! jitter between (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>), an
//! attempt ends after [`Settings::attempt_timeout`], and everything ends at the run's deadline. A
//! call that waits for its next attempt leaves its place to another.

mod paces;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use futures_util::future::{Either, select};
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, CallRow};
use tokio::sync::{Notify, Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::Settings;
use crate::failure::{Failure, worth_retrying};
use paces::Paces;

/// The mean wait before the second attempt is half of this.
const BASE: Duration = Duration::from_millis(100);
/// No wait is longer.
const CAP: Duration = Duration::from_secs(5);

/// Looks have a place of their own for so many places.
const LOOKS_OWN: usize = 8;

/// One attempt's success or failure, with the service's id of it.
#[derive(Debug)]
pub(crate) struct Reply<T> {
    pub(crate) outcome: Result<T, Failure>,
    pub(crate) request_id: Option<String>,
}

/// A call and what came of it. Times and request id are those of the last attempt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Called<T> {
    pub(crate) outcome: Result<T, Failure>,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) latency_ms: Option<u64>,
}

impl<T> Called<T> {
    /// A call that was never sent.
    pub(crate) fn unsent(failure: Failure) -> Self {
        Self {
            outcome: Err(failure),
            request_id: None,
            attempts: 0,
            latency_ms: None,
        }
    }

    pub(crate) fn and_then<U>(self, read: impl FnOnce(T) -> Result<U, Failure>) -> Called<U> {
        Called {
            outcome: self.outcome.and_then(read),
            request_id: self.request_id,
            attempts: self.attempts,
            latency_ms: self.latency_ms,
        }
    }
}

/// The bounds that all calls of a run share.
#[derive(Debug)]
pub(crate) struct Calls {
    places: Semaphore,
    /// Places for looks alone, which else take what probes leave free.
    lane: Semaphore,
    /// Told where a place is given up that no probe waits for.
    idle: Notify,
    attempts: u32,
    attempt_timeout: Duration,
    deadline: Option<Instant>,
    /// Whether somebody ended the run.
    stopped: watch::Sender<bool>,
    /// Paces, where AWS's quotas hold.
    paces: Option<Paces>,
    // The lock is held to count, never while a call is under way.
    counts: Mutex<BTreeMap<Operation, Count>>,
}

/// How often an operation was called.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    calls: u64,
    requests: u64,
}

impl Calls {
    pub(crate) fn new(settings: &Settings) -> Self {
        let places = settings.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Semaphore::new(places),
            lane: Semaphore::new(places / LOOKS_OWN),
            idle: Notify::new(),
            attempts: settings.attempts.max(1),
            attempt_timeout: settings.attempt_timeout,
            deadline: settings
                .deadline
                .and_then(|bound| Instant::now().checked_add(bound)),
            stopped: watch::Sender::new(false),
            counts: Mutex::default(),
            paces: None,
        }
    }

    /// The same, keeping to a share of AWS's quotas in this region, in percent.
    pub(crate) fn within(mut self, region: &str, share: u8) -> Self {
        self.paces = Some(Paces::new(region, share));
        self
    }

    /// The calls of somebody of this account, whose quotas they count towards.
    pub(crate) const fn of<'a>(&'a self, account: &'a str) -> CallsOf<'a> {
        CallsOf {
            calls: self,
            account,
        }
    }

    /// What was called so far.
    pub(crate) fn counted(&self) -> Vec<CallRow> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = counts.iter().map(|(operation, count)| CallRow {
            service: operation.service,
            operation: operation.name.to_owned(),
            calls: count.calls,
            requests: count.requests,
        });
        rows.collect()
    }

    fn count(&self, operation: Operation, attempt: u32) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(operation).or_default();
        count.calls += u64::from(attempt == 1);
        count.requests += 1;
    }

    /// Ends the run: no call is sent any more, and none is waited for.
    pub(crate) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// What the future brings, unless somebody ends the run first.
    async fn unless_stopped<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut stopped = self.stopped.subscribe();
        // Looked at first: an answer that is there already comes too late.
        let stop = pin!(stopped.wait_for(|stopped| *stopped));
        match select(stop, pin!(future)).await {
            Either::Left(_) => None,
            Either::Right((brought, _)) => Some(brought),
        }
    }

    /// Why a call was not sent.
    fn unsent<T>(&self) -> Called<T> {
        let stopped = *self.stopped.borrow();
        Called::unsent(Failure::silent(if stopped {
            Blindness::Interrupted
        } else {
            Blindness::Deadline
        }))
    }

    /// Makes a call: sends it until it brings an answer or nothing more can be hoped for.
    pub(crate) async fn send<T>(
        &self,
        operation: Operation,
        attempt: impl AsyncFn() -> Reply<T>,
    ) -> Called<T> {
        self.send_as(None, operation, attempt).await
    }

    async fn send_as<T>(
        &self,
        account: Option<&str>,
        operation: Operation,
        attempt: impl AsyncFn() -> Reply<T>,
    ) -> Called<T> {
        let place = async || self.places.acquire().await.ok();
        self.call((account, operation), attempt, place).await
    }

    /// Makes a call that looks at a table or a key. Looks let probes go first, and have a few places
    /// of their own, so that they cost a run of many probes no time.
    pub(crate) async fn look<T>(
        &self,
        operation: Operation,
        attempt: impl AsyncFn() -> Reply<T>,
    ) -> Called<T> {
        let place = async || self.place_of_look().await;
        self.call((None, operation), attempt, place).await
    }

    async fn place_of_look(&self) -> Option<SemaphorePermit<'_>> {
        loop {
            if let Ok(place) = self.places.try_acquire() {
                return Some(place);
            }
            let own = pin!(self.lane.acquire());
            let idle = pin!(self.idle.notified());
            if let Either::Left((place, _)) = select(own, idle).await {
                return place.ok();
            }
        }
    }

    async fn call<'a, T>(
        &'a self,
        (account, operation): (Option<&str>, Operation),
        attempt: impl AsyncFn() -> Reply<T>,
        place: impl AsyncFn() -> Option<SemaphorePermit<'a>>,
    ) -> Called<T> {
        let mut before: Option<Called<T>> = None;
        let paces = self.paces.as_ref();
        loop {
            // Before it takes a place, which somebody else may use.
            if let Some(paces) = paces
                && let Some(wake) = paces.turn(account, operation)
                && self.before_deadline(sleep_until(wake)).await.is_none()
            {
                return before.unwrap_or_else(|| self.unsent());
            }
            let Some(Some(place)) = self.before_deadline(place()).await else {
                return before.unwrap_or_else(|| self.unsent());
            };
            give_way().await;
            let attempts = before.as_ref().map_or(0, |before| before.attempts) + 1;
            self.count(operation, attempts);
            let start = Instant::now();
            let end = start.checked_add(self.attempt_timeout);
            let end = end.into_iter().chain(self.deadline).min();
            // Boxed: in place it would make every future of the crate as large as a call's.
            let attempt = self.unless_stopped(Box::pin(attempt()));
            let reply = match end {
                Some(end) => timeout_at(end, attempt).await,
                None => Ok(attempt.await),
            };
            let reply = match reply {
                Ok(Some(reply)) => reply,
                Ok(None) => Reply::silent(Blindness::Interrupted),
                Err(_) => Reply::silent(Blindness::TimedOut),
            };
            drop(place);
            if self.places.available_permits() > 0 {
                self.idle.notify_one();
            }
            let called = Called {
                outcome: reply.outcome,
                request_id: reply.request_id,
                attempts,
                latency_ms: u64::try_from(start.elapsed().as_millis()).ok(),
            };
            if let (Some(paces), Err(failure)) = (paces, &called.outcome)
                && failure.answer == Answer::Unknown(Blindness::Throttled)
            {
                paces.throttled(account, operation);
            }
            match &called.outcome {
                Err(failure) if worth_retrying(failure) && called.attempts < self.attempts => {
                    let wake = Instant::now() + wait(called.attempts);
                    if self.before_deadline(sleep_until(wake)).await.is_none() {
                        return called;
                    }
                    before = Some(called);
                }
                Ok(_) | Err(_) => return called,
            }
        }
    }

    /// What the future brings, unless the deadline comes first or has passed, or the run is ended.
    pub(crate) async fn before_deadline<F: Future>(&self, future: F) -> Option<F::Output> {
        let future = self.unless_stopped(future);
        match self.deadline {
            Some(deadline) if deadline <= Instant::now() => None,
            Some(deadline) => timeout_at(deadline, future).await.ok().flatten(),
            None => future.await,
        }
    }
}

/// The calls of somebody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallsOf<'a> {
    calls: &'a Calls,
    account: &'a str,
}

impl CallsOf<'_> {
    /// Makes a call, as [`Calls::send`].
    pub(crate) async fn send<T>(
        self,
        operation: Operation,
        attempt: impl AsyncFn() -> Reply<T>,
    ) -> Called<T> {
        let account = Some(self.account);
        self.calls.send_as(account, operation, attempt).await
    }
}

impl<T> Reply<T> {
    /// Reads what the SDK brought. `read` is the classification of a service's code and message.
    pub(crate) fn new<E>(
        result: Result<T, SdkError<E, HttpResponse>>,
        read: impl FnOnce(Option<&str>, Option<&str>) -> Answer,
    ) -> Self
    where
        T: RequestId,
        E: ProvideErrorMetadata + Error + 'static,
    {
        match result {
            Ok(output) => Self {
                request_id: output.request_id().map(str::to_owned),
                outcome: Ok(output),
            },
            Err(error) => {
                let failure = Failure::new(&error, read);
                Self {
                    request_id: failure.request_id.clone(),
                    outcome: Err(failure),
                }
            }
        }
    }

    pub(crate) fn and_then<U>(self, read: impl FnOnce(T) -> Result<U, Failure>) -> Reply<U> {
        Reply {
            outcome: self.outcome.and_then(read),
            request_id: self.request_id,
        }
    }

    fn silent(blindness: Blindness) -> Self {
        Self {
            outcome: Err(Failure::silent(blindness)),
            request_id: None,
        }
    }
}

/// Lets connections write what was prepared so far, before more is. Answers that come together would else be
/// followed by calls that go together: each would wait for the last to be prepared, and so on round after round.
async fn give_way() {
    let mut waited = false;
    poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        // At once, unlike `tokio::task::yield_now`: a set of futures that has seen two of its own woken so
        // gives way as a whole (`FuturesUnordered`).
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Full jitter: anything from no wait at all to `BASE` doubled with each attempt made.
fn wait(attempts_made: u32) -> Duration {
    let doubled = BASE.saturating_mul(1_u32.checked_shl(attempts_made - 1).unwrap_or(u32::MAX));
    doubled.min(CAP).mul_f64(rand::random::<f64>())
}
