// SPDX-License-Identifier: Apache-2.0
//! What left an inventory stays in its plan: a probe that falls away without a word would be a green light
//! that means nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use indexmap::IndexMap;
use keyproof_document::{Key, Node, Value, read_within};
use keyproof_plan::{Exception, Expectation, LIMITS, Place, Plan, Principal, Probe, Table};
use thiserror::Error;

use crate::compare::{Difference, compare};
use crate::expand::{Expanded, NOWHERE, entry, mapping, sequence};
use crate::write::{Form, write};

/// A plan that has what an inventory comes to, and beside it what it had before.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// The plan and its document: the same bytes of the same two.
    pub expanded: Expanded,
    /// What differs between the plan of before and the inventory: what is removed there is kept here.
    pub difference: Difference,
}

/// Why a plan can't hold both.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the plan can't hold what it held and what the inventory comes to, too: {0}")]
pub struct KeepError(String);

/// The plan that an inventory comes to, and beside it every probe of the plan of before that the inventory
/// doesn't come to any more. Where both have a probe, the inventory's is meant. `None` where nothing left.
///
/// # Errors
/// Where no plan can be both.
pub fn keep(before: &Plan, after: &Expanded, form: Form) -> Result<Option<Kept>, KeepError> {
    // Its probes may be called alike there, and are others.
    if before.region != after.plan.region {
        let (was, is) = (&before.region, &after.plan.region);
        return Err(KeepError(format!("it was in {was}, and is in {is}")));
    }
    let left = Left::of(before, &after.plan);
    if left.is_nothing() {
        return Ok(None);
    }
    let unreadable = |text: &str| KeepError(format!("its document can't be read: {text}"));
    let mut root = read_within(&after.text, LIMITS)
        .node
        .ok_or_else(|| unreadable("it has no root"))?;
    left.put_into(&mut root);
    let text = write(&root, form);
    drop(root);
    let plan = Plan::parse(&text).map_err(|errors| {
        let first = errors.first().map(ToString::to_string);
        KeepError(first.unwrap_or_default())
    })?;
    Ok(Some(Kept {
        difference: compare(before, &after.plan),
        expanded: Expanded { plan, text },
    }))
}

/// What a plan had that it has no more.
struct Left<'b> {
    tables: IndexMap<&'b str, &'b Table>,
    principals: BTreeMap<&'b str, &'b Principal>,
    expectations: Vec<Expectation>,
    exceptions: Vec<&'b Exception>,
}

impl<'b> Left<'b> {
    fn of(before: &'b Plan, after: &Plan) -> Self {
        let there: HashSet<String> = after.each_probe().map(|probe| probe.id).collect();
        // In the place of an account that could not be read, by `--carry-on`: now it was.
        let is_nowhere = |table: &Table| table.name == NOWHERE;
        let tables = before.tables.iter();
        let tables: IndexMap<_, _> = tables
            .map(|(name, table)| (name.as_str(), table))
            .filter(|(name, table)| !after.tables.contains_key(*name) && !is_nowhere(table))
            .collect();
        let mut expectations = Vec::new();
        for expectation in &before.expectations {
            let actions = expectation.actions.iter().copied();
            let actions: Vec<_> = actions
                .filter(|&action| !there.contains(&Probe::of(expectation, action).id))
                .collect();
            if !actions.is_empty() {
                expectations.push(Expectation {
                    actions: actions.into(),
                    ..expectation.clone()
                });
            }
        }
        let needed: BTreeSet<&str> = expectations
            .iter()
            .map(|expectation| expectation.principal.as_str())
            .chain(
                tables
                    .values()
                    .filter_map(|table| table.inspect_as.as_deref()),
            )
            .collect();
        let principals = before.principals.iter();
        let principals = principals
            .map(|(name, principal)| (name.as_str(), principal))
            .filter(|(name, _)| needed.contains(name) && !after.principals.contains_key(*name))
            .collect();
        let exceptions = before.exceptions.iter();
        let exceptions = exceptions
            .filter(|exception| !there.contains(&exception.probe))
            .collect();
        Self {
            tables,
            principals,
            expectations,
            exceptions,
        }
    }

    fn is_nothing(&self) -> bool {
        self.tables.is_empty() && self.expectations.is_empty()
    }

    /// Puts it behind what is there, in the order that it had.
    fn put_into(&self, root: &mut Node) {
        // As a plan of its own, which is written down as any other.
        let part = Plan {
            name: String::new(),
            region: String::new(),
            digest: String::new(),
            tables: owned(&self.tables),
            principals: owned(&self.principals),
            expectations: self.expectations.clone(),
            exceptions: self.exceptions.iter().copied().cloned().collect(),
        };
        let part = tree(&part.to_json());
        for name in ["tables", "principals", "expectations", "exceptions"] {
            let Some(more) = part.get(name) else { continue };
            let Value::Mapping(entries) = &mut root.value else {
                return;
            };
            let there = entries.iter_mut().find(|(key, _)| key.text == name);
            match there.map(|(_, node)| (&mut node.value, more.value.clone())) {
                Some((Value::Mapping(there), Value::Mapping(more))) => there.extend(more),
                Some((Value::Sequence(there), Value::Sequence(more))) => there.extend(more),
                Some(_) => {}
                None => entries.push(entry(name, more.clone(), Place::START)),
            }
        }
    }
}

fn owned<'p, T: Clone + 'p>(
    of: impl IntoIterator<Item = (&'p &'p str, &'p &'p T)>,
) -> IndexMap<String, T> {
    let owned = |(name, value): (&&str, &&T)| ((*name).to_owned(), (*value).clone());
    of.into_iter().map(owned).collect()
}

/// A value as a tree.
fn tree(value: &serde_json::Value) -> Node {
    use serde_json::Value as Json;
    let place = Place::START;
    let value = match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.to_string()),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => return sequence(items.iter().map(tree).collect(), place),
        Json::Object(fields) => {
            let entry = |(name, value): (&String, &Json)| {
                let text = name.clone();
                (Key { place, text }, tree(value))
            };
            return mapping(fields.iter().map(entry).collect(), place);
        }
    };
    Node {
        place,
        tag: None,
        value,
    }
}
