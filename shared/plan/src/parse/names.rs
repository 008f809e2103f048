// SPDX-License-Identifier: Apache-2.0
//! The names that a plan declares, good or not, so that one wrong table doesn't make every
//! expectation on it wrong too.

use std::collections::HashMap;

use keyproof_document::Key;

use super::cursor::{Cursor, Errors};
use crate::definition::AWS_OWNED;
use crate::error::PlanProblem;
use crate::text;

/// What other parts of a plan may refer to.
#[derive(Debug, Default)]
pub(super) struct Names<'node> {
    /// The plan's region, where it is a good one.
    pub(super) region: Option<&'node str>,
    /// The tables as declared.
    pub(super) tables: Declared<'node>,
    /// The principals as declared.
    pub(super) principals: Declared<'node>,
}

/// Names with what they stand for, in the document's order. Each is looked up very often in a large
/// plan.
#[derive(Debug, Default)]
pub(super) struct Declared<'node> {
    all: Vec<(&'node Key, Cursor<'node>)>,
    /// Where each name stands first.
    places: HashMap<&'node str, usize>,
}

impl<'node> Declared<'node> {
    pub(super) fn new(all: Vec<(&'node Key, Cursor<'node>)>) -> Self {
        let mut places = HashMap::with_capacity(all.len());
        for (place, (key, _)) in all.iter().enumerate() {
            places.entry(key.text.as_str()).or_insert(place);
        }
        Self { all, places }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, (&'node Key, Cursor<'node>)> {
        self.all.iter()
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    fn get(&self, name: &str) -> Option<&Cursor<'node>> {
        let (_, cursor) = self.all.get(*self.places.get(name)?)?;
        Some(cursor)
    }
}

impl<'node> Names<'node> {
    /// The principal's name that stands here, where there is such a principal.
    pub(super) fn principal(&self, at: &Cursor<'node>, errors: &mut Errors) -> Option<&'node str> {
        one_of(&self.principals, "principal", at, errors)
    }

    /// The table's name that stands here, where there is such a table.
    pub(super) fn table(&self, at: &Cursor<'node>, errors: &mut Errors) -> Option<&'node str> {
        one_of(&self.tables, "table", at, errors)
    }

    /// Whether the table is declared with a key that AWS owns.
    pub(super) fn is_aws_owned(&self, table: &str) -> bool {
        let named = self.tables.get(table);
        let key = named.and_then(|cursor| cursor.node.get("key")?.as_str());
        key == Some(AWS_OWNED)
    }
}

fn one_of<'node>(
    declared: &Declared<'node>,
    noun: &'static str,
    at: &Cursor<'node>,
    errors: &mut Errors,
) -> Option<&'node str> {
    let name = at.string(errors)?;
    if declared.contains(name) {
        return Some(name);
    }
    at.unknown(
        errors,
        noun,
        declared.iter().map(|(key, _)| key.text.as_str()),
    );
    None
}

/// Checks a name that the document declares: it becomes part of probe ids.
pub fn declared(key: &Key, cursor: &Cursor<'_>, errors: &mut Errors) -> bool {
    let good = text::NAME.admits(&key.text);
    if !good {
        let problem = PlanProblem::Malformed {
            noun: text::NAME.noun,
            text: super::cursor::shown(&key.text),
            rule: text::NAME.rule(),
        };
        errors.push(key.place, &cursor.path, problem);
    }
    good
}
