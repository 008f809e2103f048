// SPDX-License-Identifier: Apache-2.0
//! What is known of each probe from run to run, and what a new report changes.
//!
//! Pure: the nouns of the state table with their keys and shapes, the requests of the run queue, and
//! the rules. [`apply()`] takes what was known and a report, and gives what is known now, the items
//! that record it and what is to be told to people. [`PolicyEvent`] reads a change of somebody's
//! policy, and says which plans it may concern.
//!
//! Every noun is one item, or a few where one would be too large: [`Noun::to_item`] and
//! [`Noun::from_item`] are the only way in and out, so that a table that a later version has written
//! is refused, not misread.

#![deny(clippy::wildcard_enum_match_arm)]

mod apply;
mod change;
mod config;
mod digest;
mod entry;
mod item;
mod key;
mod plan;
mod reference;
mod request;
mod run;
mod shard;
mod standing;
mod touched;

pub use apply::{Applied, ApplyError, Observed, Rules, apply, report_text};
pub use change::{EventError, PolicyChange, PolicyEvent, Reach};
pub use config::{SkewError, StackConfig};
pub use digest::{digest, hex};
pub use entry::{ChangeItem, Entry, EntryKind, Subject, shortened};
pub use item::{Item, ItemError, Noun, SCHEMA};
pub use key::{HUB, Key, ORIGINS, PLANS, STATE};
pub use plan::{PlanHead, PlanOrigin, PlanVersion};
pub use reference::{Reference, ReferenceError, ReferenceKind, references};
pub use request::{RequestError, RunRequest, is_word, ulid};
pub use run::{RunItem, RunStage, RunStatus, TakenRequest};
pub use shard::{StateItems, join, left_behind, split};
pub use standing::{Incident, LastRun, PlanState, ProbeState, Standing};
pub use touched::{part_row, touched};
