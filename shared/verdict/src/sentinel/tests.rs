// SPDX-License-Identifier: Apache-2.0
//! The sentinel barks at every judge that can't fail, and at no other. Each broken judge here is the
//! real one with a fault; `watch` is called as `judge` calls it.

use indexmap::IndexMap;
use keyproof_core::Service;
use keyproof_plan::{Action, Expected, Plan, Probe};
use proptest::prelude::*;

use super::{Judge, Samples, watch};
use crate::judge::tests::properties::{observations, whole_plan};
use crate::judge::tests::{
    DENIED_BY_KMS, denied, excepted, expect, facts, observed, outsider_denied, plan, saw,
};
use crate::{
    Answer, Denial, Evidence, Finding, Observations, Report, ReportError, RunFacts, Sentinel,
    Summary, Trial, Verdict, judge, judge_unwatched,
};

const READ: &str = "outsider/dynamodb:GetItem/orders";
const WITNESS: &str = "reader/dynamodb:GetItem/orders";

fn trial(probe: &str, seen: bool, must: Finding) -> Trial {
    Trial {
        probe: probe.to_owned(),
        seen,
        must,
        found: Some(must),
    }
}

/// A run in which all is well: the reader reads, the outsider is kept out by KMS.
fn good() -> (Plan, Observations) {
    let answer = denied(Some(Service::Kms), None);
    (outsider_denied(Action::GetItem), observed(READ, answer))
}

/// The real judge, after which somebody tampers with the rows.
fn tampered(plan: &Plan, seen: &Observations, facts: RunFacts, rows: fn(&mut Report)) -> Report {
    let mut report = judge_unwatched(plan, seen, facts);
    rows(&mut report);
    report.summary = Summary::of(&report.probes);
    report
}

fn pass_where(report: &mut Report, fault: impl Fn(Finding) -> bool) {
    for row in &mut report.probes {
        if row.finding.is_some_and(&fault) {
            (row.verdict, row.finding) = (Verdict::Pass, None);
        }
    }
}

fn always_passes(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| pass_where(report, |_| true))
}

fn never_exposed(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        pass_where(report, |finding| finding == Finding::Exposed);
    })
}

fn never_locked_out(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        pass_where(report, |finding| finding == Finding::LockedOut);
    })
}

fn never_the_wrong_key(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        pass_where(report, |finding| finding == Finding::WrongKey);
    })
}

/// What must fail is only ever inconclusive.
fn softens(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        for row in &mut report.probes {
            if row.verdict == Verdict::Fail {
                (row.verdict, row.finding) = (Verdict::Inconclusive, Some(Finding::Masked));
            }
        }
    })
}

/// Scans never fail.
fn blind_for_scans(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        for row in &mut report.probes {
            if row.action == "dynamodb:Scan" {
                (row.verdict, row.finding) = (Verdict::Pass, None);
            }
        }
    })
}

/// Rows fail, and the run passes all the same.
fn loses_count(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    let mut report = judge_unwatched(plan, seen, facts);
    report.summary.verdict = Verdict::Pass;
    report
}

/// Rows say `fail` and find nothing.
fn says_no_finding(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        for row in &mut report.probes {
            row.finding = None;
        }
    })
}

/// Only what is excepted is told.
fn nothing_but_exceptions(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        report.probes.retain(|row| row.exception.is_some());
    })
}

/// Nothing was probed at all.
fn forgets(plan: &Plan, seen: &Observations, facts: RunFacts) -> Report {
    tampered(plan, seen, facts, |report| {
        report.probes.retain(|row| row.verdict != Verdict::Fail);
    })
}

#[test]
fn a_good_run_passes_with_its_own_answers_turned_round() {
    let (plan, seen) = good();

    let report = judge(&plan, &seen, facts());

    assert_eq!(report.summary.verdict, Verdict::Pass);
    assert_eq!(
        report.sentinel.unwrap(),
        Sentinel {
            awake: true,
            reason:
                "4 answers, all of this run, were judged by the opposite expectation, and each \
                     failed as it must"
                    .to_owned(),
            tried: vec![
                trial(WITNESS, true, Finding::Exposed),
                trial(READ, true, Finding::LockedOut),
                trial("orders/encryption", true, Finding::WrongKey),
                trial("control/encryption", true, Finding::WrongKey),
            ],
        }
    );
}

