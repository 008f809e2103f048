// SPDX-License-Identifier: Apache-2.0
//! What a well-formed expression may still do wrong, in the order in which DynamoDB finds it.

use super::error::ExpressionError;
use super::reserved;
use super::syntax::{Call, Condition, Operand, Path, Segment};
use crate::dynamodb::attribute::AttributeValue;

/// The names of the ten types, for `attribute_type`.
const TYPES: &[&str] = &["S", "N", "B", "NULL", "SS", "BOOL", "L", "BS", "NS", "M"];

/// Functions of conditions, with the number of operands that they take.
const CONDITION_FUNCTIONS: &[(&str, usize)] = &[
    ("attribute_exists", 1),
    ("attribute_not_exists", 1),
    ("attribute_type", 2),
    ("begins_with", 2),
    ("contains", 2),
    ("size", 1),
];

/// Functions of update expressions.
const UPDATE_FUNCTIONS: &[(&str, usize)] = &[("if_not_exists", 2), ("list_append", 2)];

/// Refuses functions that conditions don't have.
pub(super) fn known_condition_functions(condition: &Condition) -> Result<(), ExpressionError> {
    each_call(condition, &mut |call, _| {
        known_function(call, CONDITION_FUNCTIONS)
    })
}

/// Refuses `size` where a condition is wanted, and anything but `size` where a value is wanted.
pub(super) fn functions_in_their_places(condition: &Condition) -> Result<(), ExpressionError> {
    each_call(condition, &mut |call, as_condition| {
        if (call.function == "size") == as_condition {
            return Err(ExpressionError::MisusedFunction(call.function.clone()));
        }
        Ok(())
    })
}

/// Visits every call with whether it stands for a condition.
fn each_call(
    condition: &Condition,
    visit: &mut impl FnMut(&Call, bool) -> Result<(), ExpressionError>,
) -> Result<(), ExpressionError> {
    match condition {
        Condition::And(left, right) | Condition::Or(left, right) => {
            each_call(left, visit)?;
            each_call(right, visit)
        }
        Condition::Not(inner) => each_call(inner, visit),
        Condition::Call(call) => {
            visit(call, true)?;
            call.operands
                .iter()
                .try_for_each(|operand| each_call_in(operand, visit))
        }
        Condition::Compare(..) | Condition::Between(..) | Condition::In(..) => {
            let mut operands = Vec::new();
            condition.each_operand(&mut |operand| operands.push(operand));
            operands
                .into_iter()
                .try_for_each(|operand| each_call_in(operand, visit))
        }
    }
}

fn each_call_in(
    operand: &Operand,
    visit: &mut impl FnMut(&Call, bool) -> Result<(), ExpressionError>,
) -> Result<(), ExpressionError> {
    match operand {
        Operand::Call(call) => {
            visit(call, false)?;
            call.operands
                .iter()
                .try_for_each(|operand| each_call_in(operand, visit))
        }
        Operand::Arithmetic(left, _, right) => {
            each_call_in(left, visit)?;
            each_call_in(right, visit)
        }
        Operand::Path(_) | Operand::Placeholder(_) | Operand::Literal(_) => Ok(()),
    }
}

fn known_function(call: &Call, functions: &[(&str, usize)]) -> Result<(), ExpressionError> {
    if functions.iter().any(|(name, _)| *name == call.function) {
        Ok(())
    } else {
        Err(ExpressionError::UnknownFunction(call.function.clone()))
    }
}

/// Refuses reserved words as names.
pub(super) fn unreserved(path: &Path) -> Result<(), ExpressionError> {
    path.segments.iter().try_for_each(|segment| match segment {
        Segment::Name(name) if reserved::is_reserved(name) => {
            Err(ExpressionError::ReservedWord(name.clone()))
        }
        Segment::Name(_) | Segment::Placeholder(_) | Segment::Index(_) => Ok(()),
    })
}

