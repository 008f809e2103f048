// SPDX-License-Identifier: Apache-2.0
//! Paces in virtual time.

use std::time::Duration;

use super::Pace;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// How many of those who always want more get through in so long, and how many are throttled by a service
/// that takes so many a second.
fn carry_on(pace: &mut Pace, seconds: u64, limit: u32) -> (u32, u32) {
    let (mut now, end) = (Duration::ZERO, Duration::from_secs(seconds));
    let (mut sent, mut throttled) = (0, 0);
    let (mut second, mut in_second) = (0, 0);
    while now < end {
        now += pace.take(now);
        if now.as_secs() != second {
            (second, in_second) = (now.as_secs(), 0);
        }
        in_second += 1;
        sent += 1;
        if in_second > limit {
            throttled += 1;
            pace.throttled(now);
        }
    }
    (sent, throttled)
}

#[test]
fn a_second_s_worth_goes_at_once_and_then_each_waits_its_turn() {
    let mut pace = Pace::new(10.0);

    let at_once: Vec<_> = (0..10).map(|_| pace.take(ms(0))).collect();
    assert_eq!(at_once, [Duration::ZERO; 10]);
    assert_eq!(pace.take(ms(0)), ms(100));
    assert_eq!(pace.take(ms(0)), ms(200));
    // A second later eight of ten are there: two were taken ahead.
    let later: Vec<_> = (0..9).map(|_| pace.take(ms(1_000))).collect();
    assert_eq!(later[7], Duration::ZERO);
    assert_eq!(later[8], ms(100));
}

#[test]
fn nobody_saves_up_more_than_a_second() {
    let mut pace = Pace::new(10.0);
    pace.take(ms(0));

    let after_an_hour: Vec<_> = (0..11).map(|_| pace.take(ms(3_600_000))).collect();
    assert_eq!(after_an_hour[9], Duration::ZERO);
    assert_eq!(after_an_hour[10], ms(100));
}

#[test]
fn a_crowd_of_throttles_halves_the_pace_once_and_it_comes_back() {
    let mut pace = Pace::new(100.0);
    for at in [0, 10, 500, 999] {
        pace.throttled(ms(at));
    }
    assert!((pace.rate() - 55.0).abs() < 0.1, "{}", pace.rate());

    pace.throttled(ms(1_000));
    assert!((pace.rate() - 27.5).abs() < 0.1, "{}", pace.rate());
    // 5 a second come back: 70 after 14 s.
    pace.take(ms(15_000));
    assert!((pace.rate() - 97.5).abs() < 0.2, "{}", pace.rate());
    pace.take(ms(60_000));
    assert!((pace.rate() - 100.0).abs() < f64::EPSILON);
}

#[test]
fn it_never_stands_still() {
    let mut pace = Pace::new(10.0);
    for second in 0..100 {
        pace.throttled(Duration::from_secs(second * 2));
    }
    assert!(pace.rate() >= 0.2);
    assert!(pace.take(Duration::from_secs(199)) <= Duration::from_secs(5));
    assert!(Pace::new(0.0).take(ms(0)) == Duration::ZERO);
}

#[test]
fn a_share_that_the_service_takes_is_used_whole_and_never_throttled() {
    let mut pace = Pace::new(100.0);
    let (sent, throttled) = carry_on(&mut pace, 60, 250);

    // A minute's worth, and what was saved up at the start.
    assert!((6_095..=6_105).contains(&sent), "{sent}");
    assert_eq!(throttled, 0);
}

#[test]
fn half_of_what_was_hoped_for_is_found_with_few_throttles() {
    let mut pace = Pace::new(100.0);
    let (sent, throttled) = carry_on(&mut pace, 300, 50);

    // Somebody else has half of the quota: most of the rest is used, and little is thrown away.
    let taken = sent - throttled;
    assert!(taken >= 300 * 50 * 7 / 10, "{taken}");
    assert!(
        f64::from(throttled) < f64::from(sent) * 0.1,
        "{throttled} of {sent}"
    );
}
