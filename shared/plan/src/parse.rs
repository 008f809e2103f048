// SPDX-License-Identifier: Apache-2.0
//! From text to plan, with every error at once.

mod attribute;
mod combination;
pub(crate) mod cursor;
mod exception;
mod expectation;
pub(crate) mod names;
mod number;
mod plan_wide;
mod principal;
mod table;

pub(crate) use attribute::{KEY_TYPES, TYPES};
pub(crate) use expectation::Decision;

use indexmap::IndexMap;
use keyproof_document::{Key, Node, Value};
use sha2::{Digest as _, Sha256};

use self::cursor::{Cursor, Errors, Fields};
use self::expectation::Draft;
use self::names::{Declared, Names};
use crate::definition::{INVENTORY_VERSION, LIMITS, PLAN, VERSION};
use crate::error::{PlanError, PlanProblem};
use crate::model::{Exception, Plan};
use crate::{suggest, text};

impl Plan {
    /// Reads a plan from YAML or JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the document's order, each with its line and column.
    pub fn parse(text: &str) -> Result<Self, Vec<PlanError>> {
        read(text, digest(text), Extent::Whole)
    }

    /// Reads a part of a plan, as [`Plan::to_json`] writes it: a plan by all rules, but that it may
    /// hold tables of which nothing is asked but the key, and that its digest is the whole plan's.
    ///
    /// # Errors
    /// As [`Plan::parse`].
    pub fn parse_part(text: &str, whole: &str) -> Result<Self, Vec<PlanError>> {
        read(text, whole.to_owned(), Extent::Part)
    }

    /// Reads a plan from a tree that was not read from a text of its own: what is wrong with it is told at
    /// the places that its nodes have. It has no digest.
    ///
    /// # Errors
    /// As [`Plan::parse`].
    pub fn of_tree(root: &Node) -> Result<Self, Vec<PlanError>> {
        let mut errors = Errors::default();
        let plan = plan(root, String::new(), Extent::Whole, &mut errors);
        checked(plan, errors)
    }
}

/// What a plan's version should be.
const NOUN: &str = "a known version of the plan format";

/// Whether a document is all there is of its plan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Part,
}

fn read(text: &str, digest: String, extent: Extent) -> Result<Plan, Vec<PlanError>> {
    let reading = keyproof_document::read_within(text, LIMITS);
    let mut errors = Errors(reading.errors.into_iter().map(PlanError::from).collect());
    let plan = reading
        .node
        .and_then(|root| plan(&root, digest, extent, &mut errors));
    checked(plan, errors)
}

/// The plan, where nothing is wrong with it.
fn checked(plan: Option<Plan>, mut errors: Errors) -> Result<Plan, Vec<PlanError>> {
    match plan {
        Some(plan) if errors.0.is_empty() => Ok(plan),
        _ => {
            errors.0.sort_by_key(|error| error.place);
            Err(errors.0)
        }
    }
}

/// `sha256:HEX` of the text's bytes.
fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// The plan. `None` only where an error was pushed.
fn plan(root: &Node, digest: String, extent: Extent, errors: &mut Errors) -> Option<Plan> {
    let cursor = Cursor {
        node: root,
        path: String::new(),
    };
    if is_of_other_kind(&cursor, VERSION, NOUN, errors) {
        return None;
    }
    tags(&cursor, errors);
    let fields = cursor.fields(errors, &PLAN)?;
    version(&fields, VERSION, NOUN, errors);
    let name = fields
        .get("name")
        .and_then(|at| at.text(errors, &text::NAME));
    let region = fields.get("region").and_then(|at| region(&at, errors));
    let names = Names {
        region,
        tables: Declared::new(declared(&fields, "tables", errors)),
        principals: Declared::new(declared(&fields, "principals", errors)),
    };

    let mut tables = Some(IndexMap::new());
    for (key, cursor) in names.tables.iter() {
        let good_name = names::declared(key, cursor, errors);
        let table = table::table(key, cursor, &names, errors).filter(|_| good_name);
        insert(&mut tables, key, table);
    }
    let mut principals = Some(IndexMap::new());
    for (key, cursor) in names.principals.iter() {
        let good_name = names::declared(key, cursor, errors);
        let principal = principal::principal(key, cursor, errors).filter(|_| good_name);
        insert(&mut principals, key, principal);
    }

    let items = list(&fields, "expectations", errors).unwrap_or_default();
    let drafts: Vec<_> = items
        .iter()
        .map(|item| expectation::expectation(item, &names, errors))
        .collect();
    let nothing = drafts.is_empty() && extent == Extent::Whole;
    if let Some(cursor) = fields.get("expectations").filter(|_| nothing) {
        plan_wide::no_expectations(&cursor, errors);
    }
    plan_wide::probes(&names, &drafts, errors);
    plan_wide::witnesses(&names, &drafts, errors);
    if let (Some(tables), Some(principals)) = (&tables, &principals) {
        plan_wide::accounts(&names, tables, principals, &drafts, errors);
    }
    // Only for exceptions: the ids of a large plan fill the memory.
    let excepting = fields.get("exceptions");
    let planned = excepting.and_then(|_| plan_wide::probe_ids(&names, &drafts));
    let exceptions = exceptions(&fields, planned.as_deref(), errors);
    let expectations = if errors.0.is_empty() {
        let each: Option<Vec<_>> = drafts.iter().map(Draft::expectations).collect();
        each.map(|each| each.into_iter().flatten().collect())
    } else {
        None
    };

    Some(Plan {
        name: name?.to_owned(),
        region: region?.to_owned(),
        digest,
        tables: tables?,
        principals: principals?,
        expectations: expectations?,
        exceptions: exceptions?,
    })
}

