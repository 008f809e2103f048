// SPDX-License-Identifier: Apache-2.0
//! The canary as DynamoDB has it: written, and recognised.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;
use keyproof_plan::{Attribute, Canary};
use keyproof_verdict::Evidence;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The plan's attribute in the SDK's type.
pub(crate) fn to_sdk(attribute: &Attribute) -> AttributeValue {
    match attribute {
        Attribute::S(text) => AttributeValue::S(text.clone()),
        Attribute::N(number) => AttributeValue::N(number.clone()),
        Attribute::B(bytes) => AttributeValue::B(Blob::new(bytes.clone())),
        Attribute::Bool(value) => AttributeValue::Bool(*value),
        Attribute::Null => AttributeValue::Null(true),
        Attribute::M(map) => AttributeValue::M(
            map.iter()
                .map(|(name, each)| (name.clone(), to_sdk(each)))
                .collect(),
        ),
        Attribute::L(list) => AttributeValue::L(list.iter().map(to_sdk).collect()),
        Attribute::Ss(set) => AttributeValue::Ss(set.clone()),
        Attribute::Ns(set) => AttributeValue::Ns(set.clone()),
        Attribute::Bs(set) => AttributeValue::Bs(set.iter().cloned().map(Blob::new).collect()),
    }
}

/// The canary's key, as calls take it.
pub(crate) fn key(canary: &Canary) -> Item {
    canary
        .key
        .iter()
        .map(|(name, value)| (name.clone(), to_sdk(value)))
        .collect()
}

/// The whole canary.
pub(crate) fn whole(canary: &Canary) -> Item {
    let attributes = canary
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), to_sdk(value)));
    attributes.chain(key(canary)).collect()
}

/// What the items that came back prove. `projected` tells which attributes an index holds.
pub(crate) fn evidence<'a>(
    canary: &Canary,
    items: impl IntoIterator<Item = &'a Item>,
    projected: impl Fn(&str) -> bool,
) -> Evidence {
    let Some(item) = items.into_iter().find(|item| has_key(canary, item)) else {
        return Evidence::CanaryMissing;
    };
    let mut expected = canary.attributes.iter().filter(|(name, _)| projected(name));
    match expected.find(|(name, value)| !has(item, name, value)) {
        Some((attribute, _)) => Evidence::CanaryAltered {
            attribute: attribute.clone(),
        },
        None => Evidence::Canary,
    }
}

/// Whether the item is the canary with every attribute of it. It may have more.
pub(crate) fn is_canary(canary: &Canary, item: &Item) -> bool {
    evidence(canary, [item], |_| true) == Evidence::Canary
}

fn has_key(canary: &Canary, item: &Item) -> bool {
    canary
        .key
        .iter()
        .all(|(name, value)| has(item, name, value))
}

fn has(item: &Item, name: &str, value: &Attribute) -> bool {
    item.get(name).is_some_and(|found| same(value, found))
}

/// Equality as DynamoDB has it: numbers by value, sets in any order, all else exactly.
fn same(expected: &Attribute, found: &AttributeValue) -> bool {
    match (expected, found) {
        (Attribute::S(a), AttributeValue::S(b)) => a == b,
        (Attribute::N(a), AttributeValue::N(b)) => number(a) == number(b),
        (Attribute::B(a), AttributeValue::B(b)) => a.as_slice() == b.as_ref(),
        (Attribute::Bool(a), AttributeValue::Bool(b)) => a == b,
        (Attribute::Null, AttributeValue::Null(b)) => *b,
        (Attribute::M(a), AttributeValue::M(b)) => {
            a.len() == b.len() && a.iter().all(|(name, value)| has(b, name, value))
        }
        (Attribute::L(a), AttributeValue::L(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Attribute::Ss(a), AttributeValue::Ss(b)) => sorted(a) == sorted(b),
        (Attribute::Ns(a), AttributeValue::Ns(b)) => {
            sorted(a.iter().map(|each| number(each))) == sorted(b.iter().map(|each| number(each)))
        }
        (Attribute::Bs(a), AttributeValue::Bs(b)) => {
            sorted(a.iter().map(Vec::as_slice)) == sorted(b.iter().map(AsRef::as_ref))
        }
        _ => false,
    }
}

fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.sort();
    items
}

/// A decimal number's value in one spelling: sign, digits without outer zeros, and the power of ten
/// of the last digit. A text that is no number is compared as it is written.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Number<'a> {
    Decimal {
        negative: bool,
        digits: String,
        exponent: i64,
    },
    Text(&'a str),
}

fn number(text: &str) -> Number<'_> {
    decimal(text).unwrap_or(Number::Text(text))
}

fn decimal(text: &str) -> Option<Number<'_>> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let negative = mantissa.starts_with('-');
    let mantissa = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let significant = digits.trim_end_matches('0');
    let dropped = i64::try_from(digits.len() - significant.len()).ok()?;
    let digits = significant.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return Some(Number::Decimal {
            negative: false,
            digits,
            exponent: 0,
        });
    }
    Some(Number::Decimal {
        negative,
        digits,
        exponent: exponent.checked_add(dropped)?,
    })
}