/// Checks the operands of one comparison or function, names and values looked up.
pub(super) fn operands_fit(condition: &Condition) -> Result<(), ExpressionError> {
    let mut nested = Vec::new();
    condition.each_operand(&mut |operand| nested.push(operand));
    for operand in nested {
        if let Operand::Call(call) = operand {
            call_fits(call)?;
        }
    }
    match condition {
        Condition::Compare(left, comparator, right) => {
            distinct(comparator.symbol(), left, right)?;
            if comparator.is_ordering() {
                ordered(comparator.symbol(), left)?;
                ordered(comparator.symbol(), right)?;
            }
            Ok(())
        }
        Condition::Between(operand, low, high) => {
            for bound in [operand, low, high] {
                ordered("BETWEEN", bound)?;
            }
            bounds_fit(low, high)
        }
        Condition::Call(call) => call_fits(call),
        Condition::In(..) | Condition::And(..) | Condition::Or(..) | Condition::Not(..) => Ok(()),
    }
}

fn ordered(operator: &str, operand: &Operand) -> Result<(), ExpressionError> {
    match operand {
        Operand::Literal(value) if !value.is_ordered() => Err(ExpressionError::OperatorType {
            operator: operator.to_owned(),
            operand: value.type_name().to_owned(),
        }),
        _ => Ok(()),
    }
}

fn distinct(operator: &str, left: &Operand, right: &Operand) -> Result<(), ExpressionError> {
    match (left, right) {
        (Operand::Path(left), Operand::Path(right)) if left == right => {
            Err(ExpressionError::NotDistinct {
                operator: operator.to_owned(),
                path: left.clone(),
            })
        }
        _ => Ok(()),
    }
}

fn bounds_fit(low: &Operand, high: &Operand) -> Result<(), ExpressionError> {
    let (Operand::Literal(low), Operand::Literal(high)) = (low, high) else {
        return Ok(());
    };
    let (low_text, high_text) = (bound(low), bound(high));
    if low.type_name() != high.type_name() {
        return Err(ExpressionError::BetweenTypes {
            low: low_text,
            high: high_text,
        });
    }
    if low.compare(high).is_some_and(std::cmp::Ordering::is_gt) {
        return Err(ExpressionError::BetweenOrder {
            low: low_text,
            high: high_text,
        });
    }
    Ok(())
}

/// A bound as AWS prints it: `{N:1}`.
fn bound(value: &AttributeValue) -> String {
    let json = value.to_json();
    let content = json.as_object().and_then(|members| members.values().next());
    let content = content.map(|content| match content.as_str() {
        Some(text) => text.to_owned(),
        None => content.to_string(),
    });
    format!("{{{}:{}}}", value.type_name(), content.unwrap_or_default())
}

fn operand_count(call: &Call, functions: &[(&str, usize)]) -> Result<(), ExpressionError> {
    let expected = functions.iter().find(|(name, _)| *name == call.function);
    if expected.is_some_and(|(_, count)| *count == call.operands.len()) {
        return Ok(());
    }
    Err(ExpressionError::OperandCount {
        function: call.function.clone(),
        operands: call.operands.len(),
    })
}

