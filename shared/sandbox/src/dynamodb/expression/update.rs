// SPDX-License-Identifier: Apache-2.0
//! Carries out an update expression.

use std::cmp::Reverse;

use super::syntax::{Call, Operand, Path, Segment, Sign, Update};
use crate::dynamodb::attribute::{AttributeValue, Attributes};
use crate::dynamodb::number::NumberError;

/// Why an update can't be carried out on this item, in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UpdateError {
    /// `SET a = b`, and there is no `b`.
    #[error("The provided expression refers to an attribute that does not exist in the item")]
    MissingAttribute,
    /// A path through something that is not there or is no map or list.
    #[error("The document path provided in the update expression is invalid for update")]
    InvalidPath,
    /// A sum of strings, an element added to the wrong kind of set, …
    #[error("An operand in the update expression has an incorrect data type")]
    OperandType,
    /// A result that is no storable number.
    #[error(transparent)]
    Number(#[from] NumberError),
}

impl Update {
    /// Changes the item. All values are those from before the update, whatever the order.
    pub(crate) fn apply(&self, item: &mut Attributes) -> Result<(), UpdateError> {
        let before = item.clone();
        for (path, operand) in &self.set {
            put(item, path, value(operand, &before)?)?;
        }
        for (path, operand) in &self.add {
            let added = add(path.find(&before), operand)?;
            put(item, path, added)?;
        }
        for (path, operand) in &self.delete {
            match subtract(path.find(&before), operand)? {
                Some(rest) => put(item, path, rest)?,
                None => remove(item, path)?,
            }
        }
        // From the end of a list to its front, so that no removal moves what is removed next.
        let mut removed: Vec<&Path> = self.remove.iter().collect();
        removed.sort_by_key(|path| Reverse(path.segments.iter().map(order).collect::<Vec<_>>()));
        removed.into_iter().try_for_each(|path| remove(item, path))
    }
}

fn order(segment: &Segment) -> (usize, &str) {
    match segment {
        Segment::Index(index) => (*index, ""),
        Segment::Name(name) | Segment::Placeholder(name) => (0, name),
    }
}

fn value(operand: &Operand, before: &Attributes) -> Result<AttributeValue, UpdateError> {
    match operand {
        Operand::Literal(value) => Ok(value.clone()),
        Operand::Path(path) => path
            .find(before)
            .cloned()
            .ok_or(UpdateError::MissingAttribute),
        Operand::Arithmetic(left, sign, right) => {
            match (value(left, before)?, value(right, before)?) {
                (AttributeValue::Number(left), AttributeValue::Number(right)) => {
                    let result = match sign {
                        Sign::Plus => left.plus(right)?,
                        Sign::Minus => left.minus(right)?,
                    };
                    Ok(AttributeValue::Number(result))
                }
                _ => Err(UpdateError::OperandType),
            }
        }
        Operand::Call(Call { function, operands }) => {
            match (function.as_str(), operands.as_slice()) {
                ("if_not_exists", [Operand::Path(path), otherwise]) => match path.find(before) {
                    Some(found) => Ok(found.clone()),
                    None => value(otherwise, before),
                },
                ("list_append", [first, second]) => {
                    match (value(first, before)?, value(second, before)?) {
                        (AttributeValue::List(mut first), AttributeValue::List(second)) => {
                            first.extend(second);
                            Ok(AttributeValue::List(first))
                        }
                        _ => Err(UpdateError::OperandType),
                    }
                }
                _ => Err(UpdateError::OperandType),
            }
        }
        // Looked up before this.
        Operand::Placeholder(_) => Err(UpdateError::OperandType),
    }
}

