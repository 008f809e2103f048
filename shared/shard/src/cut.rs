// SPDX-License-Identifier: Apache-2.0
//! Where a plan may be cut: between tables, never through one.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use keyproof_plan::{About, Plan, Unit};
use keyproof_verdict::PartRow;

use crate::{Manifest, Shard};

/// Cuts a plan into shards of at most `most` probes, as far as tables allow: one that alone has
/// more is a shard of its own. No shard is of two accounts.
#[must_use]
pub fn cut(plan: &Plan, most: NonZeroUsize) -> Manifest {
    cut_units(plan, plan.units().all, most, None)
}

/// Cuts a part of a plan: these of its units, and what is said of the part.
#[must_use]
pub fn cut_part(plan: &Plan, units: Vec<Unit<'_>>, most: NonZeroUsize, part: PartRow) -> Manifest {
    cut_units(plan, units, most, Some(part))
}

fn cut_units(
    plan: &Plan,
    units: Vec<Unit<'_>>,
    most: NonZeroUsize,
    part: Option<PartRow>,
) -> Manifest {
    let mut shards: Vec<Open<'_>> = Vec::new();
    for unit in units {
        let fits = |open: &&mut Open<'_>| {
            open.account == unit.account && open.probes + unit.probes <= most.get()
        };
        match shards.last_mut().filter(fits) {
            Some(open) => open.add(unit),
            None => shards.push(Open::of(unit)),
        }
    }
    let shards = shards.into_iter().enumerate();
    Manifest {
        schema: Manifest::SCHEMA.to_owned(),
        plan: plan.name.clone(),
        digest: plan.digest.clone(),
        most: most.get(),
        part,
        shards: shards.map(|(number, open)| open.close(number)).collect(),
    }
}

/// A shard that is being filled.
struct Open<'a> {
    account: Option<&'a str>,
    principals: BTreeSet<&'a str>,
    tables: Vec<(usize, &'a str)>,
    expectations: Vec<usize>,
    probes: usize,
}

impl<'a> Open<'a> {
    fn of(unit: Unit<'a>) -> Self {
        let mut open = Self {
            account: unit.account,
            principals: BTreeSet::new(),
            tables: Vec::new(),
            expectations: Vec::new(),
            probes: 0,
        };
        open.add(unit);
        open
    }

    fn add(&mut self, unit: Unit<'a>) {
        self.probes += unit.probes;
        self.principals.extend(unit.principals);
        match unit.about {
            About::Table(index, name) => self.tables.push((index, name)),
            About::Expectation(index) => self.expectations.push(index),
        }
    }

    fn close(mut self, number: usize) -> Shard {
        self.tables.sort_unstable();
        self.expectations.sort_unstable();
        let tables = self.tables.into_iter();
        Shard {
            number,
            account: self.account.map(str::to_owned),
            tables: tables.map(|(_, name)| name.to_owned()).collect(),
            expectations: self.expectations,
            principals: self.principals.len(),
            probes: self.probes,
        }
    }
}
