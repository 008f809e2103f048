// SPDX-License-Identifier: Apache-2.0
//! What is so, as expectations: none that doesn't pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use keyproof_check::{Circumstances, Estate, observations, verdicts};
use keyproof_plan::{Action, Expectation, Expected, Place, Plan};
use keyproof_verdict::{RunFacts, Verdict};

use super::choose::{Chosen, of};
use crate::universe::questions::questions;
use crate::universe::{Answered, answered};

/// The expectations of a first plan.
pub(super) struct Expectations {
    pub(super) all: Vec<Expectation>,
    pub(super) notes: Vec<String>,
}

pub(super) fn expectations(
    chosen: &Chosen,
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
) -> Expectations {
    let mut asking = chosen.plan.clone();
    asking.expectations = questions(&asking, estate);
    let seen = observations(&asking, estate, circumstances, facts, |_| true);
    let mut plan = Plan {
        expectations: Vec::new(),
        ..asking.clone()
    };
    let mut untold = 0_usize;
    for probe in asking.probes() {
        let Some((principal, action, table, index)) = of(&probe.kind) else {
            continue;
        };
        let expected = match answered(&seen, &probe.id) {
            Answered::Allowed => Expected::Allowed,
            Answered::Denied(Some(by)) => Expected::Denied { by, policy: None },
            Answered::Denied(None) | Answered::Unusable | Answered::Unknown => {
                untold += 1;
                continue;
            }
        };
        if is_wanted(chosen, principal, table) {
            add(
                &mut plan.expectations,
                (principal, action, table, index),
                expected,
            );
        }
    }
    let dropped = keep_what_passes(&mut plan, estate, circumstances, facts);
    let mut notes = Vec::new();
    if untold + dropped > 0 {
        let count = untold + dropped;
        notes.push(format!(
            "{count} question{} whose answer hangs on something that is not known here, or that proves nothing, {} not in the plan",
            if count == 1 { "" } else { "s" },
            if count == 1 { "is" } else { "are" },
        ));
    }
    Expectations {
        all: plan.expectations,
        notes,
    }
}

/// Whether somebody has a part in what is tried on a table.
fn is_wanted(chosen: &Chosen, principal: &str, table: &str) -> bool {
    let Some(part) = chosen.parts.get(principal) else {
        return false;
    };
    let has = |tables: &[String]| tables.iter().any(|one| one == table);
    has(&part.named_for)
        || has(&part.witness_of)
        || has(&part.outsider_of)
        || (chosen.control.as_deref() == Some(table) && !part.outsider_of.is_empty())
}

/// Actions that come to the same are one expectation; those on an index are their own.
fn add(
    all: &mut Vec<Expectation>,
    (principal, action, table, index): (&str, Action, &str, Option<&str>),
    expected: Expected,
) {
    let same = all.iter_mut().find(|one| {
        one.principal == principal
            && one.on.as_deref() == Some(table)
            && one.index.as_deref() == index
            && one.expected == expected
            && one
                .actions
                .first()
                .is_some_and(|first| first.service() == action.service())
    });
    match same {
        Some(one) => Arc::make_mut(&mut one.actions).push(action),
        None => all.push(Expectation {
            principal: principal.to_owned(),
            on: Some(table.to_owned()),
            actions: vec![action].into(),
            index: index.map(str::to_owned),
            expected,
            place: Place::START,
        }),
    }
}

/// Takes out what doesn't pass as things are; how many questions that was.
fn keep_what_passes(
    plan: &mut Plan,
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
) -> usize {
    let report = verdicts(plan, estate, circumstances, facts);
    let failed: BTreeSet<String> = report
        .probes
        .into_iter()
        .filter(|row| row.verdict != Verdict::Pass)
        .map(|row| row.id)
        .collect();
    let mut dropped = 0;
    for one in &mut plan.expectations {
        let on = one.on.clone().unwrap_or_default();
        let tail = one
            .index
            .as_ref()
            .map_or_else(String::new, |index| format!("/{index}"));
        let principal = &one.principal;
        let before = one.actions.len();
        Arc::make_mut(&mut one.actions)
            .retain(|action| !failed.contains(&format!("{principal}/{action}/{on}{tail}")));
        dropped += before - one.actions.len();
    }
    plan.expectations.retain(|one| !one.actions.is_empty());
    dropped
}
