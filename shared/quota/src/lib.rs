// SPDX-License-Identifier: Apache-2.0
//! What a plan asks of AWS.
//!
//! [`least()`] counts the calls that a run can't do without. Pure: values in, values out.

#![deny(clippy::wildcard_enum_match_arm)]

mod least;
mod operation;

pub use least::{asks_of_key_alone, least};
pub use operation::Operation;
