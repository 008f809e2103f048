// SPDX-License-Identifier: Apache-2.0
//! The history of runs as pages on loopback: timelines, transitions with their causes, drills.
//!
//! [`Folder`] reads reports, [`History`] is what they come to, the pages are pure functions of it and
//! of an address, and [`serve`] answers a browser on the same machine and nobody else. Nothing is ever
//! written.

mod episode;
mod folder;
mod guard;
mod history;
mod page;
mod query;
mod server;

#[cfg(test)]
mod tests;

pub use folder::{Folder, ReadError};
pub use history::{Episode, History, PlanHistory, ProbeHistory, RunRow, Segment, Standing};
pub use server::{REFRESH, serve};
