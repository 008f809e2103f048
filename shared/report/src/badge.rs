// SPDX-License-Identifier: Apache-2.0
//! A badge for a README or a wiki: the verdict of the newest report as a small SVG.
//!
//! It says in words what it also colours, and is green for one thing alone: a pass of the whole plan that is
//! no older than the reader wants. An old pass says so and is grey, as nobody knows what holds today; so is
//! one of a part, which says nothing of the rest.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use keyproof_verdict::{Report, Verdict};

use crate::escape::Markup;
use crate::words;

/// Clocks may differ by this much; a run from further ahead is not believed.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Plan names longer than this are cut.
const LONGEST: usize = 40;

/// What a badge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A pass, young enough.
    Pass,
    /// A failure, whatever its age.
    Fail,
    /// Nothing was proven.
    Inconclusive,
    /// A pass that is too old, or from nobody knows when.
    Stale,
    /// A pass of a part of the plan.
    Part,
    /// There was no run.
    Unknown,
}

impl Standing {
    /// How a report stands at a time: `now` and the age up to which a pass counts.
    #[must_use]
    pub fn of(report: Option<&Report>, now: Timestamp, max_age: SignedDuration) -> Self {
        let Some(report) = report else {
            return Self::Unknown;
        };
        match report.summary.verdict {
            Verdict::Fail => Self::Fail,
            Verdict::Inconclusive => Self::Inconclusive,
            Verdict::Pass if report.part.is_some() => Self::Part,
            Verdict::Pass => match age(report, now) {
                Some(age) if is_young(age, max_age) => Self::Pass,
                Some(_) | None => Self::Stale,
            },
        }
    }

    /// White text on each of them has a contrast of more than 4.5 to 1.
    const fn colour(self) -> &'static str {
        match self {
            Self::Pass => "#1a7f37",
            Self::Fail => "#b3261e",
            Self::Inconclusive => "#8a5a00",
            Self::Stale | Self::Part | Self::Unknown => "#5c6470",
        }
    }
}

/// The badge of a plan's newest report as SVG, `None` where there is none yet.
///
/// Pure: the same report and time give the same bytes.
#[must_use]
pub fn badge(
    plan: &str,
    report: Option<&Report>,
    now: Timestamp,
    max_age: SignedDuration,
) -> String {
    let standing = Standing::of(report, now, max_age);
    let message = message(standing, report, now);
    draw(&label(plan, report), &message, standing.colour())
}

/// Whether a pass of this age is news: no older than `max_age`, and from no time to come.
#[must_use]
pub fn is_young(age: SignedDuration, max_age: SignedDuration) -> bool {
    age <= max_age && age >= -AHEAD
}

/// How old the report is; `None` where its time can't be read.
fn age(report: &Report, now: Timestamp) -> Option<SignedDuration> {
    // The start: what it says was seen no later than the end, but perhaps as early as that.
    let then: Timestamp = report.run.started_at.parse().ok()?;
    Some(now.duration_since(then))
}

fn label(plan: &str, report: Option<&Report>) -> String {
    let shown = keyproof_core::shortened(plan.to_owned(), LONGEST);
    // What was evaluated and not tried is not what most people take a badge for.
    let kind = if report.is_some_and(|report| report.run.trigger == "check") {
        "keyproof check"
    } else {
        "keyproof"
    };
    format!("{kind}: {shown}")
}

fn message(standing: Standing, report: Option<&Report>, now: Timestamp) -> String {
    let Some(report) = report else {
        return "no run".to_owned();
    };
    let sum = &report.summary;
    match standing {
        Standing::Unknown => "no run".to_owned(),
        Standing::Pass if sum.excepted > 0 => format!("pass, {} excepted", sum.excepted),
        Standing::Pass => "pass".to_owned(),
        Standing::Fail => format!("fail: {} of {}", sum.fail, sum.planned),
        Standing::Inconclusive => "inconclusive".to_owned(),
        Standing::Part => match &report.part {
            Some(part) => format!("part: {} of {}", sum.planned, part.of),
            None => "part".to_owned(),
        },
        Standing::Stale => match age(report, now) {
            None => "stale: no time".to_owned(),
            Some(age) if age < SignedDuration::ZERO => "stale: time to come".to_owned(),
            Some(age) => format!("stale: {}", length(age)),
        },
    }
}

fn length(age: SignedDuration) -> String {
    let (number, noun) = match age.as_mins() {
        minutes @ ..120 => (minutes, "minute"),
        minutes @ 120..2_880 => (minutes / 60, "hour"),
        minutes => (minutes / 1_440, "day"),
    };
    words::count(usize::try_from(number).unwrap_or(0), noun)
}

fn draw(label: &str, message: &str, colour: &str) -> String {
    let (left, right) = (width(label) + 12, width(message) + 12);
    let all = left + right;
    let told = format!("{label}: {message}");
    // Badges that are written into one page share its ids: those of one width may share their corners.
    let mut svg = String::new();
    // Writing to a string can't fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" role=\"img\" \
         aria-label=\"{told}\">\n<title>{told}</title>\n\
         <clipPath id=\"c{all}\"><rect width=\"{all}\" height=\"20\" rx=\"4\"/></clipPath>\n\
         <g clip-path=\"url(#c{all})\"><rect width=\"{left}\" height=\"20\" fill=\"#2f363d\"/>\
         <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{colour}\"/></g>\n\
         <g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\
         <text x=\"6\" y=\"14\" textLength=\"{}\">{label}</text>\
         <text x=\"{}\" y=\"14\" font-weight=\"bold\" textLength=\"{}\">{message}</text></g>\n</svg>\n",
        left - 12,
        left + 6,
        right - 12,
        told = Markup(&told),
        label = Markup(label),
        message = Markup(message),
    );
    svg
}

/// About how wide Verdana writes a text at 11 pixels; `textLength` makes it exact.
fn width(text: &str) -> usize {
    let tenths: usize = text
        .chars()
        .map(|character| match character {
            'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | '|' | ' ' => 40,
            'f' | 't' | 'r' | '(' | ')' | '-' | '/' => 48,
            'm' | 'w' | 'M' | 'W' | '%' | '@' => 102,
            'A'..='Z' | '…' => 80,
            'a'..='z' | '0'..='9' => 69,
            _ => 90,
        })
        .sum();
    tenths.div_ceil(10)
}
