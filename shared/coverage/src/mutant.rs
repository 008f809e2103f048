// SPDX-License-Identifier: Apache-2.0
//! One broken variant of an estate.

use keyproof_check::{Estate, KeyGrant};
use keyproof_template::{Attachment, Encryption, PolicySource};

use crate::site::{Holder, Site};

/// A change for the worse: one that somebody could make by mistake.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// Names it, the same in every run.
    pub id: String,
    /// What is changed, one sentence without a full stop.
    pub change: String,
    /// Where: a path in the template.
    pub place: String,
    /// The template's file.
    pub file: Option<String>,
    /// The line of what is changed.
    pub line: usize,
    pub(crate) edit: Edit,
}

/// What is exchanged. Done twice, it is undone.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Policy(Site, Box<PolicySource>),
    /// A table's resource policy, where it may have none.
    TablePolicy(usize, usize, Option<Box<PolicySource>>),
    Boundary(Holder, Option<Attachment>),
    Attached(Holder, Vec<Attachment>),
    /// The groups of a user.
    Membership(usize, usize, Vec<String>),
    Encryption(usize, usize, Encryption),
    Enabled(usize, usize, bool),
    Alias(usize, usize, String),
    Grants(Vec<KeyGrant>),
}

impl Mutant {
    /// The estate, broken this way.
    #[must_use]
    pub fn of(&self, estate: &Estate) -> Estate {
        let mut broken = estate.clone();
        self.edit.clone().exchange(&mut broken);
        broken
    }
}

impl Edit {
    /// Puts into the estate what this holds, and takes what was there.
    pub(crate) fn exchange(&mut self, estate: &mut Estate) {
        // A place that is not there was never mutated.
        let _ = self.try_exchange(estate);
    }

    fn try_exchange(&mut self, estate: &mut Estate) -> Option<()> {
        match self {
            Self::Policy(site, source) => std::mem::swap(site.of(estate)?, source),
            Self::TablePolicy(part, index, source) => {
                let table = estate.part_mut(*part)?.account.tables.get_mut(*index)?;
                let before = table.resource_policy.take();
                table.resource_policy = source.take().map(|source| *source);
                *source = before.map(Box::new);
            }
            Self::Boundary(holder, boundary) => {
                std::mem::swap(holder.boundary(estate)?, boundary);
            }
            Self::Attached(holder, attached) => {
                std::mem::swap(holder.attached(estate)?, attached);
            }
            Self::Membership(part, index, groups) => {
                let user = estate.part_mut(*part)?.account.users.get_mut(*index)?;
                std::mem::swap(&mut user.groups, groups);
            }
            Self::Encryption(part, index, encryption) => {
                let table = estate.part_mut(*part)?.account.tables.get_mut(*index)?;
                std::mem::swap(&mut table.encryption, encryption);
            }
            Self::Enabled(part, index, enabled) => {
                let key = estate.part_mut(*part)?.account.keys.get_mut(*index)?;
                std::mem::swap(&mut key.enabled, enabled);
            }
            Self::Alias(part, index, key_id) => {
                let alias = estate.part_mut(*part)?.account.aliases.get_mut(*index)?;
                std::mem::swap(&mut alias.key_id, key_id);
            }
            Self::Grants(grants) => std::mem::swap(&mut estate.grants, grants),
        }
        Some(())
    }
}
