// SPDX-License-Identifier: Apache-2.0
//! What Security Hub and the archive have been told, probe by probe.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keyproof_state::{ItemError, Key, Noun, hex};
use keyproof_store::{Query, Table, Write, Written};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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

/// How many notes are looked at one by one.
const FEW: usize = 2;

/// How many are written at once: a transaction takes 100 writes and 4 MB, a note up to 240 KB.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
const MOST_WRITES: usize = 16;

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

    /// Of what was never told.
    pub(crate) fn new(plan: &str, probe: &str, created_at: Timestamp) -> Self {
        Self {
            plan: plan.to_owned(),
            probe: probe.to_owned(),
            created_at,
            told_at: None,
            finding: None,
        }
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
    /// The notes about these probes, by probe; none about what was never told.
    fn about<'a>(
        &'a self,
        plan: &'a str,
        probes: &'a BTreeSet<&'a str>,
    ) -> Calling<'a, BTreeMap<String, FindingNote>>;

    /// Every note of a plan.
    fn notes<'a>(&'a self, plan: &'a str) -> Calling<'a, Vec<FindingNote>>;

    /// Writes notes in the place of those before them.
    fn write<'a>(&'a self, notes: &'a [FindingNote]) -> Calling<'a, ()>;
}

/// The state table as the ledger.
impl<T: Table> Ledger for T {
    fn about<'a>(
        &'a self,
        plan: &'a str,
        probes: &'a BTreeSet<&'a str>,
    ) -> Calling<'a, BTreeMap<String, FindingNote>> {
        Box::pin(async move {
            let mut notes = Vec::new();
            // A look at each costs a call, a look at all what the plan's notes weigh.
            if probes.len() <= FEW {
                for probe in probes {
                    let item = self.get(&key(plan, probe)).await?;
                    notes.extend(item.map(FindingNote::from_item).transpose()?);
                }
            } else {
                notes = self.notes(plan).await?;
            }
            let wanted = notes.into_iter();
            let wanted = wanted.filter(|note| probes.contains(note.probe.as_str()));
            Ok(wanted.map(|note| (note.probe.clone(), note)).collect())
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

    fn write<'a>(&'a self, notes: &'a [FindingNote]) -> Calling<'a, ()> {
        Box::pin(async move {
            for some in notes.chunks(MOST_WRITES) {
                let puts = some.iter().map(|note| Ok(Write::put(note.to_item()?)));
                let puts = puts.collect::<Result<Vec<_>, ItemError>>()?;
                match Table::write(self, &puts).await? {
                    Written::Done => {}
                    Written::Refused(_) | Written::Conflict => {
                        return Err(SinkError::Contended(FindingNote::NOUN));
                    }
                }
            }
            Ok(())
        })
    }
}
