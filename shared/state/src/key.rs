// SPDX-License-Identifier: Apache-2.0
//! Where each noun is in the table.
//!
//! A plan's own items share a partition, so that its runs can be read in order and its stream
//! records arrive in order. Numbers are padded, as DynamoDB sorts text.

use std::fmt;

use crate::Reference;

/// The partition that lists the plans.
pub const PLANS: &str = "PLANS";
/// The partition that says of which inventory plans come.
pub const ORIGINS: &str = "ORIGINS";
/// The partition that lists the plans of which Security Hub has been told.
pub const HUB: &str = "HUB";
/// The sort key of a plan's state, and the beginning of those of its parts.
pub const STATE: &str = "STATE";

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The partition key, `pk`.
    pub pk: String,
    /// The sort key, `sk`.
    pub sk: String,
}

impl Key {
    /// The beginning of the partition keys of plans.
    pub const PLAN_PREFIX: &'static str = "PLAN#";
    /// The beginning of the sort keys of a plan's runs.
    pub const RUN_PREFIX: &'static str = "RUN#";
    /// The beginning of the sort keys of a plan's changes.
    pub const CHANGE_PREFIX: &'static str = "CHANGE#";

    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        let (pk, sk) = (pk.into(), sk.into());
        Self { pk, sk }
    }

    /// The partition of a plan.
    #[must_use]
    pub fn plan(plan: &str) -> String {
        format!("{}{plan}", Self::PLAN_PREFIX)
    }

    /// The partition of what points to plans.
    #[must_use]
    pub fn reference(reference: &Reference) -> String {
        format!("REF#{reference}")
    }

    /// A plan's head.
    #[must_use]
    pub fn head(plan: &str) -> Self {
        Self::new(Self::plan(plan), "HEAD")
    }

    /// A version of a plan.
    #[must_use]
    pub fn version(plan: &str, version: u64) -> Self {
        Self::new(Self::plan(plan), format!("VERSION#{version:08}"))
    }

    /// A plan's entry in the list of plans.
    #[must_use]
    pub fn listed(plan: &str) -> Self {
        Self::new(PLANS, plan)
    }

    /// Of which inventory a plan comes.
    #[must_use]
    pub fn origin(plan: &str) -> Self {
        Self::new(ORIGINS, plan)
    }

    /// What is known of a plan as one of those of which Security Hub has been told.
    #[must_use]
    pub fn in_hub(plan: &str) -> Self {
        Self::new(HUB, plan)
    }

    /// A plan's state.
    #[must_use]
    pub fn state(plan: &str) -> Self {
        Self::new(Self::plan(plan), STATE)
    }

    /// A part of a plan's state, from 1; one that was written ahead of its head has a generation.
    #[must_use]
    pub fn state_part(plan: &str, part: usize, generation: Option<&str>) -> Self {
        let place = format!("{STATE}#{part:03}");
        let sk = match generation {
            Some(generation) => format!("{place}#{generation}"),
            None => place,
        };
        Self::new(Self::plan(plan), sk)
    }

    /// A part of a plan's text, from 1, by the text's digest.
    #[must_use]
    pub fn text_part(plan: &str, digest: &str, part: usize) -> Self {
        Self::new(Self::plan(plan), format!("TEXT#{digest}#{part:03}"))
    }

    /// A part of what a run changed, while the run is being committed.
    #[must_use]
    pub fn staged(plan: &str, run_id: &str, part: usize) -> Self {
        Self::new(Self::plan(plan), format!("STAGED#{run_id}#{part:05}"))
    }

    /// A committed run.
    #[must_use]
    pub fn run(plan: &str, commit: u64) -> Self {
        Self::new(
            Self::plan(plan),
            format!("{}{commit:012}", Self::RUN_PREFIX),
        )
    }

    /// A part of what a committed run changed, from 1: the first is `CHANGE#000000000012`, the
    /// second `CHANGE#000000000012#002`.
    #[must_use]
    pub fn change(plan: &str, commit: u64, part: usize) -> Self {
        let first = format!("{}{commit:012}", Self::CHANGE_PREFIX);
        let sk = match part {
            0 | 1 => first,
            part => format!("{first}#{part:03}"),
        };
        Self::new(Self::plan(plan), sk)
    }

    /// What became of a run, by its id.
    #[must_use]
    pub fn run_status(run_id: &str) -> Self {
        Self::new(format!("{}{run_id}", Self::RUN_PREFIX), "RUN")
    }

    /// The mark that a caller's request has been taken already.
    #[must_use]
    pub fn idempotency(caller: &str, key: &str) -> Self {
        Self::new(format!("IDEMPOTENCY#{caller}#{key}"), "RUN")
    }

    /// The mark of what a sink has been told of a run (`000000000012/RUN`) or of a part of its changes
    /// (`000000000012/CHANGE/001`); and what else the publisher remembers of a plan.
    #[must_use]
    pub fn published(plan: &str, what: &str, sink: &str) -> Self {
        Self::new(format!("PUBLISHED#{plan}"), format!("{what}#{sink}"))
    }

    /// What the stack is made of.
    #[must_use]
    pub fn config() -> Self {
        Self::new("CONFIG", "STACK")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.pk, self.sk)
    }
}
