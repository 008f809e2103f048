// SPDX-License-Identifier: Apache-2.0
//! Attribute values: DynamoDB JSON in and out, equality, order and size.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::number::{Number, NumberError};

#[cfg(test)]
mod tests;

/// The deepest nesting of lists and maps.
const MAXIMUM_DEPTH: usize = 32;

/// An item, or the value of a map attribute: attributes by name.
pub(crate) type Attributes = BTreeMap<String, AttributeValue>;

/// One value of any of the ten types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttributeValue {
    /// `S`.
    String(String),
    /// `N`.
    Number(Number),
    /// `B`.
    Binary(Vec<u8>),
    /// `BOOL`.
    Bool(bool),
    /// `NULL`.
    Null,
    /// `SS`.
    StringSet(BTreeSet<String>),
    /// `NS`.
    NumberSet(BTreeSet<Number>),
    /// `BS`.
    BinarySet(BTreeSet<Vec<u8>>),
    /// `L`.
    List(Vec<AttributeValue>),
    /// `M`.
    Map(Attributes),
}

/// Why a piece of DynamoDB JSON is no attribute value, in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AttributeError {
    /// The JSON has the wrong shape: AWS calls it a `SerializationException`.
    #[error("{0}")]
    Shape(String),
    /// The shape is right, the value is not: a `ValidationException`.
    #[error("{0}")]
    Value(String),
    /// A number that can't be stored.
    #[error(transparent)]
    Number(#[from] NumberError),
}

fn shape(message: impl Into<String>) -> AttributeError {
    AttributeError::Shape(message.into())
}

fn value(message: impl Into<String>) -> AttributeError {
    AttributeError::Value(message.into())
}

impl AttributeValue {
    /// Reads `{"S": "text"}` and its kin.
    pub(crate) fn from_json(json: &Value) -> Result<Self, AttributeError> {
        Self::from_json_at(json, 0)
    }

    fn from_json_at(json: &Value, depth: usize) -> Result<Self, AttributeError> {
        if depth > MAXIMUM_DEPTH {
            return Err(value(
                "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
            ));
        }
        let members = json
            .as_object()
            .ok_or_else(|| shape("Unexpected value type in payload"))?;
        // AWS drops members that are null before it counts them.
        let mut members = members.iter().filter(|(_, content)| !content.is_null());
        let Some((name, content)) = members.next() else {
            return Err(value(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            ));
        };
        if members.next().is_some() {
            return Err(value(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ));
        }
        match name.as_str() {
            "S" => Ok(Self::String(string(content)?)),
            "N" => Ok(Self::Number(string(content)?.parse()?)),
            "B" => Ok(Self::Binary(binary(content)?)),
            "BOOL" => Ok(Self::Bool(boolean(content)?)),
            "NULL" if boolean(content)? => Ok(Self::Null),
            "NULL" => Err(value(
                "One or more parameter values were invalid: Null attribute value types must have the value of true",
            )),
            "SS" => string_set(content),
            "NS" => number_set(content),
            "BS" => binary_set(content),
            "L" => {
                let members = list(content)?;
                let read = members
                    .iter()
                    .map(|member| Self::from_json_at(member, depth + 1));
                Ok(Self::List(read.collect::<Result<_, _>>()?))
            }
            "M" => {
                let members = content
                    .as_object()
                    .ok_or_else(|| shape("Unexpected field type"))?;
                Ok(Self::Map(attributes_at(members, depth + 1)?))
            }
            _ => Err(value(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            )),
        }
    }

    /// Writes the value as DynamoDB JSON.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::String(text) => json!({ "S": text }),
            Self::Number(number) => json!({ "N": number.to_string() }),
            Self::Binary(bytes) => json!({ "B": STANDARD.encode(bytes) }),
            Self::Bool(truth) => json!({ "BOOL": truth }),
            Self::Null => json!({ "NULL": true }),
            Self::StringSet(members) => json!({ "SS": members }),
            Self::NumberSet(members) => {
                json!({ "NS": members.iter().map(ToString::to_string).collect::<Vec<_>>() })
            }
            Self::BinarySet(members) => {
                json!({ "BS": members.iter().map(|bytes| STANDARD.encode(bytes)).collect::<Vec<_>>() })
            }
            Self::List(members) => {
                json!({ "L": members.iter().map(Self::to_json).collect::<Vec<_>>() })
            }
            Self::Map(attributes) => json!({ "M": to_json(attributes) }),
        }
    }

    /// The type's name on the wire: `S`, `N`, `BOOL`, …
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::String(_) => "S",
            Self::Number(_) => "N",
            Self::Binary(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::StringSet(_) => "SS",
            Self::NumberSet(_) => "NS",
            Self::BinarySet(_) => "BS",
            Self::List(_) => "L",
            Self::Map(_) => "M",
        }
    }

    /// Whether values of this type have an order: strings, numbers and binaries do.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self, Self::String(_) | Self::Number(_) | Self::Binary(_))
    }

    /// The order of two values of one ordered type. Different types have none.
    pub(crate) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::String(left), Self::String(right)) => Some(left.cmp(right)),
            (Self::Number(left), Self::Number(right)) => Some(left.cmp(right)),
            (Self::Binary(left), Self::Binary(right)) => Some(left.cmp(right)),
            _ => None,
        }
    }

    /// What the `size` function returns; numbers, booleans and null have no size.
    pub(crate) fn length(&self) -> Option<usize> {
        match self {
            Self::String(text) => Some(text.chars().count()),
            Self::Binary(bytes) => Some(bytes.len()),
            Self::StringSet(members) => Some(members.len()),
            Self::NumberSet(members) => Some(members.len()),
            Self::BinarySet(members) => Some(members.len()),
            Self::List(members) => Some(members.len()),
            Self::Map(attributes) => Some(attributes.len()),
            Self::Number(_) | Self::Bool(_) | Self::Null => None,
        }
    }

    /// The bytes that AWS counts for the value.
    ///
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::String(text) => text.len(),
            Self::Number(number) => number.size(),
            Self::Binary(bytes) => bytes.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::StringSet(members) => members.iter().map(String::len).sum(),
            Self::NumberSet(members) => members.iter().map(|number| number.size()).sum(),
            Self::BinarySet(members) => members.iter().map(Vec::len).sum(),
            Self::List(members) => {
                3 + members
                    .iter()
                    .map(|member| 1 + member.size())
                    .sum::<usize>()
            }
            Self::Map(attributes) => 3 + attributes.len() + size(attributes),
        }
    }
}

