// SPDX-License-Identifier: Apache-2.0
//! What of an earlier part of a run is kept.

use keyproof_core::Service;
use keyproof_plan::{Action, Expected, Plan};

use super::{Earlier, ForeignRow};
use crate::judge::tests::{expect, facts, plan};
use crate::{Finding, Observations, ProbeRow, Verdict, judge};

/// Places: 0 `orders/encryption`, 1 `control/encryption`, 2 and 3 on `orders`, 4 on `control`, 5 the role.
fn world() -> (Plan, Vec<ProbeRow>) {
    let kms = Expected::Denied {
        by: Service::Kms,
        policy: None,
    };
    let read = &[Action::GetItem];
    let plan = plan(vec![
        expect("outsider", Some("orders"), read, kms, 2),
        expect("outsider", Some("control"), read, Expected::Allowed, 3),
        expect("retired", None, &[Action::AssumeRole], Expected::Allowed, 4),
    ]);
    let mut rows = judge(&plan, &Observations::default(), facts()).probes;
    for row in &mut rows {
        (row.verdict, row.finding) = (Verdict::Pass, None);
    }
    (plan, rows)
}

fn kept(plan: &Plan, rows: impl IntoIterator<Item = (usize, ProbeRow)>) -> Vec<usize> {
    let units = plan.units();
    let mut earlier = Earlier::new(&units);
    for (place, row) in rows {
        earlier.see(place, &row).unwrap();
    }
    let kept = earlier.kept();
    let places: Vec<_> = (0..10).filter(|&place| kept.has(place)).collect();
    assert_eq!(kept.count(), places.len());
    for unit in &units.all {
        let all = units.places(unit).all(|place| places.contains(&place));
        assert_eq!(kept.has_unit(&units, unit), all);
    }
    places
}

#[test]
fn whole_units_that_found_everything_out_are_kept() {
    let (plan, rows) = world();
    let all = rows.iter().cloned().enumerate();

    assert_eq!(kept(&plan, all.clone()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(kept(&plan, all.rev()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(kept(&plan, Vec::new()), Vec::<usize>::new());
}

#[test]
fn a_unit_that_lacks_a_probe_or_found_nothing_out_is_asked_again_as_a_whole() {
    let (plan, rows) = world();
    let but = |gone: usize| {
        let rows = rows.iter().cloned().enumerate();
        rows.filter(move |(place, _)| *place != gone)
    };
    // Without its witness the denial goes too, and without its denial the witness.
    assert_eq!(kept(&plan, but(2)), [1, 4, 5]);
    assert_eq!(kept(&plan, but(3)), [1, 4, 5]);
    assert_eq!(kept(&plan, but(0)), [1, 4, 5]);
    assert_eq!(kept(&plan, but(5)), [0, 1, 2, 3, 4]);

    let mut blind = rows.clone();
    (blind[3].verdict, blind[3].finding) = (Verdict::Inconclusive, Some(Finding::Blind));
    assert_eq!(kept(&plan, blind.into_iter().enumerate()), [1, 4, 5]);
    // What was found out is kept, good or bad.
    let mut bad = rows.clone();
    (bad[3].verdict, bad[3].finding) = (Verdict::Fail, Some(Finding::Exposed));
    assert_eq!(kept(&plan, bad.into_iter().enumerate()), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn rows_of_another_plan_are_refused() {
    let (plan, rows) = world();
    let units = plan.units();
    let mut earlier = Earlier::new(&units);

    let error = earlier.see(1, &rows[2]).unwrap_err();
    assert_eq!(
        error,
        ForeignRow {
            place: 1,
            id: "reader/dynamodb:GetItem/orders".to_owned(),
            planned: Some("control/encryption".to_owned()),
        }
    );
    assert_eq!(
        error.to_string(),
        "its probe 1 is `reader/dynamodb:GetItem/orders`, and the plan's is `control/encryption`"
    );
    let error = earlier.see(60, &rows[2]).unwrap_err();
    assert!(error.to_string().ends_with("and the plan's is none"));
}

#[test]
fn rows_from_before_the_run_began_again_are_forgotten() {
    let (plan, rows) = world();
    let units = plan.units();
    let mut earlier = Earlier::new(&units);
    for (place, row) in rows.iter().enumerate() {
        earlier.see(place, row).unwrap();
    }
    earlier.again();

    assert_eq!(earlier.kept().count(), 0);
}
