// SPDX-License-Identifier: Apache-2.0
//! DynamoDB JSON, read strictly.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::cursor::{Cursor, Errors};
use super::number;
use crate::Attribute;
use crate::definition::{CANARY, MAX_KEY_ATTRIBUTES};
use crate::error::PlanProblem;
use crate::model::Canary;

/// The type descriptors of DynamoDB JSON.
pub(crate) const TYPES: [&str; 10] = ["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"];
/// The types that a key attribute may have.
pub(crate) const KEY_TYPES: [&str; 3] = ["S", "N", "B"];
/// How deep DynamoDB lets maps and lists nest.
const MAX_NESTING: usize = 32;
/// How long a key attribute's value may be, in bytes (a sort key's even less).
const MAX_KEY_BYTES: usize = 2048;
/// How long a key attribute's name may be, in bytes.
const MAX_KEY_NAME: usize = 255;

/// A canary.
pub(super) fn canary(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<Canary> {
    let fields = cursor.fields(errors, &CANARY)?;
    let key = fields.get("key").and_then(|cursor| key(&cursor, errors));
    let attributes = match fields.get("attributes") {
        None => Some(BTreeMap::new()),
        Some(cursor) => further(&cursor, fields.get("key").as_ref(), errors),
    };
    Some(Canary {
        key: key?,
        attributes: attributes?,
    })
}

fn key(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<BTreeMap<String, Attribute>> {
    let entries = cursor.entries(errors)?;
    if entries.is_empty() {
        let what = "the canary's key has no attribute";
        let mend = "name all key attributes of the table, such as `pk: { S: keyproof#canary }`";
        cursor.push(errors, PlanProblem::Empty { what, mend });
        return None;
    }
    if entries.len() > MAX_KEY_ATTRIBUTES {
        let (count, limit) = (entries.len(), MAX_KEY_ATTRIBUTES);
        cursor.push(
            errors,
            PlanProblem::TooMany {
                count,
                what: "key attributes",
                limit,
            },
        );
    }
    let mut attributes = Some(BTreeMap::new());
    for (key, cursor) in entries {
        key_name(&cursor, &key.text, errors);
        let value = key_value(&cursor, errors);
        attributes = match (attributes, value) {
            (Some(mut attributes), Some(value)) => {
                attributes.insert(key.text.clone(), value);
                Some(attributes)
            }
            _ => None,
        };
    }
    attributes
}

fn key_name(cursor: &Cursor<'_>, name: &str, errors: &mut Errors) {
    if !(1..=MAX_KEY_NAME).contains(&name.len()) {
        let problem = PlanProblem::Malformed {
            noun: "the name of a key attribute",
            text: super::cursor::shown(name),
            rule: format!("expected 1 to {MAX_KEY_NAME} bytes"),
        };
        cursor.push(errors, problem);
    }
}

fn key_value(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<Attribute> {
    let typed = typed(cursor, errors)?;
    if !KEY_TYPES.contains(&typed.descriptor) {
        let problem = PlanProblem::Malformed {
            noun: "the type of a key attribute",
            text: typed.descriptor.to_owned(),
            rule: "DynamoDB's keys are `S`, `N` or `B`".to_owned(),
        };
        typed.value.push(errors, problem);
        return None;
    }
    let attribute = value(&typed, errors, 0)?;
    let length = match &attribute {
        Attribute::S(text) => text.len(),
        Attribute::B(bytes) => bytes.len(),
        Attribute::N(_)
        | Attribute::Bool(_)
        | Attribute::Null
        | Attribute::M(_)
        | Attribute::L(_)
        | Attribute::Ss(_)
        | Attribute::Ns(_)
        | Attribute::Bs(_) => 1,
    };
    if !(1..=MAX_KEY_BYTES).contains(&length) {
        let rule = format!("expected 1 to {MAX_KEY_BYTES} bytes");
        typed
            .value
            .malformed(errors, "the value of a key attribute", rule);
        return None;
    }
    Some(attribute)
}

fn further(
    cursor: &Cursor<'_>,
    key: Option<&Cursor<'_>>,
    errors: &mut Errors,
) -> Option<BTreeMap<String, Attribute>> {
    let mut attributes = Some(BTreeMap::new());
    for (name, cursor) in cursor.entries(errors)? {
        let first = key
            .and_then(|key| key.node.entry(&name.text))
            .map(|(first, _)| first.place);
        if let Some(first) = first {
            let problem = PlanProblem::Repeated {
                noun: "attribute",
                text: name.text.clone(),
                first,
            };
            errors.push(name.place, &cursor.path, problem);
        }
        let attribute = attribute(&cursor, errors, 0).filter(|_| first.is_none());
        attributes = attributes
            .zip(attribute)
            .map(|(mut attributes, attribute)| {
                attributes.insert(name.text.clone(), attribute);
                attributes
            });
    }
    attributes
}

/// A value with its type descriptor: `{ S: … }`.
struct Typed<'node> {
    descriptor: &'static str,
    value: Cursor<'node>,
}

fn typed<'node>(cursor: &Cursor<'node>, errors: &mut Errors) -> Option<Typed<'node>> {
    const EXPECTED: &str = "an attribute value in DynamoDB JSON, such as `{ S: text }`";
    let Some([(key, node)]) = cursor.node.as_mapping() else {
        cursor.wrong_type(errors, EXPECTED);
        return None;
    };
    let value = Cursor {
        node,
        path: super::cursor::join(&cursor.path, &key.text),
    };
    let Some(descriptor) = TYPES.into_iter().find(|known| *known == key.text) else {
        // What stands here may be the value itself: it is not repeated.
        let hint = crate::suggest::hint(&key.text, TYPES.into_iter());
        errors.push(key.place, &cursor.path, PlanProblem::UnknownType { hint });
        return None;
    };
    Some(Typed { descriptor, value })
}

