// SPDX-License-Identifier: Apache-2.0
//! How far a run has come, on a terminal.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use keyproof_verdict::{ProbeRow, Verdict};

use crate::io::Messages;

/// Runs that end sooner say nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two lines.
const PAUSE: Duration = Duration::from_millis(200);

/// One line, written again and again, and wiped away at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    /// `None` where nobody looks.
    terminal: Option<Messages>,
    planned: usize,
    began: Instant,
    told: Option<Instant>,
    /// Probes that were there before: they say nothing of the rate.
    kept: usize,
    done: usize,
    failed: usize,
}

impl Progress {
    pub(crate) fn new(terminal: Option<Messages>, planned: usize, kept: usize) -> Self {
        Self {
            terminal,
            planned,
            began: Instant::now(),
            told: None,
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
        let since_told = self.told.map_or(self.began.elapsed(), |at| at.elapsed());
        let pause = if self.told.is_some() { PAUSE } else { PATIENCE };
        let Some(terminal) = self.terminal.as_mut().filter(|_| since_told >= pause) else {
            return;
        };
        let fresh = self.done.saturating_sub(self.kept);
        let line = line(
            self.done,
            self.planned,
            fresh,
            self.failed,
            self.began.elapsed(),
        );
        terminal.overwrite(line);
        self.told = Some(Instant::now());
    }

    /// Wipes the line away.
    pub(crate) fn end(&mut self) {
        if let Some(terminal) = self.terminal.as_mut().filter(|_| self.told.is_some()) {
            terminal.overwrite("");
        }
        self.told = None;
    }
}

/// How many of how many probes are done, at which rate, for how long yet, and how many failed. `fresh`
/// of them were done in the time that has passed.
fn line(done: usize, planned: usize, fresh: usize, failed: usize, passed: Duration) -> String {
    let rate = as_f64(fresh) / passed.as_secs_f64().max(0.001);
    let left = as_f64(planned.saturating_sub(done)) / rate;
    let left = if rate > 0.0 {
        format!("{} left", duration(left))
    } else {
        "nobody knows how long yet".to_owned()
    };
    format!(
        "{} of {} probes, {}/s, {left}, {} failed",
        grouped(done),
        grouped(planned),
        if rate < 10.0 {
            format!("{rate:.1}")
        } else {
            format!("{rate:.0}")
        },
        grouped(failed),
    )
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
