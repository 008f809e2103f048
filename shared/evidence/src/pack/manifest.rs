// SPDX-License-Identifier: Apache-2.0
//! The manifest: every file of a pack by digest, and what the pack claims to be.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::key::KeyId;
use crate::period::Period;
use crate::statement::Predicate;

/// What a pack claims to be. The predicate of its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The period that was asked for.
    pub period: Period,
    /// Each plan, by name.
    pub plans: Vec<PlanOfPack>,
    /// Files that records name and that were not there to be packed.
    pub unavailable: Vec<Unavailable>,
    /// The version of keyproof that made the pack.
    pub keyproof: String,
    /// The key that signed the manifest.
    pub key: KeyId,
}

/// The records of a plan in a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanOfPack {
    /// The plan's name.
    pub name: String,
    /// The name of its folders.
    pub directory: String,
    /// Minutes between two runs, as scheduled; `null` where no schedule is known.
    pub interval_minutes: Option<u32>,
    /// How many records there are.
    pub records: u64,
    /// The number of the first; `null` where there is none.
    pub first: Option<u64>,
    /// The number of the last.
    pub last: Option<u64>,
    /// What the first record names as the one before it.
    pub previous: Option<Digest>,
    /// The digest of the last record: the next pack begins after it.
    pub head: Option<Digest>,
}

/// A file that was not there to be packed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unavailable {
    /// Its name, if it were in the pack.
    pub file: String,
    /// Why.
    pub why: String,
}

impl Predicate for Manifest {
    const TYPE: &'static str = "urn:keyproof:evidence:pack:v1";
}
