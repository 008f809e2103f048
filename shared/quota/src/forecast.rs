// SPDX-License-Identifier: Apache-2.0
//! How long a run of a plan takes, before it is made.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use keyproof_plan::Plan;

use crate::{Quota, least_by_account};

/// On what terms a run is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms<'a> {
    /// The region.
    pub region: &'a str,
    /// The share of each quota, in percent.
    pub share: u8,
    /// Calls under way at once.
    pub concurrency: u32,
    /// How long a call takes.
    pub latency: Duration,
}

/// What a run is going to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// How many calls it makes at least.
    pub calls: u64,
    /// How long it takes at least.
    pub duration: Duration,
    /// What keeps it from being shorter.
    pub bound: Bound,
}

/// What a run waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Its calls, so many at once.
    Latency,
    /// The share of a quota, by its name.
    Quota(&'static str),
}

/// How many calls a run makes, and how long it takes where none is throttled: as long as its calls take
/// with so many under way at once, or as the fullest quota needs, whichever is more. Each account has
/// quotas of its own; a second's worth of each goes at once.
#[must_use]
pub fn forecast(plan: &Plan, terms: &Terms<'_>) -> Forecast {
    let mut calls = 0;
    let mut counts: BTreeMap<(Option<&str>, &'static str), (u64, f64)> = BTreeMap::new();
    for ((account, operation), count) in least_by_account(plan) {
        calls += count;
        if let Some(quota) = Quota::of(operation) {
            let share = quota.share(terms.region, terms.share);
            counts.entry((account, quota.name)).or_insert((0, share)).0 += count;
        }
    }
    // The sessions first, then all else in rounds.
    let rounds = 1 + calls.div_ceil(u64::from(terms.concurrency.max(1)));
    let rounds = u32::try_from(rounds).unwrap_or(u32::MAX);
    let mut forecast = Forecast {
        calls,
        duration: terms.latency.saturating_mul(rounds),
        bound: Bound::Latency,
    };
    for ((_, name), (count, share)) in counts {
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let seconds = (count - share.max(1.0)).max(0.0) / share.max(0.1);
        let duration = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        if duration > forecast.duration {
            forecast.duration = duration;
            forecast.bound = Bound::Quota(name);
        }
    }
    forecast
}
