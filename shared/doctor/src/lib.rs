// SPDX-License-Identifier: Apache-2.0
//! What a run of a plan needs, and what of it is missing.
//!
//! Pure: [`keyproof_aws::examine()`] asks, [`diagnose()`] turns what it found into a [`Diagnosis`], a
//! [`Check`] for each thing that a run needs, each with the mend where it is missing.
//! [`runner_policy()`] is the least-privilege policy of whoever runs the plan, from the actions that
//! the adapters declare.
//!
//! What could not be asked is never called well.

mod check;
mod diagnose;
mod mend;
mod plan;
mod policy;
mod principal;
mod runner;
mod table;
mod text;
mod trust;

#[cfg(test)]
mod tests;

pub use check::{Check, Diagnosis, Environment, Mend, Permission, PlanRow, State, Summary};
pub use diagnose::{Circumstances, diagnose};
pub use policy::{Allowance, Known, RunnerPolicy, runner_policy};
pub use text::render;