#[test]
fn a_judge_that_can_not_fail_in_one_way_makes_every_pass_blind() {
    let (plan, seen) = good();
    let judges: [(&str, Judge, Finding, &str); 8] = [
        ("passes", always_passes, Finding::Exposed, WITNESS),
        ("exposed", never_exposed, Finding::Exposed, WITNESS),
        ("locked out", never_locked_out, Finding::LockedOut, READ),
        (
            "key",
            never_the_wrong_key,
            Finding::WrongKey,
            "orders/encryption",
        ),
        ("softens", softens, Finding::Exposed, WITNESS),
        ("loses count", loses_count, Finding::Exposed, WITNESS),
        ("no finding", says_no_finding, Finding::Exposed, WITNESS),
        ("forgets", forgets, Finding::Exposed, WITNESS),
    ];
    for (name, broken, must, probe) in judges {
        let report = watch(broken, &plan, &seen, &facts());

        let sentinel = report.sentinel.as_ref().unwrap();
        let missed: Vec<_> = sentinel
            .tried
            .iter()
            .filter(|trial| !trial.held())
            .collect();
        assert!(!sentinel.awake, "{name}");
        assert_eq!((missed[0].must, &*missed[0].probe), (must, probe), "{name}");
        assert_eq!(
            (report.summary.verdict, report.summary.inconclusive),
            (Verdict::Inconclusive, 4),
            "{name}"
        );
        let planned: Vec<_> = plan.probes().into_iter().map(|probe| probe.id).collect();
        let rows: Vec<_> = report.probes.iter().map(|row| row.id.clone()).collect();
        assert_eq!(rows, planned, "{name}");
        for row in &report.probes {
            assert_eq!(row.finding, Some(Finding::Blind), "{name}");
            assert_eq!(
                row.reason,
                format!("this probe's pass means nothing: {}", sentinel.reason),
                "{name}"
            );
        }
        assert_eq!(
            Report::from_json(&report.to_json().unwrap()).unwrap(),
            report,
            "{name}"
        );
    }
}

#[test]
fn each_action_is_tried_for_itself() {
    let both = [Action::GetItem, Action::Scan];
    let plan = plan(vec![
        expect(
            "reader",
            Some("orders"),
            &[Action::Scan],
            Expected::Allowed,
            21,
        ),
        expect("outsider", Some("orders"), &both, DENIED_BY_KMS, 22),
    ]);
    let mut seen = observed(READ, denied(Some(Service::Kms), None));
    for (id, answer) in [
        (
            "reader/dynamodb:Scan/orders",
            Answer::Allowed(Evidence::Canary),
        ),
        (
            "outsider/dynamodb:Scan/orders",
            denied(Some(Service::Kms), None),
        ),
    ] {
        seen.probes.insert(id.to_owned(), saw(answer));
    }
    assert!(judge(&plan, &seen, facts()).sentinel.unwrap().awake);

    let report = watch(blind_for_scans, &plan, &seen, &facts());

    let sentinel = report.sentinel.unwrap();
    let missed: Vec<_> = sentinel
        .tried
        .iter()
        .filter(|trial| !trial.held())
        .map(|trial| (&*trial.probe, trial.seen))
        .collect();
    // The runs turned round had two failures each, of which but one was told: neither counts.
    assert_eq!(
        missed,
        [
            (WITNESS, true),
            ("reader/dynamodb:Scan/orders", true),
            (READ, true),
            ("outsider/dynamodb:Scan/orders", true),
        ]
    );
    assert_eq!(report.summary.verdict, Verdict::Inconclusive);
}

/// Parts of a run may come in any order: what stands for an action is its first answer in the plan's order.
#[test]
fn the_first_answer_in_plan_order_stands_for_its_action() {
    let plan = plan(vec![
        expect(
            "reader",
            Some("orders"),
            &[Action::GetItem],
            Expected::Allowed,
            21,
        ),
        expect(
            "reader",
            Some("control"),
            &[Action::GetItem],
            Expected::Allowed,
            22,
        ),
    ]);
    let mut seen = observed(READ, denied(Some(Service::Kms), None));
    for id in [WITNESS, "reader/dynamodb:GetItem/control"] {
        seen.probes
            .insert(id.to_owned(), saw(Answer::Allowed(Evidence::Canary)));
    }
    let probes: Vec<_> = plan.each_probe().enumerate().collect();
    let tried = |parts: Vec<&[(usize, Probe)]>| {
        let mut samples = Samples::default();
        for part in parts {
            samples.take(&plan, part, &seen);
        }
        let sentinel = samples.try_out(judge_unwatched, &plan, &facts());
        let open = sentinel.tried.into_iter();
        let mut open = open.filter(|trial| trial.must == Finding::Exposed && trial.seen);
        open.next().unwrap().probe
    };

    assert_eq!(tried(vec![&probes]), WITNESS);
    let mut parts: Vec<_> = probes.chunks(1).collect();
    assert_eq!(tried(parts.clone()), WITNESS);
    parts.reverse();
    assert_eq!(tried(parts), WITNESS);
}

