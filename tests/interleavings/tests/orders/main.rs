// SPDX-License-Identifier: Apache-2.0
//! Runs and their publication in every order that queues, streams and crashes can bring about.
//!
//! The functions are the deployed ones, over a table in memory. A new play: the messages, what the
//! runs see, and who else takes part, in `runs` or `publication`; what must be so of every play is in
//! `truths`. With `EVERY_ORDER=1` the larger plays are searched, too.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

mod actors;
mod publication;
mod runs;
mod truths;
mod world;

use std::io::Write as _;

use keyproof_interleavings::{Explored, Violation};

/// What a search came to, told to whoever asks for a test's output: no order broke a truth, and there were at
/// least so many states, as a search that finds little has looked at little.
#[track_caller]
fn held(explored: Result<Explored, Violation>, least: usize) {
    let explored = explored.unwrap_or_else(|violation| panic!("{violation}"));
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stdout(), "{name}: {explored:?}");
    assert!(explored.states >= least, "{explored:?}");
}
