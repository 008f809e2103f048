// SPDX-License-Identifier: Apache-2.0
//! What Security Hub and the archive have been told, probe by probe.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keyproof_report::asff_lapsed;
use keyproof_state::{ItemError, Key, Noun, hex};
use keyproof_store::{Condition, Query, Table, Write, Written};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

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
    /// The end of the run that the hub was last told of.
    #[serde(default)]
    pub told_at: Option<Timestamp>,
    /// When a sweep last told it anew; versions before this one moved `told_at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_at: Option<Timestamp>,
    /// The finding that the hub has, as ASFF.
    #[serde(default)]
    pub finding: Option<Value>,
    /// What the finding said in other words while it was a pass, where the hub was told that it lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsed: Option<Map<String, Value>>,
}

/// A note in the place of the one that was read; of none, where there was none.
#[derive(Clone, Debug, PartialEq)]
pub struct NoteChange {
    /// The note that was read.
    pub before: Option<FindingNote>,
    /// The note to write.
    pub after: FindingNote,
}

impl NoteChange {
    /// What must be so: that nobody wrote another note since this one was read.
    fn conditions(&self) -> Vec<Condition> {
        let Some(before) = &self.before else {
            return vec![Condition::Absent];
        };
        let is = |name, at: Option<Timestamp>| match at {
            Some(at) => Condition::Equals(name, at.to_string().into()),
            None => Condition::Lacks(name),
        };
        vec![
            is("told_at", before.told_at),
            is("renewed_at", before.renewed_at),
        ]
    }
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
            renewed_at: None,
            finding: None,
            lapsed: None,
        }
    }

    /// When the hub was last told, of a run or anew.
    #[must_use]
    pub fn last_told(&self) -> Option<Timestamp> {
        self.told_at.max(self.renewed_at)
    }

    /// The time that the hub was last told as the finding's: what comes after must be later.
    pub(super) fn updated_at(&self) -> Option<Timestamp> {
        self.text("UpdatedAt")?.parse().ok()
    }

    /// The same as of another time.
    pub(super) fn updated(mut self, at: Timestamp) -> Self {
        self.set("UpdatedAt", &at.to_string());
        self
    }

    /// The same, told anew.
    pub(super) fn renewed(mut self, now: Timestamp) -> Self {
        self.renewed_at = Some(now);
        self.updated(now)
    }

    /// The same, taken back.
    pub(super) fn archived(mut self) -> Self {
        self.set("RecordState", "ARCHIVED");
        self
    }

    /// The same, shown again.
    pub(super) fn shown(mut self) -> Self {
        self.set("RecordState", "ACTIVE");
        self
    }

    /// The same, but a pass only where a run has said so lately: none has since then, where it is `Some`.
    pub(super) fn in_silence(mut self, silent_since: Option<Timestamp>) -> Self {
        let Some(Value::Object(finding)) = &mut self.finding else {
            return self;
        };
        match (silent_since, self.lapsed.take()) {
            (None, Some(pass)) => finding.extend(pass),
            (Some(since), None) if is_pass(finding) => {
                let why = format!(
                    "No run of the plan has come since {since}. The last one passed; whether it is so still, nobody \
                     knows."
                );
                let pass = Value::Object(std::mem::take(finding));
                if let (Value::Object(lapsed), Value::Object(pass)) =
                    (asff_lapsed(&pass, &why), pass)
                {
                    *finding = lapsed;
                    let said = pass.into_iter();
                    let otherwise = said.filter(|(name, value)| finding.get(name) != Some(value));
                    self.lapsed = Some(otherwise.collect());
                }
            }
            (_, lapsed) => self.lapsed = lapsed,
        }
        self
    }

    fn set(&mut self, field: &str, text: &str) {
        if let Some(Value::Object(fields)) = &mut self.finding {
            fields.insert(field.to_owned(), json!(text));
        }
    }
}

fn is_pass(finding: &Map<String, Value>) -> bool {
    let compliance = finding.get("Compliance");
    compliance.and_then(|compliance| compliance.get("Status")) == Some(&json!("PASSED"))
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

    /// Writes notes in the place of those that were read; `false` where somebody else wrote one meanwhile, and
    /// some of them are not written.
    fn write<'a>(&'a self, changes: &'a [NoteChange]) -> Calling<'a, bool>;
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

    fn write<'a>(&'a self, changes: &'a [NoteChange]) -> Calling<'a, bool> {
        Box::pin(async move {
            let mut all = true;
            for some in changes.chunks(MOST_WRITES) {
                let puts = some.iter().map(|change| {
                    let item = change.after.to_item()?;
                    let conditions = change.conditions();
                    Ok(Write::Put { item, conditions })
                });
                let puts = puts.collect::<Result<Vec<_>, ItemError>>()?;
                if Table::write(self, &puts).await? != Written::Done {
                    all &= are_there(self, some).await?;
                }
            }
            Ok(all)
        })
    }
}

/// Whether the notes are there after all: a write whose reply got lost is refused when it is made again.
async fn are_there(table: &impl Table, changes: &[NoteChange]) -> Result<bool, SinkError> {
    for NoteChange { after, .. } in changes {
        let there = table.get(&after.key()).await?;
        let there = there.map(FindingNote::from_item).transpose()?;
        if there.as_ref() != Some(after) {
            return Ok(false);
        }
    }
    Ok(true)
}
