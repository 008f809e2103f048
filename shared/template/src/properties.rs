// SPDX-License-Identifier: Apache-2.0
//! A resource's properties, taken one by one, with an eye on misspelt ones.

use keyproof_document::{Key, Place};
use keyproof_policy::Grammar;

use crate::PolicySource;
use crate::account::Tags;
use crate::error::{Suggestion, TemplateProblem};
use crate::note::NoteKind;
use crate::policies;
use crate::resolver::Resolver;
use crate::value::{Resolved, Value};

/// A mapping of properties: a resource's, or one inside them.
#[derive(Debug)]
pub(crate) struct Properties<'r, 't> {
    pub(crate) resolver: &'r mut Resolver<'t>,
    pub(crate) place: Place,
    /// What the properties belong to, for messages: a type, or a property of one.
    owner: String,
    /// `Resources.Key.Properties`.
    pub(crate) path: String,
    entries: Vec<(Key, Resolved)>,
}

impl<'r, 't> Properties<'r, 't> {
    /// The entries of a mapping; none, and an error, where it is something else.
    pub(crate) fn new(
        resolver: &'r mut Resolver<'t>,
        value: Resolved,
        owner: impl Into<String>,
        path: impl Into<String>,
    ) -> Self {
        let (owner, path, place) = (owner.into(), path.into(), value.place);
        let entries = match value.value {
            Value::Map(entries) => entries,
            Value::Nothing | Value::Null => Vec::new(),
            Value::Unknown(unknown) => {
                let text = format!("`{path}` hangs on {}", unknown.reason);
                resolver.note(place, NoteKind::Unknown, text);
                Vec::new()
            }
            value => {
                let (name, expected, found) = (path.clone(), "a mapping", value.kind());
                resolver.fail(
                    place,
                    TemplateProblem::WrongShape {
                        name,
                        expected,
                        found,
                    },
                );
                Vec::new()
            }
        };
        Self {
            resolver,
            place,
            owner,
            path,
            entries,
        }
    }

    /// The properties inside one of these.
    pub(crate) fn inner(&mut self, name: &str, value: Resolved) -> Properties<'_, 't> {
        let owner = format!("{}.{name}", self.owner);
        let path = format!("{}.{name}", self.path);
        Properties::new(self.resolver, value, owner, path)
    }

    /// Takes a property out; `None` where it isn't there.
    pub(crate) fn take(&mut self, name: &str) -> Option<Resolved> {
        let at = self.entries.iter().position(|(key, _)| key.text == name)?;
        let (_, value) = self.entries.swap_remove(at);
        if value.is_absent() { None } else { Some(value) }
    }

