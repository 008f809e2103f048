// SPDX-License-Identifier: Apache-2.0
//! A plan held against broken variants of the templates it is about: which of them would it not
//! notice?
//!
//! Pure and in memory, on all processors: [`mutants`] makes every change for the worse that it knows,
//! one at a time; [`cover()`] evaluates the plan against each. A mutant that no probe notices either
//! changes nothing for anybody (it is equivalent), or changes what no plan can ask about, or
//! *survives*: then an expectation is found that would notice it. [`amend()`] writes these into the
//! plan's own text. [`draft()`] writes a first plan, from the same questions.
//!
//! Everybody are the templates' roles and whoever would run the plan: those that a plan can take the
//! place of.

mod amend;
mod condition;
mod cover;
mod draft;
mod generate;
mod mutant;
mod remedy;
mod report;
mod scope;
mod site;
mod statement;
mod universe;

#[cfg(test)]
mod tests;

pub use amend::{AmendError, Amended, amend};
pub use cover::cover;
pub use draft::{Draft, DraftError, Source, draft, missing};
pub use mutant::Mutant;
pub use remedy::Remedy;
pub use report::{Coverage, OutOfReach, PlanRow, Survivor};

use keyproof_check::Estate;

/// Every mutant of an estate. The estate learns AWS's broad managed policies, which some of them
/// attach.
#[must_use]
pub fn mutants(estate: &mut Estate) -> Vec<Mutant> {
    generate::all(estate)
}
