// SPDX-License-Identifier: Apache-2.0
//! Inventories, and the files of tables that they name.

use std::collections::BTreeMap;

use keyproof_inventory::{
    Account, Answers, Form, Found, Inventory, InventoryProblem, Lost, Refusal, Source, Table, csv,
    expand,
};

use crate::all_said;

const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];

/// An inventory: whatever its sources hold, what comes of it is a plan that is read as it was meant, and
/// the same in whatever order they told of it.
pub(crate) fn inventory(text: &str) -> Vec<String> {
    let inventory = match Inventory::parse(text) {
        Ok(inventory) => inventory,
        Err(errors) => return all_said(&errors),
    };
    let answers = answers(&inventory);
    let expanded = |answers: &Answers, form| expand(&inventory, answers, Lost::Refused, form);
    let mut reversed = answers.clone();
    for found in reversed.values_mut() {
        found.accounts.reverse();
        found.tables.reverse();
    }
    for form in [Form::Yaml, Form::Json] {
        match (expanded(&answers, form), expanded(&reversed, form)) {
            (Ok(one), Ok(other)) => {
                assert_eq!(one.plans, other.plans, "the order changed the plan");
                assert!(one.plans.iter().all(|one| one.plan.planned() > 0));
            }
            (Err(Refusal::Wrong(one)), Err(Refusal::Wrong(_))) => {
                let ours =
                    |problem: &InventoryProblem| matches!(problem, InventoryProblem::Ours { .. });
                assert!(!one.iter().any(|error| ours(&error.problem)), "{one:?}");
                return all_said(&one);
            }
            (one, other) => panic!("{one:?} and {other:?}"),
        }
    }
    Vec::new()
}

/// Two accounts, or a table in each of two, whatever is asked.
fn answers(inventory: &Inventory) -> Answers {
    let tags = || {
        BTreeMap::from([("team", "red"), ("pk", "pk")].map(|(k, v)| (k.to_owned(), v.to_owned())))
    };
    let account = |id: &str| Account {
        id: id.parse().unwrap(),
        tags: tags(),
    };
    let table = |id: &str| {
        let mut table = Table::new(id.parse().unwrap(), "us-east-1", "orders");
        table.key = Some("alias/orders".to_owned());
        (table.tags, table.account_tags) = (tags(), tags());
        table
    };
    let found = |source: &Source| {
        let mut found = Found::default();
        if source.regions().is_some() {
            found.accounts = ACCOUNTS.map(account).into();
        } else {
            found.tables = ACCOUNTS.map(table).into();
        }
        found
    };
    let sources = inventory.sources.iter();
    sources
        .map(|(name, source)| (name.clone(), found(source)))
        .collect()
}

/// A file of tables: each has a row of its own.
pub(crate) fn rows(text: &str) -> Vec<String> {
    match csv::read(text) {
        Ok(tables) => {
            let names = tables
                .iter()
                .map(|table| (&table.account, &table.region, &table.name));
            let distinct: std::collections::BTreeSet<_> = names.collect();
            assert_eq!(distinct.len(), tables.len(), "a table twice");
            assert!(tables.len() <= text.lines().count(), "a table of no row");
            Vec::new()
        }
        Err(errors) => all_said(&errors),
    }
}
