// SPDX-License-Identifier: Apache-2.0
//! What each kind of history tells, and when a person is told.

use Finding::{Blind, Exposed, LockedOut, NoWitness, WrongKey};

use super::*;
use crate::ProbeState;

#[test]
fn exposed_pages_at_once_and_so_does_its_end() {
    let told = history(&[
        (0, pass()),
        (15, pass()),
        (30, found(Exposed)),
        (45, found(Exposed)),
        (60, pass()),
        (75, pass()),
    ]);

    assert_eq!(
        told,
        [
            vec!["transition ->pass"],
            vec![],
            vec!["transition pass>exposed PAGES"],
            vec![],
            vec!["transition exposed>pass PAGES"],
            vec![],
        ]
    );
}

#[test]
fn what_fails_at_first_sight_pages() {
    assert_eq!(
        history(&[(0, found(WrongKey))]),
        [vec!["transition ->wrong_key PAGES"]]
    );
}

#[test]
fn locked_out_pages_when_a_run_after_five_minutes_still_says_so() {
    let told = history(&[
        (0, pass()),
        (10, found(LockedOut)),
        (14, found(LockedOut)),
        (16, found(LockedOut)),
        (31, found(LockedOut)),
        (46, pass()),
    ]);

    assert_eq!(
        told,
        [
            vec!["transition ->pass"],
            vec!["transition pass>locked_out"],
            vec![],
            vec!["confirmation locked_out>locked_out PAGES"],
            vec![],
            vec!["transition locked_out>pass PAGES"],
        ]
    );
}

#[test]
fn locked_out_that_has_recovered_pages_nobody() {
    let told = history(&[(0, pass()), (10, found(LockedOut)), (16, pass())]);

    assert_eq!(
        told,
        [
            vec!["transition ->pass"],
            vec!["transition pass>locked_out"],
            vec!["transition locked_out>pass"],
        ]
    );
}

#[test]
fn a_locked_out_awaits_its_confirmation_until_it_has_it() {
    let awaits = |seen: &[(i64, Standing)]| {
        let runs: Vec<_> = (1..)
            .zip(seen)
            .map(|(seq, (minutes, standing))| (seq, report(seq, *minutes, &[(READ, *standing)])))
            .collect();
        let all = applied(&runs);
        all.iter()
            .map(|applied| applied.unconfirmed)
            .collect::<Vec<_>>()
    };

    assert_eq!(
        awaits(&[
            (0, found(LockedOut)),
            (2, found(LockedOut)),
            (6, found(LockedOut))
        ]),
        [true, true, false]
    );
    assert_eq!(
        awaits(&[(0, found(LockedOut)), (6, found(Blind)), (12, pass())]),
        [true, true, false]
    );
    assert_eq!(awaits(&[(0, found(Exposed))]), [false]);
}

#[test]
fn a_run_that_found_nothing_out_ends_no_incident_and_confirms_none() {
    let told = history(&[
        (0, found(Exposed)),
        (15, found(Blind)),
        (30, found(Exposed)),
        (45, found(Blind)),
        (60, pass()),
    ]);

    assert_eq!(
        told,
        [
            vec!["transition ->exposed PAGES"],
            vec!["transition exposed>blind"],
            vec!["transition blind>exposed"],
            vec!["transition exposed>blind"],
            vec!["transition blind>pass PAGES"],
        ]
    );
    let told = history(&[
        (0, found(LockedOut)),
        (15, found(Blind)),
        (30, found(LockedOut)),
    ]);
    assert_eq!(
        told,
        [
            vec!["transition ->locked_out"],
            vec!["transition locked_out>blind"],
            vec![
                "transition blind>locked_out",
                "confirmation blind>locked_out PAGES"
            ],
        ]
    );
}

#[test]
fn inconclusive_alone_pages_nobody() {
    assert_eq!(
        history(&[(0, pass()), (15, found(Blind)), (30, pass())]),
        [
            vec!["transition ->pass"],
            vec!["transition pass>blind"],
            vec!["transition blind>pass"],
        ]
    );
}

