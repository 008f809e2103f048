// SPDX-License-Identifier: Apache-2.0
//! The plan: which principal must, and must not, reach which table, and by which layer.
//!
//! A [`Plan`] is read from YAML or JSON by [`Plan::parse`], strictly and reporting every error at
//! once; [`Plan::probes`] expands it into the [`Probe`]s that a run carries out, in plan order.
//! [`schema()`] is the format as JSON Schema, from the same definitions.
//!
//! ```
//! use keyproof_plan::Plan;
//!
//! let errors = Plan::parse("keyproof: plan/v2\nname: orders\nregon: us-east-1\n").unwrap_err();
//! let lines: Vec<_> = errors.iter().map(|error| format!("{}: {error}", error.place)).collect();
//! assert_eq!(
//!     lines[..2],
//!     [
//!         "1:1: a plan needs the field `principals`: the test roles, by the name that expectations use",
//!         "1:1: a plan needs the field `expectations`: what must be allowed and what must be denied",
//!     ]
//! );
//! assert_eq!(lines[3], "3:1: regon: unknown field `regon` in a plan; did you mean `region`?");
//! ```

#![deny(clippy::wildcard_enum_match_arm)]

mod action;
mod attribute;
mod definition;
mod error;
mod model;
mod parse;
mod part;
mod probe;
pub mod reading;
mod schema;
mod suggest;
mod text;
mod unit;
mod write;

#[cfg(test)]
mod tests;

pub use action::Action;
pub use definition::LIMITS;
pub use error::{Hint, PlanError, PlanProblem};
pub use keyproof_document::Place;
pub use model::{
    Attribute, Canary, Exception, Expectation, Expected, Plan, Principal, Table, TableKey,
};
pub use part::Parts;
pub use probe::{Probe, ProbeKind};
pub use schema::{reference, schema};
pub use unit::{About, Unit, Units};
