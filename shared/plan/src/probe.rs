// SPDX-License-Identifier: Apache-2.0
//! What a plan asks to be carried out: one probe a question.

use keyproof_core::Service;

use crate::{Action, Expectation, Expected, Place, Plan, Table};

/// One question of a run, with an id that stays the same from run to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// `PRINCIPAL/ACTION/TABLE`, `PRINCIPAL/ACTION/TABLE/INDEX`, `PRINCIPAL/sts:AssumeRole` or
    /// `TABLE/encryption`. Unique in its plan.
    pub id: String,
    /// What is asked.
    pub kind: ProbeKind,
    /// Where in the plan the question stands.
    pub place: Place,
}

/// The two kinds of question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// Is the table encrypted with the plan's key?
    Encryption {
        /// The table's name in the plan.
        table: String,
    },
    /// Is the call authorised as expected?
    Access {
        /// The principal's name in the plan.
        principal: String,
        /// The call.
        action: Action,
        /// The table's name in the plan; `None` for `sts:AssumeRole`.
        table: Option<String>,
        /// The index to read.
        index: Option<String>,
        /// What must come of it.
        expected: Expected,
    },
}

impl Plan {
    /// The plan's probes, in plan order: each table's encryption first, as tables stand before
    /// expectations, then each expectation's actions.
    #[must_use]
    pub fn probes(&self) -> Vec<Probe> {
        self.each_probe().collect()
    }

    /// The same, each made when it is asked for: those of a large plan fill the memory.
    pub fn each_probe(&self) -> impl Iterator<Item = Probe> {
        let tables = self.tables.iter();
        let encryption = tables.map(|(name, table)| Probe::of_table(name, table));
        let access = self.expectations.iter().flat_map(|expectation| {
            let actions = expectation.actions.iter();
            actions.map(|&action| Probe::of(expectation, action))
        });
        encryption.chain(access)
    }

    /// How many probes the plan has.
    #[must_use]
    pub fn planned(&self) -> usize {
        let expectations = self.expectations.iter();
        let actions = expectations.map(|expectation| expectation.actions.len());
        self.tables.len() + actions.sum::<usize>()
    }
}

impl Probe {
    /// The look at a table's encryption.
    #[must_use]
    pub fn of_table(name: &str, table: &Table) -> Self {
        Self {
            id: encryption_id(name),
            kind: ProbeKind::Encryption {
                table: name.to_owned(),
            },
            place: table.place,
        }
    }

    /// One action of an expectation.
    #[must_use]
    pub fn of(expectation: &Expectation, action: Action) -> Self {
        let (on, index) = (expectation.on.as_deref(), expectation.index.as_deref());
        Self {
            id: access_id(&expectation.principal, action, on, index),
            kind: ProbeKind::Access {
                principal: expectation.principal.clone(),
                action,
                table: expectation.on.clone(),
                index: expectation.index.clone(),
                expected: expectation.expected,
            },
            place: expectation.place,
        }
    }
}

/// The id of the probe that looks at a table's encryption.
pub(crate) fn encryption_id(table: &str) -> String {
    format!("{table}/encryption")
}

/// The id of the probe that tries an action.
pub(crate) fn access_id(
    principal: &str,
    action: Action,
    table: Option<&str>,
    index: Option<&str>,
) -> String {
    let table = table.filter(|_| action.service() != Service::Sts);
    let parts = [
        Some(principal),
        Some(action.as_str()),
        table,
        index.filter(|_| table.is_some()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("/")
}
