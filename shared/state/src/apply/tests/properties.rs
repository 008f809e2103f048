// SPDX-License-Identifier: Apache-2.0
//! What is true of every history, in whatever order its runs are committed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

const IDS: [&str; 4] = [
    "a/dynamodb:GetItem/orders",
    "b/dynamodb:GetItem/orders",
    "c/kms:Decrypt/orders",
    "d/kms:Decrypt/orders",
];

fn standing() -> impl Strategy<Value = Option<Standing>> {
    prop_oneof![
        4 => Just(Some(pass())),
        2 => Just(Some(found(Finding::Exposed))),
        2 => Just(Some(found(Finding::LockedOut))),
        1 => Just(Some(excepted(Finding::LockedOut))),
        1 => Just(Some(excepted(Finding::Exposed))),
        2 => Just(Some(found(Finding::Blind))),
        1 => Just(None),
    ]
}

/// A run: minutes after the one before, and what it saw of each probe; `None` where its plan didn't
/// have the probe.
type Seen = (i64, [Option<Standing>; 4]);

fn runs() -> impl Strategy<Value = (Vec<(u64, Report)>, Vec<Index>)> {
    let seen = (1_i64..400, std::array::from_fn(|_| standing()));
    let seen = prop::collection::vec(seen, 1..14);
    let order = prop::collection::vec(any::<Index>(), 14);
    (seen.prop_map(reports), order)
}

fn reports(seen: Vec<Seen>) -> Vec<(u64, Report)> {
    let mut minutes = 0;
    let numbered = (1..).zip(seen);
    numbered
        .map(|(seq, (after, standings))| {
            minutes += after;
            let rows: Vec<_> = IDS
                .into_iter()
                .zip(standings)
                .filter_map(|(id, standing)| Some((id, standing?)))
                .collect();
            (seq, report(seq, minutes, &rows))
        })
        .collect()
}

/// The runs in an order of commits: each is a few places from where it began.
fn shuffled(runs: &[(u64, Report)], order: &[Index]) -> Vec<(u64, Report)> {
    let mut left: Vec<_> = runs.to_vec();
    let mut shuffled = Vec::new();
    for index in order.iter().take(runs.len()) {
        let at = index.index(left.len().min(4));
        shuffled.push(left.remove(at));
    }
    shuffled
}

fn standings(report: &Report) -> BTreeMap<String, Standing> {
    let rows = report.probes.iter();
    rows.map(|row| (row.id.clone(), Standing::of(row)))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_known_is_what_the_newest_run_saw((runs, order) in runs()) {
        let committed = shuffled(&runs, &order);

        let all = applied(&committed);

        let mut newest = 0;
        for ((seq, _), applied) in committed.iter().zip(&all) {
            newest = newest.max(*seq);
            let (_, saw) = &runs[usize::try_from(newest).unwrap() - 1];
            let known = applied.state.probes.iter();
            let known: BTreeMap<_, _> = known.map(|(id, probe)| (id.clone(), probe.standing)).collect();
            prop_assert_eq!(known, standings(saw));
            prop_assert_eq!(applied.state.seq(), newest);
            prop_assert_eq!(applied.run.late, *seq < newest);
        }
    }

    #[test]
    fn commits_have_no_gap_and_entries_are_numbered_in_them((runs, order) in runs()) {
        let all = applied(&shuffled(&runs, &order));

        for (commit, applied) in (1_u64..).zip(&all) {
            prop_assert_eq!((applied.state.commit, applied.run.commit), (commit, commit));
            for (index, entry) in applied.entries().enumerate() {
                prop_assert_eq!(&entry.id, &format!("orders/{commit}/{index}"));
            }
        }
    }

    #[test]
    fn each_transition_begins_where_the_last_one_ended((runs, order) in runs()) {
        let all = applied(&shuffled(&runs, &order));

        let mut told: BTreeMap<String, Standing> = BTreeMap::new();
        for applied in &all {
            for entry in applied.entries() {
                let before = told.get(&entry.probe).copied();
                match entry.kind {
                    EntryKind::Transition => {
                        // A probe that passed leaves the plan, and comes back, without a word.
                        let vanished = before == Some(Standing::PASS) && entry.from.is_none();
                        prop_assert!(before == entry.from || vanished, "{:?}", entry);
                        prop_assert_ne!(entry.from, entry.to);
                        told.insert(entry.probe.clone(), entry.to.unwrap());
                    }
                    EntryKind::Retired => {
                        prop_assert_eq!(before, entry.from);
                        told.remove(&entry.probe);
                    }
                    EntryKind::Confirmation | EntryKind::Reminder | EntryKind::Late => {}
                }
            }
            // Whoever followed the transitions knows what the table knows.
            for (id, probe) in &applied.state.probes {
                prop_assert_eq!(told.get(id), Some(&probe.standing));
            }
        }
    }

    #[test]
    fn an_incident_is_told_once_and_its_end_to_whom_it_was_told((runs, order) in runs()) {
        let all = applied(&shuffled(&runs, &order));

        let mut told: BTreeMap<String, u32> = BTreeMap::new();
        for entry in all.iter().flat_map(Applied::entries) {
            let counts = entry.to.is_some_and(|to| to.counts_as_failure());
            let begins = counts && entry.pages && matches!(entry.kind, EntryKind::Transition | EntryKind::Confirmation);
            if begins {
                *told.entry(entry.incident.clone().unwrap()).or_default() += 1;
            }
            if entry.ends_incident() && entry.kind == EntryKind::Transition {
                let known = told.contains_key(entry.incident.as_ref().unwrap());
                prop_assert_eq!(entry.pages, known, "{:?}", entry);
            }
            if entry.kind == EntryKind::Reminder {
                prop_assert!(told.contains_key(entry.incident.as_ref().unwrap()));
            }
            // Whom an exception covers, and what found nothing out, never pages.
            let silent = entry.to.is_some_and(|to| to.excepted || to.verdict == Verdict::Inconclusive);
            prop_assert!(!(silent && entry.pages), "{:?}", entry);
        }
        prop_assert!(told.values().all(|&times| times == 1), "{told:?}");
    }

    #[test]
    fn an_exposure_is_never_kept_from_people((runs, order) in runs()) {
        let committed = shuffled(&runs, &order);

        let all = applied(&committed);

        // Whoever was let in by some run: a page about that probe names it, before or at that run.
        let mut paged: BTreeMap<&str, u32> = BTreeMap::new();
        for ((_, report), applied) in committed.iter().zip(&all) {
            for entry in applied.entries().filter(|entry| entry.pages) {
                let probe = report.probes.iter().find(|row| row.id == entry.probe);
                if entry.to == Some(found(Finding::Exposed)) {
                    *paged.entry(&probe.unwrap().id).or_default() += 1;
                }
            }
            for row in &report.probes {
                if Standing::of(row) == found(Finding::Exposed) {
                    prop_assert!(paged.contains_key(row.id.as_str()), "{}", row.id);
                }
            }
        }
    }
}
