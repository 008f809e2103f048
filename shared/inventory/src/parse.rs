// SPDX-License-Identifier: Apache-2.0
//! From text to inventory, with every error at once, before any source is asked.

mod sample;
mod source;
mod whole;

use std::hash::Hash;

use indexmap::IndexMap;
use keyproof_document::{Key, Node, Value};
use keyproof_plan::reading::{
    Cursor, Errors, Fields, INVENTORY_VERSION, declared, is_of_other_kind, join, tags, version,
};
use keyproof_plan::{Place, PlanError, PlanProblem};

use crate::definition::{INVENTORY, TABLE};
use crate::error::{InventoryError, InventoryProblem};
use crate::model::{ExpectationKind, Inventory, Kind, PrincipalKind};
use crate::pattern::{Pattern, Placeholder};

/// What is wrong so far: what would be wrong with a plan too, and what only an inventory gets wrong.
#[derive(Debug, Default)]
pub(crate) struct Wrong {
    pub(crate) plan: Errors,
    pub(crate) own: Vec<InventoryError>,
}

impl Wrong {
    pub(crate) fn push(&mut self, cursor: &Cursor<'_>, problem: impl Into<InventoryProblem>) {
        let error = problem.into().at(cursor.node.place, cursor.path.clone());
        self.own.push(error);
    }

    /// All of it in the document's order, each thing once.
    fn all(self) -> Vec<InventoryError> {
        let plan = self.plan.0.into_iter().map(InventoryError::from);
        let mut all: Vec<_> = plan.chain(self.own).collect();
        all.sort_by_key(|error| error.place);
        all.dedup();
        all
    }
}

impl Inventory {
    /// Reads an inventory from YAML or JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the document's order, each with its line and column.
    pub fn parse(text: &str) -> Result<Self, Vec<InventoryError>> {
        let reading = keyproof_document::read(text);
        let mut wrong = Wrong::default();
        wrong.plan.0 = reading.errors.into_iter().map(PlanError::from).collect();
        let inventory = reading.node.and_then(|root| inventory(&root, &mut wrong));
        let errors = wrong.all();
        match inventory {
            Some(inventory) if errors.is_empty() => Ok(inventory),
            _ => Err(errors),
        }
    }
}

/// What an inventory's version should be.
const NOUN: &str = "a known version of the format of inventories";

/// The inventory. `None` only where an error was pushed.
fn inventory(root: &Node, wrong: &mut Wrong) -> Option<Inventory> {
    let cursor = Cursor {
        node: root,
        path: String::new(),
    };
    if is_of_other_kind(&cursor, INVENTORY_VERSION, NOUN, &mut wrong.plan) {
        return None;
    }
    tags(&cursor, &mut wrong.plan);
    let fields = cursor.fields(&mut wrong.plan, &INVENTORY)?;
    version(&fields, INVENTORY_VERSION, NOUN, &mut wrong.plan);
    let name = fields.get("name");
    let name_place = name.as_ref().map_or(root.place, |name| name.node.place);
    let name = name.and_then(|cursor| pattern(&cursor, wrong));

    let mut sources = IndexMap::new();
    let mut source_places = IndexMap::new();
    let (named, mut whole) = section(&fields, "sources", wrong);
    for (key, cursor) in &named {
        source_places.insert(key.text.clone(), key.place);
        match source::source(cursor, wrong) {
            Some(source) => drop(sources.insert(key.text.clone(), source)),
            None => whole = false,
        }
    }
    let mut tables = IndexMap::new();
    let (named, all) = section(&fields, "tables", wrong);
    whole &= all;
    for (key, cursor) in &named {
        let (kind, good) = kind(key, cursor, wrong);
        tables.insert(key.text.clone(), kind);
        whole &= good;
    }
    let (named, all) = section(&fields, "principals", wrong);
    whole &= all;
    let principals = named
        .iter()
        .map(|(key, cursor)| (key.text.clone(), principal(key, cursor, wrong)))
        .collect();
    let expectations = fields.get("expectations");
    let expectations = expectations.and_then(|cursor| cursor.sequence(&mut wrong.plan));
    let expectations: Vec<_> = expectations.iter().flatten().map(expectation).collect();
    let exceptions = root.entry("exceptions");
    let exceptions = exceptions.map(|(key, node)| (key.clone(), node.clone()));

    let inventory = Inventory {
        name: name?,
        sources,
        tables,
        name_place,
        source_places,
        principals,
        expectations,
        exceptions,
        root: root.clone(),
    };
    let sections = ["tables", "principals", "expectations"];
    if sections.iter().all(|section| root.get(section).is_some()) {
        sample::check(&inventory, wrong);
    }
    whole.then(|| whole::checked(inventory, wrong))
}

/// The entries of a section that names things, and whether all of it is good.
fn section<'node>(
    fields: &Fields<'node>,
    field: &str,
    wrong: &mut Wrong,
) -> (Vec<(&'node Key, Cursor<'node>)>, bool) {
    let Some(cursor) = fields.get(field) else {
        return (Vec::new(), false);
    };
    let Some(entries) = cursor.entries(&mut wrong.plan) else {
        return (Vec::new(), false);
    };
    if entries.is_empty() {
        let what = "nothing is named here";
        let mend = "name at least one";
        cursor.push(&mut wrong.plan, PlanProblem::Empty { what, mend });
    }
    let mut good = !entries.is_empty();
    for (key, cursor) in &entries {
        // The plan's own reader sees to the names that a plan has, too.
        good &= field != "sources" || declared(key, cursor, &mut wrong.plan);
    }
    (entries, good)
}

