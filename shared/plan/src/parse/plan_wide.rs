// SPDX-License-Identifier: Apache-2.0
//! The rules that need the whole plan. They say nothing about what is only half readable: one
//! misspelling must not bring two errors.

use std::collections::HashMap;

use keyproof_document::Place;

use super::cursor::{Cursor, Errors, shown};
use super::expectation::{Decision, Draft};
use super::names::Names;
use crate::error::PlanProblem;
use crate::probe;

/// Pushes that nothing is expected.
pub(super) fn no_expectations(cursor: &Cursor<'_>, errors: &mut Errors) {
    if cursor.node.as_sequence().is_some() {
        let what = "a plan without expectations proves nothing";
        let mend = "expect at least one action to be allowed or denied";
        cursor.push(errors, PlanProblem::Empty { what, mend });
    }
}

/// Pushes probes that are planned twice. The ids of all probes, where all can be told.
pub(super) fn probe_ids(
    names: &Names<'_>,
    drafts: &[Draft<'_>],
    errors: &mut Errors,
) -> Option<Vec<String>> {
    let mut ids: Vec<String> = names
        .tables
        .iter()
        .map(|(key, _)| probe::encryption_id(&key.text))
        .collect();
    let mut seen: HashMap<String, Place> = HashMap::new();
    for draft in drafts.iter().filter(|draft| !draft.partial) {
        for &action in &draft.actions {
            let principal = draft.principal.unwrap_or_default();
            let id = probe::access_id(principal, action, draft.on, draft.index);
            if let Some(&first) = seen.get(&id) {
                let problem = PlanProblem::DuplicateProbe {
                    probe: shown(&id),
                    first,
                };
                errors.push(draft.place, &draft.path, problem);
            } else {
                seen.insert(id.clone(), draft.place);
                ids.push(id);
            }
        }
    }
    let complete = !drafts.is_empty() && drafts.iter().all(|draft| !draft.partial);
    complete.then_some(ids)
}

/// Pushes tables on which a denial is expected but no read of the canary.
pub(super) fn witnesses(names: &Names<'_>, drafts: &[Draft<'_>], errors: &mut Errors) {
    let declared = |name: &str| names.tables.iter().any(|(key, _)| key.text == name);
    for (key, cursor) in &names.tables {
        let is_on_table = |draft: &&Draft<'_>| draft.on == Some(key.text.as_str());
        let denied = (drafts.iter().filter(is_on_table))
            .find(|draft| draft.decision == Some(Decision::Denied));
        // What is misspelt may be the witness: its table, its action or its decision.
        let may_witness = |draft: &Draft<'_>| {
            draft.decision != Some(Decision::Denied)
                && (is_on_table(&draft) || !draft.on.is_some_and(declared))
                && (draft.partial || draft.actions.iter().any(|action| action.reads_canary()))
        };
        if let Some(denied) = denied.filter(|_| !drafts.iter().any(may_witness)) {
            let (table, denied) = (shown(&key.text), denied.place);
            errors.push(
                key.place,
                &cursor.path,
                PlanProblem::NoWitness { table, denied },
            );
        }
    }
}

/// Pushes second exceptions for the same probe.
pub(super) fn repeated_exceptions(items: &[Cursor<'_>], errors: &mut Errors) {
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for item in items {
        let Some(probe) = item.node.get("probe").and_then(|node| node.as_str()) else {
            continue;
        };
        if let Some(&first) = seen.get(probe) {
            let text = shown(probe);
            item.push(
                errors,
                PlanProblem::Repeated {
                    noun: "an exception for",
                    text,
                    first,
                },
            );
        } else {
            seen.insert(probe, item.node.place);
        }
    }
}
