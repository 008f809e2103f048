// SPDX-License-Identifier: Apache-2.0
//! DynamoDB's expressions: conditions, filters, key conditions, projections and updates.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html>

mod check;
mod error;
mod evaluate;
mod key_condition;
mod lexer;
mod parser;
mod projection;
mod reserved;
mod syntax;
mod update;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use indexmap::IndexMap;

pub(crate) use error::ExpressionError;
pub(crate) use key_condition::KeyCondition;
#[cfg(test)]
pub(crate) use key_condition::{KeyConditionError, SortCondition};
pub(crate) use projection::project;
pub(crate) use syntax::{Call, Comparator, Condition, Operand, Path, Segment, Update};

use super::attribute::AttributeValue;

/// The longest expression, in bytes.
const MAXIMUM_LENGTH: usize = 4096;

/// `ExpressionAttributeNames` and `ExpressionAttributeValues`, and which of them were used.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    names: IndexMap<String, String>,
    values: IndexMap<String, AttributeValue>,
    used: BTreeSet<String>,
}

/// Why the placeholders of a request are refused, in AWS's own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlaceholderError {
    /// No names at all.
    #[error("ExpressionAttributeNames must not be empty")]
    NoNames,
    /// No values at all.
    #[error("ExpressionAttributeValues must not be empty")]
    NoValues,
    /// A name that does not look like `#name`.
    #[error("ExpressionAttributeNames contains invalid key: Syntax error; key: \"{0}\"")]
    NameKey(String),
    /// A value whose key does not look like `:value`.
    #[error("ExpressionAttributeValues contains invalid key: Syntax error; key: \"{0}\"")]
    ValueKey(String),
    /// Names that no expression uses.
    #[error(
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {{{}}}",
        .0.join(", ")
    )]
    UnusedNames(Vec<String>),
    /// Values that no expression uses.
    #[error(
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {{{}}}",
        .0.join(", ")
    )]
    UnusedValues(Vec<String>),
}

impl Placeholders {
    /// Takes the placeholders of a request; `None` where the request has none.
    pub(crate) fn new(
        names: Option<IndexMap<String, String>>,
        values: Option<IndexMap<String, AttributeValue>>,
    ) -> Result<Self, PlaceholderError> {
        if names.as_ref().is_some_and(IndexMap::is_empty) {
            return Err(PlaceholderError::NoNames);
        }
        if values.as_ref().is_some_and(IndexMap::is_empty) {
            return Err(PlaceholderError::NoValues);
        }
        let (names, values) = (names.unwrap_or_default(), values.unwrap_or_default());
        if let Some(key) = names.keys().find(|key| !is_placeholder(key, '#')) {
            return Err(PlaceholderError::NameKey(key.clone()));
        }
        if let Some(key) = values.keys().find(|key| !is_placeholder(key, ':')) {
            return Err(PlaceholderError::ValueKey(key.clone()));
        }
        Ok(Self {
            names,
            values,
            used: BTreeSet::new(),
        })
    }

    /// Reads a condition, a filter or a key condition.
    pub(crate) fn condition(&mut self, text: &str) -> Result<Condition, ExpressionError> {
        measured(text)?;
        let parsed = parser::condition(text)?;
        if parsed.redundant_parentheses {
            return Err(ExpressionError::RedundantParentheses);
        }
        let mut condition = parsed.condition;
        check::known_condition_functions(&condition)?;
        check::functions_in_their_places(&condition)?;
        let mut unreserved = Ok(());
        condition.each_path(&mut |path| {
            if unreserved.is_ok() {
                unreserved = check::unreserved(path);
            }
        });
        unreserved?;
        self.resolve_condition(&mut condition)?;
        Ok(condition)
    }

    /// Reads a projection.
    pub(crate) fn projection(&mut self, text: &str) -> Result<Vec<Path>, ExpressionError> {
        measured(text)?;
        let mut paths = parser::projection(text)?;
        paths.iter().try_for_each(check::unreserved)?;
        paths
            .iter_mut()
            .try_for_each(|path| self.resolve_path(path))?;
        check::apart(&paths)?;
        Ok(paths)
    }

