// SPDX-License-Identifier: Apache-2.0
//! The names that a plan declares, good or not, so that one wrong table doesn't make every
//! expectation on it wrong too.

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
    pub(super) tables: Vec<(&'node Key, Cursor<'node>)>,
    /// The principals as declared.
    pub(super) principals: Vec<(&'node Key, Cursor<'node>)>,
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
        let named = self.tables.iter().find(|(key, _)| key.text == table);
        let key = named.and_then(|(_, cursor)| cursor.node.get("key")?.as_str());
        key == Some(AWS_OWNED)
    }
}

fn one_of<'node>(
    declared: &[(&'node Key, Cursor<'node>)],
    noun: &'static str,
    at: &Cursor<'node>,
    errors: &mut Errors,
) -> Option<&'node str> {
    let name = at.string(errors)?;
    if declared.iter().any(|(key, _)| key.text == name) {
        return Some(name);
    }
    at.unknown(
        errors,
        noun,
        declared.iter().map(|(key, _)| key.text.as_str()),
    );
    None
}

/// Checks a name that the plan declares: it becomes part of probe ids.
pub(super) fn declared(key: &Key, cursor: &Cursor<'_>, errors: &mut Errors) -> bool {
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
