// SPDX-License-Identifier: Apache-2.0
//! Reports that are there and can't be read, or stand in another's place.

use keyproof_plan::Parts;
use keyproof_verdict::{Finding, Report, Verdict};

use super::two_tables;
use crate::tests::facts;
use crate::{Handed, collect};

/// What is handed in for each shard: its report, but for one of which it is told why there is none.
fn without(reports: Vec<Report>, number: usize, why: &str) -> Vec<Handed> {
    let numbered = reports.into_iter().enumerate();
    numbered
        .map(|(shard, report)| Handed {
            shard: Some(shard),
            report: if shard == number {
                Err(why.to_owned())
            } else {
                Ok(report)
            },
        })
        .collect()
}

#[test]
fn a_report_that_can_not_be_read_blinds_its_shard_and_says_why() {
    let (plan, manifest, reports) = two_tables();
    let why = "`reports/1.json`: cannot read from the report bucket: AccessDenied: so it is";

    let handed_in = without(reports.clone(), 1, why);
    let collected = collect(&plan, &manifest, handed_in, &facts()).unwrap();

    assert_eq!(
        (collected.dead, collected.refused),
        (vec![1], Vec::<String>::new())
    );
    let report = collected.report;
    let notes = report.notes.iter().map(|note| note.text.as_str());
    assert_eq!(
        notes.collect::<Vec<_>>(),
        [format!(
            "no report came of shard 1 of 3, and its 5 probes are blind: {why}"
        )]
    );
    let reason =
        format!("nothing is known: no report came of shard 1, which this probe is in: {why}");
    let whole = collect(&plan, &manifest, reports, &facts()).unwrap().report;
    let owner = crate::collect::shard_of(&Parts::of(&plan), &manifest);
    for (row, undisturbed) in report.probes.iter().zip(&whole.probes) {
        if owner[&row.id] == 1 {
            let found = (&*row.id, row.finding, &*row.reason);
            assert_eq!(found, (&*undisturbed.id, Some(Finding::Blind), &*reason));
        } else {
            assert_eq!(row, undisturbed);
        }
    }
    assert_eq!(
        (report.probes.len(), report.summary.verdict),
        (11, Verdict::Inconclusive)
    );
}

/// Of whose shard nobody knows: each shard has one that can be.
#[test]
fn what_can_not_be_read_takes_nothing_from_what_can() {
    let (plan, manifest, reports) = two_tables();
    let whole = collect(&plan, &manifest, reports.clone(), &facts()).unwrap();

    let mut handed_in: Vec<Handed> = reports.into_iter().map(Handed::from).collect();
    let (shard, report) = (None, Err("half a file".to_owned()));
    handed_in.insert(0, Handed { shard, report });

    assert_eq!(
        collect(&plan, &manifest, handed_in, &facts()).unwrap(),
        whole
    );
    assert_eq!(whole.report.summary.verdict, Verdict::Pass);
}

/// What another attempt at the shard saw may be a failure.
#[test]
fn of_a_shard_whose_other_attempt_can_not_be_read_nothing_passes() {
    let (plan, manifest, reports) = two_tables();
    let why = "`reports/1.2.json`: half a file";
    for place in [0, 3] {
        let mut handed_in: Vec<Handed> = reports.iter().cloned().map(Handed::from).collect();
        let (shard, report) = (Some(1), Err(why.to_owned()));
        handed_in.insert(place, Handed { shard, report });

        let collected = collect(&plan, &manifest, handed_in, &facts()).unwrap();

        assert!(collected.dead.is_empty() && collected.refused.is_empty());
        let report = collected.report;
        assert_eq!(
            report.notes[0].text,
            format!("shard 1 of 3 is in doubt, and its 5 probes are blind unless they fail: {why}")
        );
        let summary = &report.summary;
        assert_eq!(
            (summary.verdict, summary.pass, summary.inconclusive),
            (Verdict::Inconclusive, 6, 5)
        );
    }
}

/// Nor where another document stands in its place.
#[test]
fn of_a_shard_whose_other_attempt_left_something_else_nothing_passes() {
    let (plan, manifest, reports) = two_tables();
    let mut short = reports[1].clone();
    short.probes.pop();
    for strange in [short, reports[2].clone()] {
        let mut handed_in: Vec<Handed> = reports.iter().cloned().map(Handed::from).collect();
        handed_in.push(Handed {
            shard: Some(1),
            report: Ok(strange),
        });

        let collected = collect(&plan, &manifest, handed_in, &facts()).unwrap();

        assert!(collected.dead.is_empty());
        let report = collected.report;
        let note = &report.notes[0].text;
        assert!(
            note.starts_with(
                "shard 1 of 3 is in doubt, and its 5 probes are blind unless they fail: "
            ),
            "{note}"
        );
        let summary = &report.summary;
        assert_eq!((summary.pass, summary.inconclusive), (6, 5));
    }
}

#[test]
fn a_report_in_anothers_place_counts_for_its_own_shard_alone() {
    let (plan, manifest, reports) = two_tables();
    let handed_in = [0, 2, 2].into_iter().enumerate().map(|(shard, place)| {
        let report = Ok(reports[place].clone());
        let shard = Some(shard);
        Handed { shard, report }
    });

    let collected = collect(&plan, &manifest, handed_in, &facts()).unwrap();

    assert_eq!(collected.dead, [1]);
    assert_eq!(
        collected.report.notes[0].text,
        "no report came of shard 1 of 3, and its 5 probes are blind: what stands in its place is the report of \
         shard 2"
    );
}

#[test]
fn whoever_answers_instead_of_a_report_is_quoted_in_one_line_and_in_short() {
    let (plan, manifest, reports) = two_tables();
    let handed_in = without(
        reports,
        1,
        &format!("S3 says\u{1b}[2J\n{}", "x".repeat(9_000)),
    );

    let collected = collect(&plan, &manifest, handed_in, &facts()).unwrap();

    let expected = format!(
        "no report came of shard 1 of 3, and its 5 probes are blind: S3 says [2J {}…",
        "x".repeat(388)
    );
    assert_eq!(collected.report.notes[0].text, expected);
}
