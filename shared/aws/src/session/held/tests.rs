// SPDX-License-Identifier: Apache-2.0
//! Renewal, in virtual time.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use keyproof_verdict::{Answer, Blindness, Denial};
use tokio::time::{Instant, advance, sleep};

use super::super::tests::session;
use super::super::{Identity, Lease, Session};
use super::{Held, Opened};
use crate::calls::Called;
use crate::failure::Failure;

const MINUTE: Duration = Duration::from_mins(1);

/// STS, as far as it is asked here: what it answers, one after the other, each after a second.
struct Sts {
    answers: RefCell<Vec<Result<Session, Failure>>>,
    asked: RefCell<Vec<Duration>>,
    began: Instant,
}

impl Sts {
    fn new(mut answers: Vec<Result<Session, Failure>>) -> Self {
        answers.reverse();
        Self {
            answers: RefCell::new(answers),
            asked: RefCell::default(),
            began: Instant::now(),
        }
    }

    async fn get(&self, held: &Held) -> Opened {
        held.get(async || self.assume().await).await
    }

    async fn assume(&self) -> Called<Session> {
        self.asked.borrow_mut().push(self.began.elapsed());
        sleep(Duration::from_secs(1)).await;
        let outcome = self.answers.borrow_mut().pop().unwrap();
        // It lasts from now.
        let outcome = outcome.map(|session| Session {
            lease: Lease::of(Duration::from_hours(1)),
            ..session
        });
        Called {
            outcome,
            request_id: None,
            attempts: 1,
            latency_ms: Some(1_000),
        }
    }

    /// At which minutes it was asked.
    fn asked(&self) -> Vec<u64> {
        let asked = self.asked.borrow();
        asked.iter().map(|at| at.as_secs() / 60).collect()
    }
}

fn denied() -> Failure {
    let mut failure = Failure::blind(
        Blindness::Other,
        "not authorized to perform: sts:AssumeRole",
    );
    failure.answer = Answer::Denied(Denial::default());
    failure
}

fn throttled() -> Failure {
    Failure::blind(Blindness::Throttled, "slow down")
}

fn why(opened: &Opened) -> Option<Answer> {
    let failure = opened.outcome.as_ref().err()?;
    Some(failure.answer.clone())
}

#[tokio::test(start_paused = true)]
async fn a_session_is_renewed_once_for_all_who_ask_and_five_minutes_before_its_end() {
    let sts = Sts::new(vec![Ok(session()), Ok(session()), Ok(session())]);
    let held = Held::default();

    let first = sts.get(&held).await;
    advance(54 * MINUTE).await;
    assert!(Arc::ptr_eq(&first, &sts.get(&held).await));
    advance(MINUTE).await;
    let all = join_all((0..100).map(|_| sts.get(&held))).await;

    assert_eq!(sts.asked(), [0, 55]);
    assert!(all.iter().all(|one| Arc::ptr_eq(one, &all[0])));
    assert!(!Arc::ptr_eq(&first, &all[0]) && all[0].outcome.is_ok());
    advance(56 * MINUTE).await;
    assert!(sts.get(&held).await.outcome.is_ok());
    assert_eq!(sts.asked(), [0, 55, 111]);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_may_no_longer_be_assumed_has_no_session_from_then_on() {
    let sts = Sts::new(vec![Ok(session()), Err(denied())]);
    let held = Held::default();
    sts.get(&held).await;
    advance(56 * MINUTE).await;

    let refused = sts.get(&held).await;

    assert_eq!(why(&refused), Some(Answer::Unknown(Blindness::NotRenewed)));
    let message = refused.outcome.as_ref().err().unwrap().message.clone();
    assert_eq!(
        message.as_deref(),
        Some("not authorized to perform: sts:AssumeRole")
    );
    // It is not asked again, and the run knows both answers: each counts against whom it is against.
    let assume = async || sts.assume().await;
    assert_eq!(
        why(&held.answer(true, assume).await),
        Some(Answer::Denied(Denial::default()))
    );
    assert!(held.answer(false, assume).await.outcome.is_ok());
    assert_eq!(sts.asked(), [0, 56]);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_an_answer_is_tried_again_while_the_session_lasts() {
    let sts = Sts::new(vec![
        Ok(session()),
        Err(throttled()),
        Err(throttled()),
        Ok(session()),
    ]);
    let held = Held::default();
    let first = sts.get(&held).await;
    for _ in 0..55 {
        advance(MINUTE).await;
        assert!(Arc::ptr_eq(&first, &sts.get(&held).await));
    }
    for _ in 0..4 {
        advance(MINUTE).await;
        assert!(sts.get(&held).await.outcome.is_ok());
    }

    assert_eq!(sts.asked(), [0, 55, 57, 58]);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_without_an_answer_until_the_end_leaves_no_session() {
    let sts = Sts::new(vec![Ok(session()), Err(throttled())]);
    let held = Held::default();
    sts.get(&held).await;
    advance(61 * MINUTE).await;

    assert_eq!(
        why(&sts.get(&held).await),
        Some(Answer::Unknown(Blindness::NotRenewed))
    );
    // What was seen of the role's being assumed stays seen.
    let assume = async || sts.assume().await;
    assert!(held.answer(true, assume).await.outcome.is_ok());
    assert_eq!(sts.asked(), [0, 61]);
}

#[tokio::test(start_paused = true)]
async fn another_identity_is_no_renewal() {
    let made_again = Identity {
        id: Some("AROANEWREADER:keyproof-01".to_owned()),
        ..session().identity
    };
    let renamed = Identity {
        arn: "arn:aws:sts::111122223333:assumed-role/reader/keyproof-02".to_owned(),
        ..session().identity
    };
    for identity in [made_again, renamed] {
        let other = Session {
            identity,
            ..session()
        };
        let sts = Sts::new(vec![Ok(session()), Ok(other)]);
        let held = Held::default();
        sts.get(&held).await;
        advance(56 * MINUTE).await;

        assert_eq!(
            why(&sts.get(&held).await),
            Some(Answer::Unknown(Blindness::WrongSession))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_never_there_is_not_asked_for_again() {
    let sts = Sts::new(vec![Err(denied())]);
    let held = Held::default();

    for _ in 0..3 {
        assert_eq!(
            why(&sts.get(&held).await),
            Some(Answer::Denied(Denial::default()))
        );
        advance(60 * MINUTE).await;
    }
    assert_eq!(sts.asked(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_short_session_is_renewed_after_two_thirds_and_none_at_every_call() {
    let after = |seconds| {
        let lease = Lease::of(Duration::from_secs(seconds));
        (lease.due - Instant::now()).as_secs()
    };
    let all = [0, 3, 900, 3_600, 43_200, 1_000_000].map(after);
    assert_eq!(all, [0, 2, 600, 3_300, 42_900, 42_900]);
    assert!(Lease::of(Duration::ZERO).due > Instant::now());
}
