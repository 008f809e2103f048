// SPDX-License-Identifier: Apache-2.0
//! A large plan cut into shards, each carried out on its own, and one report made of theirs.
//!
//! [`cut()`] divides a plan so that no verdict crosses a shard: a table stays whole, with every
//! principal that must and must not read it, so that the witness of a denial is always in the same
//! report. [`Part`] is what whoever carries a shard
//! out gets of it. [`collect()`] puts the shards' reports together again: each planned probe once, in plan
//! order, whatever became of the shard. What a dead shard should have found out, or one whose report could not
//! be read, is `blind`.
//!
//! Pure: values in, values out. Who carries the shards out, and where their reports wait, is
//! somebody else's business.

#![deny(clippy::wildcard_enum_match_arm)]

mod collect;
mod cut;
mod manifest;
mod part;

#[cfg(test)]
mod tests;

pub use collect::{Collected, Handed, collect};
pub use cut::{cut, cut_part};
pub use manifest::{Manifest, ManifestError, Shard};
pub use part::{Part, PartError};
