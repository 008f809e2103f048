// SPDX-License-Identifier: Apache-2.0
//! Reads the parameters of an operation, strictly: what the sandbox does not know, it says.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::attribute::{self, AttributeError, AttributeValue, Attributes};
use super::expression::{Condition, Path, Placeholders, Update};
use crate::error::AwsError;

/// Attributes by name as they come, before their values are checked.
pub(super) type RawAttributes = Map<String, Value>;

/// `ReturnConsumedCapacity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ReturnConsumedCapacity {
    Indexes,
    Total,
    #[default]
    None,
}

impl ReturnConsumedCapacity {
    /// The word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Indexes => "INDEXES",
            Self::Total => "TOTAL",
            Self::None => "NONE",
        }
    }
}

/// `ReturnValues`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum ReturnValues {
    #[default]
    None,
    AllOld,
    UpdatedOld,
    AllNew,
    UpdatedNew,
}

impl ReturnValues {
    /// The word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::AllOld => "ALL_OLD",
            Self::UpdatedOld => "UPDATED_OLD",
            Self::AllNew => "ALL_NEW",
            Self::UpdatedNew => "UPDATED_NEW",
        }
    }
}

/// `ReturnValuesOnConditionCheckFailure`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum OnFailure {
    #[default]
    None,
    AllOld,
}

/// `ReturnItemCollectionMetrics`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum ReturnItemCollectionMetrics {
    Size,
    #[default]
    None,
}

/// `Select`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Select {
    AllAttributes,
    AllProjectedAttributes,
    SpecificAttributes,
    Count,
}

impl Select {
    /// The word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::AllAttributes => "ALL_ATTRIBUTES",
            Self::AllProjectedAttributes => "ALL_PROJECTED_ATTRIBUTES",
            Self::SpecificAttributes => "SPECIFIC_ATTRIBUTES",
            Self::Count => "COUNT",
        }
    }
}

/// Reads an operation's parameters.
pub(super) fn read<'de, T: Deserialize<'de>>(
    operation: &str,
    input: &'de Value,
) -> Result<T, AwsError> {
    T::deserialize(input).map_err(|error| refused(operation, &error.to_string()))
}

/// Says what serde says in AWS's words, where AWS has words for it.
fn refused(operation: &str, error: &str) -> AwsError {
    let quoted = |prefix: &str| error.strip_prefix(prefix)?.split('`').nth(1);
    if let Some(name) = quoted("unknown field ") {
        return AwsError::validation(format!(
            "the sandbox doesn't know the parameter `{name}` of dynamodb:{operation}"
        ));
    }
    if let Some(name) = quoted("missing field ") {
        let mut characters = name.chars();
        let first = characters.next().map(|first| first.to_ascii_lowercase());
        let name: String = first.into_iter().chain(characters).collect();
        return AwsError::validation(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ));
    }
    if let Some(word) = quoted("unknown variant ") {
        let allowed = error
            .split_once("expected ")
            .map_or("", |(_, allowed)| allowed);
        let allowed = allowed.trim_start_matches("one of ").replace('`', "");
        return AwsError::validation(format!(
            "1 validation error detected: Value '{word}' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
        ));
    }
    AwsError::client("SerializationException", error)
}

impl From<AttributeError> for AwsError {
    fn from(error: AttributeError) -> Self {
        match error {
            AttributeError::Shape(message) => Self::client("SerializationException", message),
            AttributeError::Value(_) | AttributeError::Number(_) => {
                Self::validation(error.to_string())
            }
        }
    }
}

/// Reads an item or a key.
pub(super) fn attributes(raw: &RawAttributes) -> Result<Attributes, AwsError> {
    Ok(attribute::attributes(raw)?)
}

/// Any error whose sentence is AWS's, as a `ValidationException`.
pub(super) fn invalid(error: impl std::error::Error) -> AwsError {
    AwsError::validation(error.to_string())
}

