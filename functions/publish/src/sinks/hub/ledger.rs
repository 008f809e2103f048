// SPDX-License-Identifier: Apache-2.0
//! What Security Hub and the archive have been told, probe by probe.

use jiff::Timestamp;
use keyproof_state::{Key, Noun, hex};
use keyproof_store::{Query, Table, Update, Updated};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::marks::put;
use crate::sink::SinkError;
use crate::sinks::Calling;

/// The ledger's entry about one probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingNote {
    /// The plan's name.
    pub plan: String,
    /// The probe's id.
    pub probe: String,
    /// When a finding of it was first told.
    pub created_at: Timestamp,
    /// When the hub was last told.
    #[serde(default)]
    pub told_at: Option<Timestamp>,
    /// The finding that the hub has, as ASFF.
    #[serde(default)]
    pub finding: Option<Value>,
}

impl Noun for FindingNote {
    const NOUN: &'static str = "a note of a finding";

    fn key(&self) -> Key {
        key(&self.plan, &self.probe)
    }
}

/// The beginning of the sort keys of notes.
const NOTES: &str = "FINDING";

fn key(plan: &str, probe: &str) -> Key {
    // Sort keys take 1,024 bytes.
    const LONGEST: usize = 900;
    let short = probe.len() <= LONGEST;
    let probe = if short {
        probe.to_owned()
    } else {
        hex(probe.as_bytes())
    };
    Key::published(plan, NOTES, &probe)
}

impl FindingNote {
    fn text(&self, field: &str) -> Option<&str> {
        self.finding.as_ref()?.get(field)?.as_str()
    }

    /// The finding's id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.text("Id")
    }

    /// The product that it is of.
    #[must_use]
    pub fn product_arn(&self) -> Option<&str> {
        self.text("ProductArn")
    }

    /// The workflow that it was given.
    #[must_use]
    pub fn workflow(&self) -> Option<&str> {
        self.finding.as_ref()?.pointer("/Workflow/Status")?.as_str()
    }

    /// Whether the hub has it and shows it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.text("RecordState") == Some("ACTIVE")
    }

    /// The same, told anew.
    #[must_use]
    pub fn renewed(mut self, now: Timestamp) -> Self {
        self.told_at = Some(now);
        self.set("UpdatedAt", &now.to_string());
        self
    }

    /// The same, taken back.
    #[must_use]
    pub fn archived(self, now: Timestamp) -> Self {
        let mut note = self.renewed(now);
        note.set("RecordState", "ARCHIVED");
        note
    }

    fn set(&mut self, field: &str, text: &str) {
        if let Some(Value::Object(fields)) = &mut self.finding {
            fields.insert(field.to_owned(), json!(text));
        }
    }
}

/// Where notes are kept.
pub trait Ledger {
    /// The note about a probe.
    fn note<'a>(&'a self, plan: &'a str, probe: &'a str) -> Calling<'a, Option<FindingNote>>;

    /// Every note of a plan.
    fn notes<'a>(&'a self, plan: &'a str) -> Calling<'a, Vec<FindingNote>>;

    /// Since when findings of a probe have been told: since `now`, where there was none.
    fn since<'a>(&'a self, plan: &'a str, probe: &'a str, now: Timestamp)
    -> Calling<'a, Timestamp>;

    /// Writes a note in the place of the one before it.
    fn write<'a>(&'a self, note: &'a FindingNote) -> Calling<'a, ()>;
}

/// The state table as the ledger.
impl<T: Table> Ledger for T {
    fn note<'a>(&'a self, plan: &'a str, probe: &'a str) -> Calling<'a, Option<FindingNote>> {
        Box::pin(async move {
            let item = self.get(&key(plan, probe)).await?;
            Ok(item.map(FindingNote::from_item).transpose()?)
        })
    }

    fn notes<'a>(&'a self, plan: &'a str) -> Calling<'a, Vec<FindingNote>> {
        Box::pin(async move {
            let Key { pk, sk } = Key::published(plan, NOTES, "");
            let items = self.query(&Query::prefix(pk, sk)).await?;
            let notes = items.into_iter().map(FindingNote::from_item);
            Ok(notes.collect::<Result<_, _>>()?)
        })
    }

    fn since<'a>(
        &'a self,
        plan: &'a str,
        probe: &'a str,
        now: Timestamp,
    ) -> Calling<'a, Timestamp> {
        Box::pin(async move {
            let note = FindingNote {
                plan: plan.to_owned(),
                probe: probe.to_owned(),
                created_at: now,
                told_at: None,
                finding: None,
            };
            let item = note.to_item()?;
            let mut update = Update::of(key(plan, probe));
            for name in ["schema", "plan", "probe", "created_at"] {
                update
                    .set_if_absent
                    .extend(item.get(name).map(|value| (name, value.clone())));
            }
            match self.update(&update).await? {
                Updated::Done(item) => Ok(FindingNote::from_item(item)?.created_at),
                Updated::Refused(_) => Err(SinkError::Contended(FindingNote::NOUN)),
            }
        })
    }

    fn write<'a>(&'a self, note: &'a FindingNote) -> Calling<'a, ()> {
        Box::pin(put(self, note))
    }
}
