// SPDX-License-Identifier: Apache-2.0
//! Says whether a condition holds for an item.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::syntax::{Call, Comparator, Condition, Operand};
use crate::dynamodb::attribute::{AttributeValue, Attributes};
use crate::dynamodb::number::Number;

impl Condition {
    /// Whether the condition holds. What is not there makes every comparison false but `<>`.
    pub(crate) fn holds(&self, item: &Attributes) -> bool {
        match self {
            Self::And(left, right) => left.holds(item) && right.holds(item),
            Self::Or(left, right) => left.holds(item) || right.holds(item),
            Self::Not(inner) => !inner.holds(item),
            Self::Compare(left, comparator, right) => compares(
                left.value(item).as_deref(),
                *comparator,
                right.value(item).as_deref(),
            ),
            Self::Between(operand, low, high) => {
                let operand = operand.value(item);
                compares(
                    operand.as_deref(),
                    Comparator::GreaterOrEqual,
                    low.value(item).as_deref(),
                ) && compares(
                    operand.as_deref(),
                    Comparator::LessOrEqual,
                    high.value(item).as_deref(),
                )
            }
            Self::In(operand, members) => operand.value(item).is_some_and(|operand| {
                members
                    .iter()
                    .any(|member| member.value(item).is_some_and(|member| member == operand))
            }),
            Self::Call(call) => call_holds(call, item),
        }
    }
}

impl Operand {
    /// The operand's value, if it has one.
    fn value<'a>(&'a self, item: &'a Attributes) -> Option<Cow<'a, AttributeValue>> {
        match self {
            Self::Path(path) => path.find(item).map(Cow::Borrowed),
            Self::Literal(value) => Some(Cow::Borrowed(value)),
            Self::Call(Call { function, operands }) if function == "size" => {
                let length = operands.first()?.value(item)?.length()?;
                Some(Cow::Owned(AttributeValue::Number(Number::from_usize(
                    length,
                ))))
            }
            // Other functions, sums and unresolved values are refused before this.
            Self::Call(_) | Self::Placeholder(_) | Self::Arithmetic(..) => None,
        }
    }
}

/// Whether a comparison holds; a missing operand is unequal to everything.
pub(super) fn compares(
    left: Option<&AttributeValue>,
    comparator: Comparator,
    right: Option<&AttributeValue>,
) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        return comparator == Comparator::NotEqual;
    };
    let order = left.compare(right);
    match comparator {
        Comparator::Equal => left == right,
        Comparator::NotEqual => left != right,
        Comparator::Less => order.is_some_and(Ordering::is_lt),
        Comparator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparator::Greater => order.is_some_and(Ordering::is_gt),
        Comparator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

fn call_holds(call: &Call, item: &Attributes) -> bool {
    let mut values = call.operands.iter().map(|operand| operand.value(item));
    let (first, second) = (values.next().flatten(), values.next().flatten());
    match (call.function.as_str(), first, second) {
        ("attribute_exists", first, _) => first.is_some(),
        ("attribute_not_exists", first, _) => first.is_none(),
        ("attribute_type", Some(value), Some(name)) => {
            matches!(name.as_ref(), AttributeValue::String(name) if name == value.type_name())
        }
        ("begins_with", Some(value), Some(prefix)) => begins_with(&value, &prefix),
        ("contains", Some(value), Some(part)) => contains(&value, &part),
        _ => false,
    }
}

/// Whether a string or a binary begins with another.
pub(super) fn begins_with(value: &AttributeValue, prefix: &AttributeValue) -> bool {
    match (value, prefix) {
        (AttributeValue::String(value), AttributeValue::String(prefix)) => {
            value.starts_with(prefix.as_str())
        }
        (AttributeValue::Binary(value), AttributeValue::Binary(prefix)) => {
            value.starts_with(prefix)
        }
        _ => false,
    }
}

fn contains(value: &AttributeValue, part: &AttributeValue) -> bool {
    match (value, part) {
        (AttributeValue::String(value), AttributeValue::String(part)) => {
            value.contains(part.as_str())
        }
        (AttributeValue::Binary(value), AttributeValue::Binary(part)) => {
            part.is_empty() || value.windows(part.len()).any(|window| window == part)
        }
        (AttributeValue::StringSet(members), AttributeValue::String(part)) => {
            members.contains(part)
        }
        (AttributeValue::NumberSet(members), AttributeValue::Number(part)) => {
            members.contains(part)
        }
        (AttributeValue::BinarySet(members), AttributeValue::Binary(part)) => {
            members.contains(part)
        }
        (AttributeValue::List(members), part) => members.contains(part),
        _ => false,
    }
}