/// Reads an item or a key.
pub(crate) fn attributes(members: &Map<String, Value>) -> Result<Attributes, AttributeError> {
    attributes_at(members, 0)
}

fn attributes_at(members: &Map<String, Value>, depth: usize) -> Result<Attributes, AttributeError> {
    let read = members
        .iter()
        .map(|(name, json)| Ok((name.clone(), AttributeValue::from_json_at(json, depth)?)));
    read.collect()
}

/// Writes an item or a key.
pub(crate) fn to_json(attributes: &Attributes) -> Value {
    attributes
        .iter()
        .map(|(name, value)| (name.clone(), value.to_json()))
        .collect::<Map<_, _>>()
        .into()
}

/// The bytes that AWS counts for an item: names and values.
pub(crate) fn size(attributes: &Attributes) -> usize {
    attributes
        .iter()
        .map(|(name, value)| name.len() + value.size())
        .sum()
}

fn string(content: &Value) -> Result<String, AttributeError> {
    match content {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(true) => Err(shape("TRUE_VALUE cannot be converted to String")),
        Value::Bool(false) => Err(shape("FALSE_VALUE cannot be converted to String")),
        Value::Number(number) if number.is_f64() => {
            Err(shape("DECIMAL_VALUE cannot be converted to String"))
        }
        Value::Number(_) => Err(shape("NUMBER_VALUE cannot be converted to String")),
        Value::Null | Value::Array(_) => {
            Err(shape("Unrecognized collection type class java.lang.String"))
        }
        Value::Object(_) => Err(shape("Start of structure or map found where not expected")),
    }
}

fn boolean(content: &Value) -> Result<bool, AttributeError> {
    content.as_bool().ok_or_else(|| match content {
        Value::Number(_) => shape("NUMBER_VALUE cannot be converted to Boolean"),
        Value::Array(_) => shape("Unrecognized collection type class java.lang.Boolean"),
        Value::Object(_) => shape("Start of structure or map found where not expected"),
        Value::Null | Value::Bool(_) | Value::String(_) => {
            shape("Unexpected token received from parser")
        }
    })
}

fn binary(content: &Value) -> Result<Vec<u8>, AttributeError> {
    let text = content
        .as_str()
        .ok_or_else(|| shape("only base-64-encoded strings are convertible to bytes"))?;
    STANDARD
        .decode(text)
        .map_err(|error| shape(format!("Invalid Base64: {error}")))
}

fn list(content: &Value) -> Result<&Vec<Value>, AttributeError> {
    content
        .as_array()
        .ok_or_else(|| shape("Unexpected field type"))
}

fn string_set(content: &Value) -> Result<AttributeValue, AttributeError> {
    let members = list(content)?
        .iter()
        .map(string)
        .collect::<Result<Vec<_>, _>>()?;
    if members.is_empty() {
        return Err(value(
            "One or more parameter values were invalid: An string set  may not be empty",
        ));
    }
    let set: BTreeSet<String> = members.iter().cloned().collect();
    if set.len() < members.len() {
        return Err(value(format!(
            "One or more parameter values were invalid: Input collection [{}] contains duplicates.",
            members.join(", ")
        )));
    }
    Ok(AttributeValue::StringSet(set))
}

fn number_set(content: &Value) -> Result<AttributeValue, AttributeError> {
    let members = list(content)?;
    if members.is_empty() {
        return Err(value(
            "One or more parameter values were invalid: An number set  may not be empty",
        ));
    }
    let read = members
        .iter()
        .map(|member| Ok::<Number, AttributeError>(string(member)?.parse()?));
    let set = read.collect::<Result<BTreeSet<_>, _>>()?;
    if set.len() < members.len() {
        return Err(value("Input collection contains duplicates"));
    }
    Ok(AttributeValue::NumberSet(set))
}

fn binary_set(content: &Value) -> Result<AttributeValue, AttributeError> {
    let members = list(content)?;
    if members.is_empty() {
        return Err(value(
            "One or more parameter values were invalid: Binary sets should not be empty",
        ));
    }
    let set = members
        .iter()
        .map(binary)
        .collect::<Result<BTreeSet<_>, _>>()?;
    if set.len() < members.len() {
        let written: Vec<&str> = members.iter().filter_map(Value::as_str).collect();
        return Err(value(format!(
            "One or more parameter values were invalid: Input collection [{}]of type BS contains duplicates.",
            written.join(", ")
        )));
    }
    Ok(AttributeValue::BinarySet(set))
}
