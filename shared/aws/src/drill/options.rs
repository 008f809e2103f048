// SPDX-License-Identifier: Apache-2.0
//! How drills are carried out.

use std::time::Duration;

use keyproof_drill::Choice;

/// How drills are carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillOptions {
    /// Whom and what to drill.
    pub choice: Choice,
    /// How long access may take to appear, and how long to go.
    pub within: Duration,
    /// The wait between two reads.
    pub every: Duration,
    /// How many reads in a row, by sessions of their own, settle an answer. 0 counts as 1.
    pub confirmations: u32,
    /// For how long a session from before the revocation goes on reading; none is kept where `None`.
    pub keep: Option<Duration>,
    /// How long it is tried to leave nothing open.
    pub patience: Patience,
}

/// For how long it is tried to leave nothing open. A run's deadline ends none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For how long a revocation is tried.
    pub revocation: Duration,
    /// For how long one that is refused is tried again: it may be that a policy has not arrived everywhere.
    pub refusal: Duration,
    /// For how long a grant whose making brought no answer is looked for before it is taken for never made.
    /// Lists of grants are eventually consistent.
    pub search: Duration,
    /// The wait between two tries.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            revocation: Duration::from_mins(1),
            refusal: Duration::from_secs(5),
            search: Duration::from_secs(15),
            pause: Duration::from_secs(1),
        }
    }
}

impl Default for DrillOptions {
    fn default() -> Self {
        Self {
            choice: Choice::default(),
            within: Duration::from_mins(10),
            every: Duration::from_secs(2),
            confirmations: 3,
            keep: None,
            patience: Patience::default(),
        }
    }
}
