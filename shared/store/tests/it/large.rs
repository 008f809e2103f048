// SPDX-License-Identifier: Apache-2.0
//! Plans and runs that no item and no transaction has room for.

use keyproof_plan::Plan;
use keyproof_state::Rules;
use keyproof_store::memory::{MemoryReports, MemoryTable};
use keyproof_store::{Committed, Every, Pushed, Store, StoreError, TableError};
use keyproof_verdict::{Finding, ProbeRow, Report, Summary};

use crate::support::{self, PLAN, midnight, observed};

const PROBES: usize = 1_000;

/// The report of a run in which every probe is blind for a long reason, so that no transaction has
/// room for what is known of them, and but for one that may come out otherwise.
fn report(number: u64, finding: Finding) -> Report {
    let mut report = support::report(number, 0, Some(Finding::Blind));
    let row = report.probes.pop().unwrap();
    report.probes = (0..PROBES)
        .map(|number| {
            let finding = if number == 7 { finding } else { Finding::Blind };
            ProbeRow {
                id: format!("reader/dynamodb:GetItem/table-{number}"),
                finding: Some(finding),
                verdict: finding.verdict(),
                reason: "nothing is known ".repeat(140),
                ..row.clone()
            }
        })
        .collect();
    report.summary = Summary::of(&report.probes);
    report
}

fn lost() -> TableError {
    TableError::Call {
        what: "write to",
        table: "t".to_owned(),
        why: "the connection was closed".to_owned(),
        refused: false,
    }
}

/// The entries of every change of the plan that a stream would have brought, by id.
fn told(table: &MemoryTable) -> Vec<String> {
    let changes = table.inserted().into_iter().filter(|item| {
        let sk = item.get("sk").and_then(serde_json::Value::as_str);
        sk.is_some_and(|sk| sk.starts_with("CHANGE#"))
    });
    let ids = changes.flat_map(|item| {
        let entries = item.get("entries").unwrap().as_array().unwrap().clone();
        entries
            .into_iter()
            .map(|entry| entry.get("id").unwrap().as_str().unwrap().to_owned())
    });
    ids.collect()
}

/// What is in the table beside plans, runs and what they changed.
fn leftovers(table: &MemoryTable) -> Vec<String> {
    let keys = table
        .items()
        .into_iter()
        .map(|item| item.get("sk").unwrap().as_str().unwrap().to_owned());
    let keys = keys.filter(|sk| sk.starts_with("STAGED#"));
    keys.collect()
}

#[tokio::test]
async fn a_text_that_no_item_holds_is_read_as_it_was_pushed() {
    let text = format!("{PLAN}\n{}", "# nobody reads this\n".repeat(60_000));
    let plan = Plan::parse(&text).unwrap();
    let store = Store::new(MemoryTable::default());

    let pushed = store
        .push(&plan, &text, Every::AsBefore, None, midnight())
        .await
        .unwrap();
    let again = store
        .push(&plan, &text, Every::AsBefore, None, midnight())
        .await
        .unwrap();

    let Pushed { head, new_version } = pushed;
    assert_eq!(
        (head.version, new_version, again.new_version),
        (1, true, false)
    );
    let version = store.version("orders", 1).await.unwrap().unwrap();
    assert!(version.text == text, "not what was pushed");
    assert_eq!(version.text_parts, text.len().div_ceil(350_000));
}

#[tokio::test]
async fn a_run_that_no_transaction_holds_is_committed_whole_and_told_once() {
    let table = MemoryTable::default();
    let (store, reports, rules) = (
        Store::new(table.clone()),
        MemoryReports::default(),
        Rules::default(),
    );

    let first = report(1, Finding::Blind);
    store
        .commit(&first, &observed(1), &rules, &reports)
        .await
        .unwrap();
    let second = report(2, Finding::Exposed);
    store
        .commit(&second, &observed(2), &rules, &reports)
        .await
        .unwrap();

    let state = store.state("orders").await.unwrap();
    assert_eq!((state.commit, state.probes.len()), (2, PROBES));
    let ids: Vec<_> = (0..PROBES)
        .map(|index| format!("orders/1/{index}"))
        .collect();
    let more = ["orders/2/0".to_owned()];
    assert!(
        told(&table) == [ids, more.to_vec()].concat(),
        "not each entry once, in order"
    );
    assert_eq!(leftovers(&table), [] as [&str; 0]);
    // One head and its parts: nothing that the first write left behind.
    let parts = table
        .items()
        .iter()
        .filter(|item| {
            item["sk"]
                .as_str()
                .is_some_and(|sk| sk.starts_with("STATE#"))
        })
        .count();
    assert_eq!(parts, state.parts);
}

#[tokio::test]
async fn a_commit_that_is_lost_on_its_way_is_brought_to_its_end() {
    let run = report(1, Finding::Blind);
    let (reports, rules) = (MemoryReports::default(), Rules::default());
    // However far it came: it is committed once, and each entry is told once.
    let mut lost_at = 0;
    for operation in (0..80).step_by(12) {
        let table = MemoryTable::default();
        let store = Store::new(table.clone());
        table.fail_after(operation, lost());
        let done = store.commit(&run, &observed(1), &rules, &reports).await;
        if done.is_ok() {
            break;
        }
        assert!(matches!(done, Err(StoreError::Table(_))));
        lost_at += 1;

        let again = store
            .commit(&run, &observed(1), &rules, &reports)
            .await
            .unwrap();

        assert!(matches!(again, Committed::Now(_) | Committed::Before(1)));
        let state = store.state("orders").await.unwrap();
        assert_eq!(
            (state.commit, state.probes.len()),
            (1, PROBES),
            "{operation}"
        );
        let mut ids = told(&table);
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!((all, ids.len()), (PROBES, PROBES), "{operation}");
        assert_eq!(leftovers(&table), [] as [&str; 0], "{operation}");
    }
    assert!((2..7).contains(&lost_at), "{lost_at}");
}
