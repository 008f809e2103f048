// SPDX-License-Identifier: Apache-2.0
//! What a verification found.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use keyproof_verdict::Verdict;
use serde::Serialize;

use crate::key::KeyId;
use crate::pack::Manifest;

/// As many findings are told one by one.
const TOLD: usize = 1_000;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of what kind it is.
    pub kind: Kind,
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub sentence: String,
}

/// What can be wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Its bytes are not those that were signed.
    Altered,
    /// It should be there.
    Missing,
    /// It is there twice.
    Repeated,
    /// It stands where another should.
    Reordered,
    /// It is there, and nothing signed says so.
    Unlisted,
    /// Nothing was altered, but the pack itself says that something was not there to be packed, or
    /// that runs were not made.
    Incomplete,
    /// A key is said to have signed it that was not given: nothing is known of who did.
    Unverified,
}

/// The result of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// What was found, in the order of the archive; at most 1,000.
    pub findings: Vec<Finding>,
    /// Further findings.
    pub more: usize,
    /// How many there are of each kind, in all.
    pub counts: BTreeMap<Kind, usize>,
    /// What was verified.
    #[serde(flatten)]
    pub summary: Summary,
}

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Records that one of the given keys signed and that stand in their place.
    pub records: usize,
    /// The keys that signed them.
    pub keys: Vec<KeyId>,
    /// Endpoints of runs that were not made against AWS itself.
    pub endpoints: Vec<String>,
    /// What the pack claims to be, where one of the given keys signed that.
    pub manifest: Option<Manifest>,
}

impl Kind {
    /// The kind in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Repeated => "repeated",
            Self::Reordered => "reordered",
            Self::Unlisted => "unlisted",
            Self::Incomplete => "incomplete",
            Self::Unverified => "unverified",
        }
    }
}

impl Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl Verification {
    /// Whether nothing was altered, removed, repeated, reordered or added, and a given key signed everything.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.counts.keys().all(|kind| *kind == Kind::Incomplete)
    }

    /// Whether it is intact and nothing was found to be missing even before it was packed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.counts.is_empty()
    }

    /// What it comes to: a failure where anything was altered, removed, repeated, reordered or added;
    /// inconclusive where runs are missing or a key was not at hand. Not finding out is never a pass.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let unproven = |kind: &Kind| matches!(kind, Kind::Incomplete | Kind::Unverified);
        if self.is_complete() {
            Verdict::Pass
        } else if self.counts.keys().all(unproven) {
            Verdict::Inconclusive
        } else {
            Verdict::Fail
        }
    }
}

/// Findings being gathered.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    told: Vec<Finding>,
    more: usize,
    counts: BTreeMap<Kind, usize>,
}

impl Findings {
    pub(super) fn add(&mut self, kind: Kind, file: &str, sentence: impl Display) {
        *self.counts.entry(kind).or_default() += 1;
        if self.told.len() < TOLD {
            self.told.push(Finding {
                kind,
                file: file.to_owned(),
                sentence: sentence.to_string(),
            });
        } else {
            self.more += 1;
        }
    }

    pub(super) fn verification(self, summary: Summary) -> Verification {
        Verification {
            findings: self.told,
            more: self.more,
            counts: self.counts,
            summary,
        }
    }
}
