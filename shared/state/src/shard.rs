// SPDX-License-Identifier: Apache-2.0
//! A plan's state as items: one where it is small, a head and parts where it is not.
//!
//! A probe's part is told by a hash of its id, so that a run writes the parts again in which
//! something changed, and no others. There are never fewer parts than there were: nothing is left
//! behind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Item, ItemError, Key, Noun, PlanState, ProbeState, STATE};

/// The most that an item's probes take, in bytes of JSON. DynamoDB takes 400 KB an item.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LARGEST: usize = 250_000;

/// The items of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateItems {
    /// The item on whose `commit` a write depends.
    pub head: Item,
    /// The parts that are to be written with it.
    pub parts: Vec<Item>,
}

/// A part's item.
#[derive(Serialize, Deserialize)]
struct Portion {
    plan: String,
    part: usize,
    /// The commit that wrote it.
    commit: u64,
    probes: BTreeMap<String, ProbeState>,
}

impl Noun for Portion {
    const NOUN: &'static str = "a part of a plan's state";

    fn key(&self) -> Key {
        Key::state_part(&self.plan, self.part)
    }
}

impl Noun for PlanState {
    const NOUN: &'static str = "a plan's state";

    fn key(&self) -> Key {
        Key::state(&self.plan)
    }
}

/// The items that bring the table from `previous` to `state`.
///
/// # Errors
///
/// Where a noun can't be written: never, for a state of this crate.
pub fn split(state: &PlanState, previous: &PlanState) -> Result<StateItems, ItemError> {
    split_at(state, previous, LARGEST)
}

fn split_at(
    state: &PlanState,
    previous: &PlanState,
    largest: usize,
) -> Result<StateItems, ItemError> {
    let count = parts_needed(state, largest)?.max(previous.parts);
    if count == 0 {
        return Ok(StateItems {
            head: state.to_item()?,
            parts: Vec::new(),
        });
    }
    let same_count = count == previous.parts;
    let mut before = divided(previous, count);
    let mut parts = Vec::new();
    for (part, probes) in divided(state, count) {
        let changed = !same_count || before.remove(&part).as_ref() != Some(&probes);
        if changed {
            let probes = probes
                .into_iter()
                .map(|(id, probe)| (id.clone(), probe.clone()))
                .collect();
            let item = Portion {
                plan: state.plan.clone(),
                part,
                commit: state.commit,
                probes,
            };
            parts.push(item.to_item()?);
        }
    }
    let head = PlanState {
        parts: count,
        probes: BTreeMap::new(),
        ..state.clone()
    };
    Ok(StateItems {
        head: head.to_item()?,
        parts,
    })
}

/// The state that the items of a plan's state hold; a new one where there are none. `None` where
/// they were read while somebody wrote: read them again.
///
/// # Errors
///
/// Where an item can't be read.
pub fn join(plan: &str, items: Vec<Item>) -> Result<Option<PlanState>, ItemError> {
    let mut head = None;
    let mut parts = Vec::new();
    for item in items {
        if item.get("sk").and_then(serde_json::Value::as_str) == Some(STATE) {
            head = Some(PlanState::from_item(item)?);
        } else {
            parts.push(Portion::from_item(item)?);
        }
    }
    let Some(mut state) = head else {
        return Ok(parts.is_empty().then(|| PlanState::new(plan)));
    };
    let torn = parts.len() != state.parts || parts.iter().any(|part| part.commit > state.commit);
    if torn {
        return Ok(None);
    }
    for part in parts {
        state.probes.extend(part.probes);
    }
    Ok(Some(state))
}

/// The smallest power of two of parts, none of which is too large; 0 where no parts are needed.
fn parts_needed(state: &PlanState, largest: usize) -> Result<usize, ItemError> {
    let mut sizes = Vec::with_capacity(state.probes.len());
    for (id, probe) in &state.probes {
        let json = serde_json::to_string(probe).map_err(|source| ItemError::Damaged {
            noun: PlanState::NOUN,
            source,
        })?;
        sizes.push((id, id.len() + json.len() + 8));
    }
    let total: usize = sizes.iter().map(|(_, size)| size).sum();
    if total <= largest {
        return Ok(0);
    }
    let mut count = 2;
    // A single probe larger than an item can't be helped by more parts.
    while count < 64 {
        let mut filled = vec![0; count];
        for (id, size) in &sizes {
            if let Some(sum) = filled.get_mut(part_of(id, count) - 1) {
                *sum += size;
            }
        }
        if filled.iter().all(|&sum| sum <= largest) {
            break;
        }
        count *= 2;
    }
    Ok(count)
}

/// The probes of each part, empty ones too.
fn divided(state: &PlanState, count: usize) -> BTreeMap<usize, BTreeMap<&String, &ProbeState>> {
    let mut parts: BTreeMap<_, BTreeMap<_, _>> =
        (1..=count).map(|part| (part, BTreeMap::new())).collect();
    for (id, probe) in &state.probes {
        parts
            .entry(part_of(id, count))
            .or_default()
            .insert(id, probe);
    }
    parts
}

/// The part of a probe, from 1.
fn part_of(probe: &str, count: usize) -> usize {
    let hash = Sha256::digest(probe.as_bytes());
    let number = hash
        .iter()
        .take(4)
        .fold(0_usize, |number, &byte| (number << 8) | usize::from(byte));
    number % count.max(1) + 1
}

#[cfg(test)]
mod tests;
