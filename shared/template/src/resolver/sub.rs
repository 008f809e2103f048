// SPDX-License-Identifier: Apache-2.0
//! `Fn::Sub`: text with `${Name}`, `${Name.Attribute}` and `${!text}` in it.

use std::collections::HashMap;

use keyproof_document::{Node, Place};

use super::Resolver;
use crate::error::TemplateProblem;
use crate::functions::Argument;
use crate::value::Value;

/// A piece of a `Fn::Sub` text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Text(&'a str),
    /// What stands between `${` and `}`.
    Variable(&'a str),
    /// What stands between `${!` and `}`: the text `${…}` itself.
    Literal(&'a str),
}

/// The pieces of a `Fn::Sub` text. A `${` without its `}` is text.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Variable(name),
        });
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The longest text that functions may put together. Names that hang on one another could double
/// their length with every step.
const MAX_TEXT: usize = 1024 * 1024;

/// Text put together from known and unknown parts.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    text: String,
    reason: Option<String>,
    overflow: bool,
}

impl Builder {
    pub(crate) fn push(&mut self, text: &str) {
        if self.text.len().saturating_add(text.len()) > MAX_TEXT {
            self.overflow = true;
        } else {
            self.text.push_str(text);
        }
    }

    /// Adds a value. `Err` gives the kind of a value that is no text.
    pub(crate) fn push_value(&mut self, value: &Value) -> Result<(), &'static str> {
        if let Value::Unknown(unknown) = value {
            self.push(unknown.pattern.as_deref().unwrap_or("*"));
            self.reason.get_or_insert_with(|| unknown.reason.clone());
            return Ok(());
        }
        let text = value.as_text().ok_or_else(|| value.kind())?;
        self.push(&text);
        Ok(())
    }

    pub(crate) fn finish(self) -> Value {
        match self.reason {
            _ if self.overflow => Value::unknown("a text of more than a mebibyte"),
            Some(reason) => Value::partly(reason, self.text),
            None => Value::text(self.text),
        }
    }
}

impl Resolver<'_> {
    pub(crate) fn sub(&mut self, place: Place, argument: Argument<'_>) -> Value {
        let expected = "a string, or a list of a string and a mapping of variables";
        let wrong = TemplateProblem::WrongArguments {
            function: "Fn::Sub",
            expected,
        };
        let mut variables = HashMap::new();
        let (text, map) = match (argument.text(), argument.items()) {
            (Some(text), _) => (Value::Text(text.to_owned()), None),
            (None, Some([text, map])) => {
                let written = literal(text).map(|text| Value::Text(text.to_owned()));
                (
                    written.unwrap_or_else(|| self.resolve(text).value),
                    Some(map),
                )
            }
            (None, Some(_)) => return self.fail(place, wrong),
            // A macro may write the whole argument.
            (None, None) => (argument.resolve(self).value, None),
        };
        if let Some(map) = map {
            match self.resolve(map).value {
                Value::Map(entries) => {
                    variables.extend(entries.into_iter().map(|(key, value)| (key.text, value)));
                }
                unknown @ Value::Unknown(_) => return unknown,
                _ => return self.fail(place, wrong),
            }
        }
        let text = match text {
            Value::Text(text) => text,
            unknown @ Value::Unknown(_) => return unknown,
            _ => return self.fail(place, wrong),
        };
        let mut built = Builder::default();
        for piece in pieces(&text) {
            let name = match piece {
                Piece::Text(text) => {
                    built.push(text);
                    continue;
                }
                Piece::Literal(text) => {
                    built.push("${");
                    built.push(text);
                    built.push("}");
                    continue;
                }
                Piece::Variable(name) => name.trim(),
            };
            let value = match variables.get(name) {
                Some(value) => value.value.clone(),
                None => self.variable(name, argument.place()),
            };
            if let Err(found) = built.push_value(&value) {
                let problem = TemplateProblem::WrongShape {
                    name: format!("${{{name}}}"),
                    expected: "a string or a number",
                    found,
                };
                return self.fail(argument.place(), problem);
            }
        }
        built.finish()
    }

    fn variable(&mut self, name: &str, place: Place) -> Value {
        let named =
            |character: char| character.is_ascii_alphanumeric() || "_.:".contains(character);
        if name.is_empty() || !name.chars().all(named) {
            return self.fail(
                place,
                TemplateProblem::BadVariable {
                    text: name.to_owned(),
                },
            );
        }
        match name.split_once('.') {
            Some((logical_id, attribute)) => {
                self.attribute("Fn::Sub", logical_id, attribute, place)
            }
            None => self.reference("Fn::Sub", name, place),
        }
    }
}

fn literal(node: &Node) -> Option<&str> {
    if node.tag.is_some() {
        None
    } else {
        node.as_str()
    }
}
