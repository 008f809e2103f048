// SPDX-License-Identifier: Apache-2.0
//! The history of runs as pages on loopback: timelines, transitions with their causes, drills.
//!
//! A [`Source`] reads: [`Folder`] reports, [`Stack`] the state table of a deployed service. [`History`] is what they
//! come to, the pages are pure functions of it and of an address, and [`serve`] answers a browser on the same
//! machine and nobody else. Nothing is ever written.

mod episode;
mod folder;
mod guard;
mod history;
mod page;
mod query;
mod server;
mod source;
mod stack;

#[cfg(test)]
mod tests;

pub use folder::{Folder, ReadError};
pub use history::{Episode, History, Place, PlanHistory, ProbeHistory, RunRow, Schedule, Segment};
pub use server::{look, serve};
pub use source::Source;
pub use stack::{Stack, StackError};
