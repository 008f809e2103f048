// SPDX-License-Identifier: Apache-2.0
//! Shards that were carried out in different places: their reports are none of one run.

use keyproof_plan::{Parts, Plan};
use keyproof_verdict::{Finding, ProbeRow, Report, Verdict};

use super::two_tables;
use crate::collect::{Collected, shard_of};
use crate::tests::facts;
use crate::{Manifest, collect};

const EMULATOR: &str = "http://127.0.0.1:4566";

/// The same report as made at an emulator.
fn emulated(report: &Report) -> Report {
    let mut report = report.clone();
    report.environment.endpoint = Some(EMULATOR.to_owned());
    report
}

/// The same report with somebody let in.
fn exposed(report: &Report) -> Report {
    let mut report = report.clone();
    let mut rows = report.probes.iter_mut();
    let row = rows.find(|row| row.id == "p4/dynamodb:GetItem/t0").unwrap();
    (row.verdict, row.finding) = (Verdict::Fail, Some(Finding::Exposed));
    report
}

fn orders(reports: &[Report]) -> Vec<Vec<Report>> {
    let [_, _, ..] = reports else {
        return vec![reports.to_vec()];
    };
    let from = |first: usize| {
        let mut rest = reports.to_vec();
        let first = rest.remove(first);
        let rest = orders(&rest).into_iter();
        rest.map(move |rest| [vec![first.clone()], rest].concat())
    };
    (0..reports.len()).flat_map(from).collect()
}

/// What comes of the reports, in whatever order they are handed in.
#[track_caller]
fn collected(plan: &Plan, manifest: &Manifest, reports: &[Report]) -> Collected {
    let mut all = orders(reports).into_iter().map(|handed_in| {
        let mut collected = collect(plan, manifest, handed_in, &facts()).unwrap();
        // Which shard's answers the sentinel names first, and which refusal is told first, is no matter.
        collected.refused.sort_unstable();
        assert!(collected.report.sentinel.take().unwrap().awake);
        collected
    });
    let first = all.next().unwrap();
    assert!(all.all(|other| other == first), "it depends on the order");
    first
}

/// The run's verdict, and how many probes passed, failed and were not found out.
fn counts(collected: &Collected) -> (Verdict, usize, usize, usize) {
    let summary = &collected.report.summary;
    (
        summary.verdict,
        summary.pass,
        summary.fail,
        summary.inconclusive,
    )
}

/// The rows of these shards as the undisturbed ones; the rest is returned.
#[track_caller]
fn others(shards: &[usize], whole: &Collected, collected: &Collected) -> Vec<ProbeRow> {
    let (plan, manifest, _) = two_tables();
    let owner = shard_of(&Parts::of(&plan), &manifest);
    let rows = whole.report.probes.iter().zip(&collected.report.probes);
    let mut rest = Vec::new();
    for (undisturbed, row) in rows {
        if shards.contains(&owner[&row.id]) {
            assert_eq!(row, undisturbed);
        } else {
            rest.push(row.clone());
        }
    }
    rest
}

#[test]
fn a_shard_that_ran_elsewhere_is_refused_and_blind_in_any_order() {
    let (plan, manifest, reports) = two_tables();
    let whole = collected(&plan, &manifest, &reports);
    assert_eq!(whole.report.summary.verdict, Verdict::Pass);
    let mut abroad = reports[1].clone();
    abroad.environment.region = "eu-west-1".to_owned();
    for (strange, place) in [
        (
            emulated(&reports[1]),
            format!("in region `us-east-1` of `{EMULATOR}`"),
        ),
        (abroad, "in region `eu-west-1` of AWS".to_owned()),
    ] {
        let handed_in = [reports[0].clone(), strange, reports[2].clone()];

        let collected = collected(&plan, &manifest, &handed_in);

        let why = format!(
            "a report of shard 1 made {place}, and this run was made in region `us-east-1` of AWS"
        );
        let note = format!("no report came of shard 1 of 3, and its 5 probes are blind: {why}");
        assert_eq!(
            (&*collected.dead, &*collected.refused),
            (&[1][..], &[why][..])
        );
        assert_eq!(collected.report.notes[0].text, note);
        assert_eq!(collected.report.environment, reports[0].environment);
        let blind = others(&[0, 2], &whole, &collected);
        assert_eq!(blind.len(), 5);
        assert!(blind.iter().all(|row| row.finding == Some(Finding::Blind)));
        assert_eq!(collected.report.summary.verdict, Verdict::Inconclusive);
    }
}

/// However many there are of them.
#[test]
fn what_failed_at_aws_is_not_outvoted_by_an_emulator() {
    let (plan, manifest, reports) = two_tables();
    let handed_in = [
        emulated(&reports[0]),
        exposed(&reports[1]),
        emulated(&reports[1]),
        emulated(&reports[2]),
    ];

    let collected = collected(&plan, &manifest, &handed_in);

    assert_eq!(
        (&*collected.dead, collected.refused.len()),
        (&[0, 2][..], 3)
    );
    assert_eq!(counts(&collected), (Verdict::Fail, 0, 1, 10));
}

#[test]
fn of_a_shard_that_ran_in_two_places_only_failures_stand() {
    let (plan, manifest, reports) = two_tables();
    let whole = collected(&plan, &manifest, &reports);
    for (own, expected) in [
        (reports[1].clone(), (Verdict::Inconclusive, 6, 0, 5)),
        (exposed(&reports[1]), (Verdict::Fail, 6, 1, 4)),
    ] {
        let handed_in = [
            reports[0].clone(),
            own,
            emulated(&reports[1]),
            reports[2].clone(),
        ];

        let collected = collected(&plan, &manifest, &handed_in);

        assert!(collected.dead.is_empty());
        assert_eq!(counts(&collected), expected);
        let why = format!(
            "a report of shard 1 made in region `us-east-1` of `{EMULATOR}`, and this run was made in region \
             `us-east-1` of AWS"
        );
        assert_eq!(
            collected.report.notes[0].text,
            format!("shard 1 of 3 is in doubt, and its 5 probes are blind unless they fail: {why}")
        );
        let rows = others(&[0, 2], &whole, &collected);
        let blind = rows
            .iter()
            .filter(|row| row.finding == Some(Finding::Blind));
        let reason =
            format!("nothing is known: shard 1, which this probe is in, is in doubt: {why}");
        let reasons: Vec<_> = blind.map(|row| &*row.reason).collect();
        assert_eq!(reasons, vec![&*reason; expected.3]);
    }
}

/// One shard may have learnt nothing of it.
#[test]
fn an_account_that_one_shard_does_not_know_is_no_other_place() {
    let (plan, manifest, mut reports) = two_tables();
    reports[1].environment.account = None;

    let collected = collect(&plan, &manifest, reports, &facts()).unwrap();

    assert_eq!(collected.refused, Vec::<String>::new());
    assert_eq!(collected.report.summary.verdict, Verdict::Pass);
}
