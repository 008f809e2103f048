// SPDX-License-Identifier: Apache-2.0
//! A pace that calls keep: so many a second, fewer once somebody was throttled, and slowly more again.

#[cfg(test)]
mod tests;

use std::time::Duration;

/// After a throttle for so long no other slows the pace down again: they are of the same crowd.
const ONE_CROWD: Duration = Duration::from_secs(1);
/// A throttle leaves this much of the pace.
const LEFT: f64 = 0.5;
/// In a second without a throttle this much of the full pace comes back.
const BACK: f64 = 0.05;
/// The slowest pace, of the full one.
const SLOWEST: f64 = 0.02;

/// A token bucket: it fills at its rate, and holds what a second brings. Times are those since the run
/// began, as the caller measures them.
///
/// The rate halves where a call was throttled and grows by a twentieth of the full rate a second where
/// none was: additive increase, multiplicative decrease, as TCP shares a wire that nobody knows the width
/// of (Chiu and Jain, 1989). Others use the same quota.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// Calls a second at most.
    full: f64,
    rate: f64,
    tokens: f64,
    /// When `rate` and `tokens` were right.
    at: Duration,
    slowed: Option<Duration>,
}

impl Pace {
    /// A pace of at most so many calls a second.
    #[must_use]
    pub fn new(per_second: f64) -> Self {
        let full = per_second.max(0.1);
        Self {
            full,
            rate: full,
            tokens: full.max(1.0),
            at: Duration::ZERO,
            slowed: None,
        }
    }

    /// Calls a second at this moment.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Takes a place in the line: how long to wait for it. The place is taken whether or not somebody
    /// waits, so that those who ask at once are spread.
    pub fn take(&mut self, now: Duration) -> Duration {
        self.fill(now);
        self.tokens -= 1.0;
        if self.tokens >= 0.0 {
            return Duration::ZERO;
        }
        Duration::try_from_secs_f64(-self.tokens / self.rate).unwrap_or(Duration::MAX)
    }

    /// A call was throttled: slower.
    pub fn throttled(&mut self, now: Duration) {
        self.fill(now);
        let same_crowd = self
            .slowed
            .is_some_and(|before| now.saturating_sub(before) < ONE_CROWD);
        if same_crowd {
            return;
        }
        self.rate = (self.rate * LEFT).max(self.full * SLOWEST);
        // What was saved up is what brought the throttle.
        self.tokens = self.tokens.min(0.0);
        self.slowed = Some(now);
    }

    /// Brings rate and tokens up to now.
    fn fill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed * self.rate).min(self.rate.max(1.0));
        if self.slowed.is_some() {
            self.rate = (self.rate + passed * self.full * BACK).min(self.full);
        }
    }
}
