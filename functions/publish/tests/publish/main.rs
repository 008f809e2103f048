// SPDX-License-Identifier: Apache-2.0
//! The publisher on a table in memory: what a story of reports makes it tell, to whom, and how often.
//!
//! A story is committed as the verify function commits it, with the rules of `keyproof-state`; the
//! stream is what the table saw inserted. `world` has the sinks, which remember and fail as they are
//! told. To add a page, add a scenario to `pages` and run with `UPDATE_GOLDEN=1`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests and their helpers fail by panicking"
)]

mod events;
mod evidence;
mod findings;
mod once;
mod pages;
mod renewals;
mod sweeps;
mod world;
