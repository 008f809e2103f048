// SPDX-License-Identifier: Apache-2.0
//! What is so of every answer.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;

/// Some accounts, some of their tables, and an order for both.
fn world() -> impl Strategy<Value = (Answers, Vec<Index>)> {
    let ids = vec![
        "111122223333",
        "222233334444",
        "333344445555",
        "444455556666",
    ];
    let names = vec!["orders", "customers", "ledger", "cards-v2", "x_y"];
    let accounts = subsequence(ids, 1..=4);
    let tables = accounts.prop_flat_map(move |accounts| {
        let of = subsequence(names.clone(), 0..=5);
        let teams = proptest::collection::vec(select(vec!["red", "blue", "green/1"]), 5);
        let each = proptest::collection::vec((of, teams), accounts.len());
        (Just(accounts), each)
    });
    let found = tables.prop_filter_map("a source holds something", |(accounts, each)| {
        let everywhere = Found {
            accounts: accounts.iter().map(|id| account(id)).collect(),
            ..Found::default()
        };
        let tables: Vec<_> = accounts
            .iter()
            .zip(each)
            .flat_map(|(id, (names, teams))| {
                let tables = names.into_iter().zip(teams);
                tables.map(|(name, team)| table(id, name, team))
            })
            .collect();
        let confidential = Found {
            tables,
            ..Found::default()
        };
        let answers: Answers = [("everywhere", everywhere), ("confidential", confidential)]
            .map(|(name, found)| (name.to_owned(), found))
            .into();
        answers
            .values()
            .all(|found| found.accounts.len() + found.tables.len() > 0)
            .then_some(answers)
    });
    (found, proptest::collection::vec(any::<Index>(), 40))
}

/// The same answers in another order.
fn shuffled(answers: &Answers, order: &[Index]) -> Answers {
    let mut answers = answers.clone();
    let mut order = order.iter();
    for found in answers.values_mut() {
        for at in 1..found.accounts.len() {
            found.accounts.swap(at, order.next().unwrap().index(at + 1));
        }
        for at in 1..found.tables.len() {
            found.tables.swap(at, order.next().unwrap().index(at + 1));
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_answers_changes_no_byte((answers, order) in world()) {
        let one = expanded(BANK, &answers);
        let other = expanded(BANK, &shuffled(&answers, &order));

        prop_assert_eq!(&one.plans[0].text, &other.plans[0].text);
        prop_assert_eq!(&one.plans[0].plan.digest, &other.plans[0].plan.digest);
    }

    #[test]
    fn every_probe_is_of_a_table_that_was_found_and_every_table_has_its_probes((answers, _) in world()) {
        let expansion = expanded(BANK, &answers);
        let probes: Vec<_> = expansion.plans[0].plan.each_probe().map(|probe| probe.id).collect();

        let mut expected = BTreeSet::new();
        for Account { id, .. } in &answers["everywhere"].accounts {
            let control = format!("control-eu-west-1@{id}");
            expected.insert(format!("{control}/encryption"));
            expected.insert(format!("outsider@{id}/dynamodb:GetItem/{control}"));
        }
        for found in &answers["confidential"].tables {
            let (account, team) = (&found.account, found.tags["team"].replace('/', "-"));
            let table = format!("{}@{account}", found.name);
            expected.insert(format!("{table}/encryption"));
            expected.insert(format!("reader.{team}@{account}/dynamodb:GetItem/{table}"));
            expected.insert(format!("reader.{team}@{account}/dynamodb:Scan/{table}"));
            expected.insert(format!("outsider@{account}/dynamodb:GetItem/{table}"));
            expected.insert(format!("auditor/dynamodb:GetItem/{table}"));
        }
        expected.insert("auditor/sts:AssumeRole".to_owned());
        prop_assert_eq!(probes.len(), expected.len());
        prop_assert_eq!(probes.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn one_plan_for_each_account_holds_what_one_for_all_does((answers, _) in world()) {
        let ids = |expansion: &Expansion| -> BTreeSet<String> {
            let plans = expansion.plans.iter();
            plans.flat_map(|one| one.plan.each_probe().map(|probe| probe.id)).collect()
        };
        let whole = expanded(BANK, &answers);
        let cut = expanded(&with(BANK, "payments-{region}", "payments-{account}"), &answers);

        prop_assert_eq!(cut.plans.len(), answers["everywhere"].accounts.len());
        prop_assert_eq!(ids(&cut), ids(&whole));
    }

    #[test]
    fn a_csv_that_is_written_is_read(rows in proptest::collection::btree_map("[a-z]{3,8}", "\\PC{0,9}|[\",\r\n a]{0,6}", 1..9)) {
        let mut text = "tag:note,account,table,region\n".to_owned();
        for (name, note) in &rows {
            let note = note.replace('"', "\"\"");
            text.extend(["\"", &note, "\",111122223333,", name, ",us-east-1\r\n"]);
        }
        let tables = crate::csv::read(&text).unwrap();

        let read: BTreeMap<_, _> = tables
            .into_iter()
            .map(|table| (table.name, table.tags.get("note").cloned().unwrap_or_default()))
            .collect();
        // A `\r\n` inside quotes is the end of a line, and one end of a line is as good as another.
        let rows: BTreeMap<_, _> = rows.into_iter().map(|(name, note)| (name, note.replace("\r\n", "\n"))).collect();
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn hostile_texts_bring_nothing_down(text in "\\PC{0,200}") {
        let _ = Inventory::parse(&text);
        let _ = crate::csv::read(&text);
    }
}
