// SPDX-License-Identifier: Apache-2.0
//! As many probes as a stored plan may have, committed within DynamoDB's limits: 400 KB an item, a hundred
//! items and 4 MB a transaction, which the table in memory refuses to go beyond as DynamoDB does. The long form
//! has 100,000:
//! `cargo nextest run --release -p keyproof-store --run-ignored only -E 'test(hundred_thousand)'`

use std::time::{Duration, Instant};

use keyproof_state::{Observed, PolicyChange, Reference, Rules, RunItem};
use keyproof_store::Store;
use keyproof_store::memory::{MemoryReports, MemoryTable};
use keyproof_verdict::{Finding, PartRow, ProbeRow, Report, Summary};

use crate::support::{self, midnight, observed};

const EACH: usize = 5;

/// The report of a run of so many tables, five rows each, of which every tenth table's are exposed where
/// `exposed`.
fn report(tables: usize, number: u64, minutes: i64, exposed: bool) -> Report {
    let mut report = support::report(number, minutes, None);
    let row = report.probes.pop().unwrap();
    report.probes = (0..tables * EACH)
        .map(|number| {
            let (table, probe) = (number / EACH, number % EACH);
            let finding = (exposed && table % 10 == 0).then_some(Finding::Exposed);
            ProbeRow {
                id: format!("p{probe}/dynamodb:GetItem/table-{table:05}"),
                table: Some(format!("table-{table:05}")),
                role_arn: Some(format!("arn:aws:iam::111122223333:role/p{probe}")),
                finding,
                verdict: finding.map_or(keyproof_verdict::Verdict::Pass, Finding::verdict),
                reason: "as it was found".to_owned(),
                ..row.clone()
            }
        })
        .collect();
    report.summary = Summary::of(&report.probes);
    report
}

#[tokio::test]
async fn five_thousand_probes_are_committed_changed_and_changed_in_part() {
    committed(1_000, Duration::from_mins(1)).await;
}

#[tokio::test]
#[ignore = "takes a minute and a gigabyte: as many probes as a stored plan may have"]
async fn a_hundred_thousand_probes_are_committed_changed_and_changed_in_part() {
    committed(20_000, Duration::from_mins(4)).await;
}

/// A run of all, another in which a change lets somebody in, and one of a part.
async fn committed(tables: usize, most: Duration) {
    let table = MemoryTable::default();
    let store = Store::new(table.clone());
    let (reports, rules) = (MemoryReports::default(), Rules::default());
    let change = PolicyChange {
        event: "AttachRolePolicy".to_owned(),
        source: "iam.amazonaws.com".to_owned(),
        event_id: "e".to_owned(),
        at: midnight(),
        by: None,
        account: None,
        touches: [Reference::role("111122223333", "p0")].into(),
        document: None,
    };
    let started = Instant::now();

    let all = report(tables, 1, 0, false);
    store
        .commit(&all, &observed(1), &rules, &reports)
        .await
        .unwrap();
    let by_change = Observed {
        change: Some(&change),
        ..observed(2)
    };
    store
        .commit(&report(tables, 2, 15, true), &by_change, &rules, &reports)
        .await
        .unwrap();
    let mut part = report(tables, 3, 30, false);
    part.probes.truncate(EACH);
    part.summary = Summary::of(&part.probes);
    part.part = Some(PartRow {
        of: tables * EACH,
        touching: vec!["TABLE#table-00000".to_owned()],
    });
    store
        .commit(&part, &observed(3), &rules, &reports)
        .await
        .unwrap();

    let state = store.state("orders").await.unwrap();
    let failing = tables / 10 * EACH;
    assert_eq!((state.commit, state.probes.len()), (3, tables * EACH));
    assert_eq!(
        state.last_run.as_ref().map(|run| run.summary.fail),
        Some(failing)
    );
    assert_eq!(
        state.summary().map(|summary| summary.fail),
        Some(failing - EACH)
    );
    let by_role = state.probes.values().filter(|probe| probe.cause.is_some());
    assert_eq!(
        by_role.count(),
        tables / 10 - 1,
        "each failure of the role has its change, and no other"
    );
    let RunItem { summary, part, .. } = store.run("orders", 3).await.unwrap().unwrap();
    assert_eq!(
        (summary.planned, part.map(|part| part.of)),
        (EACH, Some(tables * EACH))
    );
    // What looks at every row for each failing one takes many times as long.
    assert!(started.elapsed() < most, "{:?}", started.elapsed());
}
