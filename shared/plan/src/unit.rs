// SPDX-License-Identifier: Apache-2.0
//! Where a plan may be divided: between tables, never through one.

use std::collections::{BTreeMap, BTreeSet};

use keyproof_core::TableArn;

use crate::{Parts, Plan, Probe};

/// What can't be divided: a table with all that is asked about it, or one expectation without a
/// table. A verdict on a unit's probe rests on nothing that another unit saw: the witness of a
/// denial reads the same table.
///
/// Its order is the order in which units are best carried out: what shares an account and principals
/// comes together, so that a principal's one session serves as many probes as may be. Ties are
/// broken by the document's order, so that the same plan is always divided alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit<'a> {
    /// The account that its table is in, as far as the plan says.
    pub account: Option<&'a str>,
    /// Whoever is assumed for it.
    pub principals: BTreeSet<&'a str>,
    /// Its table, or the expectation that has none.
    pub about: About<'a>,
    /// Its expectations, by their index in the plan.
    pub expectations: Vec<usize>,
    /// How many probes it has: its actions, and a look at the table's encryption.
    pub probes: usize,
}

/// What a [`Unit`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About<'a> {
    /// A table: its index in the plan, and its name.
    Table(usize, &'a str),
    /// An expectation without a table, by its index in the plan.
    Expectation(usize),
}

/// A plan's units, and where their probes stand in plan order.
#[derive(Debug)]
pub struct Units<'a> {
    plan: &'a Plan,
    /// Where each expectation's first probe stands.
    starts: Vec<usize>,
    /// The units, in the order in which they are best carried out.
    pub all: Vec<Unit<'a>>,
}

impl Plan {
    /// Divides the plan as far as it can be.
    #[must_use]
    pub fn units(&self) -> Units<'_> {
        let mut on: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut all = Vec::new();
        let mut starts = Vec::with_capacity(self.expectations.len());
        let mut place = self.tables.len();
        for (index, expectation) in self.expectations.iter().enumerate() {
            starts.push(place);
            place += expectation.actions.len();
            match &expectation.on {
                Some(table) => on.entry(table).or_default().push(index),
                None => all.push(Unit {
                    account: self.account_of(&expectation.principal),
                    principals: BTreeSet::from([expectation.principal.as_str()]),
                    about: About::Expectation(index),
                    expectations: vec![index],
                    probes: expectation.actions.len(),
                }),
            }
        }
        for (index, (name, table)) in self.tables.iter().enumerate() {
            let expectations = on.remove(name.as_str()).unwrap_or_default();
            let asked = || {
                let indexes = expectations.iter();
                indexes.filter_map(|&index| self.expectations.get(index))
            };
            let principals: BTreeSet<&str> = asked()
                .map(|expectation| expectation.principal.as_str())
                .chain(table.inspect_as.as_deref())
                .collect();
            // A table that is named without its account is in the account of whoever reads it.
            let named = table.arn.as_ref().map(TableArn::account);
            let account = named.or_else(|| self.account_of(principals.first()?));
            let probes = asked()
                .map(|expectation| expectation.actions.len())
                .sum::<usize>()
                + 1;
            all.push(Unit {
                account,
                principals,
                about: About::Table(index, name),
                expectations,
                probes,
            });
        }
        all.sort_unstable();
        Units {
            plan: self,
            starts,
            all,
        }
    }

    /// These of its units as a plan of its own, as [`Parts::only`] makes it.
    #[must_use]
    pub fn only_units(&self, units: &[Unit<'_>]) -> Self {
        let (mut tables, mut loose) = (BTreeSet::new(), BTreeSet::new());
        for unit in units {
            match unit.about {
                About::Table(_, name) => drop(tables.insert(name)),
                About::Expectation(index) => drop(loose.insert(index)),
            }
        }
        Parts::of(self).only(tables, loose)
    }

    fn account_of(&self, principal: &str) -> Option<&str> {
        Some(self.principals.get(principal)?.role.account())
    }
}

impl Units<'_> {
    /// Where the unit's probes stand in plan order, in the order of [`Units::probes`].
    pub fn places(&self, unit: &Unit<'_>) -> impl Iterator<Item = usize> {
        let table = match unit.about {
            About::Table(index, _) => Some(index),
            About::Expectation(_) => None,
        };
        let asked = unit.expectations.iter().flat_map(|&index| {
            let found = self
                .plan
                .expectations
                .get(index)
                .zip(self.starts.get(index));
            let places = found.map(|(one, &start)| start..start + one.actions.len());
            places.into_iter().flatten()
        });
        table.into_iter().chain(asked)
    }

    /// The id of the probe that stands at a place in plan order.
    #[must_use]
    pub fn id_at(&self, place: usize) -> Option<String> {
        if let Some((name, table)) = self.plan.tables.get_index(place) {
            return Some(Probe::of_table(name, table).id);
        }
        let index = self.starts.partition_point(|&start| start <= place);
        let index = index.checked_sub(1)?;
        let expectation = self.plan.expectations.get(index)?;
        let nth = place.checked_sub(*self.starts.get(index)?)?;
        let action = expectation.actions.get(nth)?;
        Some(Probe::of(expectation, *action).id)
    }

    /// The unit's probes, each with its place in plan order, from 0: made when they are asked for, as
    /// those of a large plan would fill the memory.
    #[must_use]
    pub fn probes(&self, unit: &Unit<'_>) -> Vec<(usize, Probe)> {
        let mut probes = Vec::with_capacity(unit.probes);
        if let About::Table(index, name) = unit.about {
            let table = self.plan.tables.get(name);
            probes.extend(table.map(|table| (index, Probe::of_table(name, table))));
        }
        for &index in &unit.expectations {
            let found = self
                .plan
                .expectations
                .get(index)
                .zip(self.starts.get(index));
            let Some((expectation, &start)) = found else {
                continue;
            };
            let actions = expectation.actions.iter().enumerate();
            probes.extend(
                actions.map(|(nth, &action)| (start + nth, Probe::of(expectation, action))),
            );
        }
        probes
    }
}