/// A text with placeholders.
pub(crate) fn pattern(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<Pattern> {
    let text = cursor.string(&mut wrong.plan)?;
    if text.is_empty() {
        let what = "nothing is said here";
        let mend = "write a text, or remove the field";
        cursor.push(&mut wrong.plan, PlanProblem::Empty { what, mend });
        return None;
    }
    text.parse()
        .map_err(|error: crate::PatternError| wrong.push(cursor, error))
        .ok()
}

/// Every text of a tree that is read as a pattern, names of fields included, and the placeholders in them.
fn patterns(cursor: &Cursor<'_>, wrong: &mut Wrong, found: &mut Vec<Placeholder>) {
    let mut read = |text: &str, place: Place, path: &str| match text.parse::<Pattern>() {
        Ok(pattern) => found.extend(pattern.placeholders().cloned()),
        Err(error) => wrong
            .own
            .push(InventoryProblem::from(error).at(place, path)),
    };
    match &cursor.node.value {
        Value::String(text) => read(text, cursor.node.place, &cursor.path),
        Value::Mapping(entries) => {
            for (key, node) in entries {
                let path = join(&cursor.path, &key.text);
                if key.text.contains(['{', '}']) {
                    match key.text.parse::<Pattern>() {
                        Ok(pattern) => found.extend(pattern.placeholders().cloned()),
                        Err(error) => {
                            let error = InventoryProblem::from(error).at(key.place, &*path);
                            wrong.own.push(error);
                        }
                    }
                }
                patterns(&Cursor { node, path }, wrong, found);
            }
        }
        Value::Sequence(items) => {
            for (index, node) in items.iter().enumerate() {
                let path = format!("{}[{index}]", cursor.path);
                patterns(&Cursor { node, path }, wrong, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A table, and whether it is good. What only a plan's reader knows to be wrong with it, the sample shows.
fn kind(key: &Key, cursor: &Cursor<'_>, wrong: &mut Wrong) -> (Kind, bool) {
    let fields = cursor.fields(&mut wrong.plan, &TABLE);
    let get = |field: &str| fields.as_ref().and_then(|fields| fields.get(field));
    let from = get("from").and_then(|cursor| texts(&cursor, wrong));
    let named = get("table");
    let table = named.as_ref().and_then(|cursor| {
        let table = pattern(cursor, wrong)?;
        Some((table, cursor.node.place))
    });
    let good = from.is_some() && table.is_some() == named.is_some();
    let entries = cursor.node.as_mapping().unwrap_or_default().iter();
    let kept = |(key, _): &&(Key, Node)| !matches!(key.text.as_str(), "from" | "table");
    let inspector = cursor.node.get("inspect_as").and_then(Node::as_str);
    let kind = Kind {
        from: from.unwrap_or_default(),
        table,
        place: key.place,
        fields: entries.filter(kept).cloned().collect(),
        inspect_as: inspector.map(str::to_owned),
    };
    (kind, good)
}

fn principal(key: &Key, cursor: &Cursor<'_>, wrong: &mut Wrong) -> PrincipalKind {
    let mut placeholders = Vec::new();
    patterns(cursor, wrong, &mut placeholders);
    PrincipalKind {
        place: key.place,
        node: cursor.node.clone(),
        placeholders,
    }
}

fn expectation(cursor: &Cursor<'_>) -> ExpectationKind {
    // What is no name here, the sample shows.
    let names = |field: &str| match cursor.node.get(field).map(|node| &node.value) {
        Some(Value::String(name)) => vec![name.clone()],
        Some(Value::Sequence(items)) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Mapping(_)) | None => {
            Vec::new()
        }
    };
    ExpectationKind {
        node: cursor.node.clone(),
        principals: names("principal"),
        on: names("on"),
    }
}

/// A text, or a list of texts: none empty, none twice.
pub(crate) fn texts(cursor: &Cursor<'_>, wrong: &mut Wrong) -> Option<Vec<String>> {
    if cursor.node.as_sequence().is_none() {
        let text = cursor.nonblank(&mut wrong.plan)?;
        return Some(vec![text.to_owned()]);
    }
    list(cursor, wrong, |cursor, wrong| {
        cursor.nonblank(&mut wrong.plan).map(str::to_owned)
    })
}

/// A list with something in it, and nothing twice. `None` only where an error was pushed.
pub(crate) fn list<T: Eq + Hash>(
    cursor: &Cursor<'_>,
    wrong: &mut Wrong,
    mut item: impl FnMut(&Cursor<'_>, &mut Wrong) -> Option<T>,
) -> Option<Vec<T>> {
    let items = cursor.sequence(&mut wrong.plan)?;
    if items.is_empty() {
        let what = "nothing is listed here";
        let mend = "list at least one, or remove the field";
        cursor.push(&mut wrong.plan, PlanProblem::Empty { what, mend });
        return None;
    }
    let mut found: IndexMap<T, Place> = IndexMap::with_capacity(items.len());
    let mut whole = true;
    for cursor in &items {
        let Some(value) = item(cursor, wrong) else {
            whole = false;
            continue;
        };
        if let Some(&first) = found.get(&value) {
            whole = false;
            let text = keyproof_plan::reading::shown(&cursor.node.as_text().unwrap_or_default());
            let noun = "an entry";
            cursor.push(&mut wrong.plan, PlanProblem::Repeated { noun, text, first });
        } else {
            found.insert(value, cursor.node.place);
        }
    }
    whole.then(|| found.into_keys().collect())
}