fn add(
    existing: Option<&AttributeValue>,
    operand: &Operand,
) -> Result<AttributeValue, UpdateError> {
    let Operand::Literal(added) = operand else {
        return Err(UpdateError::OperandType);
    };
    match (existing.cloned(), added.clone()) {
        (None, added) => Ok(added),
        (Some(AttributeValue::Number(existing)), AttributeValue::Number(added)) => {
            Ok(AttributeValue::Number(existing.plus(added)?))
        }
        (Some(AttributeValue::StringSet(mut existing)), AttributeValue::StringSet(added)) => {
            existing.extend(added);
            Ok(AttributeValue::StringSet(existing))
        }
        (Some(AttributeValue::NumberSet(mut existing)), AttributeValue::NumberSet(added)) => {
            existing.extend(added);
            Ok(AttributeValue::NumberSet(existing))
        }
        (Some(AttributeValue::BinarySet(mut existing)), AttributeValue::BinarySet(added)) => {
            existing.extend(added);
            Ok(AttributeValue::BinarySet(existing))
        }
        _ => Err(UpdateError::OperandType),
    }
}

/// What is left of a set; `None` when nothing is, because sets are never empty.
fn subtract(
    existing: Option<&AttributeValue>,
    operand: &Operand,
) -> Result<Option<AttributeValue>, UpdateError> {
    let Operand::Literal(taken) = operand else {
        return Err(UpdateError::OperandType);
    };
    let rest = match (existing, taken) {
        (None, _) => return Ok(None),
        (Some(AttributeValue::StringSet(existing)), AttributeValue::StringSet(taken)) => {
            AttributeValue::StringSet(existing - taken)
        }
        (Some(AttributeValue::NumberSet(existing)), AttributeValue::NumberSet(taken)) => {
            AttributeValue::NumberSet(existing.difference(taken).copied().collect())
        }
        (Some(AttributeValue::BinarySet(existing)), AttributeValue::BinarySet(taken)) => {
            AttributeValue::BinarySet(existing - taken)
        }
        _ => return Err(UpdateError::OperandType),
    };
    Ok((rest.length() != Some(0)).then_some(rest))
}

fn put(item: &mut Attributes, path: &Path, value: AttributeValue) -> Result<(), UpdateError> {
    let (last, parents) = path.segments.split_last().ok_or(UpdateError::InvalidPath)?;
    match (parent(item, parents)?, last) {
        (Parent::Map(attributes), Segment::Name(name)) => {
            attributes.insert(name.clone(), value);
        }
        (Parent::List(members), Segment::Index(index)) => match members.get_mut(*index) {
            Some(member) => *member = value,
            None => members.push(value),
        },
        _ => return Err(UpdateError::InvalidPath),
    }
    Ok(())
}

fn remove(item: &mut Attributes, path: &Path) -> Result<(), UpdateError> {
    let (last, parents) = path.segments.split_last().ok_or(UpdateError::InvalidPath)?;
    match (parent(item, parents)?, last) {
        (Parent::Map(attributes), Segment::Name(name)) => {
            attributes.remove(name);
        }
        (Parent::List(members), Segment::Index(index)) => {
            if *index < members.len() {
                members.remove(*index);
            }
        }
        _ => return Err(UpdateError::InvalidPath),
    }
    Ok(())
}

enum Parent<'item> {
    Map(&'item mut Attributes),
    List(&'item mut Vec<AttributeValue>),
}

fn parent<'item>(
    item: &'item mut Attributes,
    segments: &[Segment],
) -> Result<Parent<'item>, UpdateError> {
    segments
        .iter()
        .try_fold(Parent::Map(item), |parent, segment| {
            let child = match (parent, segment) {
                (Parent::Map(attributes), Segment::Name(name)) => attributes.get_mut(name),
                (Parent::List(members), Segment::Index(index)) => members.get_mut(*index),
                _ => None,
            };
            match child {
                Some(AttributeValue::Map(attributes)) => Ok(Parent::Map(attributes)),
                Some(AttributeValue::List(members)) => Ok(Parent::List(members)),
                _ => Err(UpdateError::InvalidPath),
            }
        })
}
