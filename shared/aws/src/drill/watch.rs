// SPDX-License-Identifier: Apache-2.0
//! Reads as the principal, each by a session and connections of its own.
//!
//! DynamoDB keeps a decrypted table key for a caller until five minutes of inactivity, so that only
//! a session that was never used tells what KMS says now.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>

use std::time::Duration;

use keyproof_core::Service;
use keyproof_drill::{Kept, Passage, Target};
use keyproof_verdict::{Answer, Blindness, Observation, clause};
use tokio::time::{Instant, sleep};

use super::DrillOptions;
use crate::calls::Called;
use crate::failure::Failure;
use crate::observe::no_session;
use crate::probe::{self, TableTarget};
use crate::run::{Run, observation};
use crate::session::{self, Session};

/// The answer that is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Allowed,
    Denied,
}

impl Wanted {
    /// Whether an answer is this one. A refusal by another layer than KMS is neither.
    pub(super) fn is_met(self, answer: &Answer) -> bool {
        match answer {
            Answer::Allowed(_) => self == Self::Allowed,
            Answer::Denied(denial) => self == Self::Denied && denial.by == Some(Service::Kms),
            Answer::KeyUnusable(_) | Answer::Unknown(_) => false,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Allowed => Self::Denied,
            Self::Denied => Self::Allowed,
        }
    }
}

/// Reads of one target.
pub(super) struct Watch<'w> {
    run: &'w Run<'w>,
    options: &'w DrillOptions,
    target: &'w Target,
    reads: u32,
}

impl<'w> Watch<'w> {
    pub(super) fn new(
        run: &'w Run<'w>,
        options: &'w DrillOptions,
        target: &'w Target,
        reads: u32,
    ) -> Self {
        Self {
            run,
            options,
            target,
            reads,
        }
    }

    /// Sessions made so far.
    pub(super) const fn reads(&self) -> u32 {
        self.reads
    }

    /// Another watch of the same target.
    pub(super) const fn beside(&self) -> Self {
        Self { ..*self }
    }

    /// Reads once, by a session made for it.
    pub(super) async fn read(&mut self) -> (Observation, Option<Session>) {
        self.reads += 1;
        let missing = || {
            let failure = Failure::blind(Blindness::Other, "the plan has no such principal");
            observation(Called::unsent(failure), None, &self.run.redactor)
        };
        let Some(principal) = self.run.plan.principals.get(&self.target.principal) else {
            return (missing(), None);
        };
        // A name of its own, should the table key be kept by it.
        let name = format!("{}-{}", self.run.session_name(), self.reads);
        let called = session::assume(self.run, principal, &name).await;
        match called.outcome {
            Ok(session) => (self.read_as(&session).await, Some(session)),
            Err(failure) => {
                let mut unsent = no_session(&failure);
                // No row of its own tells here why there is no session.
                if let Answer::Unknown(blindness) = &failure.answer {
                    let (why, _) = clause(blindness, None);
                    unsent.message = Some(match &failure.message {
                        Some(message) => format!("{why}: {message}"),
                        None => why,
                    });
                }
                let called = Called::unsent(unsent);
                (observation(called, None, &self.run.redactor), None)
            }
        }
    }

    async fn read_as(&self, session: &Session) -> Observation {
        let Some(table) = self.run.plan.tables.get(&self.target.table) else {
            let failure = Failure::blind(Blindness::Other, "the plan has no such table");
            return observation(Called::unsent(failure), None, &session.redactor);
        };
        let target = TableTarget {
            table,
            index: None,
            scan_pages: self.run.settings.scan_pages,
        };
        let called = probe::table(&self.run.calls, session, self.target.action, target).await;
        observation(called, None, &session.redactor)
    }

    /// Reads until the answer has settled, or until `within` has passed since the change. Gives the
    /// last session that read successfully, which has the table key.
    pub(super) async fn until(
        &mut self,
        wanted: Wanted,
        since: Instant,
        within: Duration,
    ) -> (Passage, Option<Session>) {
        let mut way = Passage {
            after_ms: None,
            last_before_ms: None,
            reads: 0,
            flickers: 0,
            blind: 0,
            limit_ms: milliseconds(within),
            last: None,
        };
        let mut kept = None;
        let mut streak = 0;
        let mut began = None;
        loop {
            let (seen, session) = Box::pin(self.read()).await;
            let now = milliseconds(since.elapsed());
            way.reads += 1;
            if wanted.is_met(&seen.answer) {
                began.get_or_insert(now);
                streak += 1;
            } else if wanted.other().is_met(&seen.answer) {
                way.flickers += u32::from(streak > 0);
                way.last_before_ms = Some(now);
                streak = 0;
                began = None;
            } else {
                way.blind += 1;
            }
            if let (Answer::Allowed(_), Some(session)) = (&seen.answer, session) {
                kept = Some(session);
            }
            way.last = Some(seen);
            if streak >= self.options.confirmations.max(1) {
                way.after_ms = began;
                return (way, kept);
            }
            if since.elapsed() + self.options.every >= within {
                return (way, kept);
            }
            sleep(self.options.every).await;
        }
    }

    /// Goes on reading with a session from before the revocation.
    pub(super) async fn keep(
        &mut self,
        session: Option<Session>,
        since: Instant,
        watched: Option<Duration>,
    ) -> Option<Kept> {
        let (session, watched) = (session?, watched?);
        let mut kept = Kept::default();
        loop {
            let seen = Box::pin(self.read_as(&session)).await;
            let now = milliseconds(since.elapsed());
            kept.reads += 1;
            kept.watched_ms = now;
            match seen.answer {
                Answer::Allowed(_) => kept.last_allowed_ms = Some(now),
                Answer::Denied(_) => {
                    kept.denied_after_ms = Some(now);
                    return Some(kept);
                }
                Answer::KeyUnusable(_) | Answer::Unknown(_) => {}
            }
            if since.elapsed() + self.options.every >= watched {
                return Some(kept);
            }
            sleep(self.options.every).await;
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
