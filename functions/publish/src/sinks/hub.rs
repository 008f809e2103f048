// SPDX-License-Identifier: Apache-2.0
//! Security Hub: a finding for every probe, whose status changes in place.
//!
//! A finding is imported when its probe changes, and again long before Security Hub forgets it. What
//! was imported is kept in a ledger: the time of its creation must stay, and what has left the plan
//! is archived by the very finding that it was.

mod ledger;
mod renewal;

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::SignedDuration;
use keyproof_report::{Hub as Place, Stamp, asff_finding};
use keyproof_state::{ChangeItem, Entry, EntryKind, Noun};
use keyproof_verdict::{ProbeRow, Report};
use serde_json::Value;

use super::Calling;
use crate::Record;
use crate::event::part;
use crate::home::Home;
use crate::sink::{About, Sink, SinkError, Telling, Told};
pub use ledger::{FindingNote, Ledger, NoteChange};
pub use renewal::{Renew, Renewal};

/// How many findings a call takes.
/// <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html>
const MOST_FINDINGS: usize = 100;

/// By how much later what is told of a finding is than what was told before: ASFF's times have milliseconds.
const LATER: SignedDuration = SignedDuration::from_millis(1);

/// A finding that was refused: its id, and why.
pub type Failed = (String, String);

/// Imports findings.
pub trait ImportFindings {
    /// One call: at most 100 findings. Those that were refused.
    fn import<'a>(&'a self, findings: &'a [Value]) -> Calling<'a, Vec<Failed>>;
}

/// Sets the workflow of findings.
pub trait UpdateFindings {
    /// One call: these findings, ids of one product, to this workflow status.
    fn update<'a>(
        &'a self,
        product_arn: &'a str,
        ids: &'a [String],
        workflow: &'a str,
    ) -> Calling<'a, Vec<Failed>>;
}

/// The sink.
#[derive(Debug)]
pub struct Hub<Port, Notes> {
    port: Port,
    ledger: Rc<Notes>,
}

/// A finding on its way.
struct Outgoing {
    /// The part of the record that it is of.
    part: String,
    /// The note that it is of, and the one that was read.
    note: NoteChange,
    /// The workflow that it must be given, where it isn't the one that it has.
    workflow: Option<String>,
}

impl Outgoing {
    fn new(part: &str, before: Option<&FindingNote>, after: FindingNote) -> Self {
        // A new finding takes its workflow from the import, an old one from an update only. One that is shown again
        // is `NEW` to the hub: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Workflow.html>
        let had = before.and_then(|before| Some((before.workflow()?, before.is_active())));
        let wants = after.workflow().filter(|wants| {
            had.is_some_and(|(had, shown)| had != *wants || (!shown && after.is_active()))
        });
        Self {
            part: part.to_owned(),
            workflow: wants.map(str::to_owned),
            note: NoteChange {
                before: before.cloned(),
                after,
            },
        }
    }
}

impl<Port: ImportFindings + UpdateFindings, Notes: Ledger> Hub<Port, Notes> {
    /// The hub behind `port`.
    pub const fn new(port: Port, ledger: Rc<Notes>) -> Self {
        Self { port, ledger }
    }

    /// What an entry asks of the hub; `None` where it asks nothing. `before` is what the hub has.
    fn outgoing(
        about: &ChangeItem,
        entry: &Entry,
        row: Option<(&Report, &ProbeRow)>,
        before: Option<&FindingNote>,
        home: &Home,
    ) -> Option<Outgoing> {
        let now = about.finished_at;
        // A sweep tells what the stream lost, after what came later: the hub has the later.
        let told_at = before.and_then(|note| note.told_at);
        if told_at.is_some_and(|told_at| told_at > now) {
            return None;
        }
        // What a sweep has told anew since that run ended is older all the same, and bears a later time.
        let last = before.and_then(FindingNote::updated_at);
        let at = last.map_or(now, |last| now.max(last + LATER));
        let mut note = match (entry.kind, row) {
            (EntryKind::Transition, Some((report, row))) => {
                let new = || FindingNote::new(&about.plan, &entry.probe, now);
                let mut note = before.cloned().unwrap_or_else(new);
                let stamp = Stamp {
                    created_at: &note.created_at.to_string(),
                    updated_at: &now.to_string(),
                };
                note.finding = Some(asff_finding(report, row, stamp, &place(home)));
                note.lapsed = None;
                note
            }
            // What was never told needs no taking back.
            (EntryKind::Retired, _) => before.filter(|note| note.is_active())?.clone().archived(),
            _ => return None,
        };
        note.told_at = Some(now);
        Some(Outgoing::new(part(entry), before, note.updated(at)))
    }

