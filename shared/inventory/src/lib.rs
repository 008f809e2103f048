// SPDX-License-Identifier: Apache-2.0
//! Inventories: plans with placeholders, and the sources of the tables that fill them.
//!
//! [`Inventory::parse`] reads one, strictly and reporting every error at once. Somebody asks its
//! [`Source`]s what there is; [`expand()`] makes plans of the answers, the same bytes of the same
//! answers, in whatever order they came. What could not be read is told, never left out. Pure: values
//! in, values out.
//!
//! ```
//! use keyproof_inventory::Inventory;
//!
//! let text = "keyproof: inventory/v1\nname: orders\nsources:\n  here: { acounts: [] }\n";
//! let errors = Inventory::parse(text).unwrap_err();
//! let lines: Vec<_> = errors.iter().map(|error| format!("{}: {error}", error.place)).collect();
//! assert!(lines.contains(
//!     &"4:11: sources.here.acounts: unknown field `acounts` in a source; did you mean `accounts`?".to_owned()
//! ));
//! ```

#![deny(clippy::wildcard_enum_match_arm)]

mod answer;
mod compare;
pub mod csv;
mod definition;
mod error;
mod expand;
mod files;
mod keep;
mod model;
pub mod organization;
mod parse;
mod pattern;
mod preview;
mod template;
mod write;

#[cfg(test)]
mod tests;

pub use answer::{Account, Answers, Excluded, Found, Table, Unread};
pub use compare::{Difference, compare};
pub use definition::{reference, schema};
pub use error::{InventoryError, InventoryProblem};
pub use expand::{Expanded, Expansion, Lost, Refusal, Surveyed, expand};
pub use files::{InFile, Listed, listed, rows};
pub use keep::{KeepError, Kept, keep};
pub use model::{
    Inventory, Kind, Location, Organization, Places, Source, TagFilter, Tagged, Template,
};
pub use pattern::{Pattern, PatternError, Placeholder};
pub use preview::{counts, preview};
pub use write::Form;
