// SPDX-License-Identifier: Apache-2.0
//! Runs of a part of a plan: they say something of the probes that they asked, and of no other.

use keyproof_verdict::PartRow;
use proptest::prelude::*;
use std::collections::BTreeMap;

use super::*;

/// The same report, of a part.
fn part(report: Report) -> Report {
    Report {
        part: Some(PartRow {
            of: 2,
            touching: vec!["KEY#1".to_owned()],
        }),
        ..report
    }
}

fn told(applied: &Applied) -> Vec<String> {
    applied.entries().map(short).collect()
}

fn standings(state: &PlanState) -> BTreeMap<String, Standing> {
    let probes = state.probes.iter();
    probes
        .map(|(id, probe)| (id.clone(), probe.standing))
        .collect()
}

#[test]
fn a_part_leaves_the_other_probes_the_last_run_and_the_last_pass_as_they_were() {
    let whole = report(1, 0, &[(READ, pass()), (STEAL, pass())]);
    let seen = part(report(2, 15, &[(STEAL, found(Finding::Exposed))]));
    let healed = part(report(3, 30, &[(STEAL, pass())]));

    let [first, second, third] = &applied(&[(1, whole), (2, seen), (3, healed)])[..] else {
        panic!("three runs");
    };

    assert_eq!(told(second), ["transition pass>exposed PAGES"]);
    assert_eq!(
        second.run.part,
        second.run.part.clone().filter(|part| part.of == 2)
    );
    assert!(second.run.part.is_some() && !second.run.late);
    // Not a row more than it asked: the other is neither retired nor confirmed.
    assert_eq!(second.state.probes.get(READ), first.state.probes.get(READ));
    for after in [second, third] {
        assert_eq!(after.state.last_run, first.state.last_run);
        assert_eq!(after.state.last_pass, first.state.last_pass);
        assert_eq!(after.state.seq(), 1);
    }
    // The plan as a whole is what all of its probes come to.
    let failing = second.state.summary().unwrap();
    assert_eq!(
        (failing.verdict, failing.pass, failing.fail, failing.planned),
        (Verdict::Fail, 1, 1, 2)
    );
    assert_eq!(third.state.summary().unwrap().verdict, Verdict::Pass);
    assert_eq!(told(third), ["transition exposed>pass PAGES"]);
    let last = third.state.last_run.as_ref().unwrap();
    assert_eq!(last.summary.verdict, Verdict::Pass);
}

#[test]
fn a_pass_of_a_part_is_no_pass_of_the_plan() {
    let whole = report(1, 0, &[(READ, found(Finding::Blind)), (STEAL, pass())]);
    let all = applied(&[(1, whole), (2, part(report(2, 15, &[(STEAL, pass())])))]);

    let last = all.last().unwrap();
    assert_eq!(last.run.summary.verdict, Verdict::Pass);
    assert_eq!(last.state.last_pass, None);
    assert_eq!(last.state.summary().unwrap().verdict, Verdict::Inconclusive);
}

#[test]
fn the_next_run_of_the_whole_settles_all() {
    let whole = || report(1, 0, &[(READ, pass()), (STEAL, pass())]);
    let all = applied(&[
        (1, whole()),
        (2, part(report(2, 15, &[(STEAL, found(Finding::Exposed))]))),
        (
            3,
            report(3, 30, &[(READ, pass()), (STEAL, found(Finding::Exposed))]),
        ),
    ]);

    let last = &all.last().unwrap().state;
    assert_eq!(last.since, None);
    assert!(last.probes.values().all(|probe| probe.seq.is_none()));
    assert_eq!(
        last.summary(),
        last.last_run.as_ref().map(|run| &run.summary)
    );
}

