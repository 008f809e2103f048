// SPDX-License-Identifier: Apache-2.0
//! Runs expected, done and missing.

use keyproof_verdict::PartRow;

use super::world::{exposed, key, moment, report};
use crate::{Gap, Period, PlanCompleteness, Record, Sign};

/// The records of hourly runs with these numbers.
fn records(numbers: impl IntoIterator<Item = u64>) -> Vec<Record> {
    let record = |number| {
        let report = if number % 10 == 0 {
            report("orders", number, exposed)
        } else {
            report("orders", number, |_| ())
        };
        Record::of(&report, b"", number, None, key().public_key().id()).unwrap()
    };
    numbers.into_iter().map(record).collect()
}

fn day() -> Period {
    Period::new(moment("2026-01-01"), moment("2026-01-02")).unwrap()
}

#[test]
fn a_day_of_hourly_runs_is_complete() {
    let of = PlanCompleteness::of("orders", Some(60), &day(), &records(1..=24));

    assert_eq!(
        of,
        PlanCompleteness {
            plan: "orders".to_owned(),
            interval_minutes: Some(60),
            expected: Some(24),
            done: 24,
            parts: 0,
            missing: Some(0),
            passed: 22,
            failed: 2,
            inconclusive: 0,
            gaps: vec![],
        }
    );
}

#[test]
fn what_was_not_run_is_a_gap_with_its_edges() {
    // Runs at 0 to 4, 8 to 11 and 13 to 20 o'clock: 5, 6, 7 and 12 are missing, and 21 to 23.
    let numbers = (1..=5).chain(9..=12).chain(14..=21);

    let of = PlanCompleteness::of("orders", Some(60), &day(), &records(numbers));

    let gap = |from: &str, to: &str, missing| Gap {
        from: moment(from),
        to: moment(to),
        missing,
    };
    assert_eq!(
        of.gaps,
        [
            gap("2026-01-01T04:00:00Z", "2026-01-01T08:00:00Z", 3),
            gap("2026-01-01T11:00:00Z", "2026-01-01T13:00:00Z", 1),
            gap("2026-01-01T20:00:00Z", "2026-01-02T00:00:00Z", 3),
        ]
    );
    assert_eq!((of.expected, of.done, of.missing), (Some(24), 17, Some(7)));
}

#[test]
fn many_runs_at_one_time_make_up_for_none_at_another() {
    let mut records = records(1..=12);
    records.extend(records.clone());

    let of = PlanCompleteness::of("orders", Some(60), &day(), &records);

    assert_eq!((of.expected, of.done, of.missing), (Some(24), 24, Some(12)));
}

#[test]
fn runs_outside_the_period_count_for_nothing() {
    let period = Period::new(moment("2026-01-02"), moment("2026-01-03")).unwrap();

    let of = PlanCompleteness::of("orders", Some(60), &period, &records(1..=24));

    assert_eq!((of.expected, of.done, of.missing), (Some(24), 0, Some(24)));
    assert_eq!(of.gaps.len(), 1);
}

#[test]
fn without_a_schedule_nothing_is_expected() {
    let of = PlanCompleteness::of("orders", None, &day(), &records([1, 20]));

    assert_eq!((of.expected, of.done, of.missing), (None, 2, None));
    assert_eq!(of.gaps, []);
}

#[test]
fn moments_are_dates_or_instants() {
    assert_eq!(moment("2026-02-28").to_string(), "2026-02-28T00:00:00Z");
    assert_eq!(
        moment("2026-02-28T12:00:00+02:00").to_string(),
        "2026-02-28T10:00:00Z"
    );
    assert_eq!(
        Period::moment("yesterday").unwrap_err().to_string(),
        "`yesterday` is no moment; expected `2026-01-31` (its midnight in UTC) or `2026-01-31T12:00:00Z`"
    );
    let (late, early) = (moment("2026-01-02"), moment("2026-01-01"));
    assert_eq!(
        Period::new(late, early).unwrap_err().to_string(),
        "the period ends at 2026-01-01T00:00:00Z, which is not after its beginning, 2026-01-02T00:00:00Z"
    );
}

#[test]
fn a_run_of_a_part_of_the_plan_stands_for_no_run_of_it() {
    let mut all = records(1..=24);
    for record in all
        .iter_mut()
        .filter(|it| [3, 7, 8].contains(&it.run.commit))
    {
        record.run.part = Some(PartRow {
            of: 100_000,
            touching: vec!["KEY#1".to_owned()],
        });
    }

    let of = PlanCompleteness::of("orders", Some(60), &day(), &all);

    assert_eq!((of.done, of.parts, of.missing), (21, 3, Some(3)));
    assert_eq!((of.passed, of.failed), (19, 2));
}
