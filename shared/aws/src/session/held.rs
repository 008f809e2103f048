// SPDX-License-Identifier: Apache-2.0
//! A principal's session for as long as a run takes: made when it is first asked for, and made again
//! before it ends.
//!
//! - INVARIANT (one identity): a new session is the same role's, by its unique id where STS tells it, and
//!   has the same name. A role that was deleted and made again in between is another.
//! - A renewal that is refused is the end: a role that may no longer be assumed has no session, though
//!   the last one has some minutes left. One that brings no answer is tried again while it lasts.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use keyproof_verdict::{Answer, Blindness};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Lease, Session};
use crate::calls::Called;
use crate::failure::Failure;
use crate::redact::Redactor;

/// A session as it was opened, or why there is none.
pub(crate) type Opened = Arc<Called<Arc<Session>>>;

/// A principal's session, whichever is in force.
#[derive(Debug, Default)]
// Held while the role is assumed, so that whoever else asks waits for the same session.
pub(crate) struct Held(Mutex<Option<Known>>);

#[derive(Debug)]
struct Known {
    /// What the first request brought.
    first: Opened,
    last: Opened,
    /// The lease of the last; `None` where there is none to renew.
    lease: Option<Lease>,
    /// The answer to a renewal that was refused.
    refused: Option<Opened>,
    /// What keeps the secrets of all of its sessions out of messages.
    redactor: Option<Redactor>,
}

impl Held {
    /// The session, assumed by whoever asks first and by whoever asks when its end is near.
    pub(crate) async fn get(&self, assume: impl AsyncFn() -> Called<Session>) -> Opened {
        let mut known = self.0.lock().await;
        match &mut *known {
            None => {
                let first = assume().await;
                let first = Arc::new(first.and_then(|session| Ok(Arc::new(session))));
                *known = Some(Known {
                    lease: lease(&first),
                    last: Arc::clone(&first),
                    first: Arc::clone(&first),
                    refused: None,
                    redactor: redactor(&first),
                });
                first
            }
            Some(known) => {
                if let (Ok(session), Some(lease)) = (&known.last.outcome, known.lease)
                    && lease.due <= Instant::now()
                {
                    let session = Arc::clone(session);
                    known.renew(&session, lease, assume().await);
                }
                Arc::clone(&known.last)
            }
        }
    }

    /// What the run knows of the role's being assumed, for a plan that wants it let in, or kept out:
    /// INVARIANT (never softened): of a success and a later refusal, what is against the plan.
    pub(crate) async fn answer(
        &self,
        let_in: bool,
        assume: impl AsyncFn() -> Called<Session>,
    ) -> Opened {
        let last = self.get(assume).await;
        let known = self.0.lock().await;
        let Some(known) = &*known else { return last };
        let refused = known.refused.as_ref().filter(|_| let_in);
        Arc::clone(refused.unwrap_or(&known.first))
    }
}

impl Held {
    /// What keeps the secrets of all sessions that there were out of messages.
    pub(crate) async fn redactor(&self) -> Option<Redactor> {
        self.0.lock().await.as_ref()?.redactor.clone()
    }
}

impl Known {
    fn renew(&mut self, old: &Session, held: Lease, fresh: Called<Session>) {
        let fresh = fresh.and_then(|fresh| Ok(Arc::new(follow(old, fresh)?)));
        if let Err(failure) = &fresh.outcome {
            let other = Answer::Unknown(Blindness::WrongSession);
            let unanswered =
                matches!(failure.answer, Answer::Unknown(_)) && failure.answer != other;
            if unanswered && Instant::now() < held.ends {
                self.lease = Some(held.later());
                return;
            }
            tracing::warn!(role = old.role_name, "the session could not be renewed");
            if matches!(failure.answer, Answer::Denied(_)) {
                self.refused = Some(Arc::new(fresh.clone()));
            }
        }
        self.last = Arc::new(Called {
            outcome: fresh.outcome.map_err(not_renewed),
            ..fresh
        });
        self.lease = lease(&self.last);
        self.redactor = redactor(&self.last).or(self.redactor.take());
    }
}

fn redactor(opened: &Opened) -> Option<Redactor> {
    let session = opened.outcome.as_ref().ok()?;
    Some(session.redactor.clone())
}

fn lease(opened: &Opened) -> Option<Lease> {
    opened.outcome.as_ref().ok().map(|session| session.lease)
}

/// The new session, if it is the old one's identity. It keeps the old one's secrets out of messages too.
fn follow(old: &Session, mut new: Session) -> Result<Session, Failure> {
    if new.identity != old.identity {
        let message = format!(
            "the session was renewed, and is another identity's: it was {}, and is {}",
            old.identity, new.identity
        );
        return Err(Failure::blind(Blindness::WrongSession, message));
    }
    new.redactor = old.redactor.and(new.redactor);
    Ok(new)
}

/// Why the role's probes find nothing out from here on.
fn not_renewed(mut failure: Failure) -> Failure {
    let own = matches!(
        failure.answer,
        Answer::Unknown(Blindness::Deadline | Blindness::Interrupted | Blindness::WrongSession)
    );
    if !own {
        failure.answer = Answer::Unknown(Blindness::NotRenewed);
    }
    failure
}
