// SPDX-License-Identifier: Apache-2.0
//! A node together with its path, and the errors found on the way: how plans are read, and whatever
//! else is read like them.

use keyproof_document::{Key, Node, Place, Value};

use crate::definition::{Field, Object};
use crate::error::{PlanError, PlanProblem};
use crate::suggest;
use crate::text::Text;

/// How much of a wrong text an error repeats.
const SHOWN: usize = 120;

/// A node of the document with its path.
#[derive(Clone, Debug)]
pub struct Cursor<'node> {
    /// The node.
    pub node: &'node Node,
    /// Where it is in the document: `tables.orders.key`.
    pub path: String,
}

/// All errors so far.
#[derive(Debug, Default)]
pub struct Errors(pub Vec<PlanError>);

impl Errors {
    /// Adds one.
    pub fn push(&mut self, place: Place, path: &str, problem: impl Into<PlanProblem>) {
        self.0.push(PlanError {
            place,
            path: path.to_owned(),
            problem: problem.into(),
        });
    }
}

/// A text as an error repeats it.
#[must_use]
pub fn shown(text: &str) -> String {
    let clean: String = text.chars().flat_map(visible).collect();
    match clean.char_indices().nth(SHOWN) {
        None => clean,
        Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()),
    }
}

/// Control characters as escapes, so that an error stays one line of text.
fn visible(character: char) -> Vec<char> {
    if character.is_control() {
        character.escape_default().collect()
    } else {
        vec![character]
    }
}

/// `path.field`, quoted where the field is no plain word.
#[must_use]
pub fn join(path: &str, field: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-:#.".contains(c);
    let field = shown(field);
    let quoted = if !field.is_empty() && field.chars().all(plain) {
        field
    } else {
        format!("\"{field}\"")
    };
    if path.is_empty() {
        quoted
    } else {
        format!("{path}.{quoted}")
    }
}

impl<'node> Cursor<'node> {
    /// Pushes that something is wrong here.
    pub fn push(&self, errors: &mut Errors, problem: impl Into<PlanProblem>) {
        errors.push(self.node.place, &self.path, problem);
    }

    /// Pushes that the value is of another type.
    pub fn wrong_type(&self, errors: &mut Errors, expected: &'static str) {
        let mend = match &self.node.value {
            Value::Number(_) | Value::Bool(_) if expected.contains("string") => {
                "; put it in quotes"
            }
            Value::Null => "; give it a value or remove the field",
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Sequence(_)
            | Value::Mapping(_) => "",
        };
        let found = self.node.value.kind();
        self.push(
            errors,
            PlanProblem::WrongType {
                expected,
                found,
                mend,
            },
        );
    }

