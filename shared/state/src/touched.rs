// SPDX-License-Identifier: Apache-2.0
//! The part of a plan that a change may concern.
//!
//! What a table is encrypted with is known from the plan where that names the key, and else from what the
//! newest run found ([`ProbeState::key`]). Where that isn't known, a change of any key may concern the table:
//! a table too many is asked, never one too few.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use keyproof_plan::{About, Plan, Probe, Table, TableKey, Unit};
use keyproof_verdict::{PartRow, Verdict};

use crate::{PlanState, ProbeState, Reference, ReferenceKind};

/// The units of the plan that a change of these may concern. `None` where the whole must be run: nothing is
/// known of it yet, the change isn't known to touch anything of it, or touches all of it.
#[must_use]
pub fn touched<'p>(
    plan: &'p Plan,
    known: &PlanState,
    touches: &BTreeSet<Reference>,
) -> Option<Vec<Unit<'p>>> {
    // What wasn't asked keeps what it was found to be: so all of it must have been, by this version.
    let whole = known.last_run.as_ref()?;
    if whole.plan_digest != plan.digest {
        return None;
    }
    let all = plan.units().all;
    let count = all.len();
    let some: Vec<_> = (all.into_iter())
        .filter(|unit| is_touched(plan, known, touches, unit))
        .collect();
    (!some.is_empty() && some.len() < count).then_some(some)
}

/// What a report says of such a part.
#[must_use]
pub fn part_row(plan: &Plan, touches: &BTreeSet<Reference>) -> PartRow {
    PartRow {
        of: plan.planned(),
        touching: touches.iter().map(ToString::to_string).collect(),
    }
}

fn is_touched(
    plan: &Plan,
    known: &PlanState,
    touches: &BTreeSet<Reference>,
    unit: &Unit<'_>,
) -> bool {
    let roles = (unit.principals.iter()).filter_map(|&name| plan.principals.get(name));
    let mut roles = roles.map(|principal| Reference::role_arn(&principal.role));
    if roles.any(|role| touches.contains(&role)) {
        return true;
    }
    let About::Table(_, name) = unit.about else {
        return false;
    };
    let Some(table) = plan.tables.get(name) else {
        return false;
    };
    touches.contains(&Reference::table(&table.name))
        || has_touched_key(
            table,
            known.probes.get(&Probe::of_table(name, table).id),
            touches,
        )
}

fn has_touched_key(
    table: &Table,
    found: Option<&ProbeState>,
    touches: &BTreeSet<Reference>,
) -> bool {
    let named = table.key.key_id().map(Reference::key);
    if named.is_some_and(|key| touches.contains(&key)) {
        return true;
    }
    let found_key = found.and_then(|found| found.key.as_deref());
    if let Some(key) = found_key {
        return touches.contains(&Reference::key(key));
    }
    let as_planned = found.is_some_and(|found| found.standing.verdict == Verdict::Pass)
        && !matches!(table.key, TableKey::Alias(_));
    let of_a_key = |it: &Reference| matches!(it.kind, ReferenceKind::Key | ReferenceKind::Alias);
    !as_planned && touches.iter().any(of_a_key)
}
