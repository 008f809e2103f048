// SPDX-License-Identifier: Apache-2.0
//! One plan as a tree, each part with the place in the inventory that it comes of.

use std::collections::HashMap;

use indexmap::IndexMap;
use keyproof_document::{Key, Node};
use keyproof_plan::Place;
use sha2::{Digest as _, Sha256};

use super::fill::{Filler, Missing, entry, mapping, sequence, text};
use super::gather::Item;
use crate::error::{InventoryError, InventoryProblem};
use crate::model::{ExpectationKind, Inventory, PrincipalKind};
use crate::pattern::Placeholder;

/// The longest name of a table or principal in a plan.
const LONGEST_NAME: usize = 128;
/// How much of a longer one is kept, before what tells it from others.
const KEPT_OF_NAME: usize = 100;

struct Draft<'i> {
    inventory: &'i Inventory,
    principals: IndexMap<String, Node>,
    errors: Vec<InventoryError>,
}

/// The plan of these tables.
pub(super) fn draft(
    inventory: &Inventory,
    name: &str,
    items: &[Item<'_>],
) -> Result<Node, Vec<InventoryError>> {
    let mut draft = Draft {
        inventory,
        principals: IndexMap::new(),
        errors: Vec::new(),
    };
    let mut tables = Vec::with_capacity(items.len());
    // What each principal of the inventory is called for each table.
    let mut called: Vec<HashMap<&str, String>> = Vec::with_capacity(items.len());
    let mut names = Vec::with_capacity(items.len());
    for item in items {
        let principals = draft.principals_of(item);
        let name = table_name(item);
        tables.extend(draft.table(&name, item, &principals));
        called.push(principals);
        names.push(name);
    }
    let expectations: Vec<Node> = inventory
        .expectations
        .iter()
        .flat_map(|expectation| expected(expectation, items, &names, &called))
        .collect();
    if !draft.errors.is_empty() {
        return Err(draft.errors);
    }
    let place = inventory.root.place;
    let region = items.first().map(|item| item.table.region.as_str());
    let principals = draft.principals.into_iter();
    let principals = principals.map(|(name, node)| {
        let place = node.place;
        entry(&name, node, place)
    });
    Ok(mapping(
        vec![
            entry("keyproof", text("plan/v1", place), place),
            entry("name", text(name, inventory.name_place), place),
            entry("region", text(region.unwrap_or_default(), place), place),
            entry("tables", mapping(tables, place), place),
            entry("principals", mapping(principals.collect(), place), place),
            entry("expectations", sequence(expectations, place), place),
        ],
        place,
    ))
}

impl<'i> Draft<'i> {
    /// The principals that have to do with a table, each with its name in the plan.
    fn principals_of(&mut self, item: &Item<'i>) -> HashMap<&'i str, String> {
        let mut called = HashMap::new();
        let Some((kind_name, kind)) = item.kind else {
            return called;
        };
        let about = |expectation: &&ExpectationKind| {
            expectation.on.is_empty() || expectation.on.iter().any(|name| name == kind_name)
        };
        let expecting = self.inventory.expectations.iter().filter(about);
        let expecting = expecting.flat_map(|expectation| &expectation.principals);
        for pattern in kind.inspect_as.iter().chain(expecting) {
            if called.contains_key(pattern.as_str()) {
                continue;
            }
            let inventory = self.inventory;
            let Some((pattern, principal)) = inventory.principals.get_key_value(pattern) else {
                continue;
            };
            match self.principal(pattern, principal, item) {
                Ok(name) => drop(called.insert(pattern.as_str(), name)),
                Err(missing) => self.miss(missing, item, &format!("principals.{pattern}")),
            }
        }
        called
    }

    fn principal(
        &mut self,
        pattern: &str,
        principal: &PrincipalKind,
        item: &Item<'_>,
    ) -> Result<String, Missing> {
        let filler = Filler::new(&item.table);
        let node = filler.node(&principal.node)?;
        let name = principal_name(pattern, principal, item);
        match self.principals.get(&name) {
            None => drop(self.principals.insert(name.clone(), node)),
            Some(same) if *same == node => {}
            Some(other) => {
                let role = |node: &Node| {
                    let role = node.get("role").and_then(Node::as_str);
                    keyproof_plan::reading::shown(role.unwrap_or_default())
                };
                let problem = InventoryProblem::TwoPrincipals {
                    name: name.clone(),
                    first: role(other),
                    second: role(&node),
                };
                let path = format!("principals.{pattern}");
                self.errors.push(problem.at(principal.place, path));
            }
        }
        Ok(name)
    }

    /// The table of the plan. `None` only where an error was pushed.
    fn table(
        &mut self,
        name: &str,
        item: &Item<'i>,
        principals: &HashMap<&'i str, String>,
    ) -> Option<(Key, Node)> {
        let Some((kind_name, kind)) = item.kind else {
            let place = self.inventory.root.place;
            return Some(entry(name, nowhere(item, place), place));
        };
        let filler = Filler::new(&item.table);
        let place = kind.table.as_ref().map_or(kind.place, |(_, place)| *place);
        let mut fields = vec![entry("table", text(&item.table.arn(), place), place)];
        for (key, node) in &kind.fields {
            let value = match (key.text.as_str(), &kind.inspect_as) {
                ("inspect_as", Some(inspector)) => {
                    let name = principals.get(inspector.as_str())?;
                    Ok(text(name, node.place))
                }
                _ => filler.node(node),
            };
            match value {
                Ok(node) => fields.push((key.clone(), node)),
                Err(missing) => {
                    self.miss(missing, item, &format!("tables.{kind_name}"));
                    return None;
                }
            }
        }
        Some(entry(name, mapping(fields, kind.place), kind.place))
    }

    fn miss(&mut self, (place, placeholder): Missing, item: &Item<'_>, path: &str) {
        let table = item.in_words();
        let problem = InventoryProblem::NoValue { placeholder, table };
        self.errors.push(problem.at(place, path));
    }
}

/// A table that is nowhere, in an account that could not be read.
fn nowhere(item: &Item<'_>, place: Place) -> Node {
    let arn = item.table.arn();
    let key = arn
        .replace(":dynamodb:", ":kms:")
        .replace(":table/", ":alias/");
    let attribute = mapping(vec![entry("S", text("unread", place), place)], place);
    let item = mapping(vec![entry("pk", attribute, place)], place);
    let canary = mapping(vec![entry("key", item, place)], place);
    mapping(
        vec![
            entry("table", text(&arn, place), place),
            entry("key", text(&key, place), place),
            entry("canary", canary, place),
        ],
        place,
    )
}

/// What an expectation of the inventory becomes: as few of the plan's as lists allow; none where the
/// plan has no table that it is about.
fn expected(
    expectation: &ExpectationKind,
    items: &[Item<'_>],
    names: &[String],
    called: &[HashMap<&str, String>],
) -> Vec<Node> {
    let place = expectation.node.place;
    // Each principal's tables, then the principals of each list of tables.
    let mut tables: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for ((item, name), called) in items.iter().zip(names).zip(called) {
        let Some((kind, _)) = item.kind else { continue };
        let about = expectation.on.iter().any(|on| on == kind);
        if !about && !expectation.on.is_empty() {
            continue;
        }
        for principal in &expectation.principals {
            if let Some(principal) = called.get(principal.as_str()) {
                let tables = tables.entry(principal).or_default();
                tables.extend(about.then_some(name.as_str()));
            }
        }
    }
    let mut lists: IndexMap<Vec<&str>, Vec<&str>> = IndexMap::new();
    for (principal, tables) in tables {
        lists.entry(tables).or_default().push(principal);
    }
    lists
        .into_iter()
        .map(|(tables, principals)| {
            let mut fields = vec![entry("principal", one_or_list(&principals, place), place)];
            if !tables.is_empty() {
                fields.push(entry("on", one_or_list(&tables, place), place));
            }
            let kept = |(key, _): &&(Key, Node)| !matches!(key.text.as_str(), "principal" | "on");
            let rest = expectation.node.as_mapping().unwrap_or_default().iter();
            fields.extend(rest.filter(kept).cloned());
            mapping(fields, place)
        })
        .collect()
}

fn one_or_list(names: &[&str], place: Place) -> Node {
    match names {
        [one] => text(one, place),
        all => sequence(all.iter().map(|name| text(name, place)).collect(), place),
    }
}

/// `TABLE@ACCOUNT`: no name of DynamoDB's has an `@`.
fn table_name(item: &Item<'_>) -> String {
    let name = if item.kind.is_some() {
        item.table.name.as_str()
    } else {
        "unread"
    };
    short(&format!("{name}@{}", item.table.account))
}

/// The principal's own name, what of the table it hangs on, and the account where it hangs on that.
fn principal_name(pattern: &str, principal: &PrincipalKind, item: &Item<'_>) -> String {
    let mut name = pattern.to_owned();
    let mut told: Vec<&Placeholder> = Vec::new();
    for placeholder in &principal.placeholders {
        let tells = match placeholder {
            Placeholder::Account | Placeholder::Region | Placeholder::Partition => false,
            Placeholder::Table
            | Placeholder::Key
            | Placeholder::Tag(_)
            | Placeholder::AccountTag(_) => true,
        };
        if tells && !told.contains(&placeholder) {
            told.push(placeholder);
            name.push('.');
            name.push_str(&item.table.value(placeholder).unwrap_or_default());
        }
    }
    if principal.placeholders.contains(&Placeholder::Account) {
        name.push('@');
        name.push_str(item.table.account.as_str());
    }
    let allowed = |c: char| if c == '/' || c.is_control() { '-' } else { c };
    short(name.chars().map(allowed).collect::<String>().trim())
}

/// The name itself, or as much of it as a plan takes, with what tells it from others.
fn short(name: &str) -> String {
    use std::fmt::Write as _;
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(KEPT_OF_NAME).collect();
    short.push('~');
    for byte in Sha256::digest(name.as_bytes()).iter().take(8) {
        // Writing to a string cannot fail.
        let _ = write!(short, "{byte:02x}");
    }
    short
}
