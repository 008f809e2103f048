// SPDX-License-Identifier: Apache-2.0
//! A first plan: what is so, written down as what must be so, for a person to read and correct.
//!
//! Tables on customer managed keys, those whom key policies and grants name, and for each table
//! somebody who can read it and somebody whom the key keeps out. Every expectation is one that passes
//! as things are; what mutants then show to be missing is added.

mod choose;
mod expect;
mod world;
mod write;

use keyproof_check::{Circumstances, Estate};
use keyproof_plan::Plan;
use keyproof_verdict::RunFacts;
use thiserror::Error;

use crate::{amend, cover};
use choose::Chosen;

/// How a plan is to be called, and what it is drafted from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The plan's name; that of its first table where `None`.
    pub name: Option<String>,
    /// In a sentence: `template.yaml`, `account 111122223333`.
    pub from: String,
    /// Whether it is an account as it is, whose names are everybody's real ones.
    pub live: bool,
}

/// A first plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its text, YAML with comments.
    pub text: String,
    /// What is not in it, and what a person has to see to: a sentence each.
    pub notes: Vec<String>,
    /// What it lacks to prove anything, as a CloudFormation template.
    pub missing: Option<String>,
}

/// Why there is no first plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DraftError {
    /// Nothing to prove.
    #[error("no table of {from} is on a customer managed key, so there is nothing for a key to prove{}", told(.notes))]
    NoTable {
        /// What was drafted from.
        from: String,
        /// What was left out.
        notes: Vec<String>,
    },
    /// Nobody to prove it.
    #[error("nobody whose role the runner may assume reads any table of {from} that is on a customer managed key, so that no plan could prove anything{}", told(.notes))]
    NoWitness {
        /// What was drafted from.
        from: String,
        /// What was left out.
        notes: Vec<String>,
    },
    /// A mistake of ours.
    #[error("the drafted plan is not valid: {problem}; this is a mistake of keyproof's")]
    Invalid {
        /// What is wrong with it.
        problem: String,
    },
}

fn told(notes: &[String]) -> String {
    let lines = notes.iter().flat_map(|note| ["\n  ", note]);
    lines.collect()
}

/// Drafts a first plan for what an estate holds.
///
/// # Errors
///
/// Where there is nothing that a plan could prove.
pub fn draft(
    estate: &Estate,
    source: &Source,
    circumstances: &Circumstances,
    facts: &RunFacts,
) -> Result<Draft, DraftError> {
    let chosen = Chosen::new(estate, source, circumstances, facts)?;
    let expected = expect::expectations(&chosen, estate, circumstances, facts);
    let mut notes = chosen.notes.clone();
    notes.extend(expected.notes);
    if expected.all.is_empty() {
        let from = source.from.clone();
        return Err(DraftError::NoWitness { from, notes });
    }
    let missing = chosen.missing(estate);
    let text = write::plan(&chosen, &expected.all, source, &notes, missing.as_deref());
    let plan = parsed(&text)?;
    let coverage = cover(&plan, estate, circumstances, facts);
    // Where nothing can be added, the draft is as good as it gets.
    let text = match amend(&text, &coverage.survivors) {
        Ok(amended) => amended.text,
        Err(_) => text,
    };
    parsed(&text)?;
    Ok(Draft {
        text,
        notes,
        missing,
    })
}

/// What a plan of the estate would lack to prove anything, as a CloudFormation template: an outsider for
/// the tables that have none, and a control table. `None` where it lacks nothing.
///
/// # Errors
///
/// Where there is nothing that a plan could prove.
pub fn missing(
    estate: &Estate,
    source: &Source,
    circumstances: &Circumstances,
    facts: &RunFacts,
) -> Result<Option<String>, DraftError> {
    Ok(Chosen::new(estate, source, circumstances, facts)?.missing(estate))
}

fn parsed(text: &str) -> Result<Plan, DraftError> {
    Plan::parse(text).map_err(|errors| DraftError::Invalid {
        problem: errors
            .first()
            .map_or_else(String::new, |error| format!("{}: {error}", error.place)),
    })
}
