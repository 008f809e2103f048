// SPDX-License-Identifier: Apache-2.0
//! Records, folders and packs, and every way in which a pack can be altered.
//!
//! `world` makes a folder of runs with one key, made anew for each test process. A
//! new way to tamper is a line in `tamper`.

mod archive;
mod changes;
mod completeness;
mod exhaustive;
mod folder;
mod pack;
mod record;
mod tamper;
pub(crate) mod world;
