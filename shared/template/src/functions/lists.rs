// SPDX-License-Identifier: Apache-2.0
//! `Fn::Join`, `Fn::Select`, `Fn::Split`, `Fn::Length` and `Fn::FindInMap`.

use keyproof_document::{Node, Place, Value as Tree};

use super::{Argument, unknown_of};
use crate::error::{Suggestion, TemplateProblem};
use crate::resolver::{Builder, Resolver};
use crate::value::{Resolved, Value};

impl Resolver<'_> {
    pub(super) fn join(&mut self, place: Place, argument: Argument<'_>) -> Value {
        const EXPECTED: &str = "a delimiter and a list of strings";
        let Some([delimiter, list]) = argument.items() else {
            return self.wrong(place, "Fn::Join", EXPECTED);
        };
        let (delimiter, list) = (self.resolve(delimiter), self.resolve(list));
        let Some(delimiter) = delimiter.value.as_text() else {
            return self.wrong(place, "Fn::Join", EXPECTED);
        };
        let items = match list.value {
            Value::List(items) => items,
            Value::Unknown(unknown) => return Value::partly(unknown.reason, "*"),
            _ => return self.wrong(place, "Fn::Join", EXPECTED),
        };
        let mut built = Builder::default();
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                built.push(&delimiter);
            }
            if built.push_value(&item.value).is_err() {
                return self.wrong(item.place, "Fn::Join", EXPECTED);
            }
        }
        built.finish()
    }

    pub(super) fn split(&mut self, place: Place, argument: Argument<'_>) -> Value {
        const EXPECTED: &str = "a delimiter and a string";
        let Some([delimiter, text]) = argument.items() else {
            return self.wrong(place, "Fn::Split", EXPECTED);
        };
        let (delimiter, text) = (self.resolve(delimiter), self.resolve(text));
        if let Some(unknown) = unknown_of(&text.value) {
            return without_pattern(unknown);
        }
        match (delimiter.value.as_text(), text.value.as_text()) {
            (Some(delimiter), Some(all)) if !delimiter.is_empty() => {
                let parts = all.split(delimiter.as_ref());
                Value::List(parts.map(|part| Value::text(part).at(text.place)).collect())
            }
            _ => self.wrong(place, "Fn::Split", EXPECTED),
        }
    }

    pub(super) fn select(&mut self, place: Place, argument: Argument<'_>) -> Value {
        const EXPECTED: &str = "an index, counted from 0, and a list";
        let Some([index, list]) = argument.items() else {
            return self.wrong(place, "Fn::Select", EXPECTED);
        };
        let (index, list) = (self.resolve(index), self.resolve(list));
        let unknown = [&index.value, &list.value].into_iter().find_map(unknown_of);
        if let Some(unknown) = unknown {
            return without_pattern(unknown);
        }
        let (Some(index), Value::List(mut items)) = (index.value.as_text(), list.value) else {
            return self.wrong(place, "Fn::Select", EXPECTED);
        };
        match index.trim().parse::<usize>() {
            Ok(at) if at < items.len() => items.swap_remove(at).value,
            Ok(_) => {
                let (index, length) = (index.into_owned(), items.len());
                self.fail(place, TemplateProblem::SelectOutOfRange { index, length })
            }
            Err(_) => self.wrong(place, "Fn::Select", EXPECTED),
        }
    }

    pub(super) fn length(&mut self, place: Place, argument: Argument<'_>) -> Value {
        match argument.resolve(self).value {
            Value::List(items) => Value::Number(items.len().to_string()),
            Value::Unknown(unknown) => Value::unknown(unknown.reason),
            _ => self.wrong(place, "Fn::Length", "a list"),
        }
    }

    pub(super) fn find_in_map(&mut self, place: Place, argument: Argument<'_>) -> Value {
        const EXPECTED: &str =
            "a mapping's name, a first and a second key, and perhaps a `DefaultValue`";
        let (names, default): (&[Node], Option<&Node>) = match argument.items() {
            Some(names @ [_, _, _]) => (names, None),
            Some([names @ .., options]) if names.len() == 3 => (names, options.get("DefaultValue")),
            _ => return self.wrong(place, "Fn::FindInMap", EXPECTED),
        };
        let names: Vec<Resolved> = names.iter().map(|name| self.resolve(name)).collect();
        let default = default.map(|default| self.resolve(default).value);
        if let Some(unknown) = names.iter().find_map(|name| unknown_of(&name.value)) {
            return without_pattern(unknown);
        }
        let texts: Vec<_> = names
            .iter()
            .filter_map(|name| name.value.as_text())
            .collect();
        let [map, first, second] = texts.as_slice() else {
            return self.wrong(place, "Fn::FindInMap", EXPECTED);
        };
        match self.look_up(map, first, second) {
            Ok(value) => value,
            Err(problem) => default.unwrap_or_else(|| self.fail(place, problem)),
        }
    }

    fn look_up(&self, map: &str, first: &str, second: &str) -> Result<Value, TemplateProblem> {
        let missing = |name: &str, within: String, known: Vec<&str>| TemplateProblem::NotInMap {
            name: name.to_owned(),
            within,
            suggestion: Suggestion::nearest(name, known),
        };
        let Some(node) = self.sections.mappings.get(map) else {
            let known = self.sections.mappings.keys().copied().collect();
            return Err(missing(map, "`Mappings`".to_owned(), known));
        };
        let Some(inner) = node.get(first) else {
            return Err(missing(first, format!("the mapping `{map}`"), keys(node)));
        };
        let Some(found) = inner.get(second) else {
            return Err(missing(
                second,
                format!("`{first}` of the mapping `{map}`"),
                keys(inner),
            ));
        };
        // Mappings hold plain values: a function in one could refer to the mapping itself.
        match (&found.tag, &found.value) {
            (None, Tree::String(_) | Tree::Number(_) | Tree::Bool(_) | Tree::Sequence(_)) => {
                Ok(Resolved::literal(found, None).value)
            }
            (tag, value) => Err(TemplateProblem::WrongShape {
                name: format!("{map}.{first}.{second}"),
                expected: "a plain value or a list of them",
                found: if tag.is_some() {
                    "a function"
                } else {
                    value.kind()
                },
            }),
        }
    }
}

fn keys(node: &Node) -> Vec<&str> {
    let entries = node.as_mapping().unwrap_or_default();
    entries.iter().map(|(key, _)| key.text.as_str()).collect()
}

/// An unknown part of an unknown text: its pattern says nothing about the part.
fn without_pattern(value: Value) -> Value {
    match value {
        Value::Unknown(unknown) => Value::unknown(unknown.reason),
        known => known,
    }
}
