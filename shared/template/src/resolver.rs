// SPDX-License-Identifier: Apache-2.0
//! Turns nodes into values: functions done, references followed.
//!
//! What a template doesn't tell becomes an unknown value that says what it hangs on; what it can't
//! mean becomes an error with its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use keyproof_document::{Key, Node, Place, Value as Tree};

use crate::error::{Suggestion, TemplateError, TemplateProblem};
use crate::functions::{self, Argument};
use crate::note::{Note, NoteKind};
use crate::parameters::Parameters;
use crate::sections::{Resource, Sections};
use crate::value::{Resolved, Value};

mod check;
mod condition;
mod reference;
mod sub;

pub(crate) use condition::Truth;
pub(crate) use sub::Builder;

/// How many conditions, or names of resources, may hang on one another in a row.
const MAX_CHAIN: usize = 100;

/// Everything that resolving needs, and what it finds.
#[derive(Debug)]
pub(crate) struct Resolver<'t> {
    pub(crate) sections: &'t Sections<'t>,
    pub(crate) parameters: &'t Parameters,
    pub(crate) errors: Vec<TemplateError>,
    pub(crate) notes: Vec<Note>,
    /// The resource whose properties are being resolved.
    current: Option<String>,
    /// Which resources each resource refers to, and where it does first.
    pub(crate) edges: BTreeMap<String, BTreeMap<String, Place>>,
    conditions: HashMap<String, Truth>,
    conditions_open: Vec<String>,
    /// Physical names found so far, by logical id.
    physical: HashMap<String, Value>,
    physical_open: BTreeSet<String>,
    /// How many items of list parameters were handed out.
    listed: usize,
}

impl<'t> Resolver<'t> {
    pub(crate) fn new(sections: &'t Sections<'t>, parameters: &'t Parameters) -> Self {
        Self {
            sections,
            parameters,
            errors: Vec::new(),
            notes: Vec::new(),
            current: None,
            edges: BTreeMap::new(),
            conditions: HashMap::new(),
            conditions_open: Vec::new(),
            physical: HashMap::new(),
            physical_open: BTreeSet::new(),
            listed: 0,
        }
    }

    /// The value of a node.
    pub(crate) fn resolve(&mut self, node: &Node) -> Resolved {
        if let Some(tag) = &node.tag {
            let value = self.call_tag(tag, node);
            return value.at(node.place);
        }
        self.resolve_untagged(node)
    }

    /// The value of a node whose tag, if any, is the caller's business.
    pub(crate) fn resolve_untagged(&mut self, node: &Node) -> Resolved {
        let value = match &node.value {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(text) => Value::Number(text.clone()),
            Tree::String(text) => Value::text(text.as_str()),
            Tree::Sequence(items) => {
                let items = items.iter().map(|item| self.resolve(item));
                Value::List(items.filter(|item| item.value != Value::Nothing).collect())
            }
            Tree::Mapping(entries) => match functions::call_in(entries) {
                Some((key, argument)) => self.call(&key.text, key.place, Argument::whole(argument)),
                None => self.resolve_entries(entries),
            },
        };
        value.at(node.place)
    }

    fn resolve_entries(&mut self, entries: &[(Key, Node)]) -> Value {
        let mut resolved = Vec::with_capacity(entries.len());
        for (key, node) in entries {
            let value = self.resolve(node);
            if value.value != Value::Nothing {
                resolved.push((key.clone(), value));
            }
        }
        Value::Map(resolved)
    }

    /// The properties of the current resource.
    pub(crate) fn properties(&mut self, resource: &Resource<'_>) -> Resolved {
        self.depend_on(resource);
        match resource.properties {
            Some(node) => self.resolve(node),
            None => Value::Map(Vec::new()).at(resource.place),
        }
    }

    /// Makes a resource the current one: references and notes are its own from here on. Returns the
    /// one before.
    pub(crate) fn enter(&mut self, logical_id: Option<String>) -> Option<String> {
        std::mem::replace(&mut self.current, logical_id)
    }

    /// The name or id of a resource, as far as somebody asked for it already.
    pub(crate) fn physical_text(&self, logical_id: &str) -> Option<&str> {
        match self.physical.get(logical_id)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Follows a resource's `DependsOn`.
    pub(crate) fn depend_on(&mut self, resource: &Resource<'_>) {
        for node in &resource.depends_on {
            self.depend(node);
        }
    }

    /// `DependsOn` decides nothing but the order; a broken one is still an error.
    fn depend(&mut self, node: &Node) {
        match node.as_str() {
            Some(name) if self.sections.resources.contains_key(name) => {
                self.connect(name, node.place);
            }
            Some(name) if self.may_be_made_elsewhere(name) => {}
            Some(name) => {
                let known = self.sections.resources.keys().map(String::as_str);
                let suggestion = Suggestion::nearest(name, known);
                let (function, name) = ("DependsOn", name.to_owned());
                let problem = TemplateProblem::BrokenReference {
                    function,
                    name,
                    suggestion,
                };
                self.fail(node.place, problem);
            }
            None => {
                let problem = TemplateProblem::WrongShape {
                    name: "DependsOn".to_owned(),
                    expected: "the name of a resource",
                    found: node.value.kind(),
                };
                self.fail(node.place, problem);
            }
        }
    }

    /// Records that the current resource needs another one.
    pub(crate) fn connect(&mut self, target: &str, place: Place) {
        if let Some(current) = &self.current {
            self.edges
                .entry(current.clone())
                .or_default()
                .entry(target.to_owned())
                .or_insert(place);
        }
    }

    /// Records an error and gives a value to go on with.
    pub(crate) fn fail(&mut self, place: Place, problem: TemplateProblem) -> Value {
        let error = problem.at(place);
        // A property that is also part of a physical name is resolved more than once.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        Value::unknown("a mistake in the template")
    }

    /// Records a note.
    pub(crate) fn note(&mut self, place: Place, kind: NoteKind, text: impl Into<String>) {
        let logical_id = self.current.clone();
        let note = Note {
            place,
            logical_id,
            kind,
            text: text.into(),
        };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Does something in the name of a resource: its notes and references are that resource's.
    pub(crate) fn within<T>(&mut self, logical_id: &str, act: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.current.replace(logical_id.to_owned());
        let result = act(self);
        self.current = outer;
        result
    }
}
