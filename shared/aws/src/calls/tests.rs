// SPDX-License-Identifier: Apache-2.0
//! Attempts, waits and the deadline, in virtual time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness};
use tokio::time::{Instant, sleep};

use super::{CAP, Calls, Reply, wait};
use crate::Settings;
use crate::failure::Failure;

const CALL: Operation = Operation::DESCRIBE_KEY;

fn throttled() -> Reply<()> {
    Reply {
        outcome: Err(Failure::blind(Blindness::Throttled, "slow down")),
        request_id: None,
    }
}

fn done() -> Reply<()> {
    Reply {
        outcome: Ok(()),
        request_id: Some("id".to_owned()),
    }
}

fn answer(called: &super::Called<()>) -> Option<Answer> {
    called
        .outcome
        .as_ref()
        .err()
        .map(|failure| failure.answer.clone())
}

#[tokio::test(start_paused = true)]
async fn a_call_is_sent_until_it_answers() {
    let calls = Calls::new(&Settings::default());
    let sent = AtomicU32::new(0);
    let called = calls
        .send(CALL, async || match sent.fetch_add(1, Ordering::Relaxed) {
            0..3 => throttled(),
            _ => done(),
        })
        .await;

    assert_eq!((called.attempts, called.outcome), (4, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn a_hang_takes_the_attempts_time_each_time() {
    let settings = Settings {
        attempts: 2,
        ..Settings::default()
    };
    let start = Instant::now();
    let called = Calls::new(&settings)
        .send(CALL, async || {
            sleep(Duration::from_hours(1)).await;
            done()
        })
        .await;

    assert_eq!(answer(&called), Some(Answer::Unknown(Blindness::TimedOut)));
    assert_eq!((called.attempts, called.latency_ms), (2, Some(10_000)));
    let elapsed = start.elapsed();
    assert!(
        elapsed >= Duration::from_secs(20) && elapsed < Duration::from_secs(21),
        "{elapsed:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_attempts_and_waits_and_keeps_what_was_seen() {
    let settings = Settings {
        deadline: Some(Duration::from_millis(50)),
        ..Settings::default()
    };
    let calls = Calls::new(&settings);
    let start = Instant::now();
    let hanging = calls.send(CALL, async || {
        sleep(Duration::from_hours(1)).await;
        done()
    });
    let (hanging, throttled) =
        futures_util::future::join(hanging, calls.send(CALL, async || throttled())).await;

    assert_eq!(answer(&hanging), Some(Answer::Unknown(Blindness::TimedOut)));
    assert_eq!(
        answer(&throttled),
        Some(Answer::Unknown(Blindness::Throttled))
    );
    assert!(
        start.elapsed() <= Duration::from_millis(60),
        "{:?}",
        start.elapsed()
    );

    let late = calls.send(CALL, async || done()).await;
    assert_eq!(
        (answer(&late), late.attempts),
        (Some(Answer::Unknown(Blindness::Deadline)), 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_leaves_its_place() {
    let settings = Settings {
        concurrency: 1,
        attempts: 2,
        ..Settings::default()
    };
    let calls = Calls::new(&settings);
    let log = std::sync::Mutex::new(Vec::new());
    let first = calls.send(CALL, async || {
        log.lock().unwrap().push("throttled");
        throttled()
    });
    let second = calls.send(CALL, async || {
        log.lock().unwrap().push("done");
        done()
    });
    futures_util::future::join(first, second).await;

    assert_eq!(
        log.into_inner().unwrap(),
        ["throttled", "done", "throttled"]
    );
}

#[test]
fn waits_are_jittered_between_nothing_and_a_doubling_bound() {
    for (attempts, bound) in [(1, 100), (2, 200), (3, 400), (4, 800), (40, 5_000)] {
        let waits: Vec<Duration> = (0..200).map(|_| wait(attempts)).collect();
        let bound = Duration::from_millis(bound);
        assert!(waits.iter().all(|wait| *wait <= bound.min(CAP)));
        assert!(
            waits.iter().any(|wait| *wait > bound / 2)
                && waits.iter().any(|wait| *wait < bound / 2)
        );
    }
}

/// Calls of an account that go one after the other: how long they take.
async fn paced(calls: &Calls, account: &str, count: usize) -> Duration {
    let start = Instant::now();
    for _ in 0..count {
        let called = calls.of(account).send(LIST, async || done()).await;
        assert_eq!(called.outcome, Ok(()));
    }
    start.elapsed()
}

const LIST: Operation = Operation::new(keyproof_core::Service::Kms, "ListGrants");

#[tokio::test(start_paused = true)]
async fn calls_keep_to_their_accounts_share_of_a_quota() {
    // 20 of 100 a second.
    let calls = Calls::new(&Settings::default()).within("us-east-1", 20);

    assert_eq!(paced(&calls, "111122223333", 20).await, Duration::ZERO);
    let more = paced(&calls, "111122223333", 20).await;
    assert!(
        more.abs_diff(Duration::from_secs(1)) < Duration::from_millis(30),
        "{more:?}"
    );
    assert_eq!(paced(&calls, "999988887777", 20).await, Duration::ZERO);
    // The operator's own, and those of another quota, wait for nobody.
    let start = Instant::now();
    calls.send(LIST, async || done()).await;
    calls.of("111122223333").send(CALL, async || done()).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn whoever_was_throttled_goes_on_slower_and_without_a_bound_as_fast_as_it_can() {
    let once = AtomicU32::new(0);
    let throttled_once = async || match once.fetch_add(1, Ordering::Relaxed) {
        0 => throttled(),
        _ => done(),
    };
    let calls = Calls::new(&Settings::default()).within("us-east-1", 20);
    calls.of("111122223333").send(LIST, throttled_once).await;
    let slower = paced(&calls, "111122223333", 20).await;
    // At 10 a second and a little more each second, with nothing saved up: between 1 s and 2 s.
    assert!(
        slower > Duration::from_millis(1_400) && slower < Duration::from_secs(2),
        "{slower:?}"
    );

    let unbound = Calls::new(&Settings::default());
    assert_eq!(paced(&unbound, "111122223333", 1_000).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_the_wait_for_a_turn() {
    let settings = Settings {
        deadline: Some(Duration::from_millis(500)),
        ..Settings::default()
    };
    // One of 100 a second.
    let calls = Calls::new(&settings).within("us-east-1", 1);
    calls.of("111122223333").send(LIST, async || done()).await;

    let start = Instant::now();
    let late = calls.of("111122223333").send(LIST, async || done()).await;
    assert_eq!(answer(&late), Some(Answer::Unknown(Blindness::Deadline)));
    assert_eq!(
        (late.attempts, start.elapsed()),
        (0, Duration::from_millis(500))
    );
}
