// SPDX-License-Identifier: Apache-2.0
//! The rules that need the whole inventory.

use std::collections::HashSet;

use keyproof_document::Node;
use keyproof_plan::reading::{hint, join};
use keyproof_plan::{Place, PlanProblem};

use super::{Cursor, Wrong, patterns};
use crate::error::InventoryProblem;
use crate::model::{Inventory, Kind, Source, Tagged};
use crate::pattern::{Pattern, Placeholder};

/// The inventory, with what is wrong with it pushed.
pub(super) fn checked(mut inventory: Inventory, wrong: &mut Wrong) -> Inventory {
    within(&inventory, wrong);
    for (name, kind) in &inventory.tables {
        from(&inventory, name, kind, wrong);
    }
    // What is misspelt is not unused.
    if wrong.own.is_empty() && wrong.plan.0.is_empty() {
        unused(&inventory, wrong);
        known(&inventory, wrong);
    }
    let reads = asked(&inventory)
        .iter()
        .any(|(_, placeholder, _)| matches!(placeholder, Placeholder::AccountTag(_)));
    for source in inventory.sources.values_mut() {
        if let Source::Organization(organization) = source {
            organization.reads_tags = reads || !organization.tags.is_empty();
        }
    }
    inventory
}

/// `in` of tagged tables.
fn within(inventory: &Inventory, wrong: &mut Wrong) {
    for (name, source) in &inventory.sources {
        let Source::Tagged(Tagged { within, .. }) = source else {
            continue;
        };
        let place = inventory.place(&["sources", name, "in"]);
        let path = join(&join("sources", name), "in");
        match inventory.sources.get(within) {
            Some(Source::Accounts(_) | Source::Organization(_)) => {}
            Some(Source::Tagged(_) | Source::Csv(_) | Source::Template(_)) => {
                let source_name = within.clone();
                wrong
                    .own
                    .push(InventoryProblem::NotOfAccounts { source_name }.at(place, path));
            }
            None => unknown_source(inventory, within, (place, path), wrong),
        }
    }
}

fn unknown_source(
    inventory: &Inventory,
    word: &str,
    (place, path): (Place, String),
    wrong: &mut Wrong,
) {
    let problem = PlanProblem::UnknownWord {
        noun: "source",
        word: keyproof_plan::reading::shown(word),
        hint: hint(word, inventory.sources.keys().map(String::as_str)),
    };
    wrong.plan.push(place, &path, problem);
}

/// `from` and `table` of a table.
fn from(inventory: &Inventory, name: &str, kind: &Kind, wrong: &mut Wrong) {
    let place = inventory.place(&["tables", name, "from"]);
    let path = join("tables", name);
    for source_name in &kind.from {
        let source_name = source_name.clone();
        let problem = match (inventory.sources.get(&source_name), &kind.table) {
            (None, _) => {
                unknown_source(inventory, &source_name, (place, join(&path, "from")), wrong);
                continue;
            }
            (Some(Source::Accounts(_) | Source::Organization(_)), None) => {
                InventoryProblem::Unnamed { source_name }
            }
            (Some(Source::Tagged(_) | Source::Csv(_) | Source::Template(_)), Some(_)) => {
                InventoryProblem::NamedTwice { source_name }
            }
            (Some(_), _) => continue,
        };
        wrong.own.push(problem.at(place, &*path));
    }
}

fn unused(inventory: &Inventory, wrong: &mut Wrong) {
    let of_tables = inventory.tables.values().flat_map(|kind| &kind.from);
    let mut sources: HashSet<&String> = of_tables.collect();
    for source in inventory.sources.values() {
        if let Source::Tagged(tagged) = source {
            sources.insert(&tagged.within);
        }
    }
    for (name, &place) in &inventory.source_places {
        if !sources.contains(name) {
            let (noun, name) = ("the source", name.clone());
            let path = join("sources", &name);
            wrong
                .own
                .push(InventoryProblem::Unused { noun, name }.at(place, path));
        }
    }
    let expecting = inventory.expectations.iter().flat_map(|it| &it.principals);
    let inspecting = inventory
        .tables
        .values()
        .filter_map(|it| it.inspect_as.as_ref());
    let principals: HashSet<&String> = expecting.chain(inspecting).collect();
    for (name, kind) in &inventory.principals {
        if !principals.contains(name) {
            let (noun, name) = ("the principal", name.clone());
            let path = join("principals", &name);
            wrong
                .own
                .push(InventoryProblem::Unused { noun, name }.at(kind.place, path));
        }
    }
}