/// The texts of a request's expressions and its placeholders.
#[derive(Debug, Default)]
pub(super) struct Expressions<'a> {
    /// `ExpressionAttributeNames`.
    pub(super) names: Option<&'a IndexMap<String, String>>,
    /// `ExpressionAttributeValues`.
    pub(super) values: Option<&'a RawAttributes>,
    /// `UpdateExpression`.
    pub(super) update: Option<&'a str>,
    /// `ConditionExpression`.
    pub(super) condition: Option<&'a str>,
    /// `KeyConditionExpression`.
    pub(super) key_condition: Option<&'a str>,
    /// `FilterExpression`.
    pub(super) filter: Option<&'a str>,
    /// `ProjectionExpression`.
    pub(super) projection: Option<&'a str>,
}

/// A request's expressions, read.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) update: Option<Update>,
    pub(super) condition: Option<Condition>,
    pub(super) key_condition: Option<Condition>,
    pub(super) filter: Option<Condition>,
    pub(super) projection: Option<Vec<Path>>,
}

impl Expressions<'_> {
    /// Reads all expressions. `takers` are the expressions of the operation that take values.
    pub(super) fn parse(&self, takers: &[&str]) -> Result<Parsed, AwsError> {
        let with_values = [self.update, self.condition, self.key_condition, self.filter];
        let any_with_values = with_values.iter().any(Option::is_some);
        if self.names.is_some() && !any_with_values && self.projection.is_none() {
            return Err(AwsError::validation(
                "ExpressionAttributeNames can only be specified when using expressions",
            ));
        }
        if self.values.is_some() && !any_with_values {
            let verb = if takers.len() > 1 { "are" } else { "is" };
            return Err(AwsError::validation(format!(
                "ExpressionAttributeValues can only be specified when using expressions: {} {verb} null",
                takers.join(" and ")
            )));
        }
        let values = self.values.map(values).transpose()?;
        let mut placeholders = Placeholders::new(self.names.cloned(), values).map_err(invalid)?;
        let wrong = |kind: &'static str| {
            move |error| AwsError::validation(format!("Invalid {kind}: {error}"))
        };
        let update = self
            .update
            .map(|text| placeholders.update(text))
            .transpose();
        let update = update.map_err(wrong("UpdateExpression"))?;
        let mut condition = |text: Option<&str>, kind| {
            text.map(|text| placeholders.condition(text))
                .transpose()
                .map_err(wrong(kind))
        };
        let parsed = Parsed {
            update,
            condition: condition(self.condition, "ConditionExpression")?,
            key_condition: condition(self.key_condition, "KeyConditionExpression")?,
            filter: condition(self.filter, "FilterExpression")?,
            projection: self
                .projection
                .map(|text| placeholders.projection(text))
                .transpose()
                .map_err(wrong("ProjectionExpression"))?,
        };
        placeholders.finish().map_err(invalid)?;
        Ok(parsed)
    }
}

fn values(raw: &RawAttributes) -> Result<IndexMap<String, AttributeValue>, AwsError> {
    let read = raw
        .iter()
        .map(|(key, json)| match AttributeValue::from_json(json) {
            Ok(value) => Ok((key.clone(), value)),
            Err(AttributeError::Shape(message)) => Err(AttributeError::Shape(message).into()),
            Err(error) => Err(AwsError::validation(format!(
                "ExpressionAttributeValues contains invalid value: {error} for key {key}"
            ))),
        });
    read.collect()
}

impl Parsed {
    /// Every path in the expressions.
    pub(super) fn paths(&self) -> Vec<&Path> {
        let mut paths: Vec<&Path> = self.projection.iter().flatten().collect();
        for condition in [&self.condition, &self.key_condition, &self.filter]
            .into_iter()
            .flatten()
        {
            condition.each_path(&mut |path| paths.push(path));
        }
        if let Some(update) = &self.update {
            update.each_path(&mut |path| paths.push(path));
        }
        paths
    }
}
