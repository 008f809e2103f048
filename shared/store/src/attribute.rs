// SPDX-License-Identifier: Apache-2.0
//! Between items and DynamoDB's attribute values.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use keyproof_state::Item;
use serde_json::{Map, Number, Value};

/// The item for DynamoDB.
#[must_use]
pub fn to_attributes(item: &Item) -> HashMap<String, AttributeValue> {
    item.iter()
        .map(|(name, value)| (name.clone(), to_attribute(value)))
        .collect()
}

/// The item that DynamoDB holds; the kind of value that keyproof never writes, where it has one.
///
/// # Errors
///
/// Where an attribute is a set, bytes, or a number that is none.
pub fn from_attributes(
    attributes: impl IntoIterator<Item = (String, AttributeValue)>,
) -> Result<Item, &'static str> {
    let mut names: Vec<_> = attributes.into_iter().collect();
    names.sort_by(|(one, _), (other, _)| one.cmp(other));
    names
        .into_iter()
        .map(|(name, value)| Ok((name, from_attribute(value)?)))
        .collect()
}

/// A value for DynamoDB.
pub(crate) fn to_attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(values) => AttributeValue::L(values.iter().map(to_attribute).collect()),
        Value::Object(fields) => AttributeValue::M(to_attributes(fields)),
    }
}

fn from_attribute(value: AttributeValue) -> Result<Value, &'static str> {
    Ok(match value {
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::Bool(value) => Value::Bool(value),
        AttributeValue::N(text) => Value::Number(
            text.parse::<Number>()
                .map_err(|_| "a number that can't be read")?,
        ),
        AttributeValue::S(text) => Value::String(text),
        AttributeValue::L(values) => Value::Array(
            values
                .into_iter()
                .map(from_attribute)
                .collect::<Result<_, _>>()?,
        ),
        AttributeValue::M(fields) => Value::Object(from_attributes(fields)?),
        AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_) => {
            return Err("a set");
        }
        AttributeValue::B(_) => return Err("bytes"),
        _ => return Err("a value of an unknown kind"),
    })
}

/// A key for DynamoDB.
pub(crate) fn key(key: &keyproof_state::Key) -> HashMap<String, AttributeValue> {
    let mut item = Map::new();
    item.insert("pk".to_owned(), key.pk.as_str().into());
    item.insert("sk".to_owned(), key.sk.as_str().into());
    to_attributes(&item)
}
