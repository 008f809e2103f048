// SPDX-License-Identifier: Apache-2.0
//! The policies of an estate, by their place in it.

use keyproof_check::{Estate, Part};
use keyproof_template::PolicySource;

/// A policy's place: the template's number, then what it belongs to by its number in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// A key's policy.
    Key(usize, usize),
    /// A role's trust policy.
    Trust(usize, usize),
    /// An inline policy of a role.
    Inline(usize, usize, usize),
    /// A managed policy that a template declares.
    Managed(usize, usize),
    /// A table's resource policy.
    Table(usize, usize),
    /// An organization's policy.
    Organization(usize, usize),
}

/// A policy that mutants are made of.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) site: Site,
    /// What the policy is of, for sentences and ids: `OrdersKey`.
    pub(crate) owner: String,
    /// What kind of policy it is, for sentences.
    pub(crate) noun: &'static str,
    pub(crate) file: Option<String>,
    pub(crate) source: PolicySource,
}

/// Every policy that mutants are made of. Users and groups are not among their owners: a plan's
/// principals are roles.
pub(crate) fn all(estate: &Estate) -> Vec<Found> {
    let mut found = Vec::new();
    for (number, part) in estate.parts().enumerate() {
        of_part(number, part, &mut found);
    }
    found
}

fn of_part(number: usize, part: &Part, found: &mut Vec<Found>) {
    let mut add = |site, owner: &str, noun, source: &PolicySource| {
        found.push(Found {
            site,
            owner: owner.to_owned(),
            noun,
            file: part.file.clone(),
            source: source.clone(),
        });
    };
    let account = &part.account;
    for (index, key) in account.keys.iter().enumerate() {
        add(
            Site::Key(number, index),
            &key.logical_id,
            "key policy",
            &key.policy,
        );
    }
    for (index, role) in account.roles.iter().enumerate() {
        let owner = &role.logical_id;
        add(
            Site::Trust(number, index),
            owner,
            "trust policy",
            &role.trust,
        );
        for (at, inline) in role.inline.iter().enumerate() {
            let site = Site::Inline(number, index, at);
            let owner = format!("{owner}.{}", inline.name);
            add(site, &owner, "policy", &inline.source);
        }
    }
    for (index, policy) in account.managed_policies.iter().enumerate() {
        if let Some(owner) = &policy.logical_id {
            add(
                Site::Managed(number, index),
                owner,
                "managed policy",
                &policy.source,
            );
        }
    }
    for (index, table) in account.tables.iter().enumerate() {
        if let Some(source) = &table.resource_policy {
            let site = Site::Table(number, index);
            add(site, &table.logical_id, "resource policy", source);
        }
    }
    for (index, policy) in account.organization_policies.iter().enumerate() {
        let site = Site::Organization(number, index);
        add(
            site,
            &policy.logical_id,
            "organization policy",
            &policy.source,
        );
    }
}

impl Site {
    /// The policy, to be exchanged.
    pub(crate) fn of(self, estate: &mut Estate) -> Option<&mut PolicySource> {
        match self {
            Self::Key(part, index) => {
                let key = estate.part_mut(part)?.account.keys.get_mut(index)?;
                Some(&mut key.policy)
            }
            Self::Trust(part, index) => {
                let role = estate.part_mut(part)?.account.roles.get_mut(index)?;
                Some(&mut role.trust)
            }
            Self::Inline(part, index, at) => {
                let role = estate.part_mut(part)?.account.roles.get_mut(index)?;
                Some(&mut role.inline.get_mut(at)?.source)
            }
            Self::Managed(part, index) => {
                let policies = &mut estate.part_mut(part)?.account.managed_policies;
                Some(&mut policies.get_mut(index)?.source)
            }
            Self::Table(part, index) => {
                let table = estate.part_mut(part)?.account.tables.get_mut(index)?;
                table.resource_policy.as_mut()
            }
            Self::Organization(part, index) => {
                let policies = &mut estate.part_mut(part)?.account.organization_policies;
                Some(&mut policies.get_mut(index)?.source)
            }
        }
    }
}
