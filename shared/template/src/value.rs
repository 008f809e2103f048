// SPDX-License-Identifier: Apache-2.0
//! Values of a template once its functions are done.

use std::borrow::Cow;

use keyproof_document::{Key, Node, Place, Value as Tree};

/// A value with the place it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// What a resolved value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// A number as written.
    Number(String),
    Text(String),
    List(Vec<Resolved>),
    Map(Vec<(Key, Resolved)>),
    /// Something that the template doesn't tell.
    Unknown(UnknownValue),
    /// `AWS::NoValue`: the entry that holds it is not there.
    Nothing,
}

/// Why a value is unknown, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownValue {
    /// What it hangs on, such as ``what another stack exports as `shared-key` ``.
    pub(crate) reason: String,
    /// The known parts with `*` for each unknown one; `None` where nothing is known, not even
    /// that it is a string.
    pub(crate) pattern: Option<String>,
}

impl Value {
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(UnknownValue {
            reason: reason.into(),
            pattern: None,
        })
    }

    pub(crate) fn partly(reason: impl Into<String>, pattern: impl Into<String>) -> Self {
        Self::Unknown(UnknownValue {
            reason: reason.into(),
            pattern: Some(pattern.into()),
        })
    }

    /// A string, unless it holds a dynamic reference (`{{resolve:ssm:name}}`), whose value is only
    /// known at deployment.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.contains("{{resolve:") {
            return Self::Text(text);
        }
        let mut pattern = String::new();
        let mut rest = text.as_str();
        let mut reason = String::new();
        while let Some((before, after)) = rest.split_once("{{resolve:") {
            let (reference, behind) = after.split_once("}}").unwrap_or((after, ""));
            pattern.push_str(before);
            pattern.push('*');
            if reason.is_empty() {
                reason = format!("the dynamic reference `{{{{resolve:{reference}}}}}`");
            }
            rest = behind;
        }
        pattern.push_str(rest);
        Self::partly(reason, pattern)
    }

    pub(crate) fn at(self, place: Place) -> Resolved {
        Resolved { place, value: self }
    }

    /// What it is, with its article.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null | Self::Nothing => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
            Self::Unknown(_) => "a value that only deployment tells",
        }
    }

    /// Any scalar as text: CloudFormation hands `123`, `true` and `"123"` on alike.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(Cow::Borrowed(text)),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Null | Self::List(_) | Self::Map(_) | Self::Unknown(_) | Self::Nothing => None,
        }
    }
}

impl Resolved {
    /// A node as it is written: no functions in it. `place` stands for all its places, where given.
    pub(crate) fn literal(node: &Node, place: Option<Place>) -> Self {
        let value = match &node.value {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(text) => Value::Number(text.clone()),
            Tree::String(text) => Value::text(text.as_str()),
            Tree::Sequence(items) => Value::List(
                items
                    .iter()
                    .map(|item| Self::literal(item, place))
                    .collect(),
            ),
            Tree::Mapping(entries) => {
                let entries = entries.iter();
                Value::Map(
                    entries
                        .map(|(key, node)| (key.clone(), Self::literal(node, place)))
                        .collect(),
                )
            }
        };
        value.at(place.unwrap_or(node.place))
    }

    /// Whether nothing is there: `null` or `AWS::NoValue`.
    pub(crate) const fn is_absent(&self) -> bool {
        matches!(self.value, Value::Null | Value::Nothing)
    }

    /// The entry under `key`, where it is a mapping that has one.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries
                .iter()
                .find(|(name, _)| name.text == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The place that a JSON pointer leads to, of the key where there is one, or that of the nearest
    /// thing to it.
    pub(crate) fn place_at(&self, pointer: &str) -> Place {
        let (mut here, mut place) = (self, self.place);
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = match &here.value {
                Value::List(items) => {
                    let item = token.parse().ok().and_then(|at: usize| items.get(at));
                    item.map(|item| (item.place, item))
                }
                Value::Map(entries) => entries
                    .iter()
                    .find(|(key, _)| key.text == token)
                    .map(|(key, value)| (key.place, value)),
                _ => None,
            };
            let Some((next_place, next)) = next else {
                break;
            };
            (place, here) = (next_place, next);
        }
        place
    }

    /// The value as plain JSON, numbers and booleans kept. `Err` names the first unknown in it.
    pub(crate) fn to_json(&self) -> Result<serde_json::Value, &UnknownValue> {
        Ok(match &self.value {
            Value::Null | Value::Nothing => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => text
                .parse::<serde_json::Number>()
                .map_or_else(|_| text.clone().into(), serde_json::Value::Number),
            Value::Text(text) => text.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect::<Result<_, _>>()?,
            Value::Map(entries) => entries
                .iter()
                .map(|(key, value)| Ok((key.text.clone(), value.to_json()?)))
                .collect::<Result<_, _>>()?,
            Value::Unknown(unknown) => return Err(unknown),
        })
    }
}
