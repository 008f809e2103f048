// SPDX-License-Identifier: Apache-2.0
//! Commits of runs at the same time: nothing lost, nothing twice, no gap, in the order of starts.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use keyproof_state::{EntryKind, Rules, Standing};
use keyproof_store::memory::{MemoryReports, MemoryTable};
use keyproof_store::{Committed, Store, Table};
use keyproof_verdict::{Finding, Verdict};
use proptest::prelude::*;

use crate::support::{Contended, READ, observed, report};

/// Commits each run, some of them more than once, all at the same time.
pub(crate) async fn commit_all<T: Table>(
    store: &Store<T>,
    runs: &[(u64, Option<Finding>)],
    times: &[usize],
) -> Vec<Committed> {
    let reports = MemoryReports::default();
    let commits = runs.iter().zip(times).flat_map(|(&(seq, read), &times)| {
        let (rules, reports) = (Rules::default(), &reports);
        (0..times).map(move |_| async move {
            let report = report(seq, i64::try_from(seq).unwrap() * 10, read);
            let observed = observed(seq);
            store
                .commit(&report, &observed, &rules, reports)
                .await
                .unwrap()
        })
    });
    join_all(commits).await
}

/// Holds what must be so of a table after any number of commits of these runs.
pub(crate) async fn check<T: Table>(
    store: &Store<T>,
    runs: &[(u64, Option<Finding>)],
    committed: &[Committed],
) {
    let state = store.state("orders").await.unwrap();
    let count = u64::try_from(runs.len()).unwrap();
    assert_eq!(state.commit, count, "each run is committed once");

    // Gapless, each run once, each with its status.
    let mut stored = store.runs("orders", None, 1000).await.unwrap();
    stored.reverse();
    let commits: Vec<_> = stored.iter().map(|run| run.commit).collect();
    assert_eq!(commits, (1..=count).collect::<Vec<_>>());
    let mut seqs: Vec<_> = stored.iter().map(|run| run.seq).collect();
    seqs.sort_unstable();
    let mut expected: Vec<_> = runs.iter().map(|(seq, _)| *seq).collect();
    expected.sort_unstable();
    assert_eq!(seqs, expected);
    for run in &stored {
        let status = store.run_status(&run.run_id).await.unwrap().unwrap();
        assert_eq!(status.commit, Some(run.commit));
    }
    let now = committed
        .iter()
        .filter(|commit| matches!(commit, Committed::Now(_)));
    assert_eq!(now.count(), runs.len());
    for commit in committed {
        if let Committed::Before(commit) = commit {
            assert!((1..=count).contains(commit), "{commit}");
        }
    }

    // What is known is what the newest run saw, and the transitions lead there.
    let (_, newest) = runs.iter().max_by_key(|(seq, _)| *seq).unwrap();
    let standing = newest.map_or(Standing::PASS, |finding| Standing {
        verdict: finding.verdict(),
        finding: Some(finding),
        excepted: false,
    });
    assert_eq!(state.probes.get(READ).unwrap().standing, standing);
    let mut told: BTreeMap<String, Standing> = BTreeMap::new();
    for run in &stored {
        for entry in store
            .changes("orders", run.commit)
            .await
            .unwrap()
            .iter()
            .flat_map(|change| &change.entries)
        {
            if entry.kind == EntryKind::Transition {
                assert_eq!(told.get(&entry.probe), entry.from.as_ref(), "{entry:?}");
                told.insert(entry.probe.clone(), entry.to.unwrap());
            }
        }
    }
    assert_eq!(told.get(READ), Some(&standing));
}

fn runs() -> impl Strategy<Value = (Vec<(u64, Option<Finding>)>, Vec<usize>)> {
    let read = prop_oneof![
        3 => Just(None),
        1 => Just(Some(Finding::Exposed)),
        1 => Just(Some(Finding::LockedOut)),
        1 => Just(Some(Finding::Blind)),
    ];
    prop::collection::vec((read, 1_usize..4), 1..9).prop_flat_map(|seen| {
        let runs: Vec<_> = (1..)
            .zip(seen)
            .map(|(seq, (read, times))| ((seq, read), times))
            .collect();
        Just(runs)
            .prop_shuffle()
            .prop_map(|runs| runs.into_iter().unzip())
    })
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn overlapping_and_repeated_commits_lose_and_repeat_nothing((runs, times) in runs()) {
        block_on(async {
            let table = MemoryTable::default();
            let store = Store::new(Contended(table.clone()));

            let committed = commit_all(&store, &runs, &times).await;

            check(&store, &runs, &committed).await;
            // What a stream brings is each run and each change once, in the order of commits.
            let inserted = table.inserted();
            let outbox: Vec<_> = inserted
                .iter()
                .map(|item| item.get("sk").unwrap().as_str().unwrap())
                .filter(|sk| sk.starts_with("RUN#"))
                .collect();
            let expected: Vec<_> = (1..=runs.len()).map(|commit| format!("RUN#{commit:012}")).collect();
            assert_eq!(outbox, expected);
        });
    }
}

#[tokio::test]
async fn a_large_report_is_in_the_bucket_before_the_run_is_in_the_table() {
    let store = Store::new(MemoryTable::default());
    let reports = MemoryReports::default();
    let mut large = report(1, 0, None);
    large.probes.first_mut().unwrap().reason = "long ".repeat(50_000);

    store
        .commit(&large, &observed(1), &Rules::default(), &reports)
        .await
        .unwrap();

    let run = store.run("orders", 1).await.unwrap().unwrap();
    assert_eq!(run.report, None);
    let key = run.report_key.unwrap();
    assert_eq!(reports.keys(), std::slice::from_ref(&key));
    let text = keyproof_store::Reports::get(&reports, &key)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(keyproof_state::digest(text.as_bytes()), run.report_digest);
    assert_eq!(text, large.to_json().unwrap());
}

#[tokio::test]
async fn a_key_that_a_run_saw_leads_to_the_plan() {
    let store = Store::new(MemoryTable::default());
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let mut seen = report(1, 0, None);
    seen.probes.first_mut().unwrap().observed.key = Some(key.to_owned());
    let reference = [keyproof_state::Reference::key(key)].into();
    assert_eq!(
        store.plans_that_mention(&reference).await.unwrap(),
        [].into()
    );

    store
        .commit(
            &seen,
            &observed(1),
            &Rules::default(),
            &MemoryReports::default(),
        )
        .await
        .unwrap();

    assert_eq!(
        store.plans_that_mention(&reference).await.unwrap(),
        ["orders".to_owned()].into()
    );
}

#[tokio::test]
async fn a_run_that_is_done_is_never_committed_again() {
    let store = Store::new(MemoryTable::default());
    let (reports, rules) = (MemoryReports::default(), Rules::default());
    let first = report(1, 0, None);
    store
        .commit(&first, &observed(1), &rules, &reports)
        .await
        .unwrap();
    store
        .commit(&report(2, 10, None), &observed(2), &rules, &reports)
        .await
        .unwrap();

    // The same run once more, under a later number: its request arrived twice.
    let again = store
        .commit(&first, &observed(3), &rules, &reports)
        .await
        .unwrap();

    assert_eq!(again, Committed::Before(1));
    let state = store.state("orders").await.unwrap();
    assert_eq!((state.commit, state.seq()), (2, 2));
    assert_eq!(state.last_run.unwrap().summary.verdict, Verdict::Pass);
}
