// SPDX-License-Identifier: Apache-2.0
//! How many parts of a run may be under way at once.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use keyproof_plan::Plan;

use crate::{Quota, Terms, forecast, least_by_account};

/// What a function takes beside its calls: it starts, reads its part and writes its report.
const OVERHEAD: Duration = Duration::from_millis(250);

/// What one account is asked for, of one quota.
#[derive(Default)]
struct Asked {
    /// Of the part that asks most in a second: how much that is.
    most: f64,
    /// How many parts ask at all.
    parts: usize,
    share: f64,
}

/// How many of these parts of a plan may be under way at once, so that all of them together keep to the
/// share of each quota; 1 at least, and no bound where `None`. A part alone keeps to the share by itself
/// ([`Pace`](crate::Pace)), and knows nothing of those beside it.
///
/// Roles are assumed as one account, whichever part does it; all else is charged to the account that is
/// asked, of which few parts may be beside each other where it has many.
#[must_use]
pub fn at_once(parts: impl IntoIterator<Item = Plan>, terms: &Terms<'_>) -> Option<usize> {
    let mut all: BTreeMap<(Option<String>, &'static str), Asked> = BTreeMap::new();
    for part in parts {
        let whole = Terms {
            share: 100,
            ..*terms
        };
        let took = (forecast(&part, &whole).duration + OVERHEAD).as_secs_f64();
        let mut counts: BTreeMap<_, (f64, f64)> = BTreeMap::new();
        for ((account, operation), count) in least_by_account(&part) {
            if let Some(quota) = Quota::of(operation) {
                let place = (account.map(str::to_owned), quota.name);
                let share = quota.share(terms.region, terms.share);
                counts.entry(place).or_insert((0.0, share)).0 +=
                    f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
        for (place, (count, share)) in counts {
            let asked = all.entry(place).or_default();
            asked.most = asked.most.max(count / took);
            asked.parts += 1;
            asked.share = share;
        }
    }
    let bounds = all.values().filter_map(|asked| {
        // As many as may be, counted up: there are never more than parts.
        let fits = |&many: &usize| {
            f64::from(u32::try_from(many).unwrap_or(u32::MAX)) * asked.most <= asked.share
        };
        let bound = (1..=asked.parts).take_while(fits).last().unwrap_or(1);
        (bound < asked.parts).then_some(bound)
    });
    bounds.min()
}
