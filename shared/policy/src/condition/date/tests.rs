// SPDX-License-Identifier: Apache-2.0
//! Dates: every day of two centuries in its place, and every form of a moment.

use super::*;

#[test]
fn every_day_follows_the_one_before() {
    let mut expected = days_from_epoch(1901, 1, 1);
    assert_eq!(expected, -25_202);
    for year in 1901..2105 {
        let mut in_year = 0;
        for month in 1..=12 {
            for day in 1..=days_in(year, month) {
                assert_eq!(
                    days_from_epoch(year, month, day),
                    expected,
                    "{year}-{month}-{day}"
                );
                expected += 1;
                in_year += 1;
            }
        }
        let leap = year % 4 == 0 && year != 2100;
        assert_eq!(in_year, if leap { 366 } else { 365 }, "{year}");
    }
    assert_eq!(days_from_epoch(1970, 1, 1), 0);
    assert_eq!((days_in(1900, 2), days_in(2000, 2)), (28, 29));
}

/// Seconds since 1970, and nanoseconds.
fn read(text: &str) -> Option<(i128, i128)> {
    let Date(nanoseconds) = Date::read(text)?;
    Some((
        nanoseconds.div_euclid(SECOND),
        nanoseconds.rem_euclid(SECOND),
    ))
}

#[test]
fn a_moment_is_the_same_in_every_form() {
    // 2026-01-15T03:04:05Z
    let moment = 1_768_446_245;
    for (text, expected) in [
        ("2026-01-15T03:04:05Z", (moment, 0)),
        ("2026-01-15t03:04:05z", (moment, 0)),
        ("2026-01-15T03:04:05.25Z", (moment, 250_000_000)),
        ("2026-01-15T03:04:05.000000001Z", (moment, 1)),
        ("2026-01-15T04:34:05+01:30", (moment, 0)),
        ("2026-01-15T04:34:05+0130", (moment, 0)),
        ("2026-01-15T05:04:05+02", (moment, 0)),
        ("2026-01-14T22:04:05-05:00", (moment, 0)),
        ("2026-01-15T03:04Z", (moment - 5, 0)),
        ("2026-01-15T03:04:05", (moment, 0)),
        ("2026-01-15", (1_768_435_200, 0)),
        ("2026-01", (1_767_225_600, 0)),
        ("2026", (1_767_225_600, 0)),
        ("2026-01-15T24:00:00Z", (1_768_521_600, 0)),
        ("2026-01-15T03:59:60Z", (1_768_449_600, 0)),
        ("2024-02-29", (1_709_164_800, 0)),
    ] {
        assert_eq!(read(text), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_moment_is_none() {
    for text in [
        "",
        "26-01-15",
        "2026-1-15",
        "2026-01-5",
        "2026-00-15",
        "2026-13-15",
        "2026-01-00",
        "2026-01-32",
        "2026-02-29",
        "2100-02-29",
        "2026-04-31",
        "2026-01-15-01",
        "2026-01T03:04Z",
        "2026T03:04Z",
        "2026-01-15T",
        "2026-01-15T25:00Z",
        "2026-01-15T03:60Z",
        "2026-01-15T03:04:61Z",
        "2026-01-15T3:04Z",
        "2026-01-15T03:4Z",
        "2026-01-15T03:04:5Z",
        "2026-01-15T03:04:05.Z",
        "2026-01-15T03:04:05.0000000001Z",
        "2026-01-15T03:04:05.xZ",
        "2026-01-15T03:04:05Zx",
        "2026-01-15T03:04:05+24:00",
        "2026-01-15T03:04:05+01:60",
        "2026-01-15T03:04:05+1:30",
        "2026-01-15T03:04:05+",
        "2026-01-15T03:04:05x",
        "2026-01-15T03",
        "2o26-01-15",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}
