// SPDX-License-Identifier: Apache-2.0
//! What a run changed: the entries that are told to people and programs.

use std::borrow::Cow;

use jiff::Timestamp;
use keyproof_verdict::{Cause, ProbeRow};
use serde::{Deserialize, Serialize};

use crate::{Key, Noun, PolicyChange, Standing};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The probe's standing is another than before, or is known for the first time.
    Transition,
    /// A later run still says `locked_out`: now it is beyond doubt.
    Confirmation,
    /// The failure lasts, and a person was last told a while ago.
    Reminder,
    /// A run that began before the newest one saw something else. The standing stays the newest's.
    Late,
    /// The plan no longer has the probe, which had not passed.
    Retired,
}

impl EntryKind {
    /// The name used in items and events.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transition => "transition",
            Self::Confirmation => "confirmation",
            Self::Reminder => "reminder",
            Self::Late => "late",
            Self::Retired => "retired",
        }
    }
}

/// Who did what to what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The principal's name in the plan.
    #[serde(default)]
    pub principal: Option<String>,
    /// The principal's role.
    #[serde(default)]
    pub role_arn: Option<String>,
    /// The action.
    #[serde(default)]
    pub action: Option<String>,
    /// The table's name in the plan.
    #[serde(default)]
    pub table: Option<String>,
    /// The ARN called on.
    #[serde(default)]
    pub resource: Option<String>,
}

impl Subject {
    /// The subject of a report's row.
    #[must_use]
    pub fn of(row: &ProbeRow) -> Self {
        Self {
            principal: row.principal.clone(),
            role_arn: row.role_arn.clone(),
            action: Some(row.action.clone()),
            table: row.table.clone(),
            resource: row.resource.clone(),
        }
    }
}

/// One thing that a run changed. Never altered once written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// `PLAN/COMMIT/INDEX`: the same in every message about it, so that a consumer can drop
    /// duplicates.
    pub id: String,
    /// What it is about.
    pub kind: EntryKind,
    /// The probe's id.
    pub probe: String,
    /// Who did what to what.
    pub subject: Subject,
    /// What was known before; of a late observation, what a run that began later has seen. `None`
    /// at first sight.
    #[serde(default)]
    pub from: Option<Standing>,
    /// Since when that had been so.
    #[serde(default)]
    pub from_since: Option<Timestamp>,
    /// What was seen. `None` of a probe that has left the plan.
    #[serde(default)]
    pub to: Option<Standing>,
    /// The start of the run that saw it first.
    pub since: Timestamp,
    /// The report's sentence for a person, [`shortened`].
    pub reason: String,
    /// The statement responsible, where it could be found.
    #[serde(default)]
    pub cause: Option<Cause>,
    /// The incident that it opens, belongs to or ends: the id of the entry that opened it.
    #[serde(default)]
    pub incident: Option<String>,
    /// Since when the incident has been open.
    #[serde(default)]
    pub incident_since: Option<Timestamp>,
    /// Whether a person is to be told.
    pub pages: bool,
}

impl Entry {
    /// Whether it ends its incident, by a pass or by leaving the plan.
    #[must_use]
    pub fn ends_incident(&self) -> bool {
        let over = match self.kind {
            EntryKind::Transition => self.to == Some(Standing::PASS),
            EntryKind::Retired => true,
            EntryKind::Confirmation | EntryKind::Reminder | EntryKind::Late => false,
        };
        over && self.incident.is_some()
    }
}

/// What a committed run changed, or a part of it where it is much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChangeItem {
    /// The plan's name.
    pub plan: String,
    /// The run's place in the order of commits.
    pub commit: u64,
    /// Which part this is, from 1.
    pub part: usize,
    /// Of how many.
    pub parts: usize,
    /// The run's id.
    pub run_id: String,
    /// The run's place in the order of starts.
    pub seq: u64,
    /// What started the run.
    pub trigger: String,
    /// The change of a policy that started it.
    #[serde(default)]
    pub change: Option<PolicyChange>,
    /// The digest of the plan.
    pub plan_digest: String,
    /// The plan's version.
    pub plan_version: u64,
    /// The account under test.
    #[serde(default)]
    pub account: Option<String>,
    /// The region under test.
    pub region: String,
    /// Start of the run.
    pub started_at: Timestamp,
    /// End of the run.
    pub finished_at: Timestamp,
    /// The entries, in plan order. Their indexes count on over the parts.
    pub entries: Vec<Entry>,
    /// When the table forgets it, in seconds since 1970.
    pub expires: i64,
}

impl Noun for ChangeItem {
    const NOUN: &'static str = "a run's changes";

    fn key(&self) -> Key {
        Key::change(&self.plan, self.commit, self.part)
    }
}

/// A reason that fits: a service's own message may be of any length, an item of the table takes 400 KB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>), an event
/// 256 KB. The report has it whole.
#[must_use]
pub fn shortened(sentence: &str) -> Cow<'_, str> {
    const LONGEST: usize = 4_000;
    match sentence.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default()).into(),
        None => sentence.into(),
    }
}
