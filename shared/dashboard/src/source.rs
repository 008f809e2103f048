// SPDX-License-Identifier: Apache-2.0
//! Where a history is read from.

use std::error::Error;
use std::time::Duration;

use keyproof_verdict::Report;

use crate::history::{History, RunRow};

/// A place that runs are kept in.
pub trait Source {
    /// Why it can't be read.
    type Error: Error;

    /// How often it is looked at.
    const REFRESH: Duration;

    /// What is known.
    fn history(&self) -> &History;

    /// Reads what is new; `true` where anything is otherwise than before.
    fn refresh(&mut self) -> impl Future<Output = Result<bool, Self::Error>>;

    /// The report of a run of a plan; `None` where it is not there any more, or is another's.
    fn report(&mut self, plan: &str, run: &RunRow) -> impl Future<Output = Option<Report>>;
}