fn attribute(cursor: &Cursor<'_>, errors: &mut Errors, depth: usize) -> Option<Attribute> {
    let typed = typed(cursor, errors)?;
    value(&typed, errors, depth)
}

fn value(typed: &Typed<'_>, errors: &mut Errors, depth: usize) -> Option<Attribute> {
    let cursor = &typed.value;
    match typed.descriptor {
        "S" => cursor
            .string(errors)
            .map(|text| Attribute::S(text.to_owned())),
        "N" => number_text(cursor, errors).map(Attribute::N),
        "B" => bytes(cursor, errors).map(Attribute::B),
        "BOOL" => {
            let value = cursor.node.as_bool();
            if value.is_none() {
                cursor.wrong_type(errors, "a boolean");
            }
            value.map(Attribute::Bool)
        }
        "NULL" => {
            let is_true = cursor.node.as_bool() == Some(true);
            if !is_true {
                cursor.wrong_type(errors, "`true`, as in `{ NULL: true }`");
            }
            is_true.then_some(Attribute::Null)
        }
        "M" | "L" if depth >= MAX_NESTING => {
            let (count, what) = (depth + 1, "levels of maps and lists");
            cursor.push(
                errors,
                PlanProblem::TooMany {
                    count,
                    what,
                    limit: MAX_NESTING,
                },
            );
            None
        }
        "M" => {
            let entries = cursor.entries(errors)?;
            let all: Vec<_> = entries
                .into_iter()
                .map(|(key, cursor)| {
                    Some((key.text.clone(), attribute(&cursor, errors, depth + 1)?))
                })
                .collect();
            all.into_iter().collect::<Option<_>>().map(Attribute::M)
        }
        "L" => {
            let items = cursor.sequence(errors)?;
            let all: Vec<_> = items
                .iter()
                .map(|cursor| attribute(cursor, errors, depth + 1))
                .collect();
            all.into_iter().collect::<Option<_>>().map(Attribute::L)
        }
        "SS" => {
            let text =
                |cursor: &Cursor<'_>, errors: &mut Errors| cursor.string(errors).map(str::to_owned);
            set(cursor, errors, text, |text| text.as_bytes().to_vec()).map(Attribute::Ss)
        }
        "NS" => {
            let normal = |text: &String| number::normal(text).unwrap_or_default().into_bytes();
            set(cursor, errors, number_text, normal).map(Attribute::Ns)
        }
        _ => set(cursor, errors, bytes, Clone::clone).map(Attribute::Bs),
    }
}

/// A set: never empty, nothing in it twice.
fn set<T>(
    cursor: &Cursor<'_>,
    errors: &mut Errors,
    read: impl Fn(&Cursor<'_>, &mut Errors) -> Option<T>,
    identity: impl Fn(&T) -> Vec<u8>,
) -> Option<Vec<T>> {
    let items = cursor.sequence(errors)?;
    if items.is_empty() {
        let what = "DynamoDB knows no empty set";
        cursor.push(
            errors,
            PlanProblem::Empty {
                what,
                mend: "put a value in or remove it",
            },
        );
        return None;
    }
    let mut seen = BTreeMap::new();
    let mut values = Some(Vec::new());
    for item in items {
        let value = read(&item, errors);
        if let Some(value) = &value
            && let Some(first) = seen.insert(identity(value), item.node.place)
        {
            item.push(errors, PlanProblem::RepeatedValue { first });
        }
        values = values.zip(value).map(|(mut values, value)| {
            values.push(value);
            values
        });
    }
    values
}

fn number_text(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<String> {
    let text = cursor.string(errors)?;
    if number::normal(text).is_none() {
        let (noun, rule) = ("a DynamoDB number", number::RULE.to_owned());
        cursor.push(errors, PlanProblem::MalformedValue { noun, rule });
        return None;
    }
    Some(text.to_owned())
}

fn bytes(cursor: &Cursor<'_>, errors: &mut Errors) -> Option<Vec<u8>> {
    let text = cursor.string(errors)?;
    let bytes = STANDARD.decode(text).ok();
    if bytes.is_none() {
        let rule = "expected standard base64 with its padding, such as `a2V5cHJvb2Y=`".to_owned();
        cursor.push(
            errors,
            PlanProblem::MalformedValue {
                noun: "base64",
                rule,
            },
        );
    }
    bytes
}
