// SPDX-License-Identifier: Apache-2.0
//! A part of a plan as a plan of its own.

use std::collections::{BTreeSet, HashMap};

use crate::{Plan, Probe};

/// A plan, and what stands where in it: of a large one, many parts are made without reading through the
/// whole for each.
#[derive(Debug)]
pub struct Parts<'a> {
    whole: &'a Plan,
    /// The expectations on each table, by their index in the plan.
    on: HashMap<&'a str, Vec<usize>>,
    /// The exceptions, by their probe's id.
    excepted: HashMap<&'a str, usize>,
}

impl<'a> Parts<'a> {
    /// Looks through a plan once.
    #[must_use]
    pub fn of(whole: &'a Plan) -> Self {
        let mut on: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, expectation) in whole.expectations.iter().enumerate() {
            if let Some(table) = &expectation.on {
                on.entry(table).or_default().push(index);
            }
        }
        let exceptions = whole.exceptions.iter().enumerate();
        Self {
            whole,
            on,
            excepted: exceptions
                .map(|(index, exception)| (exception.probe.as_str(), index))
                .collect(),
        }
    }

    /// The plan that these are parts of.
    #[must_use]
    pub const fn whole(&self) -> &'a Plan {
        self.whole
    }

    /// These tables, with all that is asked about them, and these expectations without a table (by index),
    /// as a plan of its own: same name, same digest, same places in the document, and nothing of the
    /// rest. What the plan doesn't have is passed over.
    #[must_use]
    pub fn only<'n>(
        &self,
        tables: impl IntoIterator<Item = &'n str>,
        loose: impl IntoIterator<Item = usize>,
    ) -> Plan {
        let Plan {
            tables: all,
            expectations,
            principals,
            ..
        } = self.whole;
        let indexes: BTreeSet<usize> = tables
            .into_iter()
            .filter_map(|name| all.get_index_of(name))
            .collect();
        let own: indexmap::IndexMap<_, _> = indexes
            .into_iter()
            .filter_map(|index| all.get_index(index))
            .map(|(name, table)| (name.clone(), table.clone()))
            .collect();
        let on_tables = own.keys().filter_map(|name| self.on.get(name.as_str()));
        let alone = |&index: &usize| expectations.get(index).is_some_and(|it| it.on.is_none());
        let asked: BTreeSet<usize> = on_tables
            .flatten()
            .copied()
            .chain(loose.into_iter().filter(alone))
            .collect();
        let asked: Vec<_> = asked
            .into_iter()
            .filter_map(|index| expectations.get(index).cloned())
            .collect();
        let assumed: BTreeSet<usize> = asked
            .iter()
            .map(|expectation| expectation.principal.as_str())
            .chain(own.values().filter_map(|table| table.inspect_as.as_deref()))
            .filter_map(|name| principals.get_index_of(name))
            .collect();
        let mut plan = Plan {
            name: self.whole.name.clone(),
            region: self.whole.region.clone(),
            digest: self.whole.digest.clone(),
            tables: own,
            principals: assumed
                .into_iter()
                .filter_map(|index| principals.get_index(index))
                .map(|(name, principal)| (name.clone(), principal.clone()))
                .collect(),
            expectations: asked,
            exceptions: Vec::new(),
        };
        plan.exceptions = self.exceptions(&plan);
        plan
    }

    /// The exceptions for the probes of a part, in the plan's order.
    fn exceptions(&self, part: &Plan) -> Vec<crate::Exception> {
        if self.excepted.is_empty() {
            return Vec::new();
        }
        let probes = part.probes();
        let excepted = |probe: &Probe| self.excepted.get(probe.id.as_str()).copied();
        let indexes: BTreeSet<usize> = probes.iter().filter_map(excepted).collect();
        let exceptions = indexes.into_iter();
        exceptions
            .filter_map(|index| self.whole.exceptions.get(index).cloned())
            .collect()
    }
}
