// SPDX-License-Identifier: Apache-2.0
//! The archive: what changed, as OCSF Compliance Findings, a JSON line each, in objects that are
//! partitioned as Security Lake partitions its own.
//!
//! <https://docs.aws.amazon.com/security-lake/latest/userguide/adding-custom-sources.html>

use std::rc::Rc;

use keyproof_report::{Stamp, ocsf_finding};
use keyproof_state::{ChangeItem, Noun};

use super::Calling;
use super::hub::{FindingNote, Ledger, NoteChange, changed_rows};
use crate::Record;
use crate::sink::{About, Sink, SinkError, Telling, Told};

/// Writes objects.
pub trait PutObject {
    /// One call. The same key again replaces the object.
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Calling<'a, ()>;
}

/// The sink.
#[derive(Debug)]
pub struct Archives<Port, Notes> {
    port: Port,
    ledger: Rc<Notes>,
}

impl<Port: PutObject, Notes: Ledger> Archives<Port, Notes> {
    /// The archive behind `port`; `ledger` knows since when each finding has been told.
    pub const fn new(port: Port, ledger: Rc<Notes>) -> Self {
        Self { port, ledger }
    }
}

impl<Port: PutObject, Notes: Ledger> Sink for Archives<Port, Notes> {
    fn name(&self) -> &'static str {
        "ocsf"
    }

    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a> {
        Box::pin(async move {
            let Record::Change(change) = about.record else {
                return Ok(());
            };
            if told.has("ALL") {
                return Ok(());
            }
            let report = &about.run.whole().await?.report;
            let rows = changed_rows(change, report);
            if !rows.is_empty() {
                let now = change.finished_at.to_string();
                let probes = rows.iter().map(|row| row.id.as_str()).collect();
                let mut notes = self.ledger.about(&change.plan, &probes).await?;
                let mut new = Vec::new();
                let mut lines = String::new();
                for row in rows {
                    let note = notes.remove(&row.id).unwrap_or_else(|| {
                        let note = FindingNote::new(&change.plan, &row.id, change.finished_at);
                        new.push(NoteChange {
                            before: None,
                            after: note.clone(),
                        });
                        note
                    });
                    let stamp = Stamp {
                        created_at: &note.created_at.to_string(),
                        updated_at: &now,
                    };
                    lines.push_str(&ocsf_finding(report, row, stamp).to_string());
                    lines.push('\n');
                }
                // Where there is no hub, nobody else has written down since when it is told.
                if !self.ledger.write(&new).await? {
                    return Err(SinkError::Contended(FindingNote::NOUN));
                }
                self.port.put(&key(change), lines.into_bytes()).await?;
            }
            told.mark(["ALL"]).await
        })
    }
}

/// `ocsf/region=…/accountId=…/eventDay=…/PLAN-COMMIT-PART.jsonl`: the same for the same record.
fn key(change: &ChangeItem) -> String {
    format!(
        "ocsf/region={}/accountId={}/eventDay={}/{}-{:012}-{}.jsonl",
        change.region,
        change.account.as_deref().unwrap_or("unknown"),
        change.finished_at.strftime("%Y%m%d"),
        change.plan,
        change.commit,
        change.part
    )
}