fn call_fits(call: &Call) -> Result<(), ExpressionError> {
    operand_count(call, CONDITION_FUNCTIONS)?;
    let wrong = |operand: &str| {
        Err(ExpressionError::OperandType {
            function: call.function.clone(),
            operand: operand.to_owned(),
        })
    };
    if let [left, right] = call.operands.as_slice() {
        distinct(&call.function, left, right)?;
    }
    match (call.function.as_str(), call.operands.as_slice()) {
        ("attribute_exists" | "attribute_not_exists", [operand]) => path_required(call, operand),
        ("attribute_type", [_, Operand::Literal(AttributeValue::String(name))]) => {
            if TYPES.contains(&name.as_str()) {
                Ok(())
            } else {
                Err(ExpressionError::UnknownType(name.clone()))
            }
        }
        ("attribute_type", [_, Operand::Literal(value)]) => wrong(value.type_name()),
        ("attribute_type", _) => wrong("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"),
        ("begins_with", operands) => {
            let unfit = operands
                .iter()
                .find_map(|operand| match static_type(operand) {
                    Some("S" | "B") | None => None,
                    other => other,
                });
            unfit.map_or(Ok(()), wrong)
        }
        ("size", [operand]) => match static_type(operand) {
            Some(unfit @ ("N" | "BOOL" | "NULL")) => wrong(unfit),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn path_required(call: &Call, operand: &Operand) -> Result<(), ExpressionError> {
    match operand {
        Operand::Path(_) => Ok(()),
        _ => Err(ExpressionError::PathRequired(call.function.clone())),
    }
}

/// The type that an operand has whatever the item.
fn static_type(operand: &Operand) -> Option<&'static str> {
    match operand {
        Operand::Literal(value) => Some(value.type_name()),
        Operand::Call(call) if call.function == "size" => Some("N"),
        Operand::Call(_) | Operand::Path(_) | Operand::Placeholder(_) => None,
        Operand::Arithmetic(..) => Some("N"),
    }
}

/// Refuses functions that update expressions don't have.
pub(super) fn known_update_functions(operand: &Operand) -> Result<(), ExpressionError> {
    each_call_in(operand, &mut |call, _| {
        known_function(call, UPDATE_FUNCTIONS)
    })
}

/// Checks the right-hand side of `SET`, names and values looked up.
pub(super) fn set_operand_fits(operand: &Operand) -> Result<(), ExpressionError> {
    let only = |function: &str, wanted: &str, operand: &Operand| match operand {
        Operand::Literal(value) if value.type_name() != wanted => {
            Err(ExpressionError::OperandType {
                function: function.to_owned(),
                operand: value.type_name().to_owned(),
            })
        }
        _ => Ok(()),
    };
    match operand {
        Operand::Path(_) | Operand::Placeholder(_) | Operand::Literal(_) => Ok(()),
        Operand::Arithmetic(left, sign, right) => {
            for side in [left, right] {
                set_operand_fits(side)?;
                only(sign.symbol(), "N", side)?;
            }
            Ok(())
        }
        Operand::Call(call) => {
            operand_count(call, UPDATE_FUNCTIONS)?;
            call.operands.iter().try_for_each(set_operand_fits)?;
            match (call.function.as_str(), call.operands.as_slice()) {
                ("if_not_exists", [first, _]) => path_required(call, first),
                (_, operands) => operands
                    .iter()
                    .try_for_each(|operand| only(&call.function, "L", operand)),
            }
        }
    }
}

/// Checks the value of `ADD` (a number or a set) or `DELETE` (a set).
pub(super) fn section_value_fits(
    section: &'static str,
    operand: &Operand,
) -> Result<(), ExpressionError> {
    let Operand::Literal(value) = operand else {
        return Ok(());
    };
    let unfit = match value {
        AttributeValue::StringSet(_)
        | AttributeValue::NumberSet(_)
        | AttributeValue::BinarySet(_) => {
            return Ok(());
        }
        AttributeValue::Number(_) if section == "ADD" => return Ok(()),
        AttributeValue::String(_) => "STRING",
        AttributeValue::Number(_) => "NUMBER",
        AttributeValue::Binary(_) => "BINARY",
        AttributeValue::Bool(_) => "BOOLEAN",
        AttributeValue::Null => "NULL",
        AttributeValue::List(_) => "LIST",
        AttributeValue::Map(_) => "MAP",
    };
    Err(ExpressionError::OperatorType {
        operator: section.to_owned(),
        operand: unfit.to_owned(),
    })
}

/// Refuses two paths of which one is part of the other, or which can't both be right.
pub(super) fn apart(paths: &[Path]) -> Result<(), ExpressionError> {
    for (position, two) in paths.iter().enumerate() {
        for one in paths.iter().take(position) {
            apart_from(one, two)?;
        }
    }
    Ok(())
}

fn apart_from(one: &Path, two: &Path) -> Result<(), ExpressionError> {
    for (left, right) in one.segments.iter().zip(&two.segments) {
        let same_kind = matches!(left, Segment::Index(_)) == matches!(right, Segment::Index(_));
        if !same_kind {
            return Err(ExpressionError::Conflict {
                one: one.clone(),
                two: two.clone(),
            });
        }
        if left != right {
            return Ok(());
        }
    }
    Err(ExpressionError::Overlap {
        one: one.clone(),
        two: two.clone(),
    })
}
