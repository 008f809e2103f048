// SPDX-License-Identifier: Apache-2.0
//! PartiQL for DynamoDB: `SELECT`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.select.html>

mod cursor;
mod lexer;
mod parser;

#[cfg(test)]
mod tests;

pub(crate) use parser::parse;

use super::attribute::AttributeValue;
use super::expression::{Comparator, Condition, ExpressionError, Operand, Path};

/// A `SELECT` statement with its parameters filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Select {
    /// The paths to return; `None` for `*`.
    pub(crate) paths: Option<Vec<Path>>,
    /// The table's name or ARN.
    pub(crate) table: String,
    /// The index's name.
    pub(crate) index: Option<String>,
    /// The `WHERE` clause.
    pub(crate) condition: Option<Condition>,
    /// `ORDER BY`: the attributes, and whether each is descending.
    pub(crate) order: Vec<(String, bool)>,
}

/// Why a statement is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StatementError {
    /// The text is no statement.
    #[error("Statement wasn't well formed, can't be processed: {0}")]
    Syntax(String),
    /// A statement of another kind.
    #[error("the sandbox doesn't simulate PartiQL's `{0}`")]
    Unsupported(String),
    /// More or fewer parameters than question marks.
    #[error("Number of parameters in request and statement don't match.")]
    Parameters,
    /// A function or operand that does not fit.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}

/// The values of the partition key that a condition confines an item to; `None` if it doesn't,
/// and the whole table has to be read.
pub(crate) fn partitions(condition: &Condition, key: &str) -> Option<Vec<AttributeValue>> {
    let is_key =
        |operand: &Operand| matches!(operand, Operand::Path(path) if *path == Path::attribute(key));
    match condition {
        Condition::Compare(left, Comparator::Equal, right) => match (left, right) {
            (path, Operand::Literal(value)) | (Operand::Literal(value), path) if is_key(path) => {
                Some(vec![value.clone()])
            }
            _ => None,
        },
        Condition::In(path, members) if is_key(path) => members
            .iter()
            .map(|member| match member {
                Operand::Literal(value) => Some(value.clone()),
                _ => None,
            })
            .collect(),
        Condition::And(left, right) => partitions(left, key).or_else(|| partitions(right, key)),
        Condition::Or(left, right) => {
            let mut both = partitions(left, key)?;
            both.extend(partitions(right, key)?);
            Some(both)
        }
        _ => None,
    }
}
