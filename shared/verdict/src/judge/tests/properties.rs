// SPDX-License-Identifier: Apache-2.0
//! What must hold of any run, whatever was seen in it.

use std::collections::{BTreeMap, BTreeSet};

use keyproof_core::{PolicyType, Service};
use keyproof_plan::{Action, Exception, Expected, Plan, ProbeKind};
use proptest::prelude::*;

use super::{KEY, OTHER_KEY, expect, facts, place, plan, saw};
use crate::{
    Answer, Blindness, Denial, Encryption, Evidence, Finding, Judge, KeyState, Observations,
    Report, TableObservation, Verdict, judge,
};

pub(crate) fn whole_plan() -> Plan {
    let by = |by, policy| Expected::Denied { by, policy };
    let kms = by(Service::Kms, None);
    let mut plan = plan(vec![
        expect(
            "reader",
            Some("orders"),
            &[Action::Query, Action::Decrypt],
            Expected::Allowed,
            21,
        ),
        expect(
            "outsider",
            Some("orders"),
            &[Action::GetItem, Action::Scan, Action::Decrypt],
            kms,
            22,
        ),
        expect(
            "outsider",
            Some("orders"),
            &[Action::PutItem],
            by(Service::Kms, Some(PolicyType::ResourcePolicy)),
            23,
        ),
        expect(
            "outsider",
            Some("orders"),
            &[Action::Query],
            by(Service::DynamoDb, None),
            24,
        ),
        expect(
            "outsider",
            Some("control"),
            &[Action::GetItem],
            Expected::Allowed,
            25,
        ),
        expect(
            "retired",
            Some("control"),
            &[Action::GetItem],
            by(Service::DynamoDb, None),
            26,
        ),
        expect(
            "retired",
            None,
            &[Action::AssumeRole],
            by(Service::Sts, None),
            27,
        ),
    ]);
    plan.exceptions = vec![Exception {
        probe: "outsider/dynamodb:Scan/orders".to_owned(),
        reason: "r".to_owned(),
        owner: "o".to_owned(),
        expires: "2026-12-31".parse().unwrap(),
        place: place(40),
    }];
    plan
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        4 => Just(Evidence::Canary),
        1 => Just(Evidence::CanaryMissing),
        1 => Just(Evidence::CanaryAltered { attribute: "proof".to_owned() }),
        1 => Just(Evidence::DryRun),
        1 => Just(Evidence::ConditionFailed),
        1 => Just(Evidence::Succeeded),
        1 => Just(Evidence::Evaluated),
        1 => Just(Evidence::GrantLookedUp),
        1 => Just(Evidence::Unproven),
    ]
}