#[test]
fn a_whole_that_began_before_a_part_does_not_undo_what_that_saw() {
    let all = applied(&[
        (1, report(1, 0, &[(READ, pass()), (STEAL, pass())])),
        (3, part(report(3, 30, &[(STEAL, found(Finding::Exposed))]))),
        (
            2,
            report(2, 15, &[(READ, found(Finding::LockedOut)), (STEAL, pass())]),
        ),
    ]);

    let last = all.last().unwrap();
    assert_eq!(
        told(last),
        ["transition pass>locked_out", "late exposed>pass"]
    );
    assert!(!last.run.late);
    assert_eq!(last.state.seq(), 2);
    assert_eq!(last.state.summary().unwrap().fail, 2);
    assert_eq!(last.state.last_run.as_ref().unwrap().summary.fail, 1);
}

#[test]
fn a_part_that_began_before_the_whole_is_late() {
    let all = applied(&[
        (2, report(2, 15, &[(READ, pass()), (STEAL, pass())])),
        (1, part(report(1, 0, &[(STEAL, found(Finding::Exposed))]))),
    ]);

    let last = all.last().unwrap();
    assert_eq!(told(last), ["late pass>exposed PAGES"]);
    assert!(last.run.late);
    assert_eq!(last.state.summary().unwrap().verdict, Verdict::Pass);
}

#[test]
fn a_table_s_key_is_kept_where_the_plan_does_not_name_it() {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1";
    let seen = |expected: &str, found: &str| {
        let mut report = report(1, 0, &[(READ, pass())]);
        for row in &mut report.probes {
            row.expected.key = Some(expected.to_owned());
            row.observed.key = Some(found.to_owned());
        }
        let all = applied(&[(1, report)]);
        all.last()
            .unwrap()
            .state
            .probes
            .get(READ)
            .unwrap()
            .key
            .clone()
    };
    assert_eq!(seen("alias/orders", key).as_deref(), Some(key));
    assert_eq!(seen(key, key), None);
    assert_eq!(seen("aws-owned", "aws-owned"), None);
}

proptest! {
    /// Whole runs and runs of parts in any order of commits: each probe is what the newest run that asked it
    /// saw, and nobody else's.
    #[test]
    fn each_probe_is_what_the_newest_run_that_asked_it_saw(
        drawn in prop::collection::vec((any::<bool>(), 0u8..3, 0u8..3, any::<u8>()), 1..12),
    ) {
        let standing = |drawn: u8| [pass(), found(Finding::Exposed), found(Finding::Blind)][usize::from(drawn)];
        let mut runs: Vec<_> = (1_u64..).zip(&drawn).map(|(seq, (whole, read, steal, order))| {
            let minutes = i64::try_from(seq).unwrap() * 15;
            let run = if *whole || seq == 1 {
                report(seq, minutes, &[(READ, standing(*read)), (STEAL, standing(*steal))])
            } else if steal % 2 == 0 {
                part(report(seq, minutes, &[(STEAL, standing(*steal))]))
            } else {
                part(report(seq, minutes, &[(READ, standing(*read))]))
            };
            (*order, seq, run)
        }).collect();
        let all: Vec<_> = runs.iter().map(|(_, seq, run)| (*seq, run.clone())).collect();
        runs[0].0 = 0;
        runs.sort_by_key(|(order, seq, _)| (*order, *seq));
        let committed: Vec<_> = runs.into_iter().map(|(_, seq, run)| (seq, run)).collect();

        let last = applied(&committed).pop().unwrap().state;

        let mut expected = BTreeMap::new();
        let mut whole = 0;
        for (seq, run) in &all {
            for row in &run.probes {
                expected.insert(row.id.clone(), Standing::of(row));
            }
            whole = if run.part.is_none() { *seq } else { whole };
        }
        prop_assert_eq!(standings(&last), expected.clone());
        prop_assert_eq!(last.seq(), whole);
        let counted = Summary::count(expected.values().map(|it| (it.verdict, it.excepted)));
        prop_assert_eq!(last.summary(), Some(&counted));
        let passes = all.iter().filter(|(_, run)| run.part.is_none() && run.summary.verdict == Verdict::Pass);
        prop_assert_eq!(last.last_pass.map(|run| run.seq), passes.map(|(seq, _)| *seq).max());
    }
}
