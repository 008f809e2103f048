// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with an inventory, or with what it expands to.

use std::fmt;

use keyproof_core::{AccountId, Visible};
use keyproof_plan::{Place, PlanError, PlanProblem};
use thiserror::Error;

use crate::pattern::{PatternError, Placeholder};

/// One thing wrong, and where in the inventory.
///
/// Its `Display` is one sentence that begins with the path. Whoever shows it knows the file and puts
/// `FILE:LINE:COLUMN: ` before it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct InventoryError {
    /// Where it is in the text.
    pub place: Place,
    /// Where it is in the document, or in a plan that comes of it. Empty for all of it.
    pub path: String,
    /// What it is.
    #[source]
    pub problem: InventoryProblem,
    /// At how many more tables the same is wrong.
    pub more: usize,
}

impl fmt::Display for InventoryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(formatter, "{}: ", Visible(&self.path))?;
        }
        write!(formatter, "{}", Visible(&self.problem.to_string()))?;
        match self.more {
            0 => Ok(()),
            1 => formatter.write_str(" (and once more)"),
            more => write!(formatter, " (and {more} times more)"),
        }
    }
}

impl From<PlanError> for InventoryError {
    fn from(error: PlanError) -> Self {
        let PlanError {
            place,
            path,
            problem,
        } = error;
        InventoryProblem::Plan(problem).at(place, path)
    }
}

/// The kinds of [`InventoryError`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InventoryProblem {
    /// What would be wrong with a plan, too.
    #[error(transparent)]
    Plan(#[from] PlanProblem),
    /// A text that should be a pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// A source of no kind.
    #[error(
        "a source needs one of `accounts`, `organization`, `tagged`, `csv` and `template`: what it lists or where it looks"
    )]
    NoKind,
    /// A source of two kinds.
    #[error("a source has one of `{first}` and `{second}`; make two sources of it")]
    TwoKinds {
        /// The one.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A source that is no source of accounts where one is needed.
    #[error(
        "`{source_name}` is a source of tables; name one of accounts: with `accounts` or `organization`"
    )]
    NotOfAccounts {
        /// The source.
        source_name: String,
    },
    /// A name for the tables of a source that names them itself.
    #[error("the source `{source_name}` says which tables there are; remove `table`")]
    NamedTwice {
        /// The source.
        source_name: String,
    },
    /// No name for the tables of a source of accounts.
    #[error(
        "the source `{source_name}` is one of accounts, so `table` must say which table of each is meant"
    )]
    Unnamed {
        /// The source.
        source_name: String,
    },
    /// A placeholder that no table of a source has a value for.
    #[error("`{placeholder}` has no value for tables of the source `{source_name}`; {known}")]
    NeverKnown {
        /// The placeholder.
        placeholder: Placeholder,
        /// The source.
        source_name: String,
        /// Of what it has a value.
        known: &'static str,
    },
    /// A placeholder that is asked for too early.
    #[error("`{placeholder}` is known of a table, and here only the account and region are")]
    NotYetKnown {
        /// The placeholder.
        placeholder: Placeholder,
    },
    /// A source or principal that nothing refers to.
    #[error("{noun} `{name}` is used by nothing; remove it")]
    Unused {
        /// What it is.
        noun: &'static str,
        /// Its name.
        name: String,
    },
    /// An entry with no value for a placeholder.
    #[error("`{placeholder}` has no value for {table}")]
    NoValue {
        /// The placeholder.
        placeholder: Placeholder,
        /// The table, in words.
        table: String,
    },
    /// A source that stands for nothing.
    #[error(
        "the source `{source_name}` was found to hold nothing{told}; what is empty proves nothing"
    )]
    Nothing {
        /// The source.
        source_name: String,
        /// What was left out of it, as a clause.
        told: String,
    },
    /// More tables than anybody has.
    #[error("its sources come to more than {limit} tables; make several inventories of it")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// A table that two of the inventory's tables stand for.
    #[error("{table} is one of `{first}` and one of `{second}`; leave it out of one of them")]
    TwoTables {
        /// The table, in words.
        table: String,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// Two sources that say different things of one table.
    #[error(
        "{table} has {what} in one source and another in the source `{source_name}`; make them agree"
    )]
    Disagreement {
        /// The table, in words.
        table: String,
        /// What they disagree about.
        what: String,
        /// The second source.
        source_name: String,
    },
    /// Two principals of one name.
    #[error(
        "two principals would both be called `{name}`: `{first}` and `{second}`; change the names or tags that make them alike"
    )]
    TwoPrincipals {
        /// The name.
        name: String,
        /// The role of the one.
        first: String,
        /// The role of the other.
        second: String,
    },
    /// Tables of two regions in one plan.
    #[error(
        "the plan `{plan}` would have tables in `{first}` and in `{second}`, and a plan covers one region; put `{{region}}` into `name`"
    )]
    TwoRegions {
        /// The plan.
        plan: String,
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A plan that no plan can be.
    #[error(
        "the plan `{plan}` is too large: {why}; put `{{account}}`, `{{region}}` or a tag into `name` to make several of it"
    )]
    TooLarge {
        /// The plan.
        plan: String,
        /// Why.
        why: String,
    },
    /// An exception for a probe that is in no plan.
    #[error("`{probe}` is a probe of none of the plans")]
    UnknownProbe {
        /// The probe.
        probe: String,
    },
    /// A mistake of ours.
    #[error(
        "the plan that was written is not the plan that was meant: {why}; this is a mistake of keyproof's"
    )]
    Ours {
        /// What is wrong with it.
        why: String,
    },
}

impl InventoryProblem {
    pub(crate) fn at(self, place: Place, path: impl Into<String>) -> InventoryError {
        InventoryError {
            place,
            path: path.into(),
            problem: self,
            more: 0,
        }
    }
}

/// A table in words.
pub(crate) fn in_words(account: &AccountId, region: &str, table: &str) -> String {
    let table = keyproof_plan::reading::shown(table);
    format!("the table `{table}` of account {account} in {region}")
}
