// SPDX-License-Identifier: Apache-2.0
//! What is known of a plan's probes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use keyproof_verdict::{Cause, Finding, ProbeRow, Summary, Verdict};
use serde::{Deserialize, Serialize};

/// What a run said of a probe, in short. A transition is from one standing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The verdict.
    pub verdict: Verdict,
    /// What is wrong, unless it passed.
    #[serde(default)]
    pub finding: Option<Finding>,
    /// Whether an exception in force covers the failure.
    #[serde(default)]
    pub excepted: bool,
}

impl Standing {
    /// A probe that passed.
    pub const PASS: Self = Self {
        verdict: Verdict::Pass,
        finding: None,
        excepted: false,
    };

    /// What a report's row says.
    #[must_use]
    pub const fn of(row: &ProbeRow) -> Self {
        Self {
            verdict: row.verdict,
            finding: row.finding,
            excepted: row.exception.is_some(),
        }
    }

    /// Whether it failed, and nobody answers for it.
    #[must_use]
    pub fn counts_as_failure(&self) -> bool {
        self.verdict == Verdict::Fail && !self.excepted
    }
}

/// A failure that lasts, from the entry that opened it until the probe passes, fails otherwise, is
/// excepted or leaves the plan. A run that found nothing out doesn't end it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The id of the entry that opened it: `PLAN/COMMIT/INDEX`.
    pub id: String,
    /// What is wrong.
    pub finding: Finding,
    /// The start of the run that saw it first.
    pub since: Timestamp,
    /// When a person was last told; `None` while a `locked_out` awaits the later run that confirms it.
    #[serde(default)]
    pub told_at: Option<Timestamp>,
}

impl Incident {
    /// Whether it is beyond doubt: at once, or for `locked_out` by a later run.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.told_at.is_some()
    }
}

/// What is known of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeState {
    /// What the newest run said.
    #[serde(flatten)]
    pub standing: Standing,
    /// The start of the run that said so first.
    pub since: Timestamp,
    /// Where nothing was found out, and for another reason before: the start of the run that first found
    /// nothing out. What another version of keyproof wrote knows no more than `since`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inconclusive_since: Option<Timestamp>,
    /// The report's sentence, unless it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The statement responsible, where it could be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The failure that is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// Of a table's own probe: the ARN of the key that the table was found to have, where the plan doesn't
    /// name it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The `seq` of the run of a part of the plan that said so, where that began after
    /// [`PlanState::last_run`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

impl ProbeState {
    /// Since when nothing has been found out, whatever kept it from that; `None` where something is known.
    #[must_use]
    pub fn inconclusive_since(&self) -> Option<Timestamp> {
        let inconclusive = self.standing.verdict == Verdict::Inconclusive;
        inconclusive.then(|| self.inconclusive_since.unwrap_or(self.since))
    }
}

/// A run, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastRun {
    /// Its id.
    pub run_id: String,
    /// Its place in the order of starts.
    pub seq: u64,
    /// Its place in the order of commits.
    pub commit: u64,
    /// What started it.
    pub trigger: String,
    /// The counts and the verdict.
    pub summary: Summary,
    /// Start.
    pub started_at: Timestamp,
    /// End.
    pub finished_at: Timestamp,
    /// The digest of the plan.
    pub plan_digest: String,
    /// The plan's version.
    pub plan_version: u64,
}

/// What is known of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanState {
    /// The plan's name.
    pub plan: String,
    /// How many runs were committed. Gapless: who writes the state counts it up by one, and only
    /// where it still is what was read.
    pub commit: u64,
    /// The run that began last, of those committed that were of the whole plan. The probes' states are what
    /// it saw, but for those that a run of a part saw since.
    #[serde(default)]
    pub last_run: Option<LastRun>,
    /// What all probes come to, where runs of parts saw some of them since the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Summary>,
    /// The passing run of the whole plan that began last.
    #[serde(default)]
    pub last_pass: Option<LastRun>,
    /// In how many parts the probes are stored apart from this; 0 where they are not.
    #[serde(default)]
    pub parts: usize,
    /// Where a part is that was written ahead of this, by the part's number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub generations: BTreeMap<String, String>,
    /// The ARNs of the keys that tables were seen to be encrypted with.
    #[serde(default)]
    pub keys: BTreeSet<String>,
    /// The probes, by id.
    #[serde(default)]
    pub probes: BTreeMap<String, ProbeState>,
}

impl PlanState {
    /// What is known of a plan that has never run.
    #[must_use]
    pub fn new(plan: impl Into<String>) -> Self {
        Self {
            plan: plan.into(),
            commit: 0,
            last_run: None,
            since: None,
            last_pass: None,
            parts: 0,
            generations: BTreeMap::new(),
            keys: BTreeSet::new(),
            probes: BTreeMap::new(),
        }
    }

    /// The `seq` of the run whose view this is; 0 where there was none.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.last_run.as_ref().map_or(0, |run| run.seq)
    }

    /// What all probes come to now: each as the newest run that asked it said. `None` where there was none of
    /// the whole plan.
    #[must_use]
    pub fn summary(&self) -> Option<&Summary> {
        let last = self.last_run.as_ref()?;
        Some(self.since.as_ref().unwrap_or(&last.summary))
    }
}
