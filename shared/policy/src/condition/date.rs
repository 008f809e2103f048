// SPDX-License-Identifier: Apache-2.0
//! Points in time, as policies and request contexts write them.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date>:
//! a W3C profile of ISO 8601, or epoch (UNIX) time.

#[cfg(test)]
mod tests;

/// Nanoseconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date(i128);

const SECOND: i128 = 1_000_000_000;

impl Date {
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        // Four digits are a year.
        if text.len() != 4 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text
                .parse::<i64>()
                .ok()
                .map(|seconds| Self(i128::from(seconds) * SECOND));
        }
        let (day, time) = match text.split_once(['T', 't']) {
            Some((day, time)) => (day, Some(time)),
            None => (text, None),
        };
        let mut parts = day.split('-');
        let year = digits(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(1), |month| digits(month, 2))?;
        let day_of_month = parts.next().map_or(Some(1), |day| digits(day, 2))?;
        if parts.next().is_some()
            || !(1..=12).contains(&month)
            || !(1..=days_in(year, month)).contains(&day_of_month)
            // A time needs a whole date before it.
            || (time.is_some() && day.len() != "2026-01-01".len())
        {
            return None;
        }
        let days = i128::from(days_from_epoch(year, month, day_of_month));
        let time = time.map_or(Some(0), time_of_day)?;
        Some(Self(days * 86_400 * SECOND + time))
    }
}

/// Nanoseconds since midnight UTC; outside of the day where the zone says so.
fn time_of_day(text: &str) -> Option<i128> {
    let at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(at)?;
    let mut parts = clock.splitn(3, ':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let (second, fraction) = match parts.next() {
        Some(seconds) => {
            let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
            (digits(second, 2)?, fraction)
        }
        None => (0, "0"),
    };
    if hour > 24 || minute > 59 || second > 60 || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let nanoseconds = digits(&format!("{fraction:0<9}"), 9)?;
    let seconds = hour * 3600 + minute * 60 + second - offset(zone)?;
    Some(i128::from(seconds) * SECOND + i128::from(nanoseconds))
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    let (sign, clock) = match zone.as_bytes().first() {
        None => return Some(0),
        Some(b'+') => (1, zone.strip_prefix('+')?),
        Some(b'-') => (-1, zone.strip_prefix('-')?),
        Some(_) => return zone.eq_ignore_ascii_case("z").then_some(0),
    };
    let (hours, minutes) = clock
        .split_once(':')
        .or_else(|| clock.split_at_checked(2))?;
    let minutes = if minutes.is_empty() {
        0
    } else {
        digits(minutes, 2)?
    };
    let hours = digits(hours, 2)?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, by counting years that begin in March so that leap days come last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days_before_month = (153 * month_from_march + 2) / 5;
    year * 365 + leap_days + days_before_month + day - 1 - 719_468
}