#[test]
fn a_failure_is_never_softened_by_a_sentinel_asleep() {
    let plan = outsider_denied(Action::GetItem);
    let seen = observed(READ, Answer::Allowed(Evidence::Canary));

    let report = watch(never_locked_out, &plan, &seen, &facts());

    let last = report.probes.last().unwrap();
    assert_eq!(last.finding, Some(Finding::Exposed));
    assert_eq!(
        (
            report.summary.verdict,
            report.summary.fail,
            report.summary.pass
        ),
        (Verdict::Fail, 1, 0)
    );
}

#[test]
fn with_everything_excepted_a_sentinel_asleep_is_no_pass() {
    let plan = excepted("2026-12-31");
    let mut seen = observed(READ, Answer::Allowed(Evidence::Canary));
    seen.probes.remove(WITNESS);
    let mut alone = plan.clone();
    alone.tables.shift_remove("control");
    alone.expectations.remove(0);

    let report = watch(nothing_but_exceptions, &alone, &seen, &facts());

    assert_eq!(
        (
            report.summary.verdict,
            report.summary.excepted,
            report.summary.planned
        ),
        (Verdict::Inconclusive, 1, 1)
    );
}

#[test]
fn an_exception_of_a_pass_that_means_nothing_was_not_used() {
    let seen = observed(READ, denied(Some(Service::Kms), None));

    let report = watch(never_exposed, &excepted("2026-12-31"), &seen, &facts());

    let statuses: Vec<_> = report.exceptions.iter().map(|note| &*note.status).collect();
    assert_eq!(statuses, ["unused"]);
}

/// What a plan has no answer for is made up, so that no run passes unwatched.
#[test]
fn a_plan_that_only_allows_is_tried_with_a_denial_that_is_made_up() {
    let plan = plan(Vec::new());
    let seen = observed(WITNESS, Answer::Allowed(Evidence::Canary));

    let report = judge(&plan, &seen, facts());

    let sentinel = report.sentinel.unwrap();
    assert_eq!(
        sentinel.tried[..2],
        [
            trial(WITNESS, true, Finding::Exposed),
            trial(WITNESS, false, Finding::LockedOut),
        ]
    );
    assert_eq!(
        sentinel.reason,
        "4 answers, 1 of them made up as this run had none of the kind, were judged by the opposite \
         expectation, and each failed as it must"
    );
    assert_eq!(report.summary.verdict, Verdict::Pass);
    let broken = watch(never_locked_out, &plan, &seen, &facts());
    assert_eq!(broken.summary.verdict, Verdict::Inconclusive);
}

#[test]
fn a_plan_without_tables_is_tried_at_its_role() {
    let mut plan = plan(vec![expect(
        "retired",
        None,
        &[Action::AssumeRole],
        Expected::Denied {
            by: Service::Sts,
            policy: None,
        },
        21,
    )]);
    plan.tables = IndexMap::new();
    plan.expectations.remove(0);
    let assume = "retired/sts:AssumeRole";
    let seen = Observations {
        probes: [(assume.to_owned(), saw(denied(Some(Service::Sts), None)))].into(),
        tables: [].into(),
    };

    let report = judge(&plan, &seen, facts());

    assert_eq!(report.summary.verdict, Verdict::Pass);
    assert_eq!(
        report.sentinel.unwrap().tried,
        [
            trial(assume, false, Finding::Exposed),
            trial(assume, true, Finding::LockedOut),
        ]
    );
}

/// A judge that passes what nobody saw is caught by answers that are made up.
#[test]
fn a_run_that_saw_nothing_does_not_pass_before_a_judge_that_can_not_fail() {
    let plan = outsider_denied(Action::GetItem);

    let report = watch(always_passes, &plan, &Observations::default(), &facts());

    assert_eq!(
        (report.summary.verdict, report.summary.inconclusive),
        (Verdict::Inconclusive, 4)
    );
    let sentinel = report.sentinel.unwrap();
    assert_eq!((sentinel.awake, sentinel.tried.len()), (false, 3));
    assert!(sentinel.tried.iter().all(|trial| !trial.seen));
}