#[test]
fn what_stays_failed_is_said_again_once_a_day() {
    let day = 24 * 60;

    let told = history(&[
        (0, found(Exposed)),
        (day - 1, found(Exposed)),
        (day, found(Exposed)),
        (day + 15, found(Exposed)),
        (2 * day - 1, found(Blind)),
        (2 * day, found(Blind)),
        (2 * day + 15, found(Exposed)),
    ]);

    assert_eq!(
        told,
        [
            vec!["transition ->exposed PAGES"],
            vec![],
            vec!["reminder exposed>exposed PAGES"],
            vec![],
            vec!["transition exposed>blind"],
            vec![],
            vec!["transition blind>exposed", "reminder blind>exposed PAGES"],
        ]
    );
}

#[test]
fn an_excepted_failure_pages_nobody_until_the_exception_expires() {
    let told = history(&[
        (0, pass()),
        (15, excepted(Exposed)),
        (3000, excepted(Exposed)),
        (3015, found(Exposed)),
    ]);

    assert_eq!(
        told,
        [
            vec!["transition ->pass"],
            vec!["transition pass>exposed(excepted)"],
            vec![],
            vec!["transition exposed(excepted)>exposed PAGES"],
        ]
    );
}

#[test]
fn a_locked_out_whose_exception_expires_was_confirmed_long_ago() {
    assert_eq!(
        history(&[(0, excepted(LockedOut)), (60, found(LockedOut))]),
        [
            vec!["transition ->locked_out(excepted)"],
            vec!["transition locked_out(excepted)>locked_out PAGES"],
        ]
    );
    assert_eq!(
        history(&[(0, excepted(LockedOut)), (2, found(LockedOut))]),
        [
            vec!["transition ->locked_out(excepted)"],
            vec!["transition locked_out(excepted)>locked_out"],
        ]
    );
}

#[test]
fn an_exception_ends_an_incident_without_a_page() {
    assert_eq!(
        history(&[(0, found(Exposed)), (15, excepted(Exposed)), (30, pass())]),
        [
            vec!["transition ->exposed PAGES"],
            vec!["transition exposed>exposed(excepted)"],
            vec!["transition exposed(excepted)>pass"],
        ]
    );
}

