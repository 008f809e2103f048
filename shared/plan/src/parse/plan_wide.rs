// SPDX-License-Identifier: Apache-2.0
//! The rules that need the whole plan. They say nothing about what is only half readable: one
//! misspelling must not bring two errors.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use keyproof_document::Place;

use super::cursor::{Cursor, Errors, shown};
use super::expectation::{Decision, Draft};
use super::names::Names;
use crate::definition::MAX_PROBES;
use crate::error::PlanProblem;
use crate::model::{Principal, Table};
use crate::probe;

/// Pushes that nothing is expected.
pub(super) fn no_expectations(cursor: &Cursor<'_>, errors: &mut Errors) {
    if cursor.node.as_sequence().is_some() {
        let what = "a plan without expectations proves nothing";
        let mend = "expect at least one action to be allowed or denied";
        cursor.push(errors, PlanProblem::Empty { what, mend });
    }
}

/// Pushes probes that are planned twice, and too many of them.
///
/// Kept small, as a plan may have very many: of each principal, table and index the actions so far, a
/// bit each. Which expectation was the first is looked for where there is a second alone.
pub(super) fn probes(names: &Names<'_>, drafts: &[Draft<'_>], errors: &mut Errors) {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut number = |name| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(name).or_insert(next)
    };
    let mut seen: HashMap<(u32, Option<u32>, Option<u32>), u32> = HashMap::new();
    let mut planned = names.tables.len();
    for (nth, draft) in drafts.iter().enumerate() {
        let asked = draft.principals.len().saturating_mul(draft.on.len().max(1));
        planned = planned.saturating_add(asked.saturating_mul(draft.actions.len()));
        if planned > MAX_PROBES {
            let (count, what, limit) = (planned, "probes up to this expectation", MAX_PROBES);
            let problem = PlanProblem::TooMany { count, what, limit };
            errors.push(draft.place, &draft.path, problem);
            return;
        }
        if draft.partial {
            continue;
        }
        let index = draft.index.map(&mut number);
        for (principal, on) in draft.pairs() {
            let key = (number(principal), on.map(&mut number), index);
            let actions = seen.entry(key).or_default();
            for &action in &draft.actions {
                let bit = 1_u32 << (action as u32);
                if *actions & bit == 0 {
                    *actions |= bit;
                    continue;
                }
                let same = |other: &&Draft<'_>| {
                    !other.partial
                        && other.index == draft.index
                        && other.actions.contains(&action)
                        && other.pairs().any(|pair| pair == (principal, on))
                };
                // The draft itself, where it is none before it: its lists name nobody twice.
                let first = drafts.iter().take(nth).find(same).unwrap_or(draft).place;
                let id = probe::access_id(principal, action, on, draft.index);
                let problem = PlanProblem::DuplicateProbe {
                    probe: shown(&id),
                    first,
                };
                errors.push(draft.place, &draft.path, problem);
            }
        }
    }
}

/// The ids of all probes, where all can be told.
pub(super) fn probe_ids(names: &Names<'_>, drafts: &[Draft<'_>]) -> Option<Vec<String>> {
    if drafts.is_empty() || drafts.iter().any(|draft| draft.partial) {
        return None;
    }
    let tables = names.tables.iter();
    let tables = tables.map(|(key, _)| probe::encryption_id(&key.text));
    let asked = drafts.iter().flat_map(|draft| {
        draft.pairs().flat_map(move |(principal, on)| {
            let actions = draft.actions.iter();
            actions.map(move |&action| probe::access_id(principal, action, on, draft.index))
        })
    });
    Some(tables.chain(asked).collect())
}

/// Pushes tables on which a denial is expected but no read of the canary.
pub(super) fn witnesses(names: &Names<'_>, drafts: &[Draft<'_>], errors: &mut Errors) {
    // What is misspelt may be the witness: its table, its action or its decision.
    let may_witness = |draft: &&Draft<'_>| {
        draft.decision != Some(Decision::Denied)
            && (draft.partial || draft.actions.iter().any(|action| action.reads_canary()))
    };
    let mut witnessed: HashSet<&str> = HashSet::new();
    for draft in drafts.iter().filter(may_witness) {
        let mut declared = draft
            .on
            .iter()
            .filter(|on| names.tables.contains(on))
            .peekable();
        if declared.peek().is_none() {
            // It may be meant for any table.
            return;
        }
        witnessed.extend(declared);
    }
    let mut denied: HashMap<&str, Place> = HashMap::new();
    for draft in drafts {
        if draft.decision == Some(Decision::Denied) {
            for on in &draft.on {
                denied.entry(on).or_insert(draft.place);
            }
        }
    }
    for (key, cursor) in names.tables.iter() {
        let name = key.text.as_str();
        if let Some(&denied) = denied.get(name).filter(|_| !witnessed.contains(name)) {
            let table = shown(name);
            errors.push(
                key.place,
                &cursor.path,
                PlanProblem::NoWitness { table, denied },
            );
        }
    }
}

/// Pushes tables that have a name alone and are asked about from several accounts: to each caller a name
/// is a table of its own account, so that a denial and its witness would be about two tables.
pub(super) fn accounts(
    names: &Names<'_>,
    tables: &IndexMap<String, Table>,
    principals: &IndexMap<String, Principal>,
    drafts: &[Draft<'_>],
    errors: &mut Errors,
) {
    let account = |name: &str| Some(principals.get(name)?.role.account());
    let mut all = principals.values().map(|each| each.role.account());
    let first = all.next();
    if all.all(|account| Some(account) == first) {
        return;
    }
    let looking = tables
        .iter()
        .filter_map(|(on, table)| Some((table.inspect_as.as_deref()?, Some(on.as_str()))));
    let asking = drafts.iter().flat_map(Draft::pairs);
    let mut callers: HashMap<&str, &str> = HashMap::new();
    let mut several: HashMap<&str, (&str, &str)> = HashMap::new();
    for (principal, on) in looking.chain(asking) {
        let by_name = on.filter(|&on| tables.get(on).is_some_and(|table| table.arn.is_none()));
        let Some(on) = by_name else { continue };
        let one = *callers.entry(on).or_insert(principal);
        if account(one) != account(principal) {
            several.entry(on).or_insert((one, principal));
        }
    }
    for (key, cursor) in names.tables.iter() {
        let on = key.text.as_str();
        let (Some(&(one, other)), Some(table)) = (several.get(on), tables.get(on)) else {
            continue;
        };
        let of = |name| account(name).unwrap_or_default().to_owned();
        let problem = PlanProblem::TableOfSeveralAccounts {
            table: shown(on),
            name: table.name.clone(),
            one: shown(one),
            of_one: of(one),
            other: shown(other),
            of_other: of(other),
        };
        errors.push(key.place, &cursor.path, problem);
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
