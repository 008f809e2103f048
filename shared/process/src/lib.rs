// SPDX-License-Identifier: Apache-2.0
//! What each of keyproof's programs does to its own process before anything else.
//!
//! A process that holds credentials leaves no copy of its memory behind: no core dump, no memory that another
//! process of the same user may read, no panic that prints what it was working on. [`begin`] sees to that.
//! A Lambda function begins with [`begin_function`], which sets its log up as well.

mod harden;
mod log;
mod panic;

pub use harden::{HardenError, harden};
pub use panic::{quiet_panics, without_payload};

/// Hardens a program. Returns what the system would not do: its caller says so, and goes on.
///
/// # Errors
///
/// Where the system refuses.
pub fn begin() -> Result<(), HardenError> {
    quiet_panics();
    harden()
}

/// Hardens a Lambda function and sets its log up: keyproof's own events as JSON lines on standard output, which
/// is where Lambda takes them from.
pub fn begin_function() {
    log::to_stdout();
    if let Err(error) = begin() {
        tracing::warn!(%error, "the process is not hardened");
    }
}

/// The process's environment, as far as it is text.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
