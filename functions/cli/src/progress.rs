// SPDX-License-Identifier: Apache-2.0
//! How far a run or a survey has come, on a terminal.

#[cfg(test)]
mod tests;

use std::mem::discriminant;
use std::time::{Duration, Instant};

use keyproof_survey::Step;
use keyproof_verdict::{ProbeRow, Verdict};

use crate::io::Messages;

/// Runs that end sooner say nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two lines.
const PAUSE: Duration = Duration::from_millis(200);

/// One line, written again and again, and wiped away at the end.
#[derive(Debug)]
struct Line {
    /// `None` where nobody looks.
    terminal: Option<Messages>,
    began: Instant,
    told: Option<Instant>,
}

impl Line {
    fn new(terminal: Option<Messages>) -> Self {
        Self {
            terminal,
            began: Instant::now(),
            told: None,
        }
    }

    /// Writes it, unless it has not been there for long. `line` is given the time that has passed.
    fn tell(&mut self, line: impl FnOnce(Duration) -> String) {
        let passed = self.began.elapsed();
        let since_told = self.told.map_or(passed, |at| at.elapsed());
        let pause = if self.told.is_some() { PAUSE } else { PATIENCE };
        let Some(terminal) = self.terminal.as_mut().filter(|_| since_told >= pause) else {
            return;
        };
        terminal.overwrite(line(passed));
        self.told = Some(Instant::now());
    }

    /// Wipes it away.
    fn end(&mut self) {
        if let Some(terminal) = self.terminal.as_mut().filter(|_| self.told.is_some()) {
            terminal.overwrite("");
        }
        self.told = None;
    }
}

/// Of a run: its probes.
#[derive(Debug)]
pub(crate) struct Progress {
    line: Line,
    planned: usize,
    /// Probes that were there before: they say nothing of the rate.
    kept: usize,
    done: usize,
    failed: usize,
}

impl Progress {
    pub(crate) fn new(terminal: Option<Messages>, planned: usize, kept: usize) -> Self {
        Self {
            line: Line::new(terminal),
            planned,
            kept,
            done: 0,
            failed: 0,
        }
    }

    /// Counts rows.
    pub(crate) fn count<'a>(&mut self, rows: impl IntoIterator<Item = &'a ProbeRow>) {
        for row in rows {
            self.done += 1;
            self.failed += usize::from(row.verdict == Verdict::Fail && row.exception.is_none());
        }
        self.tell();
    }

    /// The rows so far count for nothing.
    pub(crate) fn again(&mut self) {
        (self.done, self.failed) = (0, 0);
    }

    fn tell(&mut self) {
        let (done, planned, failed) = (self.done, self.planned, self.failed);
        let fresh = done.saturating_sub(self.kept);
        self.line
            .tell(|passed| line(done, planned, fresh, failed, passed));
    }

    /// Wipes the line away.
    pub(crate) fn end(&mut self) {
        self.line.end();
    }
}

/// Of a survey: the accounts of an inventory's current source.
#[derive(Debug)]
pub(crate) struct Surveyed {
    line: Line,
    last: Option<Step>,
    /// When the kind of the last step was new, and how much was done by then: one's rate says nothing of
    /// another's.
    since: (Instant, usize),
}

impl Surveyed {
    pub(crate) fn new(terminal: Option<Messages>) -> Self {
        Self {
            line: Line::new(terminal),
            last: None,
            since: (Instant::now(), 0),
        }
    }

    /// Tells a step.
    pub(crate) fn step(&mut self, step: Step) {
        let goes_on = self.last.is_some_and(|last| {
            discriminant(&last) == discriminant(&step) && done(last) < done(step)
        });
        if !goes_on {
            self.since = (Instant::now(), done(step));
        }
        self.last = Some(step);
        let (since, before) = self.since;
        self.line
            .tell(|_| step_line(step, done(step) - before, since.elapsed()));
    }

    /// Wipes the line away.
    pub(crate) fn end(&mut self) {
        self.line.end();
    }
}

const fn done(step: Step) -> usize {
    match step {
        Step::Members(done) | Step::Tags { done, .. } | Step::Searched { done, .. } => done,
    }
}

/// How far the survey is in its source, and for how long yet where that can be known. `fresh` of what is
/// done was done in the time that has passed.
fn step_line(step: Step, fresh: usize, passed: Duration) -> String {
    match step {
        Step::Members(found) => format!("{} accounts found", grouped(found)),
        Step::Tags { done, of } => format!(
            "tags of {} of {} accounts, {}",
            grouped(done),
            grouped(of),
            pace(done, of, fresh, passed)
        ),
        Step::Searched {
            done,
            of,
            tables,
            unread,
        } => format!(
            "{} of {} accounts searched, {}, {} tables, {} not read",
            grouped(done),
            grouped(of),
            pace(done, of, fresh, passed),
            grouped(tables),
            grouped(unread)
        ),
    }
}

/// How many of how many probes are done, at which rate, for how long yet, and how many failed. `fresh`
/// of them were done in the time that has passed.
fn line(done: usize, planned: usize, fresh: usize, failed: usize, passed: Duration) -> String {
    format!(
        "{} of {} probes, {}, {} failed",
        grouped(done),
        grouped(planned),
        pace(done, planned, fresh, passed),
        grouped(failed),
    )
}

/// The rate, and how long it takes yet: `4115/s, 4 min left`.
fn pace(done: usize, planned: usize, fresh: usize, passed: Duration) -> String {
    let rate = as_f64(fresh) / passed.as_secs_f64().max(0.001);
    let left = as_f64(planned.saturating_sub(done)) / rate;
    let left = if rate > 0.0 {
        format!("{} left", duration(left))
    } else {
        "nobody knows how long yet".to_owned()
    };
    if rate < 10.0 {
        format!("{rate:.1}/s, {left}")
    } else {
        format!("{rate:.0}/s, {left}")
    }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Seconds as a person says them: `8 s`, `4 min`, `3 h 20 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::MAX);
    let seconds = seconds.as_secs();
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `1,234,567`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
