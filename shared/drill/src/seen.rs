// SPDX-License-Identifier: Apache-2.0
//! What was seen of one drill.

use keyproof_verdict::Observation;

/// What was seen of one drill. What is absent was not come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The read before the grant.
    pub before: Option<Observation>,
    /// Why there is no grant, in the service's words, where one was asked for and refused.
    pub refused: Option<String>,
    /// The way from denied to allowed, after the grant.
    pub appeared: Option<Passage>,
    /// The way from allowed to denied, after the grant was revoked.
    pub disappeared: Option<Passage>,
    /// The session that was kept over the revocation.
    pub kept: Option<Kept>,
    /// Whether the grant is open, or may be.
    pub open: bool,
    /// What ended the drill early: `interrupted`, `the deadline passed`, …
    pub ended: Option<String>,
}

/// Reads by new sessions until they were answered as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Passage {
    /// Milliseconds from the change's own answer to the first of the reads that settled it.
    pub after_ms: Option<u64>,
    /// Milliseconds to the last read that was still answered as before.
    pub last_before_ms: Option<u64>,
    /// Reads made.
    pub reads: u32,
    /// How often an answer as expected was followed by one as before.
    pub flickers: u32,
    /// Reads that told nothing.
    pub blind: u32,
    /// How long it was watched at most, in milliseconds.
    pub limit_ms: u64,
    /// The last answer.
    pub last: Option<Observation>,
}

impl Passage {
    /// Whether the answers settled as expected.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.after_ms.is_some()
    }
}

/// A session from before the revocation that went on reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Reads made.
    pub reads: u32,
    /// Milliseconds from the revocation to the last read that succeeded.
    pub last_allowed_ms: Option<u64>,
    /// Milliseconds to the first read that was denied.
    pub denied_after_ms: Option<u64>,
    /// For how long it was watched, in milliseconds.
    pub watched_ms: u64,
}
