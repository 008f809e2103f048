// SPDX-License-Identifier: Apache-2.0
//! Trees with placeholders, filled for a table.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;

use keyproof_document::{Key, Node, Value};
use keyproof_plan::Place;

use crate::answer::Table;
use crate::pattern::{Pattern, Placeholder};

/// What a placeholder without a value stands for in a sample.
const GUESS: &str = "sample";

/// Fills trees for one table.
#[derive(Debug)]
pub(crate) struct Filler<'t> {
    table: &'t Table,
    /// In a sample: where a text hangs on values that nobody knows yet.
    guessed: Option<RefCell<HashSet<Place>>>,
}

/// A placeholder without a value, and where it stands.
pub(crate) type Missing = (Place, Placeholder);

impl<'t> Filler<'t> {
    pub(crate) const fn new(table: &'t Table) -> Self {
        let guessed = None;
        Self { table, guessed }
    }

    /// Fills a sample: what has no value gets one.
    pub(crate) fn guessing(table: &'t Table) -> Self {
        let guessed = Some(RefCell::default());
        Self { table, guessed }
    }

    /// Where texts hang on values that were guessed.
    pub(crate) fn guessed(&self) -> HashSet<Place> {
        self.guessed
            .as_ref()
            .map(|places| places.borrow().clone())
            .unwrap_or_default()
    }

    pub(crate) fn text(&self, text: &str, place: Place) -> Result<String, Missing> {
        if !text.contains(['{', '}']) {
            return Ok(text.to_owned());
        }
        if let Some(places) = &self.guessed {
            places.borrow_mut().insert(place);
        }
        // What is no pattern was told when the inventory was read.
        let Ok(pattern) = text.parse::<Pattern>() else {
            return Ok(text.to_owned());
        };
        let value = |placeholder| {
            let value = self.table.value(placeholder);
            value.or_else(|| self.guessed.as_ref().map(|_| Cow::from(GUESS)))
        };
        pattern
            .fill(value)
            .map_err(|placeholder| (place, placeholder.clone()))
    }

    pub(crate) fn key(&self, key: &Key) -> Result<Key, Missing> {
        let text = self.text(&key.text, key.place)?;
        if self.guessed.is_some() {
            // What is wrong below it is told by the name that it has in the inventory.
            return Ok(key.clone());
        }
        let place = key.place;
        Ok(Key { place, text })
    }

    pub(crate) fn node(&self, node: &Node) -> Result<Node, Missing> {
        let value = match &node.value {
            Value::String(text) => Value::String(self.text(text, node.place)?),
            Value::Sequence(items) => {
                let items = items.iter().map(|item| self.node(item));
                Value::Sequence(items.collect::<Result<_, _>>()?)
            }
            Value::Mapping(entries) => {
                let entries = entries.iter();
                let entries = entries.map(|(key, node)| Ok((self.key(key)?, self.node(node)?)));
                Value::Mapping(entries.collect::<Result<_, _>>()?)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => node.value.clone(),
        };
        let (place, tag) = (node.place, node.tag.clone());
        Ok(Node { place, tag, value })
    }
}

/// An entry of a mapping.
pub(crate) fn entry(name: &str, node: Node, place: Place) -> (Key, Node) {
    let text = name.to_owned();
    (Key { place, text }, node)
}

/// A text.
pub(crate) fn text(text: &str, place: Place) -> Node {
    Node {
        place,
        tag: None,
        value: Value::String(text.to_owned()),
    }
}

/// A mapping.
pub(crate) fn mapping(entries: Vec<(Key, Node)>, place: Place) -> Node {
    Node {
        place,
        tag: None,
        value: Value::Mapping(entries),
    }
}

/// A sequence.
pub(crate) fn sequence(items: Vec<Node>, place: Place) -> Node {
    Node {
        place,
        tag: None,
        value: Value::Sequence(items),
    }
}