#[test]
fn a_refusal_of_somebody_else_is_no_closed_door() {
    let plan = outsider_denied(Action::GetItem);
    let other = Answer::Denied(Denial {
        by: Some(Service::Kms),
        user: Some("arn:aws:sts::111122223333:assumed-role/reader/s".to_owned()),
        ..Denial::default()
    });

    let report = judge(&plan, &observed(READ, other), facts());

    let sentinel = report.sentinel.unwrap();
    assert!(sentinel.awake);
    assert_eq!(sentinel.tried[1], trial(WITNESS, false, Finding::LockedOut));
}

#[test]
fn a_stored_pass_whose_sentinel_was_asleep_is_refused() {
    let (plan, seen) = good();
    let good = judge(&plan, &seen, facts());
    let alter = |alter: fn(&mut Sentinel)| {
        let mut report = good.clone();
        alter(report.sentinel.as_mut().unwrap());
        Report::from_json(&report.to_json().unwrap())
    };

    assert_eq!(alter(|_| {}).unwrap(), good);
    for altered in [
        alter(|sentinel| sentinel.awake = false),
        alter(|sentinel| sentinel.tried.clear()),
        alter(|sentinel| sentinel.tried[1].found = None),
        alter(|sentinel| sentinel.tried[1].found = Some(Finding::Masked)),
    ] {
        assert!(matches!(altered, Err(ReportError::Asleep)), "{altered:?}");
    }
    let mut older = good;
    older.sentinel = None;
    assert_eq!(Report::from_json(&older.to_json().unwrap()).unwrap(), older);
}

#[test]
fn parts_make_one_sentinel_that_sleeps_where_one_did() {
    let of = |tried: &[&Trial]| Sentinel::of(tried.iter().copied().cloned().collect());
    let made = trial("a/dynamodb:GetItem/t", false, Finding::Exposed);
    let seen = trial("b/dynamodb:GetItem/u", true, Finding::Exposed);
    let closed = trial("c/dynamodb:GetItem/u", true, Finding::LockedOut);
    let missed = Trial {
        found: None,
        ..trial("d/dynamodb:GetItem/v", true, Finding::Exposed)
    };

    let parts = [of(&[&made]), of(&[&seen, &closed])];
    assert_eq!(Sentinel::merged(parts), of(&[&seen, &closed]));
    // Of two alike the first is told.
    let later = Trial {
        probe: "e/dynamodb:GetItem/w".to_owned(),
        ..seen.clone()
    };
    assert_eq!(
        Sentinel::merged([of(&[&seen]), of(&[&later])]),
        of(&[&seen])
    );
    let made_later = Trial {
        seen: false,
        ..later
    };
    assert_eq!(
        Sentinel::merged([of(&[&made]), of(&[&made_later])]),
        of(&[&made])
    );
    assert_eq!(
        Sentinel::merged([of(&[&seen]), of(&[&made_later])]),
        of(&[&seen])
    );
    for order in [[&seen, &missed], [&missed, &seen]] {
        let merged = Sentinel::merged(order.map(|trial| of(&[trial])));
        assert!(!merged.awake);
        assert_eq!(merged.tried.len(), 2);
    }
    let merged = Sentinel::merged([of(&[&seen]), of(&[])]);
    assert!(!merged.awake);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The real judge is never taken for one that can't fail, whatever a run saw.
    #[test]
    fn the_judge_is_awake_in_any_run(seen in observations()) {
        let report = judge(&whole_plan(), &seen, facts());

        let sentinel = report.sentinel.clone().unwrap();
        prop_assert!(sentinel.awake, "{}", sentinel.reason);
        let alone = Report { sentinel: Some(sentinel), ..judge_unwatched(&whole_plan(), &seen, facts()) };
        prop_assert_eq!(report, alone);
    }

    /// Whatever a run saw, a judge that can't find one of the failures passes nothing.
    #[test]
    fn nothing_passes_before_a_judge_that_can_not_fail(seen in observations()) {
        for broken in [always_passes, never_exposed, never_locked_out, never_the_wrong_key, softens] {
            let report = watch(broken, &whole_plan(), &seen, &facts());

            prop_assert!(!report.sentinel.unwrap().awake);
            prop_assert_eq!(report.summary.pass, 0);
            prop_assert!(report.summary.verdict != Verdict::Pass);
        }
    }
}