    /// The string; pushes that it is none.
    pub fn string(&self, errors: &mut Errors) -> Option<&'node str> {
        let text = self.node.as_str();
        if text.is_none() {
            self.wrong_type(errors, "a string");
        }
        text
    }

    /// A string that is not blank.
    pub fn nonblank(&self, errors: &mut Errors) -> Option<&'node str> {
        let text = self.string(errors)?;
        if text.trim().is_empty() {
            let mend = "write a few words";
            self.push(
                errors,
                PlanProblem::Empty {
                    what: "nothing is said here",
                    mend,
                },
            );
            return None;
        }
        Some(text)
    }

    /// A string that keeps to the rules.
    pub(crate) fn text(&self, errors: &mut Errors, rules: &Text) -> Option<&'node str> {
        let text = self.string(errors)?;
        if rules.admits(text) {
            return Some(text);
        }
        let (noun, rule) = (rules.noun, rules.rule());
        if rules.secret {
            self.push(errors, PlanProblem::MalformedValue { noun, rule });
        } else {
            self.malformed(errors, noun, rule);
        }
        None
    }

    /// Pushes that the node's text is not `noun`.
    pub fn malformed(&self, errors: &mut Errors, noun: &'static str, rule: String) {
        let text = shown(&self.node.as_text().unwrap_or_default());
        self.push(errors, PlanProblem::Malformed { noun, text, rule });
    }

    /// Pushes that the node's text is none of `known`.
    pub fn unknown<'known>(
        &self,
        errors: &mut Errors,
        noun: &'static str,
        known: impl Iterator<Item = &'known str> + Clone,
    ) {
        let word = self.node.as_text().unwrap_or_default();
        let hint = suggest::hint(&word, known);
        self.push(
            errors,
            PlanProblem::UnknownWord {
                noun,
                word: shown(&word),
                hint,
            },
        );
    }

    /// The items of a sequence; pushes that it is none.
    pub fn sequence(&self, errors: &mut Errors) -> Option<Vec<Self>> {
        let Some(items) = self.node.as_sequence() else {
            self.wrong_type(errors, "a sequence");
            return None;
        };
        let item = |(index, node)| Cursor {
            node,
            path: format!("{}[{index}]", self.path),
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The entries of a mapping whose keys are the plan's own names.
    pub fn entries(&self, errors: &mut Errors) -> Option<Vec<(&'node Key, Self)>> {
        let Some(entries) = self.node.as_mapping() else {
            self.wrong_type(errors, "a mapping");
            return None;
        };
        let entry = |(key, node): &'node (Key, Node)| {
            (
                key,
                Cursor {
                    node,
                    path: join(&self.path, &key.text),
                },
            )
        };
        Some(entries.iter().map(entry).collect())
    }

    /// The fields of a mapping that has a fixed set of them. Pushes those that are unknown or
    /// missing.
    pub fn fields(&self, errors: &mut Errors, object: &Object) -> Option<Fields<'node>> {
        let entries = self.entries(errors)?;
        let known = || object.fields.iter().map(|field| field.name);
        let mut meant = Vec::new();
        for (key, cursor) in &entries {
            if known().all(|name| name != key.text) {
                let field = shown(&key.text);
                let absent = known().filter(|name| self.node.get(name).is_none());
                let hint = match suggest::closest(&key.text, absent) {
                    Some(likely) => {
                        meant.push(likely);
                        crate::error::Hint::DidYouMean(likely.to_owned())
                    }
                    None => suggest::hint(&key.text, known()),
                };
                let problem = PlanProblem::UnknownField {
                    field,
                    object: object.noun,
                    hint,
                };
                errors.push(key.place, &cursor.path, problem);
            }
        }
        // A field that is only misspelt is not missing as well.
        let missing = |field: &&Field| {
            field.required && self.node.get(field.name).is_none() && !meant.contains(&field.name)
        };
        for &Field {
            name: field,
            description,
            ..
        } in object.fields.iter().filter(missing)
        {
            let problem = PlanProblem::MissingField {
                field,
                object: object.noun,
                description,
            };
            self.push(errors, problem);
        }
        Some(Fields {
            cursor: self.clone(),
            meant,
        })
    }
}

/// The fields of a mapping, checked for unknown and missing ones.
#[derive(Debug)]
pub struct Fields<'node> {
    cursor: Cursor<'node>,
    /// The fields that unknown ones were probably meant to be.
    meant: Vec<&'static str>,
}

impl<'node> Fields<'node> {
    /// The field's value, where it is given.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<Cursor<'node>> {
        let node = self.cursor.node.get(field)?;
        Some(Cursor {
            node,
            path: join(&self.cursor.path, field),
        })
    }

    /// Whether the field is missing only because its name is misspelt.
    #[must_use]
    pub fn misspelt(&self, field: &str) -> bool {
        self.meant.contains(&field)
    }

    /// The field's value with the place of its key, where it is given.
    #[must_use]
    pub fn entry(&self, field: &str) -> Option<(Place, Cursor<'node>)> {
        let (key, _) = self.cursor.node.entry(field)?;
        Some((key.place, self.get(field)?))
    }
}