/// Pushes placeholders that no table of a source will have a value for.
fn known(inventory: &Inventory, wrong: &mut Wrong) {
    for (place, placeholder) in early(inventory) {
        if !placeholder.is_of_place() {
            let problem = InventoryProblem::NotYetKnown { placeholder };
            wrong.own.push(problem.at(place, ""));
        }
    }
    for (place, placeholder, sources) in asked(inventory) {
        for source_name in sources {
            let Some(source) = inventory.sources.get(&source_name) else {
                continue;
            };
            if has(inventory, source, &placeholder) {
                continue;
            }
            let known = match source {
                Source::Accounts(_) => {
                    "it has `{account}`, `{region}`, `{partition}` and `{table}`"
                }
                Source::Organization(_) => {
                    "it has `{account}`, `{region}`, `{partition}`, `{table}` and `{account_tag:…}`"
                }
                Source::Tagged(_) => {
                    "it has `{account}`, `{region}`, `{partition}`, `{table}` and `{tag:…}`, and `{account_tag:…}` in an organization"
                }
                Source::Csv(_) | Source::Template(_) => {
                    "it has `{account}`, `{region}`, `{partition}`, `{table}`, `{key}` and `{tag:…}`"
                }
            };
            let placeholder = placeholder.clone();
            let problem = InventoryProblem::NeverKnown {
                placeholder,
                source_name,
                known,
            };
            let error = problem.at(place, "");
            if !wrong.own.contains(&error) {
                wrong.own.push(error);
            }
        }
    }
}

fn has(inventory: &Inventory, source: &Source, placeholder: &Placeholder) -> bool {
    let organization = |source: &Source| matches!(source, Source::Organization(_));
    match placeholder {
        Placeholder::Account
        | Placeholder::Region
        | Placeholder::Partition
        | Placeholder::Table => true,
        Placeholder::Key => matches!(source, Source::Csv(_) | Source::Template(_)),
        Placeholder::Tag(_) => {
            matches!(
                source,
                Source::Csv(_) | Source::Template(_) | Source::Tagged(_)
            )
        }
        Placeholder::AccountTag(_) => match source {
            Source::Tagged(tagged) => inventory
                .sources
                .get(&tagged.within)
                .is_some_and(organization),
            Source::Accounts(_)
            | Source::Organization(_)
            | Source::Csv(_)
            | Source::Template(_) => organization(source),
        },
    }
}

/// The placeholders that are filled before a table is known.
fn early(inventory: &Inventory) -> Vec<(Place, Placeholder)> {
    let mut found = Vec::new();
    for (name, source) in &inventory.sources {
        if let Source::Tagged(Tagged {
            role: Some(role), ..
        }) = source
        {
            let place = inventory.place(&["sources", name, "role"]);
            found.extend(
                role.placeholders()
                    .map(|placeholder| (place, placeholder.clone())),
            );
        }
    }
    for (table, place) in inventory
        .tables
        .values()
        .filter_map(|kind| kind.table.as_ref())
    {
        found.extend(
            table
                .placeholders()
                .map(|placeholder| (*place, placeholder.clone())),
        );
    }
    found
}

/// Each placeholder in the inventory, where it is asked for, and the sources whose tables it is asked of.
fn asked(inventory: &Inventory) -> Vec<(Place, Placeholder, Vec<String>)> {
    let mut asked = Vec::new();
    let everything: Vec<String> = inventory
        .tables
        .values()
        .flat_map(|kind| kind.from.clone())
        .collect();
    for placeholder in inventory.name.placeholders() {
        asked.push((
            inventory.name_place,
            placeholder.clone(),
            everything.clone(),
        ));
    }
    for (name, source) in &inventory.sources {
        if let Source::Tagged(tagged) = source {
            let place = inventory.place(&["sources", name, "role"]);
            for placeholder in tagged.role.iter().flat_map(Pattern::placeholders) {
                asked.push((place, placeholder.clone(), vec![tagged.within.clone()]));
            }
        }
    }
    for (name, kind) in &inventory.tables {
        let place = inventory.place(&["tables", name, "table"]);
        for placeholder in kind
            .table
            .iter()
            .flat_map(|(table, _)| table.placeholders())
        {
            asked.push((place, placeholder.clone(), kind.from.clone()));
        }
        for (key, node) in &kind.fields {
            for placeholder in placeholders(node) {
                asked.push((key.place, placeholder, kind.from.clone()));
            }
        }
    }
    for (name, principal) in &inventory.principals {
        let sources = inventory.sources_of(name);
        for placeholder in &principal.placeholders {
            asked.push((principal.place, placeholder.clone(), sources.clone()));
        }
    }
    asked
}

fn placeholders(node: &Node) -> Vec<Placeholder> {
    let mut found = Vec::new();
    let path = String::new();
    patterns(&Cursor { node, path }, &mut Wrong::default(), &mut found);
    found
}

impl Inventory {
    /// Where something of the document stands.
    pub(crate) fn place(&self, path: &[&str]) -> Place {
        let mut node = &self.root;
        for name in path {
            match node.get(name) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node.place
    }

    /// The sources whose tables a principal has to do with.
    fn sources_of(&self, principal: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        let mut add = |kind: &Kind| {
            for source in &kind.from {
                if !found.contains(source) {
                    found.push(source.clone());
                }
            }
        };
        for kind in self.tables.values() {
            if kind.inspect_as.as_deref() == Some(principal) {
                add(kind);
            }
        }
        for expectation in &self.expectations {
            if !expectation.principals.iter().any(|name| name == principal) {
                continue;
            }
            // An expectation about no table is about every place that has one.
            let on = expectation
                .on
                .iter()
                .filter_map(|name| self.tables.get(name));
            if expectation.on.is_empty() {
                self.tables.values().for_each(&mut add);
            } else {
                on.for_each(&mut add);
            }
        }
        found
    }
}
