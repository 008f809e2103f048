// SPDX-License-Identifier: Apache-2.0
//! Every table that the sources tell of, once, in order.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::answer::{Account, Answers, Found, Table};
use crate::error::{InventoryError, InventoryProblem, in_words};
use crate::expand::Surveyed;
use crate::model::{Inventory, Kind, Source};

/// What stands in a plan for the tables of an account that could not be read. No such table is made by
/// anybody.
pub(crate) const NOWHERE: &str = "keyproof-inventory-unread";
/// How many tables an inventory may come to: accounts and regions multiply, and a short text must not fill
/// the memory.
const MOST_TABLES: usize = 500_000;

/// A table, and what it becomes.
#[derive(Clone, Debug)]
pub(super) struct Item<'i> {
    pub(super) table: Table,
    /// The inventory's table; `None` where the account could not be read.
    pub(super) kind: Option<(&'i str, &'i Kind)>,
}

impl Item<'_> {
    /// Whether it stands for what could not be read.
    pub(super) const fn is_unread(&self) -> bool {
        self.kind.is_none()
    }

    pub(super) fn in_words(&self) -> String {
        let Table {
            account,
            region,
            name,
            ..
        } = &self.table;
        in_words(account, region, name)
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Gathered<'i> {
    /// By account, region and name.
    pub(super) items: Vec<Item<'i>>,
    pub(super) sources: Vec<Surveyed>,
    /// How many tables more than one source told of.
    pub(super) merged: usize,
}

type ByTable<'i> = BTreeMap<(String, String, String), Item<'i>>;

pub(super) fn gather<'i>(
    inventory: &'i Inventory,
    answers: &Answers,
    wrong: &mut Vec<InventoryError>,
) -> Gathered<'i> {
    let nothing = Found::default();
    let of = |source: &str| answers.get(source).unwrap_or(&nothing);
    let mut gathered = Gathered::default();
    for (name, source) in &inventory.sources {
        gathered.sources.push(surveyed(name, source, of(name)));
        let found = of(name);
        if found.accounts.is_empty() && found.tables.is_empty() && found.unread.is_empty() {
            let source_name = name.clone();
            let told = match found.excluded.len() {
                0 => String::new(),
                1 => ": one thing was left out".to_owned(),
                count => format!(": {count} things were left out"),
            };
            let place = inventory.source_places.get(name);
            let place = place.copied().unwrap_or(inventory.root.place);
            let problem = InventoryProblem::Nothing { source_name, told };
            wrong.push(problem.at(place, format!("sources.{name}")));
        }
    }
    let mut items = ByTable::new();
    for (name, kind) in &inventory.tables {
        for source_name in &kind.from {
            let Some(source) = inventory.sources.get(source_name) else {
                continue;
            };
            let found = of(source_name);
            if items.len().saturating_add(most(source, found)) > MOST_TABLES {
                let problem = InventoryProblem::TooMany { limit: MOST_TABLES };
                wrong.push(problem.at(kind.place, format!("tables.{name}")));
                return gathered;
            }
            for table in tables(kind, source, found, wrong) {
                let item = Item {
                    table,
                    kind: Some((name, kind)),
                };
                gathered.merged += usize::from(add(&mut items, item, source_name, wrong));
            }
            for unread in &found.unread {
                let table = Table::new(unread.account.clone(), &unread.region, NOWHERE);
                let key = key(&table);
                items.entry(key).or_insert(Item { table, kind: None });
            }
        }
    }
    gathered.items = items.into_values().collect();
    gathered
}

fn surveyed(name: &str, source: &Source, found: &Found) -> Surveyed {
    let mut accounts: Vec<_> = found.accounts.iter().map(|account| &account.id).collect();
    accounts.extend(found.tables.iter().map(|table| &table.account));
    accounts.sort_unstable();
    accounts.dedup();
    let mut excluded = found.excluded.clone();
    excluded.sort_unstable();
    let mut unread = found.unread.clone();
    unread.sort_unstable();
    Surveyed {
        source: name.to_owned(),
        accounts: accounts.len(),
        tables: source.regions().is_none().then_some(found.tables.len()),
        excluded,
        unread,
    }
}

/// How many tables a source comes to.
fn most(source: &Source, found: &Found) -> usize {
    source.regions().map_or(found.tables.len(), |regions| {
        found.accounts.len().saturating_mul(regions.len())
    })
}

/// The tables that a source tells of, or that are meant in each of its accounts.
fn tables(
    kind: &Kind,
    source: &Source,
    found: &Found,
    wrong: &mut Vec<InventoryError>,
) -> Vec<Table> {
    let (Some(regions), Some((pattern, place))) = (source.regions(), &kind.table) else {
        return found.tables.clone();
    };
    let mut tables = Vec::new();
    for Account { id, tags } in &found.accounts {
        for region in regions {
            let mut table = Table::new(id.clone(), region, "");
            table.account_tags.clone_from(tags);
            match pattern.fill(|placeholder| table.value(placeholder)) {
                Ok(name) => {
                    table.name = name;
                    tables.push(table);
                }
                Err(placeholder) => {
                    let placeholder = placeholder.clone();
                    let table = format!("account {id}");
                    let problem = InventoryProblem::NoValue { placeholder, table };
                    wrong.push(problem.at(*place, ""));
                }
            }
        }
    }
    tables
}

fn key(table: &Table) -> (String, String, String) {
    (
        table.account.to_string(),
        table.region.clone(),
        table.name.clone(),
    )
}

/// Adds a table, or what is known of it to what is known already. Whether it was known.
fn add<'i>(
    items: &mut ByTable<'i>,
    item: Item<'i>,
    source: &str,
    wrong: &mut Vec<InventoryError>,
) -> bool {
    let known = match items.entry(key(&item.table)) {
        Entry::Vacant(vacant) => {
            vacant.insert(item);
            return false;
        }
        Entry::Occupied(occupied) => occupied.into_mut(),
    };
    let (Some((first, _)), Some((second, kind))) = (known.kind, item.kind) else {
        return false;
    };
    if first != second {
        let problem = InventoryProblem::TwoTables {
            table: item.in_words(),
            first: first.to_owned(),
            second: second.to_owned(),
        };
        wrong.push(problem.at(kind.place, format!("tables.{second}")));
        return false;
    }
    if let Some(what) = merge(&mut known.table, item.table) {
        let problem = InventoryProblem::Disagreement {
            table: known.in_words(),
            what,
            source_name: source.to_owned(),
        };
        wrong.push(problem.at(kind.place, format!("tables.{second}")));
    }
    true
}

/// Adds what another source knows. What the two disagree about, where they do.
fn merge(known: &mut Table, other: Table) -> Option<String> {
    match (&known.key, other.key) {
        (Some(first), Some(second)) if *first != second => return Some("one key".to_owned()),
        (None, Some(key)) => known.key = Some(key),
        (Some(_) | None, _) => {}
    }
    let sorts = [
        ("tag", &mut known.tags, other.tags),
        ("account tag", &mut known.account_tags, other.account_tags),
    ];
    for (sort, tags, more) in sorts {
        for (name, value) in more {
            let first = tags.entry(name.clone()).or_insert_with(|| value.clone());
            if *first != value {
                return Some(format!("one value of the {sort} `{name}`"));
            }
        }
    }
    None
}
