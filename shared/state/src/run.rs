// SPDX-License-Identifier: Apache-2.0
//! Runs as they are stored: each committed one in its plan's order, and what became of each by id.

use jiff::Timestamp;
use keyproof_verdict::{PartRow, Summary, Verdict};
use serde::{Deserialize, Serialize};

use crate::{Key, Noun, PolicyChange};

/// A committed run. Never altered once written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunItem {
    /// The plan's name.
    pub plan: String,
    /// Its place in the order of commits, from 1, without a gap.
    pub commit: u64,
    /// Its place in the order of starts.
    pub seq: u64,
    /// The run's id.
    pub run_id: String,
    /// What started it.
    pub trigger: String,
    /// The change of a policy that started it.
    #[serde(default)]
    pub change: Option<PolicyChange>,
    /// The run whose `locked_out` this one was to confirm.
    #[serde(default)]
    pub confirms: Option<String>,
    /// Whether a run that began later had been committed before it.
    pub late: bool,
    /// Which part of the plan it was about, where it was not the whole.
    #[serde(default)]
    pub part: Option<PartRow>,
    /// The counts and the verdict.
    pub summary: Summary,
    /// Whether keyproof was shown to be able to fail in it; absent from runs of versions before that.
    #[serde(default)]
    pub sentinel_awake: Option<bool>,
    /// Start.
    pub started_at: Timestamp,
    /// End.
    pub finished_at: Timestamp,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// The digest of the plan.
    pub plan_digest: String,
    /// The plan's version.
    pub plan_version: u64,
    /// The account under test.
    #[serde(default)]
    pub account: Option<String>,
    /// The region under test.
    pub region: String,
    /// The endpoint, where it was not AWS's own.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The report's bytes, as `keyproof verify --format json` writes them, unless they are too many.
    #[serde(default)]
    pub report: Option<String>,
    /// The object of the report bucket that holds them otherwise.
    #[serde(default)]
    pub report_key: Option<String>,
    /// `sha256:HEX` of the report's bytes.
    pub report_digest: String,
    /// When the table forgets it, in seconds since 1970.
    pub expires: i64,
}

impl RunItem {
    /// The attributes of its item without the report's text, which may be most of it.
    pub fn in_short() -> impl Iterator<Item = &'static str> {
        [
            "pk",
            "sk",
            "schema",
            "plan",
            "commit",
            "seq",
            "run_id",
            "trigger",
            "change",
            "confirms",
            "late",
            "part",
            "summary",
            "sentinel_awake",
            "started_at",
            "finished_at",
            "duration_ms",
            "plan_digest",
            "plan_version",
            "account",
            "region",
            "endpoint",
            "report_key",
            "report_digest",
            "expires",
        ]
        .into_iter()
    }
}

impl Noun for RunItem {
    const NOUN: &'static str = "a run";

    fn key(&self) -> Key {
        Key::run(&self.plan, self.commit)
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStage {
    /// Asked for.
    Queued,
    /// Under way.
    Running,
    /// Committed.
    Done,
    /// Not carried out, and never will be.
    Failed,
}

/// What became of a run, found by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStatus {
    /// The run's id.
    pub run_id: String,
    /// The plan's name.
    pub plan: String,
    /// How far it has come.
    pub status: RunStage,
    /// What started it.
    pub trigger: String,
    /// When it was asked for, where somebody waited for it.
    #[serde(default)]
    pub requested_at: Option<Timestamp>,
    /// Start.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// End.
    #[serde(default)]
    pub finished_at: Option<Timestamp>,
    /// Its place in the order of commits, once it is done.
    #[serde(default)]
    pub commit: Option<u64>,
    /// The verdict, once it is done.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// Why it was not carried out.
    #[serde(default)]
    pub error: Option<String>,
    /// When the table forgets it, in seconds since 1970.
    pub expires: i64,
}

impl Noun for RunStatus {
    const NOUN: &'static str = "a run's status";

    fn key(&self) -> Key {
        Key::run_status(&self.run_id)
    }
}

/// A caller's request that was taken once, so that the same again is the same run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenRequest {
    /// Who asked.
    pub caller: String,
    /// The caller's own key for the request.
    pub key: String,
    /// The digest of the request.
    pub body_digest: String,
    /// The run that it became.
    pub run_id: String,
    /// When the table forgets it, in seconds since 1970.
    pub expires: i64,
}

impl Noun for TakenRequest {
    const NOUN: &'static str = "a request taken before";

    fn key(&self) -> Key {
        Key::idempotency(&self.caller, &self.key)
    }
}
