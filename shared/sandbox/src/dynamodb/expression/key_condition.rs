// SPDX-License-Identifier: Apache-2.0
//! Key conditions: one value of the partition key, and a range of the sort key.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html>

use super::evaluate::{begins_with, compares};
use super::syntax::{Call, Comparator, Condition, Operand};
use crate::dynamodb::attribute::AttributeValue;

/// What a query asks of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyCondition {
    /// The partition key's value.
    pub(crate) partition: AttributeValue,
    /// What the sort key must fulfil.
    pub(crate) sort: Option<SortCondition>,
}

/// A condition on the sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SortCondition {
    /// One of the comparison operators but `<>`.
    Compare(Comparator, AttributeValue),
    /// From one value to another, both included.
    Between(AttributeValue, AttributeValue),
    /// A prefix.
    BeginsWith(AttributeValue),
}

/// Why a condition is no key condition of this table or index, in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyConditionError {
    /// `OR`, `NOT`, `IN`, `<>`, `contains`, …
    #[error("Invalid operator used in KeyConditionExpression: {0}")]
    Operator(String),
    /// `size(a)`.
    #[error("KeyConditionExpressions cannot contain nested operations")]
    Nested,
    /// `:a BETWEEN b AND :c`.
    #[error(
        "Invalid condition in KeyConditionExpression: {0} operator must have the key attribute as its first operand"
    )]
    AttributeFirst(&'static str),
    /// `a = b`.
    #[error(
        "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
    )]
    TwoAttributes,
    /// `a.b = :c`.
    #[error("KeyConditionExpressions cannot have conditions on nested attributes")]
    NestedAttribute,
    /// `:a = :b`.
    #[error("Invalid condition in KeyConditionExpression: No key attribute specified")]
    NoAttribute,
    /// `a = :b AND a = :c`.
    #[error("KeyConditionExpressions must only contain one condition per key")]
    Repeated,
    /// Not one or two conditions.
    #[error("Conditions can be of length 1 or 2 only")]
    Count,
    /// A key attribute that no condition is about.
    #[error("Query condition missed key schema element: {0}")]
    Missed(String),
    /// A value of another type than the key's.
    #[error(
        "One or more parameter values were invalid: Condition parameter type does not match schema type"
    )]
    Type,
    /// A range on the partition key, or a sort condition where there is no sort key.
    #[error("Query key condition not supported")]
    Unsupported,
}

impl SortCondition {
    /// Whether a sort key's value fulfils the condition.
    pub(crate) fn holds(&self, value: &AttributeValue) -> bool {
        match self {
            Self::Compare(comparator, bound) => compares(Some(value), *comparator, Some(bound)),
            Self::Between(low, high) => {
                compares(Some(value), Comparator::GreaterOrEqual, Some(low))
                    && compares(Some(value), Comparator::LessOrEqual, Some(high))
            }
            Self::BeginsWith(prefix) => begins_with(value, prefix),
        }
    }

    fn values(&self) -> Vec<&AttributeValue> {
        match self {
            Self::Compare(_, value) | Self::BeginsWith(value) => vec![value],
            Self::Between(low, high) => vec![low, high],
        }
    }
}

/// A key attribute: its name and its type, `S`, `N` or `B`.
pub(crate) type KeyAttribute<'a> = (&'a str, &'a str);

