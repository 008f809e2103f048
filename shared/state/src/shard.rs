// SPDX-License-Identifier: Apache-2.0
//! A plan's state as items: one where it is small, a head and parts where it is not.
//!
//! A probe's part is told by a hash of its id, so that a run writes the parts again in which
//! something changed, and no others. There are never fewer parts than there were: nothing is left
//! behind.
//!
//! What changed is written in one transaction with the head, as far as one may hold it. More is
//! written before it, beside what is there, each part under a name that nothing leads to yet; the
//! head then says which of them are the state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Item, ItemError, Key, Noun, PlanState, ProbeState, STATE};

/// The most that an item's probes take, in bytes of JSON. DynamoDB takes 400 KB an item.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LARGEST: usize = 250_000;
/// The most parts.
const MOST_PARTS: usize = 512;

/// The items of a state.
#[derive(Clone, Debug, PartialEq)]
pub struct StateItems {
    /// The item on whose `commit` a write depends.
    pub head: Item,
    /// The parts that are to be written with it.
    pub parts: Vec<Item>,
    /// The parts that are to be written before it. There are none, or all are.
    pub ahead: Vec<Item>,
}

/// A part's item.
#[derive(Serialize, Deserialize)]
struct Portion {
    plan: String,
    part: usize,
    /// The write that it was written ahead of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<String>,
    /// The commit that wrote it.
    commit: u64,
    probes: BTreeMap<String, ProbeState>,
}

impl Noun for Portion {
    const NOUN: &'static str = "a part of a plan's state";

    fn key(&self) -> Key {
        Key::state_part(&self.plan, self.part, self.generation.as_deref())
    }
}

impl Noun for PlanState {
    const NOUN: &'static str = "a plan's state";

    fn key(&self) -> Key {
        Key::state(&self.plan)
    }
}

/// The items that bring the table from `previous` to `state`. `generation` is the write's own name,
/// which no other has. `most` is how many bytes of parts the transaction has room for.
///
/// # Errors
///
/// Where a noun can't be written: never, for a state of this crate.
pub fn split(
    state: &PlanState,
    previous: &PlanState,
    generation: &str,
    most: usize,
) -> Result<StateItems, ItemError> {
    split_at(state, previous, generation, (LARGEST, most))
}

fn split_at(
    state: &PlanState,
    previous: &PlanState,
    generation: &str,
    (largest, most): (usize, usize),
) -> Result<StateItems, ItemError> {
    let count = parts_needed(state, largest)?.max(previous.parts);
    if count == 0 {
        return Ok(StateItems {
            head: state.to_item()?,
            parts: Vec::new(),
            ahead: Vec::new(),
        });
    }
    let same_count = count == previous.parts;
    let mut before = divided(previous, count);
    let mut changed = divided(state, count);
    changed.retain(|part, probes| !same_count || before.remove(part).as_ref() != Some(probes));
    // Some twenty items of a transaction are others'.
    let room = most.div_ceil(largest.max(1)).min(70);
    let generation = (changed.len() > room).then(|| generation.to_owned());
    // INVARIANT (the head leads to each part): what is rewritten in its own place is led to by no
    // generation, and what is written ahead by this one.
    let mut generations = previous.generations.clone();
    if !same_count {
        generations.clear();
    }
    let mut items = Vec::new();
    for (part, probes) in changed {
        match &generation {
            Some(generation) => generations.insert(part.to_string(), generation.clone()),
            None => generations.remove(&part.to_string()),
        };
        let probes = probes
            .into_iter()
            .map(|(id, probe)| (id.clone(), probe.clone()))
            .collect();
        let item = Portion {
            plan: state.plan.clone(),
            part,
            generation: generation.clone(),
            commit: state.commit,
            probes,
        };
        items.push(item.to_item()?);
    }
    let head = PlanState {
        parts: count,
        generations,
        probes: BTreeMap::new(),
        ..state.clone()
    };
    let (parts, ahead) = match generation {
        Some(_) => (Vec::new(), items),
        None => (items, Vec::new()),
    };
    Ok(StateItems {
        head: head.to_item()?,
        parts,
        ahead,
    })
}

/// The keys of parts among a plan's items that no head leads to any more: they were written ahead of
/// a write that is over, or has failed. One that is under way may lead to what is newer.
///
/// # Errors
///
/// Where an item can't be read.
pub fn left_behind(items: &[Item]) -> Result<Vec<Key>, ItemError> {
    let (head, parts) = told_apart(items.to_vec())?;
    let Some(head) = head else {
        return Ok(Vec::new());
    };
    let stale = |part: &Portion| part.commit <= head.commit && !leads_to(&head, part);
    let parts = parts.into_iter();
    Ok(parts.filter(stale).map(|part| part.key()).collect())
}

/// Whether a part is one of the state that the head is of.
fn leads_to(head: &PlanState, part: &Portion) -> bool {
    head.generations.get(&part.part.to_string()) == part.generation.as_ref()
}

fn told_apart(items: Vec<Item>) -> Result<(Option<PlanState>, Vec<Portion>), ItemError> {
    let mut head = None;
    let mut parts = Vec::new();
    for item in items {
        if item.get("sk").and_then(serde_json::Value::as_str) == Some(STATE) {
            head = Some(PlanState::from_item(item)?);
        } else {
            parts.push(Portion::from_item(item)?);
        }
    }
    Ok((head, parts))
}

/// The state that the items of a plan's state hold; a new one where there are none. `None` where
/// they were read while somebody wrote: read them again.
///
/// # Errors
///
/// Where an item can't be read.
pub fn join(plan: &str, items: Vec<Item>) -> Result<Option<PlanState>, ItemError> {
    let (head, mut parts) = told_apart(items)?;
    let Some(mut state) = head else {
        // What was written ahead of the first write leads nowhere yet.
        let nothing = parts.iter().all(|part| part.generation.is_some());
        return Ok(nothing.then(|| PlanState::new(plan)));
    };
    parts.retain(|part| leads_to(&state, part));
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
        sizes.push((hash(id), id.len() + json.len() + 8));
    }
    let total: usize = sizes.iter().map(|(_, size)| size).sum();
    if total <= largest {
        return Ok(0);
    }
    let mut count = 2;
    // A single probe larger than an item can't be helped by more parts.
    while count < MOST_PARTS {
        let mut filled = vec![0; count];
        for (hash, size) in &sizes {
            if let Some(sum) = filled.get_mut(hash % count) {
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
    hash(probe) % count.max(1) + 1
}

/// A number that is always the same for a probe.
fn hash(probe: &str) -> usize {
    let hash = Sha256::digest(probe.as_bytes());
    hash.iter()
        .take(4)
        .fold(0_usize, |number, &byte| (number << 8) | usize::from(byte))
}

#[cfg(test)]
mod tests;