    /// Whether a property is there to be taken.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries
            .iter()
            .any(|(key, value)| key.text == name && !value.is_absent())
    }

    /// Takes a text. An unknown one leaves a note and counts as absent.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.placed_text(name).map(|(text, _)| text)
    }

    /// Takes a text with its place.
    pub(crate) fn placed_text(&mut self, name: &str) -> Option<(String, Place)> {
        let value = self.take(name)?;
        let text = self.as_text(name, &value)?;
        Some((text, value.place))
    }

    /// A value as text. An unknown one leaves a note, one of another shape an error.
    pub(crate) fn as_text(&mut self, name: &str, value: &Resolved) -> Option<String> {
        if let Some(text) = value.value.as_text() {
            return Some(text.into_owned());
        }
        match &value.value {
            Value::Unknown(unknown) => {
                let text = format!("`{}.{name}` hangs on {}", self.path, unknown.reason);
                self.resolver.note(value.place, NoteKind::Unknown, text);
            }
            other => self.misshapen(name, value.place, "a string", other.kind()),
        }
        None
    }

    /// Takes a boolean.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let (text, place) = self.placed_text(name)?;
        match text.as_str() {
            "true" | "True" => Some(true),
            "false" | "False" => Some(false),
            _ => {
                let (name, expected) = (name.to_owned(), "`true` or `false`");
                let problem = TemplateProblem::WrongValue {
                    name,
                    value: text,
                    expected,
                };
                self.resolver.fail(place, problem);
                None
            }
        }
    }

    /// Takes a list. An unknown one leaves a note and counts as empty.
    pub(crate) fn list(&mut self, name: &str) -> Vec<Resolved> {
        let Some(value) = self.take(name) else {
            return Vec::new();
        };
        match value.value {
            Value::List(items) => items,
            Value::Unknown(unknown) => {
                let text = format!("`{}.{name}` hangs on {}", self.path, unknown.reason);
                self.resolver.note(value.place, NoteKind::Unknown, text);
                Vec::new()
            }
            // CloudFormation takes one item for a list of it.
            Value::Text(_) | Value::Map(_) => vec![value],
            other => {
                self.misshapen(name, value.place, "a list", other.kind());
                Vec::new()
            }
        }
    }

    /// Takes a list of texts, each with its place.
    pub(crate) fn texts(&mut self, name: &str) -> Vec<(String, Place)> {
        let items = self.list(name);
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            if let Some(text) = self.as_text(name, &item) {
                texts.push((text, item.place));
            }
        }
        texts
    }

    /// Takes tags, as a list of keys and values or, as SAM has them, as a mapping.
    pub(crate) fn tags(&mut self, name: &str) -> Tags {
        let Some(value) = self.take(name) else {
            return Tags::new();
        };
        let mut tags = Tags::new();
        match value.value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    if let Some(text) = self.as_text(name, &value) {
                        tags.insert(key.text, text);
                    }
                }
            }
            Value::List(items) => {
                for item in items {
                    let mut tag = self.inner(name, item);
                    if let (Some(key), Some(value)) = (tag.text("Key"), tag.text("Value")) {
                        tags.insert(key, value);
                    }
                }
            }
            Value::Unknown(unknown) => {
                let text = format!("`{}.{name}` hangs on {}", self.path, unknown.reason);
                self.resolver.note(value.place, NoteKind::Unknown, text);
            }
            other => self.misshapen(name, value.place, "a list of tags", other.kind()),
        }
        tags
    }

    /// Takes a policy.
    pub(crate) fn policy(&mut self, name: &str, grammar: Grammar) -> Option<PolicySource> {
        let value = self.take(name)?;
        let path = format!("{}.{name}", self.path);
        policies::read(self.resolver, &value, grammar, path)
    }

    /// Records that a required property is not there.
    pub(crate) fn missing(&mut self, name: &'static str) {
        let type_name = self.owner.clone();
        self.resolver.fail(
            self.place,
            TemplateProblem::MissingProperty { name, type_name },
        );
    }

    fn misshapen(&mut self, name: &str, place: Place, expected: &'static str, found: &'static str) {
        let name = name.to_owned();
        self.resolver.fail(
            place,
            TemplateProblem::WrongShape {
                name,
                expected,
                found,
            },
        );
    }

    /// Looks at what nobody took: `passed` are the further properties of the type, which decide
    /// nothing here; one that is close to a known name is an error, any other leaves a note.
    pub(crate) fn finish(self, taken: &[&str], passed: &[&str]) {
        for (key, _) in &self.entries {
            let name = key.text.as_str();
            if passed.contains(&name) || taken.contains(&name) {
                continue;
            }
            let known = taken.iter().chain(passed).copied();
            let suggestion = Suggestion::nearest(name, known);
            if suggestion == Suggestion::default() {
                let text = format!("`{}.{name}` is not known here and left out", self.path);
                self.resolver.note(key.place, NoteKind::LeftOut, text);
            } else {
                let (name, type_name) = (name.to_owned(), self.owner.clone());
                let problem = TemplateProblem::UnknownProperty {
                    name,
                    type_name,
                    suggestion,
                };
                self.resolver.fail(key.place, problem);
            }
        }
    }
}
