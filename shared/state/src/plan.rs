// SPDX-License-Identifier: Apache-2.0
//! Plans as they are stored: a head that moves, and versions that don't.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Key, Noun};

/// A plan's head: which version is in force, and the counter of its runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanHead {
    /// The plan's name.
    pub plan: String,
    /// The version in force, from 1.
    pub version: u64,
    /// Its digest.
    pub digest: String,
    /// How many probes it has; versions before this one did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<usize>,
    /// Minutes between two scheduled runs; no schedule where `None`.
    #[serde(default)]
    pub interval_minutes: Option<u32>,
    /// When the plan was stored, came back after its removal, or got another interval, whichever was last;
    /// versions before this one did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Timestamp>,
    /// When the version in force was pushed.
    pub pushed_at: Timestamp,
    /// By whom.
    #[serde(default)]
    pub pushed_by: Option<String>,
    /// How many runs were started. A run counts it up and takes it as its `seq`.
    #[serde(default)]
    pub next_seq: u64,
    /// When the plan was removed, where it was. Its versions and its history stay.
    #[serde(default)]
    pub removed_at: Option<Timestamp>,
    /// The latest moment for which a re-verification is pending: an earlier one is covered by it.
    #[serde(default)]
    pub recheck_at: Option<Timestamp>,
    /// Since when a re-verification has been pending without one being carried out.
    #[serde(default)]
    pub recheck_since: Option<Timestamp>,
    /// The digest of the version of which everything that it mentions leads to the plan; versions of
    /// keyproof before this one did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referred: Option<String>,
}

/// For how long a pass is news of a plan that runs only when it is asked to.
const UNSCHEDULED_PASS: SignedDuration = SignedDuration::from_hours(24);

impl PlanHead {
    /// The time between two scheduled runs; `None` where there is no schedule.
    #[must_use]
    pub fn interval(&self) -> Option<SignedDuration> {
        let minutes = self.interval_minutes?;
        Some(SignedDuration::from_mins(minutes.into()))
    }

    /// Since when the next run has been waited for, where the newest of the whole plan began then. Another
    /// version of the plan puts nothing off: who pushes each day must hear of a schedule that is dead.
    #[must_use]
    pub fn awaited_since(&self, last_run: Option<Timestamp>) -> Timestamp {
        let since = self.scheduled_at.max(last_run);
        since.unwrap_or(self.pushed_at)
    }

    /// Whether a run has been waited for by longer than the interval and `grace`.
    #[must_use]
    pub fn is_overdue(
        &self,
        last_run: Option<Timestamp>,
        grace: SignedDuration,
        now: Timestamp,
    ) -> bool {
        let waited = now.duration_since(self.awaited_since(last_run));
        self.interval()
            .is_some_and(|interval| waited > interval + grace)
    }

    /// For how long a pass is news: for two intervals, or a day where there is no schedule.
    #[must_use]
    pub fn pass_lasts(&self) -> SignedDuration {
        self.interval()
            .map_or(UNSCHEDULED_PASS, |interval| interval + interval)
    }
}

/// A version of a plan: the bytes that were pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanVersion {
    /// The plan's name.
    pub plan: String,
    /// The version, from 1.
    pub version: u64,
    /// `sha256:HEX` of `text`.
    pub digest: String,
    /// The document as it was pushed, byte for byte.
    pub text: String,
    /// In how many items the document is stored apart from this; 0 where it is not.
    #[serde(default)]
    pub text_parts: usize,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// By whom.
    #[serde(default)]
    pub pushed_by: Option<String>,
    /// With which version of keyproof.
    #[serde(default)]
    pub pushed_with: Option<String>,
}

/// Of which inventory a plan comes, where the stack itself expands it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOrigin {
    /// The plan's name.
    pub plan: String,
    /// The inventory's address: `s3://BUCKET/KEY`.
    pub inventory: String,
}

impl Noun for PlanHead {
    const NOUN: &'static str = "a plan";

    fn key(&self) -> Key {
        Key::head(&self.plan)
    }
}

impl Noun for PlanVersion {
    const NOUN: &'static str = "a plan's version";

    fn key(&self) -> Key {
        Key::version(&self.plan, self.version)
    }
}

impl Noun for PlanOrigin {
    const NOUN: &'static str = "a plan's origin";

    fn key(&self) -> Key {
        Key::origin(&self.plan)
    }
}
