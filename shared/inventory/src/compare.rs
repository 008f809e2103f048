// SPDX-License-Identifier: Apache-2.0
//! What an expansion has that the one before had not, and the other way round: an inventory that shrinks
//! must be seen.

use std::collections::BTreeSet;
use std::fmt;

use keyproof_plan::Plan;

/// What differs between two plans of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Tables that are new, in order.
    pub tables_added: Vec<String>,
    /// Tables that are gone, in order.
    pub tables_removed: Vec<String>,
    /// Principals that are new, in order.
    pub principals_added: Vec<String>,
    /// Principals that are gone, in order.
    pub principals_removed: Vec<String>,
    /// How many probes are new.
    pub probes_added: usize,
    /// How many probes are gone.
    pub probes_removed: usize,
}

impl Difference {
    /// Whether something is asked no more.
    #[must_use]
    pub const fn shrinks(&self) -> bool {
        self.probes_removed > 0
    }

    /// Whether nothing is asked more or less.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares a plan with the one that is in its place.
#[must_use]
pub fn compare(before: &Plan, after: &Plan) -> Difference {
    let lacking = |some: &BTreeSet<String>, others: &BTreeSet<String>| -> Vec<String> {
        some.difference(others).cloned().collect()
    };
    let tables = |plan: &Plan| plan.tables.keys().cloned().collect();
    let principals = |plan: &Plan| plan.principals.keys().cloned().collect();
    let probes = |plan: &Plan| plan.each_probe().map(|probe| probe.id).collect();
    let of = |names: &dyn Fn(&Plan) -> BTreeSet<String>| {
        let (before, after) = (names(before), names(after));
        (lacking(&after, &before), lacking(&before, &after))
    };
    let (tables_added, tables_removed) = of(&tables);
    let (principals_added, principals_removed) = of(&principals);
    let (probes_added, probes_removed) = of(&probes);
    Difference {
        tables_added,
        tables_removed,
        principals_added,
        principals_removed,
        probes_added: probes_added.len(),
        probes_removed: probes_removed.len(),
    }
}

impl fmt::Display for Difference {
    /// A line for each table and principal, `+` or `-` first, and one for the probes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (sign, noun, names) in [
            ('-', "table", &self.tables_removed),
            ('+', "table", &self.tables_added),
            ('-', "principal", &self.principals_removed),
            ('+', "principal", &self.principals_added),
        ] {
            for name in names {
                writeln!(formatter, "  {sign} {noun} {name}")?;
            }
        }
        write!(
            formatter,
            "  {} probes more, {} less",
            self.probes_added, self.probes_removed
        )
    }
}
