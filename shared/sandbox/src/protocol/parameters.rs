// SPDX-License-Identifier: Apache-2.0
//! Parameters read strictly: one that the sandbox doesn't know is an error, never ignored.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Api;
use crate::error::AwsError;

/// Reads an operation's parameters into a `#[serde(deny_unknown_fields)]` structure.
pub(crate) fn read<T: DeserializeOwned>(
    api: Api,
    operation: &str,
    input: &Value,
) -> Result<T, AwsError> {
    T::deserialize(input).map_err(|error| refused(api, operation, &error.to_string()))
}

fn refused(api: Api, operation: &str, error: &str) -> AwsError {
    let quoted = |start: &str| {
        error
            .strip_prefix(start)
            .and_then(|rest| rest.split('`').next())
    };
    if let Some(name) = quoted("missing field `") {
        return missing(api, name);
    }
    let message = if let Some(name) = quoted("unknown field `") {
        format!(
            "the sandbox doesn't know the parameter `{name}` of {}:{operation}",
            api.name()
        )
    } else {
        format!(
            "a parameter of {}:{operation} can't be read: {error}",
            api.name()
        )
    };
    validation(api, message)
}

/// The error for a parameter that has to be there.
pub(crate) fn missing(api: Api, name: &str) -> AwsError {
    let name = lower_first(name);
    validation(
        api,
        format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ),
    )
}

/// The service's word for a parameter that it can't take.
pub(crate) fn validation(api: Api, message: impl Into<String>) -> AwsError {
    let code = if api.is_json() {
        "ValidationException"
    } else {
        "ValidationError"
    };
    AwsError::client(code, message)
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// A list parameter of awsQuery, where an empty list arrives as an empty text.
pub(crate) fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) if text.is_empty() => Ok(Vec::new()),
        value => Vec::deserialize(value).map_err(D::Error::custom),
    }
}

/// A number or boolean parameter of awsQuery, where everything arrives as text.
pub(crate) fn text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: Display,
{
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map(Some)
        .map_err(|error| D::Error::custom(format!("`{text}`: {error}")))
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Tag {
    /// The tag's key.
    pub(crate) key: String,
    /// The tag's value.
    #[serde(default)]
    pub(crate) value: String,
}