/// Pushes every YAML tag: a plan has no use for any, and to drop one would change what was said.
pub fn tags(cursor: &Cursor<'_>, errors: &mut Errors) {
    if let Some(tag) = &cursor.node.tag {
        cursor.push(
            errors,
            PlanProblem::Tag {
                tag: cursor::shown(tag),
            },
        );
    }
    match &cursor.node.value {
        Value::Sequence(items) => {
            for (index, node) in items.iter().enumerate() {
                tags(
                    &Cursor {
                        node,
                        path: format!("{}[{index}]", cursor.path),
                    },
                    errors,
                );
            }
        }
        Value::Mapping(entries) => {
            for (key, node) in entries {
                tags(
                    &Cursor {
                        node,
                        path: cursor::join(&cursor.path, &key.text),
                    },
                    errors,
                );
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether the document is a plan in the place of an inventory, or the other way round: that is said, and
/// nothing else about it is.
pub fn is_of_other_kind(
    cursor: &Cursor<'_>,
    expected: &str,
    noun: &'static str,
    errors: &mut Errors,
) -> bool {
    let Some(node) = cursor.node.get("keyproof") else {
        return false;
    };
    let rule = match node.as_str() {
        Some(version) if version == expected => return false,
        Some(INVENTORY_VERSION) => "this is an inventory: `keyproof plan expand` makes plans of it",
        Some(VERSION) => "this is a plan already: nothing is left to expand",
        Some(_) | None => return false,
    };
    let path = "keyproof".to_owned();
    Cursor { node, path }.malformed(errors, noun, rule.to_owned());
    true
}

/// Checks the version that the document says it is of.
pub fn version(fields: &Fields<'_>, expected: &str, noun: &'static str, errors: &mut Errors) {
    let Some(cursor) = fields.get("keyproof") else {
        return;
    };
    if cursor
        .string(errors)
        .is_some_and(|version| version != expected)
    {
        let rule = format!("this keyproof reads `{expected}`: upgrade it, if a newer one wrote it");
        cursor.malformed(errors, noun, rule);
    }
}

/// The region that stands here.
pub fn region<'node>(cursor: &Cursor<'node>, errors: &mut Errors) -> Option<&'node str> {
    let region = cursor.string(errors)?;
    if text::is_region(region) {
        return Some(region);
    }
    let rule = match suggest::closest(region, text::REGIONS.into_iter()) {
        Some(likely) => format!("did you mean `{likely}`?"),
        None => "expected its code, such as `us-east-1`".to_owned(),
    };
    cursor.malformed(errors, "a region", rule);
    None
}

fn declared<'node>(
    fields: &Fields<'node>,
    field: &str,
    errors: &mut Errors,
) -> Vec<(&'node Key, Cursor<'node>)> {
    fields
        .get(field)
        .and_then(|cursor| cursor.entries(errors))
        .unwrap_or_default()
}

/// Adds to a map that is whole only if every value in it is.
fn insert<T>(map: &mut Option<IndexMap<String, T>>, key: &Key, value: Option<T>) {
    *map = map.take().zip(value).map(|(mut map, value)| {
        map.insert(key.text.clone(), value);
        map
    });
}

fn list<'node>(
    fields: &Fields<'node>,
    field: &str,
    errors: &mut Errors,
) -> Option<Vec<Cursor<'node>>> {
    fields.get(field)?.sequence(errors)
}

fn exceptions(
    fields: &Fields<'_>,
    planned: Option<&[String]>,
    errors: &mut Errors,
) -> Option<Vec<Exception>> {
    let Some(cursor) = fields.get("exceptions") else {
        return Some(Vec::new());
    };
    let items = cursor.sequence(errors)?;
    let all: Vec<_> = items
        .iter()
        .map(|cursor| exception::exception(cursor, planned, errors))
        .collect();
    plan_wide::repeated_exceptions(&items, errors);
    all.into_iter().collect()
}