    /// Imports findings, and writes down those that are as they should be. The parts of these, and
    /// what was refused.
    ///
    /// # Errors
    ///
    /// Where a call fails as a whole, or somebody else has told the hub of one of them meanwhile.
    async fn send(&self, outgoing: &[Outgoing]) -> Result<(Vec<String>, Vec<Failed>), SinkError> {
        let findings: Vec<Value> = outgoing
            .iter()
            .filter_map(|one| one.note.after.finding.clone())
            .collect();
        let mut failed = self.port.import(&findings).await?;
        failed.extend(self.update(outgoing).await?);
        let done = outgoing.iter().filter(|one| {
            let id = one.note.after.id();
            failed.iter().all(|(other, _)| Some(other.as_str()) != id)
        });
        let (parts, notes): (Vec<_>, Vec<_>) =
            done.map(|one| (one.part.clone(), one.note.clone())).unzip();
        // Only now: what is written down is what the hub has, workflow and all.
        if self.ledger.write(&notes).await? {
            Ok((parts, failed))
        } else {
            Err(SinkError::Contended(FindingNote::NOUN))
        }
    }

    /// Gives findings the workflow that they must have.
    async fn update(&self, outgoing: &[Outgoing]) -> Result<Vec<Failed>, SinkError> {
        let mut by_workflow: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for one in outgoing {
            let named = (
                one.workflow.as_deref(),
                one.note.after.product_arn(),
                one.note.after.id(),
            );
            if let (Some(workflow), Some(product), Some(id)) = named {
                let ids = by_workflow.entry((product, workflow)).or_default();
                ids.push(id.to_owned());
            }
        }
        let mut failed = Vec::new();
        for ((product, workflow), ids) in by_workflow {
            failed.extend(self.port.update(product, &ids, workflow).await?);
        }
        Ok(failed)
    }
}

/// An error where something was refused.
fn partly(all: usize, taken: usize, failed: Vec<Failed>) -> Result<(), SinkError> {
    match failed.into_iter().next() {
        Some((id, message)) => Err(SinkError::Partly {
            action: "securityhub:BatchImportFindings",
            taken,
            all,
            message: format!("{id}: {message}"),
        }),
        None => Ok(()),
    }
}

fn place(home: &Home) -> Place {
    Place {
        partition: home.partition.clone(),
        account: home.account.clone(),
        region: home.region.clone(),
    }
}

/// The rows that a change is about, in its order, each once.
pub(super) fn changed_rows<'r>(change: &ChangeItem, report: &'r Report) -> Vec<&'r ProbeRow> {
    let rows: BTreeMap<_, _> = report
        .probes
        .iter()
        .map(|row| (row.id.as_str(), row))
        .collect();
    change
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Transition)
        .filter_map(|entry| rows.get(entry.probe.as_str()).copied())
        .collect()
}

impl<Port: ImportFindings + UpdateFindings, Notes: Ledger> Sink for Hub<Port, Notes> {
    fn name(&self) -> &'static str {
        "hub"
    }

    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a> {
        Box::pin(async move {
            let Record::Change(change) = about.record else {
                return Ok(());
            };
            let asks = |entry: &&Entry| {
                matches!(entry.kind, EntryKind::Transition | EntryKind::Retired)
                    && !told.has(part(entry))
            };
            let entries: Vec<&Entry> = change.entries.iter().filter(asks).collect();
            for call in entries.chunks(MOST_FINDINGS) {
                let report = &about.run.whole().await?.report;
                let rows: BTreeMap<_, _> = report
                    .probes
                    .iter()
                    .map(|row| (row.id.as_str(), row))
                    .collect();
                let probes = call.iter().map(|entry| entry.probe.as_str()).collect();
                let notes = self.ledger.about(&change.plan, &probes).await?;
                let outgoing: Vec<_> = call
                    .iter()
                    .filter_map(|entry| {
                        let row = rows.get(entry.probe.as_str()).map(|row| (report, *row));
                        let before = notes.get(&entry.probe);
                        Self::outgoing(change, entry, row, before, about.home)
                    })
                    .collect();
                if outgoing.is_empty() {
                    continue;
                }
                let (parts, failed) = self.send(&outgoing).await?;
                let taken = parts.len();
                told.mark(parts).await?;
                partly(outgoing.len(), taken, failed)?;
            }
            Ok(())
        })
    }
}
