// SPDX-License-Identifier: Apache-2.0
//! One report from many: the same as of one run, and blind where a shard died.

mod handed;
mod places;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use keyproof_plan::{Parts, Plan};
use keyproof_verdict::{Finding, Observations, Report, Sentinel, Trial, Verdict, judge};
use proptest::prelude::*;

use super::collect;
use crate::tests::{Drawn, RUN, dice, facts, plan, seen, tables};
use crate::{Manifest, Part, cut};

/// The reports of every shard, each judged from what it alone saw, by somebody who had no more of
/// the plan than its part.
fn reports(plan: &Plan, manifest: &Manifest, seen: &Observations) -> Vec<Report> {
    manifest
        .shards
        .iter()
        .map(|shard| {
            let text = serde_json::to_string(&shard.part(&Parts::of(plan), RUN)).unwrap();
            let part = Part::read(&text, RUN, shard.number).unwrap();
            let mut own = Observations::default();
            for probe in part.probes() {
                let found = seen.probes.get(&probe.id);
                own.probes
                    .extend(found.map(|found| (probe.id, found.clone())));
            }
            for table in part.tables.keys() {
                let found = seen.tables.get(table);
                own.tables
                    .extend(found.map(|found| (table.clone(), found.clone())));
            }
            judge(&part, &own, facts())
        })
        .collect()
}

fn two_tables() -> (Plan, Manifest, Vec<Report>) {
    let table = |account, reader, outsider| Drawn {
        account,
        reader,
        outsiders: vec![outsider],
        excepted: false,
    };
    let plan = plan(&[table(1, 1, 4), table(2, 2, 5)]);
    let manifest = cut(&plan, NonZeroUsize::MIN);
    // Everything came out as expected: readers read, outsiders are kept out by the key.
    let mut all = seen(&plan, &[0]);
    let denied = seen(&plan, &[4]).probes;
    for probe in plan
        .probes()
        .iter()
        .filter(|probe| probe.id.starts_with("p4/") || probe.id.starts_with("p5/"))
    {
        all.probes
            .insert(probe.id.clone(), denied[&probe.id].clone());
    }
    let mut refused = denied["retired/sts:AssumeRole"].clone();
    if let keyproof_verdict::Answer::Denied(denial) = &mut refused.answer {
        denial.by = Some(keyproof_core::Service::Sts);
    }
    all.probes
        .insert("retired/sts:AssumeRole".to_owned(), refused);
    let reports = reports(&plan, &manifest, &all);
    (plan, manifest, reports)
}

#[test]
fn a_dead_shards_probes_are_blind_and_the_run_is_no_pass() {
    let (plan, manifest, mut reports) = two_tables();
    let whole = collect(&plan, &manifest, reports.clone(), &facts()).unwrap();
    assert_eq!(
        (whole.report.summary.verdict, whole.report.summary.pass),
        (Verdict::Pass, 11)
    );
    assert_eq!((whole.dead, whole.refused), (vec![], vec![]));

    reports.remove(1);
    let collected = collect(&plan, &manifest, reports, &facts()).unwrap();
    assert_eq!(collected.dead, [1]);
    let summary = &collected.report.summary;
    assert_eq!(
        (
            summary.verdict,
            summary.pass,
            summary.inconclusive,
            summary.planned
        ),
        (Verdict::Inconclusive, 6, 5, 11)
    );
    let ids: Vec<_> = collected
        .report
        .probes
        .iter()
        .map(|row| row.id.clone())
        .collect();
    let planned: Vec<_> = plan.probes().into_iter().map(|probe| probe.id).collect();
    assert_eq!(ids, planned);
    let blind: Vec<_> = collected
        .report
        .probes
        .iter()
        .filter(|row| row.finding == Some(Finding::Blind))
        .map(|row| (row.id.as_str(), row.reason.as_str()))
        .collect();
    let reason = "nothing is known: no report came of shard 1, which this probe is in";
    assert_eq!(
        blind,
        [
            ("t0/encryption", reason),
            ("p1/dynamodb:GetItem/t0", reason),
            ("p1/dynamodb:Scan/t0", reason),
            ("p4/dynamodb:GetItem/t0", reason),
            ("p4/kms:Decrypt/t0", reason),
        ]
    );
    assert_eq!(
        collected.report.notes[0].text,
        "no report came of shard 1 of 3, and its 5 probes are blind"
    );
}

#[test]
fn a_report_of_something_else_is_refused() {
    let (plan, manifest, reports) = two_tables();
    let mut other_run = reports[0].clone();
    other_run.run.id = "01KEYPR00F0000000000000001".to_owned();
    let mut other_plan = reports[0].clone();
    other_plan.plan.digest = "sha256:0".to_owned();
    let mut short = reports[1].clone();
    short.probes.pop();
    let mut mixed = reports[1].clone();
    mixed.probes[4] = reports[2].probes[4].clone();
    let mut twice = reports[1].clone();
    twice.probes.push(twice.probes[0].clone());
    let mut strange = reports[0].clone();
    strange.probes[0].id = "nobody/dynamodb:GetItem/t0".to_owned();
    let mut older = reports[2].clone();
    older.sentinel = None;
    older.environment.version = "0.0.9".to_owned();
    let handed_in = vec![other_run, other_plan, short, mixed, twice, strange, older];
    let collected = collect(&plan, &manifest, handed_in, &facts()).unwrap();
    let not_its_own = "a report whose probes are not those of shard 1, to which its first belongs";
    assert_eq!(
        collected.refused,
        [
            "a report of run `01KEYPR00F0000000000000001`, and not of this one",
            "a report of the plan with digest `sha256:0`",
            not_its_own,
            not_its_own,
            not_its_own,
            "a report of no shard of this plan",
            "a report of shard 2 by keyproof 0.0.9, which had no sentinel; run the shard with the version \
             that collects",
        ]
    );
    assert_eq!(collected.dead, [0, 1, 2]);
    assert_eq!(collected.report.summary.inconclusive, 11);
    // Each shard says what was not taken of it; of whose shard nobody knows, the report does.
    let notes = collected.report.notes.iter();
    assert_eq!(
        notes.map(|note| note.text.as_str()).collect::<Vec<_>>(),
        [
            "no report came of shard 0 of 3, and its probe is blind",
            &format!(
                "no report came of shard 1 of 3, and its 5 probes are blind: {}",
                [not_its_own; 3].join("; ")
            ),
            "no report came of shard 2 of 3, and its 5 probes are blind: a report of shard 2 by keyproof 0.0.9, \
             which had no sentinel; run the shard with the version that collects",
            "a report was not taken: a report of run `01KEYPR00F0000000000000001`, and not of this one",
            "a report was not taken: a report of the plan with digest `sha256:0`",
            "a report was not taken: a report of no shard of this plan",
        ]
    );
}

