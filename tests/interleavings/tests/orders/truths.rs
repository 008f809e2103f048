// SPDX-License-Identifier: Apache-2.0
//! What must be so, whatever happens in whichever order.

use std::collections::{BTreeMap, BTreeSet};

use keyproof_state::{ChangeItem, EntryKind, PlanState, RunItem, Standing};
use keyproof_store::Store;
use keyproof_store::memory::MemoryTable;
use keyproof_verdict::{Finding, Report};

use crate::world::{READ, World, at_once};

/// Everything that was committed.
pub(crate) struct Committed {
    pub(crate) state: PlanState,
    /// In the order of their commits.
    pub(crate) runs: Vec<(RunItem, Vec<ChangeItem>)>,
}

impl Committed {
    pub(crate) fn of(store: &Store<MemoryTable>) -> Self {
        let mut runs = at_once(store.runs("orders", None, 1000)).unwrap();
        runs.reverse();
        let with_changes = |run: RunItem| {
            let changes = at_once(store.changes("orders", run.commit)).unwrap();
            (run, changes)
        };
        Self {
            state: at_once(store.state("orders")).unwrap(),
            runs: runs.into_iter().map(with_changes).collect(),
        }
    }
}

fn must(so: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if so { Ok(()) } else { Err(what()) }
}

/// Commits have no gap, no run is committed twice, each transition goes on where the last one ended,
/// what is known is what the newest run saw, and no sight of an open door is kept from people.
pub(crate) fn of_commits(world: &World) -> Result<(), String> {
    if world.is_as_before() {
        return Ok(());
    }
    let store = world.store();
    let Committed { state, runs } = Committed::of(&store);
    let numbers: Vec<u64> = runs.iter().map(|(run, _)| run.commit).collect();
    must(numbers == (1..=state.commit).collect::<Vec<_>>(), || {
        format!(
            "the state is of commit {}, the runs of {numbers:?}",
            state.commit
        )
    })?;
    let ids: BTreeSet<_> = runs.iter().map(|(run, _)| &run.run_id).collect();
    must(ids.len() == runs.len(), || {
        "a run is committed twice".to_owned()
    })?;
    for (run, _) in &runs {
        let status = at_once(store.run_status(&run.run_id)).unwrap();
        let told = status.and_then(|status| status.commit);
        must(told == Some(run.commit), || {
            format!("the status of commit {} says {told:?}", run.commit)
        })?;
    }
    let newest = runs.iter().max_by_key(|(run, _)| run.seq);
    if let Some((newest, _)) = newest {
        must(state.seq() == newest.seq, || {
            format!(
                "{} began last, and what is known is of {}",
                newest.seq,
                state.seq()
            )
        })?;
        let (seen, known) = (standing(newest), state.probes.get(READ));
        must(known.is_some_and(|known| known.standing == seen), || {
            format!("the newest run saw {seen:?}, known is {known:?}")
        })?;
    }
    transitions(&runs)
}

fn standing(run: &RunItem) -> Standing {
    let report = Report::from_json(run.report.as_deref().unwrap()).unwrap();
    let row = report.probes.iter().find(|row| row.id == READ);
    Standing::of(row.unwrap())
}

fn transitions(runs: &[(RunItem, Vec<ChangeItem>)]) -> Result<(), String> {
    let mut told: BTreeMap<&str, Standing> = BTreeMap::new();
    let mut paged = false;
    let mut newest = 0;
    for (run, changes) in runs {
        let entries = changes.iter().flat_map(|change| &change.entries);
        let of_read: Vec<_> = entries
            .clone()
            .filter(|entry| entry.probe == READ)
            .collect();
        for entry in entries.filter(|entry| entry.kind == EntryKind::Transition) {
            must(
                told.get(entry.probe.as_str()) == entry.from.as_ref(),
                || {
                    format!(
                        "{} goes on from {:?}, and {told:?} was told",
                        entry.id, entry.from
                    )
                },
            )?;
            told.insert(&entry.probe, entry.to.unwrap());
        }
        must(run.late == (run.seq < newest), || {
            format!("commit {} says late: {}", run.commit, run.late)
        })?;
        newest = newest.max(run.seq);
        let seen = standing(run);
        if !run.late {
            must(told.get(READ) == Some(&seen), || {
                format!("commit {} saw {seen:?}, and {told:?} was told", run.commit)
            })?;
        }
        // Of an open door somebody is told: by this run, or by one before that saw the same.
        let now = of_read.iter().any(|entry| entry.pages);
        if seen.finding == Some(Finding::Exposed) {
            must(now || paged, || {
                format!("commit {} saw an open door, and nobody is told", run.commit)
            })?;
        }
        if !run.late {
            paged = seen.finding == Some(Finding::Exposed);
        }
    }
    Ok(())
}

/// What each sink is to be told of all that was committed, in order.
fn due(committed: &Committed) -> BTreeMap<&'static str, Vec<String>> {
    let mut due: BTreeMap<_, Vec<String>> = [("bus", vec![]), ("topic", vec![])].into();
    for (run, changes) in &committed.runs {
        let entries = || changes.iter().flat_map(|change| &change.entries);
        let bus = due.entry("bus").or_default();
        bus.push(format!("orders/{}", run.commit));
        bus.extend(entries().map(|entry| entry.id.clone()));
        let pages = entries().filter(|entry| entry.pages);
        let topic = due.entry("topic").or_default();
        topic.extend(pages.map(|entry| entry.id.clone()));
    }
    due
}

/// Each sink was told everything, in order, and nothing more than `most` times.
pub(crate) fn of_publication(world: &World, most: usize) -> Result<(), String> {
    let heard = world.heard.borrow();
    for (sink, due) in due(&Committed::of(&world.store())) {
        let told = heard.iter().filter(|(other, _)| *other == sink);
        let mut first = Vec::new();
        let mut times = BTreeMap::new();
        for (_, id) in told {
            let count = times.entry(id).or_insert(0);
            *count += 1;
            if *count == 1 {
                first.push(id.clone());
            }
            must(*count <= most, || {
                format!("{sink} was told {id} {count} times")
            })?;
        }
        must(first == due, || {
            format!("{sink} was told {first:?}, due was {due:?}")
        })?;
    }
    Ok(())
}