    /// Reads an update expression.
    pub(crate) fn update(&mut self, text: &str) -> Result<Update, ExpressionError> {
        measured(text)?;
        let (mut update, repeated) = parser::update(text)?;
        let mut unreserved = Ok(());
        update.each_path(&mut |path| {
            if unreserved.is_ok() {
                unreserved = check::unreserved(path);
            }
        });
        unreserved?;
        update
            .set
            .iter()
            .try_for_each(|(_, operand)| check::known_update_functions(operand))?;
        if let Some(section) = repeated {
            return Err(ExpressionError::RepeatedSection(section));
        }
        update
            .written
            .iter_mut()
            .try_for_each(|path| self.resolve_path(path))?;
        update
            .remove
            .iter_mut()
            .try_for_each(|path| self.resolve_path(path))?;
        let assignments = update
            .set
            .iter_mut()
            .chain(&mut update.add)
            .chain(&mut update.delete);
        for (path, operand) in assignments {
            self.resolve_path(path)?;
            self.resolve_operand(operand)?;
        }
        check::apart(&update.written)?;
        for (section, assignments) in [("ADD", &update.add), ("DELETE", &update.delete)] {
            for (_, operand) in assignments {
                check::section_value_fits(section, operand)?;
            }
        }
        update
            .set
            .iter()
            .try_for_each(|(_, operand)| check::set_operand_fits(operand))?;
        Ok(update)
    }

    /// Refuses names and values that no expression has used.
    pub(crate) fn finish(&self) -> Result<(), PlaceholderError> {
        let unused = |key: &&String| !self.used.contains(*key);
        let names: Vec<String> = self.names.keys().filter(unused).cloned().collect();
        if !names.is_empty() {
            return Err(PlaceholderError::UnusedNames(names));
        }
        let values: Vec<String> = self.values.keys().filter(unused).cloned().collect();
        if !values.is_empty() {
            return Err(PlaceholderError::UnusedValues(values));
        }
        Ok(())
    }

    /// Looks names and values up and checks the operands, comparison by comparison.
    fn resolve_condition(&mut self, condition: &mut Condition) -> Result<(), ExpressionError> {
        match condition {
            Condition::And(left, right) | Condition::Or(left, right) => {
                self.resolve_condition(left)?;
                return self.resolve_condition(right);
            }
            Condition::Not(inner) => return self.resolve_condition(inner),
            Condition::Compare(left, _, right) => {
                self.resolve_operand(left)?;
                self.resolve_operand(right)?;
            }
            Condition::Between(operand, low, high) => {
                self.resolve_operand(operand)?;
                self.resolve_operand(low)?;
                self.resolve_operand(high)?;
            }
            Condition::In(operand, members) => {
                self.resolve_operand(operand)?;
                members
                    .iter_mut()
                    .try_for_each(|member| self.resolve_operand(member))?;
            }
            Condition::Call(call) => {
                call.operands
                    .iter_mut()
                    .try_for_each(|operand| self.resolve_operand(operand))?;
            }
        }
        check::operands_fit(condition)
    }

    fn resolve_operand(&mut self, operand: &mut Operand) -> Result<(), ExpressionError> {
        match operand {
            Operand::Literal(_) => Ok(()),
            Operand::Path(path) => self.resolve_path(path),
            Operand::Placeholder(key) => {
                let Some(value) = self.values.get(key) else {
                    return Err(ExpressionError::UndefinedValue(key.clone()));
                };
                self.used.insert(key.clone());
                *operand = Operand::Literal(value.clone());
                Ok(())
            }
            Operand::Call(call) => call
                .operands
                .iter_mut()
                .try_for_each(|operand| self.resolve_operand(operand)),
            Operand::Arithmetic(left, _, right) => {
                self.resolve_operand(left)?;
                self.resolve_operand(right)
            }
        }
    }

    fn resolve_path(&mut self, path: &mut Path) -> Result<(), ExpressionError> {
        for segment in &mut path.segments {
            if let Segment::Placeholder(key) = segment {
                let Some(name) = self.names.get(key) else {
                    return Err(ExpressionError::UndefinedName(key.clone()));
                };
                self.used.insert(key.clone());
                *segment = Segment::Name(name.clone());
            }
        }
        Ok(())
    }
}

impl Update {
    /// Visits every path of the update, written or read.
    pub(crate) fn each_path<'a>(&'a self, visit: &mut impl FnMut(&'a Path)) {
        self.written.iter().for_each(&mut *visit);
        for (_, operand) in &self.set {
            operand.each_path(visit);
        }
    }
}

/// Checks a condition that was read from another language and has no placeholders.
pub(crate) fn checked(mut condition: Condition) -> Result<Condition, ExpressionError> {
    check::known_condition_functions(&condition)?;
    check::functions_in_their_places(&condition)?;
    Placeholders::default().resolve_condition(&mut condition)?;
    Ok(condition)
}

fn measured(text: &str) -> Result<(), ExpressionError> {
    match text.len() {
        0 => Err(ExpressionError::Empty),
        length if length > MAXIMUM_LENGTH => Err(ExpressionError::TooLong),
        _ => Ok(()),
    }
}

fn is_placeholder(key: &str, sigil: char) -> bool {
    key.strip_prefix(sigil).is_some_and(|name| {
        !name.is_empty()
            && name
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '_')
    })
}