#[test]
fn of_two_attempts_a_failure_stands_and_a_finding_is_not_undone() {
    let (plan, manifest, reports) = two_tables();
    let exposed = {
        let mut report = reports[1].clone();
        let row = report
            .probes
            .iter_mut()
            .find(|row| row.id == "p4/dynamodb:GetItem/t0")
            .unwrap();
        (row.verdict, row.finding) = (Verdict::Fail, Some(Finding::Exposed));
        report
    };
    let blind = judge(
        &manifest.shards[1].plan(&Parts::of(&plan)),
        &Observations::default(),
        facts(),
    );
    let good = reports[1].clone();
    for order in [
        [&exposed, &good, &blind],
        [&blind, &good, &exposed],
        [&good, &exposed, &blind],
    ] {
        let mut handed_in = vec![reports[0].clone(), reports[2].clone()];
        handed_in.extend(order.into_iter().cloned());
        let report = collect(&plan, &manifest, handed_in, &facts())
            .unwrap()
            .report;
        let failed: Vec<_> = report
            .probes
            .iter()
            .filter(|row| row.verdict == Verdict::Fail)
            .map(|row| &*row.id)
            .collect();
        assert_eq!(failed, ["p4/dynamodb:GetItem/t0"]);
        assert_eq!((report.summary.pass, report.summary.fail), (10, 1));
    }
}

proptest! {
    /// No verdict crosses a shard: cut anywhere, collected in any order, the report is that of one
    /// run.
    #[test]
    fn shards_make_the_report_of_the_whole(
        tables in tables(),
        dice in dice(),
        most in 1usize..40,
        turn in 0usize..20,
    ) {
        let plan = plan(&tables);
        let seen = seen(&plan, &dice);
        let manifest = cut(&plan, NonZeroUsize::new(most).unwrap());
        let mut reports = reports(&plan, &manifest, &seen);
        let turn = turn % reports.len();
        reports.rotate_left(turn);
        let mut collected = collect(&plan, &manifest, reports, &facts()).unwrap();
        let mut whole = judge(&plan, &seen, facts());
        // Each shard tries the answers that it has; of the whole, as many kinds remain.
        let (collected_sentinel, sentinel) = (collected.report.sentinel.take(), whole.sentinel.take());
        let kinds = |sentinel: Option<Sentinel>| {
            let sentinel = sentinel.unwrap();
            assert!(sentinel.awake);
            let kind = |trial: &Trial| {
                let action = trial.probe.split('/').nth(1).unwrap().to_owned();
                (trial.must, action)
            };
            let tried = sentinel.tried.iter();
            tried.filter(|trial| trial.seen).map(kind).collect::<BTreeSet<_>>()
        };
        prop_assert_eq!(kinds(collected_sentinel), kinds(sentinel));
        prop_assert_eq!(collected.report, whole);
        prop_assert_eq!(collected.dead, Vec::<usize>::new());
        prop_assert_eq!(collected.refused, Vec::<String>::new());
    }

    /// Whatever dies, every probe is there, and what didn't die is as it was.
    #[test]
    fn a_dead_shard_changes_nothing_of_the_others(
        tables in tables(),
        dice in dice(),
        most in 1usize..10,
        dead in prop::collection::vec(any::<bool>(), 14),
    ) {
        let plan = plan(&tables);
        let seen = seen(&plan, &dice);
        let manifest = cut(&plan, NonZeroUsize::new(most).unwrap());
        let whole = judge(&plan, &seen, facts());
        let is_dead = |number: usize| dead[number % dead.len()];
        let reports: Vec<_> = reports(&plan, &manifest, &seen)
            .into_iter()
            .enumerate()
            .filter(|(number, _)| !is_dead(*number))
            .map(|(_, report)| report)
            .collect();
        let collected = collect(&plan, &manifest, reports, &facts()).unwrap();
        let expected: Vec<usize> = (0..manifest.shards.len()).filter(|&number| is_dead(number)).collect();
        prop_assert_eq!(&collected.dead, &expected);
        prop_assert_eq!(collected.report.probes.len(), whole.probes.len());
        let owner = super::shard_of(&Parts::of(&plan), &manifest);
        for (row, alone) in collected.report.probes.iter().zip(&whole.probes) {
            prop_assert_eq!(&row.id, &alone.id);
            if is_dead(owner[&row.id]) {
                prop_assert_eq!(row.finding, Some(Finding::Blind));
            } else {
                prop_assert_eq!(row, alone);
            }
        }
        prop_assert!(expected.is_empty() || collected.report.summary.verdict != Verdict::Pass);
    }
}
