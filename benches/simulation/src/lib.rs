// SPDX-License-Identifier: Apache-2.0
//! A run of an organisation in virtual time.
//!
//! [`simulate()`] plays what the deployed service does with a large plan: shards, so many at once, each
//! a function that opens its sessions and then has so many calls under way, against AWS's quotas as
//! [`keyproof_quota::Quota`] has them. Latencies and faults are drawn from a seed: the same scenario
//! always gives the same outcome. No clock, no network.

#![deny(clippy::wildcard_enum_match_arm)]

mod cost;
mod dice;
mod page;
mod world;

pub use cost::Cost;
pub use page::page;
pub use world::{Outcome, Scenario, simulate};