#[test]
fn another_finding_is_another_incident() {
    let runs = [
        (1, report(1, 0, &[(STEAL, found(LockedOut))])),
        (2, report(2, 15, &[(STEAL, found(Exposed))])),
        (3, report(3, 30, &[(STEAL, pass())])),
    ];

    let all = applied(&runs);

    let told: Vec<_> = all
        .iter()
        .flat_map(Applied::entries)
        .map(|entry| {
            (
                short(entry),
                entry.incident.clone().unwrap_or_default(),
                entry.ends_incident(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("transition ->locked_out", "orders/1/0", false),
            ("transition locked_out>exposed PAGES", "orders/2/0", false),
            ("transition exposed>pass PAGES", "orders/2/0", true),
        ]
        .map(|(told, incident, ends)| (told.to_owned(), incident.to_owned(), ends))
    );
}

#[test]
fn a_probe_that_leaves_the_plan_is_retired_unless_it_passed() {
    let runs = [
        (1, report(1, 0, &[(READ, pass()), (STEAL, found(Exposed))])),
        (2, report(2, 15, &[("new/dynamodb:Scan/orders", pass())])),
    ];

    let all = applied(&runs);

    let last = all.last().unwrap();
    let told: Vec<_> = (last.entries())
        .map(|entry| (entry.probe.as_str(), short(entry), entry.ends_incident()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "new/dynamodb:Scan/orders",
                "transition ->pass".to_owned(),
                false
            ),
            (STEAL, "retired exposed>-".to_owned(), true),
        ]
    );
    let left: Vec<_> = last.state.probes.keys().map(String::as_str).collect();
    assert_eq!(left, ["new/dynamodb:Scan/orders"]);
}

#[test]
fn a_run_that_began_earlier_changes_no_standing_and_is_told_as_late() {
    let runs = [
        (1, report(1, 0, &[(READ, pass()), (STEAL, pass())])),
        (3, report(3, 30, &[(READ, pass()), (STEAL, pass())])),
        (
            2,
            report(2, 15, &[(READ, found(LockedOut)), (STEAL, found(Exposed))]),
        ),
    ];

    let all = applied(&runs);

    let last = all.last().unwrap();
    let told: Vec<_> = last.entries().map(short).collect();
    assert_eq!(told, ["late pass>locked_out", "late pass>exposed PAGES"]);
    assert!(last.run.late);
    assert_eq!((last.run.commit, last.run.seq), (3, 2));
    let before = &all.get(1).unwrap().state;
    assert_eq!(
        last.state,
        PlanState {
            commit: 3,
            ..before.clone()
        }
    );
}

#[test]
fn a_late_run_repeats_no_page() {
    let runs = [
        (2, report(2, 15, &[(STEAL, found(Exposed))])),
        (3, report(3, 30, &[(STEAL, found(Blind))])),
        (
            1,
            report(
                1,
                0,
                &[
                    (STEAL, found(Exposed)),
                    (READ, found(Exposed)),
                    ("old/kms:Decrypt/orders", found(LockedOut)),
                ],
            ),
        ),
    ];

    let all = applied(&runs);

    let told: Vec<_> = all
        .last()
        .unwrap()
        .entries()
        .map(|entry| (entry.probe.as_str(), short(entry)))
        .collect();
    assert_eq!(
        told,
        [
            (STEAL, "late blind>exposed".to_owned()),
            // Of a probe that the plan no longer has, what is grave is still told.
            (READ, "late ->exposed PAGES".to_owned()),
        ]
    );
}

#[test]
fn the_last_pass_is_that_of_the_run_that_began_last() {
    let runs = [
        (1, report(1, 0, &[(STEAL, pass())])),
        (4, report(4, 45, &[(STEAL, found(Blind))])),
        (3, report(3, 30, &[(STEAL, pass())])),
        (2, report(2, 15, &[(STEAL, pass())])),
    ];

    let all = applied(&runs);

    let seqs: Vec<_> = all
        .iter()
        .map(|applied| {
            let seq = |run: &Option<LastRun>| run.as_ref().map(|run| run.seq);
            (seq(&applied.state.last_run), seq(&applied.state.last_pass))
        })
        .collect();
    assert_eq!(
        seqs,
        [
            (Some(1), Some(1)),
            (Some(4), Some(1)),
            (Some(4), Some(3)),
            (Some(4), Some(3)),
        ]
    );
}

#[test]
fn what_is_not_found_out_is_counted_from_its_first_run_whatever_the_reason() {
    let seen = [
        (0, pass()),
        (10, found(Blind)),
        (20, found(NoWitness)),
        (30, found(NoWitness)),
        (40, found(Blind)),
        (50, found(Exposed)),
        (60, found(NoWitness)),
    ];
    let runs: Vec<_> = (1..)
        .zip(&seen)
        .map(|(seq, (minutes, standing))| (seq, report(seq, *minutes, &[(STEAL, *standing)])))
        .collect();

    let all = applied(&runs);

    let since: Vec<_> = all
        .iter()
        .map(|applied| {
            let probe = applied.state.probes.get(STEAL).unwrap();
            (
                probe.since,
                probe.inconclusive_since,
                probe.inconclusive_since(),
            )
        })
        .collect();
    let (first, later) = (Some(minute(10)), Some(minute(60)));
    assert_eq!(
        since,
        [
            (minute(0), None, None),
            (minute(10), None, first),
            (minute(20), first, first),
            (minute(20), first, first),
            (minute(40), first, first),
            (minute(50), None, None),
            (minute(60), None, later),
        ]
    );
}

/// Where it is known from one finding, the item is as it always was; what another version wrote is read, and
/// counted from then on.
#[test]
fn a_state_of_before_knows_no_more_than_its_last_reason() {
    let runs = [(1, report(1, 10, &[(STEAL, found(Blind))]))];
    let state = applied(&runs).pop().unwrap().state;
    let stored = serde_json::to_value(&state.probes).unwrap();
    assert_eq!(stored[STEAL].get("inconclusive_since"), None);

    let next = report(2, 20, &[(STEAL, found(NoWitness))]);
    let applied = apply(&state, &next, &observed(2), &Rules::default()).unwrap();

    let probe = applied.state.probes.get(STEAL).unwrap();
    assert_eq!(probe.inconclusive_since, Some(minute(10)));
    let stored = serde_json::to_value(probe).unwrap();
    assert_eq!(stored["inconclusive_since"], "2026-01-15T00:10:00Z");
    let again: ProbeState = serde_json::from_value(stored).unwrap();
    assert_eq!(&again, probe);
}
