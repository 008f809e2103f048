// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a file of tables.

use keyproof_core::{AccountId, Visible};
use keyproof_plan::Place;
use thiserror::Error;

use super::MOST_BYTES;

/// One thing wrong with a file, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", Visible(&problem.to_string()))]
pub struct CsvError {
    /// Where it is: the line, and the character in it.
    pub place: Place,
    /// What it is.
    pub problem: CsvProblem,
}

/// The kinds of [`CsvError`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsvProblem {
    /// More than anybody writes.
    #[error("the file is larger than {MOST_BYTES} bytes")]
    TooLarge,
    /// Nothing, not even a header.
    #[error("the file is empty; its first line names the columns: `account`, `region`, `table`")]
    Empty,
    /// A column that means nothing.
    #[error("unknown column `{name}`; {hint}")]
    UnknownColumn {
        /// Its name.
        name: String,
        /// The likely name, or all of them.
        hint: keyproof_plan::Hint,
    },
    /// A column that is there twice.
    #[error("the column `{name}` is there twice; keep one of them")]
    SecondColumn {
        /// Its name.
        name: String,
    },
    /// A column that must be there.
    #[error("the column `{name}` is missing: every table has an account, a region and a name")]
    MissingColumn {
        /// Its name.
        name: &'static str,
    },
    /// A row of another length than the header.
    #[error("this row has {found} fields, and the header {expected}")]
    Length {
        /// How many it has.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// A quote where none can be.
    #[error(
        "a quote stands inside a field; put the whole field into quotes, and write each quote in it twice"
    )]
    Quote,
    /// A field that never ends.
    #[error("the quotes of this field are never closed")]
    Unclosed,
    /// A field that is no account, region or name.
    #[error("{} is not {noun}; {rule}", shown(text))]
    Malformed {
        /// What it should be.
        noun: &'static str,
        /// What stands there.
        text: String,
        /// The rule.
        rule: String,
    },
    /// A table that has a row already.
    #[error("the table `{table}` of account {account} in {region} has a row already, on line {}", first.line)]
    Repeated {
        /// Its name.
        table: String,
        /// Its account.
        account: AccountId,
        /// Its region.
        region: String,
        /// Where the first row is.
        first: Place,
    },
}

/// The field as it stands there, which may be nothing.
fn shown(text: &str) -> String {
    match keyproof_plan::reading::shown(text) {
        nothing if nothing.is_empty() => "nothing".to_owned(),
        text => format!("`{text}`"),
    }
}
