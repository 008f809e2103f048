// SPDX-License-Identifier: Apache-2.0
//! The tree that a document becomes.

use std::borrow::Cow;

use crate::Place;
use crate::scalar;

/// A value of a document, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where the value starts. What an alias brought keeps the place of its anchor.
    pub place: Place,
    /// The value's local tag without its `!`: `Ref`, `Sub`, `GetAtt`. Tags of YAML's core schema
    /// (`!!str`) have done their work and are not kept.
    pub tag: Option<String>,
    /// The value itself.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written. Digits with a leading zero (`000011112222`) are a string, so account
    /// ids keep theirs.
    Number(String),
    /// A string: quoted, a block, tagged, or plain and nothing else.
    String(String),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in the document's order. No key stands in it twice.
    Mapping(Vec<(Key, Node)>),
}

/// A mapping's key, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Where the key starts.
    pub place: Place,
    /// The key's text as written, quotes and escapes resolved.
    pub text: String,
}

impl Value {
    /// What it is, with its article, for a sentence such as "expected a string, found a mapping".
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Sequence(_) => "a sequence",
            Self::Mapping(_) => "a mapping",
        }
    }
}

impl Node {
    /// Whether the value is null.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The string, where it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, where it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number as written, where it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&str> {
        match &self.value {
            Value::Number(text) => Some(text),
            _ => None,
        }
    }

    /// The number, where it is a whole one that fits: `900`, `0x10`, but not `9e2` or `900.0`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(scalar::integer)?.try_into().ok()
    }

    /// The number, where it is a whole one that fits: `900`, `0x10`, but not `9e2` or `900.0`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_number().and_then(scalar::integer)?.try_into().ok()
    }

    /// The number, where it is one and finite.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        self.as_number().and_then(scalar::float)
    }

    /// Any scalar but null as text: a string, a number as written, `true` or `false`. For readers
    /// to whom `111122223333` and `"111122223333"` are the same.
    #[must_use]
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(Cow::Borrowed(text)),
            Value::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Value::Null | Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// The items, where it is a sequence.
    #[must_use]
    pub fn as_sequence(&self) -> Option<&[Self]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, where it is a mapping.
    #[must_use]
    pub fn as_mapping(&self) -> Option<&[(Key, Self)]> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry under `key`, where it is a mapping that has one.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<(&Key, &Self)> {
        let entries = self.as_mapping()?;
        entries
            .iter()
            .find(|(name, _)| name.text == key)
            .map(|(name, node)| (name, node))
    }

    /// The value under `key`, where it is a mapping that has one.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The value under a JSON pointer (RFC 6901), such as `/Statement/2/Condition`.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<&Self> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer
            .strip_prefix('/')?
            .split('/')
            .try_fold(self, |node, token| {
                let token = token.replace("~1", "/").replace("~0", "~");
                match &node.value {
                    Value::Sequence(items) => items.get(token.parse::<usize>().ok()?),
                    Value::Mapping(_) => node.get(&token),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
                }
            })
    }

    /// The tree as JSON, places forgotten.
    ///
    /// A tagged value becomes `{"!TAG": value}`, so that nobody mistakes `!Ref Key` for the string
    /// `Key`; whoever knows the tags interprets them first. A number that JSON cannot hold
    /// (`.inf`, `1e999`) becomes a string.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let value = match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(text) => scalar::to_json(text),
            Value::String(text) => text.clone().into(),
            Value::Sequence(items) => items.iter().map(Self::to_json).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .map(|(key, node)| (key.text.clone(), node.to_json()))
                .collect(),
        };
        match &self.tag {
            None => value,
            Some(tag) => [(format!("!{tag}"), value)].into_iter().collect(),
        }
    }
}
