// SPDX-License-Identifier: Apache-2.0
//! Temporary-access drills: whom to try, what was seen, and what it means.
//!
//! A drill gives somebody whom a key keeps out a grant on it, sees access appear, revokes the grant
//! and sees access go. Pure: [`targets`] says whom a plan lets be tried, [`judge()`] turns what was
//! seen of one drill into its verdict, [`DrillReport`] holds them all, and [`text()`] tells them to a
//! person. Carrying a drill out is another crate's.

mod grant_name;
mod judge;
mod report;
mod seen;
mod target;
mod text;

#[cfg(test)]
mod tests;

pub use grant_name::{PREFIX, grant_name, is_drill};
pub use judge::judge;
pub use report::{
    DrillReport, DrillReportError, DrillRow, DrillSummary, GrantRow, GrantState, KeptRow,
    OpenGrant, PassageRow,
};
pub use seen::{Kept, Passage, Seen};
pub use target::{Choice, NoTargetError, Target, targets};
pub use text::text;

/// The tag that permits drills on a key.
pub const TAG: (&str, &str) = ("keyproof:drill", "allowed");
