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