fn denial() -> impl Strategy<Value = Denial> {
    let by = proptest::option::of(prop_oneof![
        3 => Just(Service::Kms),
        1 => Just(Service::DynamoDb),
        1 => Just(Service::Sts),
    ]);
    let policy = proptest::option::of(proptest::sample::select(PolicyType::DENYING.to_vec()));
    let user = proptest::option::of(proptest::sample::select(vec![
        "arn:aws:sts::111122223333:assumed-role/outsider/s".to_owned(),
        "arn:aws:sts::111122223333:assumed-role/reader/s".to_owned(),
        "arn:aws:sts::444455556666:assumed-role/outsider/s".to_owned(),
        "arn:aws:iam::111122223333:role/keyproof/retired".to_owned(),
        "not an arn".to_owned(),
    ]));
    (by, policy, proptest::option::of(any::<bool>()), user).prop_map(
        |(by, policy, explicit, user)| Denial {
            by,
            policy,
            explicit,
            user,
            ..Denial::default()
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => evidence().prop_map(Answer::Allowed),
        4 => denial().prop_map(Answer::Denied),
        1 => Just(Answer::KeyUnusable(KeyState::Disabled)),
        1 => proptest::sample::select(super::matrix::BLINDNESS.to_vec()).prop_map(Answer::Unknown),
    ]
}

fn key_state() -> impl Strategy<Value = Option<KeyState>> {
    proptest::sample::select(vec![
        None,
        Some(KeyState::Enabled),
        Some(KeyState::Enabled),
        Some(KeyState::Disabled),
        Some(KeyState::PendingDeletion),
        Some(KeyState::Unavailable),
    ])
}

fn table() -> impl Strategy<Value = TableObservation> {
    let key = |arn: &str| {
        Some(Encryption::Key {
            arn: arn.to_owned(),
        })
    };
    let encryption = proptest::sample::select(vec![
        None,
        Some(Encryption::AwsOwned),
        key(KEY),
        key(OTHER_KEY),
    ]);
    (answer(), encryption, key_state()).prop_map(|(look, encryption, key_state)| TableObservation {
        look: saw(look),
        encryption,
        expected_key: None,
        key_state,
        table_arn: None,
    })
}

pub(crate) fn observations() -> impl Strategy<Value = Observations> {
    let ids: Vec<String> = whole_plan()
        .probes()
        .into_iter()
        .map(|probe| probe.id)
        .collect();
    let probes = proptest::collection::vec(proptest::option::weighted(0.9, answer()), ids.len());
    let tables = proptest::collection::vec(proptest::option::weighted(0.8, table()), 2);
    (probes, tables).prop_map(move |(answers, tables)| {
        let observed = |(id, answer): (&String, Option<Answer>)| {
            answer.map(|answer| (id.clone(), saw(answer)))
        };
        let names = ["orders".to_owned(), "control".to_owned()];
        let tables = names.into_iter().zip(tables);
        Observations {
            probes: ids.iter().zip(answers).filter_map(observed).collect(),
            tables: tables
                .filter_map(|(name, table)| Some((name, table?)))
                .collect(),
        }
    })
}

fn passing(report: &Report) -> BTreeSet<&str> {
    let rows = report
        .probes
        .iter()
        .filter(|row| row.verdict == Verdict::Pass);
    rows.map(|row| row.id.as_str()).collect()
}

fn exception(probe: keyproof_plan::Probe) -> Exception {
    Exception {
        probe: probe.id,
        reason: "known".to_owned(),
        owner: "somebody".to_owned(),
        expires: facts().today,
        place: probe.place,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_planned_probe_appears_once_in_plan_order_and_the_counts_add_up(seen in observations()) {
        let plan = whole_plan();
        let report = judge(&plan, &seen, facts());

        let planned: Vec<String> = plan.probes().into_iter().map(|probe| probe.id).collect();
        let reported: Vec<String> = report.probes.iter().map(|row| row.id.clone()).collect();
        prop_assert_eq!(&reported, &planned);
        let sum = &report.summary;
        prop_assert_eq!(sum.planned, planned.len());
        prop_assert_eq!(sum.pass + sum.fail + sum.inconclusive + sum.excepted, sum.planned);
    }

    #[test]
    fn units_judged_one_after_another_give_the_report_of_the_whole(seen in observations()) {
        let mut plan = whole_plan();
        plan.exceptions = plan.probes().into_iter().step_by(3).map(exception).collect();
        let whole = judge(&plan, &seen, facts());

        let units = plan.units();
        let mut judge = Judge::new(&plan, facts().today);
        let mut rows = BTreeMap::new();
        // Backwards, as units may come in any order.
        for unit in units.all.iter().rev() {
            let probes = units.probes(unit);
            let own = Observations {
                probes: probes.iter()
                    .filter_map(|(_, probe)| Some((probe.id.clone(), seen.probes.get(&probe.id)?.clone())))
                    .collect(),
                tables: seen.tables.clone(),
            };
            rows.extend(judge.rows(&probes, &own, &facts()));
        }
        let mut report = judge.report(facts());
        report.probes = rows.into_values().collect();
        prop_assert_eq!(report, whole);
    }

    #[test]
    fn a_denied_expectation_passes_by_its_own_layer_with_a_witness_alone(seen in observations()) {
        let plan = whole_plan();
        let report = judge(&plan, &seen, facts());

        for (probe, row) in plan.probes().iter().zip(&report.probes) {
            let ProbeKind::Access { expected: Expected::Denied { by, policy }, table, principal, .. } =
                &probe.kind
            else {
                continue;
            };
            if row.verdict != Verdict::Pass {
                continue;
            }
            let Some(Answer::Denied(denial)) = seen.probes.get(&probe.id).map(|seen| &seen.answer) else {
                return Err(TestCaseError::fail(format!("{} passed undenied", probe.id)));
            };
            prop_assert_eq!(denial.by, Some(*by));
            prop_assert!(policy.is_none() || denial.policy == *policy);
            let Some(table) = table else { continue };
            let role = format!("assumed-role/{principal}/");
            let own_role = format!("role/keyproof/{principal}");
            let own_session = |user: &String| {
                user.contains("111122223333") && (user.contains(&role) || user.ends_with(&own_role))
            };
            let own = denial.user.as_ref().is_none_or(own_session);
            prop_assert!(own, "{} passed by another's refusal", probe.id);
            let witness = plan.probes().into_iter().any(|other| match other.kind {
                ProbeKind::Access { action, table: Some(on), expected: Expected::Allowed, .. } => {
                    action.reads_canary() && on == *table && matches!(
                        seen.probes.get(&other.id).map(|seen| &seen.answer),
                        Some(Answer::Allowed(Evidence::Canary | Evidence::Evaluated))
                    )
                }
                ProbeKind::Access { .. } | ProbeKind::Encryption { .. } => false,
            });
            prop_assert!(witness, "{} passed without a witness", probe.id);
            let state = seen.tables.get(table).and_then(|table| table.key_state);
            prop_assert!(matches!(state, None | Some(KeyState::Enabled)));
        }
    }

    #[test]
    fn an_authorised_call_that_must_be_denied_is_never_softened(seen in observations()) {
        let plan = whole_plan();
        let report = judge(&plan, &seen, facts());

        for (probe, row) in plan.probes().iter().zip(&report.probes) {
            let denied = row.expected.decision == "denied";
            let answer = seen.probes.get(&probe.id).map(|seen| &seen.answer);
            if denied && matches!(answer, Some(Answer::Allowed(_))) {
                prop_assert_eq!(row.finding, Some(Finding::Exposed));
            }
        }
    }

    #[test]
    fn what_was_not_seen_never_passes(seen in observations()) {
        let report = judge(&whole_plan(), &seen, facts());

        for row in &report.probes {
            let known = match row.id.strip_suffix("/encryption") {
                Some(table) => seen.tables.contains_key(table),
                None => seen.probes.contains_key(&row.id),
            };
            prop_assert!(known || row.verdict != Verdict::Pass, "{} passed unseen", row.id);
            let seen_nothing = row.observed.decision == "unknown";
            prop_assert!(!seen_nothing || row.verdict != Verdict::Pass, "{} passed unknown", row.id);
        }
    }

    #[test]
    fn seeing_less_never_passes_more(seen in observations(), lost in 0..30_usize) {
        let plan = whole_plan();
        let mut less = seen.clone();
        let id = less.probes.keys().nth(lost).cloned();
        id.map(|id| less.probes.remove(&id));

        let (more, less) = (judge(&plan, &seen, facts()), judge(&plan, &less, facts()));

        prop_assert!(passing(&less).is_subset(&passing(&more)));
    }

    #[test]
    fn a_run_passes_only_where_every_probe_passed_or_is_excepted(seen in observations()) {
        let report = judge(&whole_plan(), &seen, facts());

        let clean = report.probes.iter().all(|row| match row.verdict {
            Verdict::Pass => true,
            Verdict::Fail => row.exception.is_some(),
            Verdict::Inconclusive => false,
        });
        prop_assert_eq!(report.summary.verdict == Verdict::Pass, clean);
        prop_assert!(report.probes.iter().all(|row| !row.reason.is_empty()));
        prop_assert_eq!(Report::from_json(&report.to_json().unwrap()).unwrap(), report);
    }
}

#[test]
fn blind_probes_alone_make_a_run_inconclusive() {
    let plan = whole_plan();
    let probes = plan.probes().into_iter();
    let seen = Observations {
        probes: probes
            .map(|probe| (probe.id, saw(Answer::Unknown(Blindness::Throttled))))
            .collect(),
        tables: [].into(),
    };

    let report = judge(&plan, &seen, facts());

    assert_eq!(report.summary.verdict, Verdict::Inconclusive);
    assert_eq!(report.summary.inconclusive, report.summary.planned);
}
