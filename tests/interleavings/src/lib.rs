// SPDX-License-Identifier: Apache-2.0
//! Every order in which functions that share a table can take their steps.
//!
//! A model of a protocol proves the model. Here the functions themselves are what is checked: each
//! runs as a future whose every call of a table, a queue or a sink waits at a [`Gate`], and
//! [`explore()`] decides who takes the next step, and whether a call fails, its reply is lost or the
//! process is killed. It tries every such choice: from the beginning to the end for each order, and
//! no order twice whose state was seen before.

mod explore;
mod gate;
mod stepped;

#[cfg(test)]
mod tests;

pub use explore::{Actor, Doing, Explored, Faults, Play, Step, Truth, Violation, explore};
pub use gate::{Fate, Gate};
pub use stepped::{Stepped, lost};