impl KeyCondition {
    /// Reads a condition as one on the keys of a table or an index.
    pub(crate) fn of(
        condition: &Condition,
        partition: KeyAttribute<'_>,
        sort: Option<KeyAttribute<'_>>,
    ) -> Result<Self, KeyConditionError> {
        let mut found: Vec<(String, SortCondition)> = Vec::new();
        collect(condition, &mut found)?;
        if found.len() > 2 {
            return Err(KeyConditionError::Count);
        }
        if sort.is_none() && found.len() > 1 {
            return Err(KeyConditionError::Unsupported);
        }
        let mut take = |name: &str| {
            let position = found.iter().position(|(attribute, _)| attribute == name)?;
            Some(found.swap_remove(position).1)
        };
        let of_partition =
            take(partition.0).ok_or_else(|| KeyConditionError::Missed(partition.0.to_owned()))?;
        let of_sort = sort.and_then(|(name, _)| take(name));
        if let (false, Some((name, _))) = (found.is_empty(), sort) {
            return Err(KeyConditionError::Missed(name.to_owned()));
        }
        typed(&of_partition, partition.1)?;
        if let (Some(condition), Some((_, kind))) = (&of_sort, sort) {
            typed(condition, kind)?;
        }
        match of_partition {
            SortCondition::Compare(Comparator::Equal, value) => Ok(Self {
                partition: value,
                sort: of_sort,
            }),
            _ => Err(KeyConditionError::Unsupported),
        }
    }
}

fn typed(condition: &SortCondition, kind: &str) -> Result<(), KeyConditionError> {
    if condition
        .values()
        .iter()
        .all(|value| value.type_name() == kind)
    {
        Ok(())
    } else {
        Err(KeyConditionError::Type)
    }
}

fn collect(
    condition: &Condition,
    found: &mut Vec<(String, SortCondition)>,
) -> Result<(), KeyConditionError> {
    let refused = |operator: &str| Err(KeyConditionError::Operator(operator.to_owned()));
    let (attribute, read) = match condition {
        Condition::And(left, right) => {
            collect(left, found)?;
            return collect(right, found);
        }
        Condition::Or(..) => return refused("OR"),
        Condition::Not(_) => return refused("NOT"),
        Condition::In(..) => return refused("IN"),
        Condition::Compare(_, Comparator::NotEqual, _) => return refused("<>"),
        Condition::Compare(left, comparator, right) => {
            match (attribute(left)?, attribute(right)?) {
                (Some(_), Some(_)) => return Err(KeyConditionError::TwoAttributes),
                (None, None) => return Err(KeyConditionError::NoAttribute),
                (Some(name), None) => (name, SortCondition::Compare(*comparator, literal(right)?)),
                (None, Some(name)) => (
                    name,
                    SortCondition::Compare(comparator.mirrored(), literal(left)?),
                ),
            }
        }
        Condition::Between(operand, low, high) => {
            let name = attribute(operand)?.ok_or(KeyConditionError::AttributeFirst("BETWEEN"))?;
            (name, SortCondition::Between(literal(low)?, literal(high)?))
        }
        Condition::Call(Call { function, operands }) => match operands.as_slice() {
            [operand, prefix] if function == "begins_with" => {
                let name =
                    attribute(operand)?.ok_or(KeyConditionError::AttributeFirst("begins_with"))?;
                (name, SortCondition::BeginsWith(literal(prefix)?))
            }
            _ => return refused(function),
        },
    };
    if found.iter().any(|(name, _)| *name == attribute) {
        return Err(KeyConditionError::Repeated);
    }
    found.push((attribute, read));
    Ok(())
}

/// The key attribute that an operand names.
fn attribute(operand: &Operand) -> Result<Option<String>, KeyConditionError> {
    match operand {
        Operand::Path(path) if path.is_nested() => Err(KeyConditionError::NestedAttribute),
        Operand::Path(path) => Ok(Some(path.head().to_owned())),
        Operand::Literal(_) | Operand::Placeholder(_) => Ok(None),
        Operand::Call(_) | Operand::Arithmetic(..) => Err(KeyConditionError::Nested),
    }
}

fn literal(operand: &Operand) -> Result<AttributeValue, KeyConditionError> {
    match operand {
        Operand::Literal(value) => Ok(value.clone()),
        Operand::Path(_) => Err(KeyConditionError::TwoAttributes),
        Operand::Placeholder(_) | Operand::Call(_) | Operand::Arithmetic(..) => {
            Err(KeyConditionError::Nested)
        }
    }
}
