// SPDX-License-Identifier: Apache-2.0
//! What a badge says, and that it is green for a young pass alone.

use jiff::{SignedDuration, Timestamp};
use keyproof_verdict::{PartRow, Report, Verdict};

use super::agreement::elements;
use super::{case, cases, golden};
use crate::{BadgeStanding, badge};

const DAY: SignedDuration = SignedDuration::from_hours(24);
const GREEN: &str = "#1a7f37";

fn after(report: &Report, hours: i64) -> Timestamp {
    let start: Timestamp = report.run.started_at.parse().unwrap();
    start + SignedDuration::from_hours(hours)
}

/// What the badge says, and whether it is green.
fn told(report: &Report, hours: i64) -> (String, bool) {
    let svg = badge("orders", Some(report), after(report, hours), DAY);
    let elements = elements(&svg);
    assert_eq!(elements[0].0, "svg");
    (elements[0].1["aria-label"].clone(), svg.contains(GREEN))
}

#[test]
fn a_young_pass_is_green_and_an_old_one_says_so() {
    let report = case("separation-holds");

    let green = |text: &str| (text.to_owned(), true);
    let grey = |text: &str| (text.to_owned(), false);
    assert_eq!(told(&report, 0), green("keyproof: orders: pass"));
    assert_eq!(told(&report, 24), green("keyproof: orders: pass"));
    assert_eq!(told(&report, 25), grey("keyproof: orders: stale: 25 hours"));
    assert_eq!(told(&report, 240), grey("keyproof: orders: stale: 10 days"));
    assert_eq!(
        told(&report, -1),
        grey("keyproof: orders: stale: time to come")
    );
}

#[test]
fn an_age_is_told_in_the_unit_that_tells_something() {
    let report = case("separation-holds");
    let start = after(&report, 0);
    let stale = |minutes: i64| {
        let now = start + SignedDuration::from_mins(minutes);
        let svg = badge("orders", Some(&report), now, SignedDuration::ZERO);
        let (_, rest) = svg.split_once("stale: ").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };

    let told = [1, 31, 119, 120, 2_879, 2_880].map(stale);

    let expected = [
        "1 minute",
        "31 minutes",
        "119 minutes",
        "2 hours",
        "47 hours",
        "2 days",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_pass_from_nobody_knows_when_is_stale() {
    let mut report = case("separation-holds");
    report.run.started_at = "yesterday".to_owned();

    let standing = BadgeStanding::of(Some(&report), Timestamp::UNIX_EPOCH, DAY);
    let svg = badge("orders", Some(&report), Timestamp::UNIX_EPOCH, DAY);

    assert_eq!(standing, BadgeStanding::Stale);
    assert!(
        svg.contains("stale: no time") && !svg.contains(GREEN),
        "{svg}"
    );
}

#[test]
fn whatever_did_not_pass_is_never_green() {
    for (name, report) in cases() {
        if report.summary.verdict != Verdict::Pass
            && report.run.started_at.parse::<Timestamp>().is_ok()
        {
            for hours in [0, 1_000] {
                let (text, green) = told(&report, hours);
                assert!(!green && !text.contains("pass"), "{name}: {text}");
            }
        }
    }
    let none = badge("orders", None, Timestamp::UNIX_EPOCH, DAY);
    assert!(none.contains("keyproof: orders: no run") && !none.contains(GREEN));
}

#[test]
fn a_check_is_told_from_a_run_and_what_is_excepted_is_told() {
    let mut report = case("only-excepted");
    report.run.trigger = "schedule".to_owned();
    assert_eq!(told(&report, 1).0, "keyproof: orders: pass, 1 excepted");

    report.run.trigger = "check".to_owned();
    assert_eq!(
        told(&report, 1).0,
        "keyproof check: orders: pass, 1 excepted"
    );
}

/// A run of a part, or of a shard: what it found wrong is wrong, and what passed is not the plan.
#[test]
fn a_pass_of_a_part_is_not_green_at_any_age() {
    let mut report = case("separation-holds");
    let planned = report.summary.planned;
    report.part = Some(PartRow {
        of: 400,
        touching: Vec::new(),
    });
    for hours in [0, 240] {
        let part = format!("keyproof: orders: part: {planned} of 400");
        assert_eq!(told(&report, hours), (part, false));
    }
    let standing = BadgeStanding::of(Some(&report), after(&report, 0), DAY);
    assert_eq!(standing, BadgeStanding::Part);

    let mut widened = case("key-policy-widened");
    let (whole, _) = told(&widened, 0);
    widened.part = report.part;
    assert_eq!(told(&widened, 0), (whole, false));
}

#[test]
fn badges_are_as_expected() {
    let pass = case("separation-holds");
    let fail = case("key-policy-widened");
    let blind = case("parts-unseen");
    let now = |report: &Report| after(report, 1);
    golden(
        "badge-pass.svg",
        &badge("orders", Some(&pass), now(&pass), DAY),
    );
    golden(
        "badge-fail.svg",
        &badge("orders", Some(&fail), now(&fail), DAY),
    );
    golden(
        "badge-inconclusive.svg",
        &badge("orders", Some(&blind), now(&blind), DAY),
    );
    golden(
        "badge-stale.svg",
        &badge("orders", Some(&pass), after(&pass, 96), DAY),
    );
    let mut part = pass;
    part.part = Some(PartRow {
        of: 400,
        touching: Vec::new(),
    });
    golden(
        "badge-part.svg",
        &badge("orders", Some(&part), now(&part), DAY),
    );
    golden(
        "badge-none.svg",
        &badge("orders", None, Timestamp::UNIX_EPOCH, DAY),
    );
}
