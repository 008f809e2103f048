// SPDX-License-Identifier: Apache-2.0
//! What the hub is told although no run changed it: findings that it would forget, passes that are none any
//! more because nothing runs, and what is about no probe any longer.

use std::collections::BTreeSet;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use keyproof_state::{Noun, PlanState};

use super::{
    FindingNote, Hub, ImportFindings, Ledger, MOST_FINDINGS, Outgoing, UpdateFindings, partly,
};
use crate::sink::SinkError;
use crate::sinks::Calling;

/// How often what a run has told of meanwhile is told once more.
const TRIES: i64 = 4;

/// A look at what the hub has of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The time.
    pub now: Timestamp,
    /// What was last told before this is told anew.
    pub oldest: Timestamp,
    /// Since when there was no run, where that is so long that a pass is none any more.
    pub silent_since: Option<Timestamp>,
    /// Whether the plan was removed: then all is taken back.
    pub removed: bool,
}

/// Tells the hub what no run tells it.
pub trait Renew {
    /// Tells anew what of a plan is forgotten otherwise, says of passes that they lapsed, or that they are passes
    /// again, and takes back what is about no probe of it any more: how many.
    fn renew<'a>(&'a self, state: &'a PlanState, renewal: Renewal) -> Calling<'a, usize>;
}

impl Renewal {
    /// What the hub must be told of a probe now, by the note of what it was told; `None` where it has all of it.
    fn again(&self, note: &FindingNote, state: &PlanState) -> Option<FindingNote> {
        let archived = || note.is_active().then(|| note.clone().archived());
        if self.removed {
            return archived();
        }
        let Some(probe) = state.probes.get(&note.probe) else {
            // A run that was told after the state was read may have had it for the first time.
            let known = state.last_run.as_ref().map(|run| run.finished_at);
            let gone = note
                .told_at
                .zip(known)
                .is_some_and(|(told_at, known)| told_at <= known);
            return gone.then(archived).flatten();
        };
        // What changed since is on its way to the hub, with the run that saw it. Until then nothing is said anew:
        // it would be what is so no more.
        let told_at = note.told_at?;
        if told_at < probe.since {
            return None;
        }
        // What was taken back with its plan is back with it.
        let again = note.clone().shown().in_silence(self.silent_since);
        let old = note.last_told() < Some(self.oldest);
        (old || again != *note).then_some(again)
    }
}

impl<Port: ImportFindings + UpdateFindings, Notes: Ledger> Renew for Rc<Hub<Port, Notes>> {
    fn renew<'a>(&'a self, state: &'a PlanState, renewal: Renewal) -> Calling<'a, usize> {
        Box::pin(async move {
            let (mut told, mut taken, mut refused) = (0, 0, Vec::new());
            // What a run told while this told the same finding: the hub may have the older of the two.
            let mut crossed: BTreeSet<String> = BTreeSet::new();
            for attempt in 0..TRIES {
                let at = renewal.now + SignedDuration::from_secs(attempt);
                let notes = self.ledger.notes(&state.plan).await?;
                let outgoing: Vec<_> = notes
                    .iter()
                    .filter_map(|note| {
                        let again = renewal.again(note, state);
                        let crossed = crossed.contains(&note.probe);
                        let again = again.or_else(|| crossed.then(|| note.clone()))?;
                        let mut one = Outgoing::new("", Some(note), again.renewed(at));
                        if crossed {
                            // Which workflow was set last is not known either.
                            one.workflow = one.note.after.workflow().map(str::to_owned);
                        }
                        Some(one)
                    })
                    .collect();
                crossed.clear();
                for call in outgoing.chunks(MOST_FINDINGS) {
                    match self.send(call).await {
                        Ok((parts, failed)) => {
                            taken += parts.len();
                            told += call.len();
                            refused.extend(failed);
                        }
                        Err(SinkError::Contended(_)) => {
                            let probes = call.iter().map(|one| one.note.after.probe.clone());
                            crossed.extend(probes);
                        }
                        Err(error) => return Err(error),
                    }
                }
                if crossed.is_empty() {
                    partly(told, taken, refused)?;
                    return Ok(told);
                }
            }
            Err(SinkError::Contended(FindingNote::NOUN))
        })
    }
}
