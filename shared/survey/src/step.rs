// SPDX-License-Identifier: Apache-2.0
//! How far a survey has come, for somebody who waits.

use std::fmt;
use std::sync::Arc;

/// Where a survey is in its current source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Accounts of the organization that were found so far; nobody knows how many there are.
    Members(usize),
    /// Accounts whose tags were read.
    Tags {
        /// So many were.
        done: usize,
        /// Of so many.
        of: usize,
    },
    /// Accounts whose tables were looked for.
    Searched {
        /// So many were, those that could not be read among them.
        done: usize,
        /// Of so many.
        of: usize,
        /// The tables found there.
        tables: usize,
        /// Accounts and regions that could not be read.
        unread: usize,
    },
}

/// Who is told.
#[derive(Clone)]
pub(crate) struct Told(Arc<dyn Fn(Step) + Send + Sync>);

impl Told {
    pub(crate) fn new(tell: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(crate) fn step(&self, step: Step) {
        (self.0)(step);
    }
}

impl Default for Told {
    fn default() -> Self {
        Self::new(|_| ())
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Told")
    }
}
