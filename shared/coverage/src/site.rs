// SPDX-License-Identifier: Apache-2.0
//! The policies of an estate, by their place in it.

use keyproof_check::{Estate, Part};
use keyproof_template::{Attachment, InlinePolicy, PolicySource};

/// Whose a policy is: the template's number, then the number in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Role(usize, usize),
    User(usize, usize),
    Group(usize, usize),
}

impl Holder {
    /// For sentences.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Role(..) => "role",
            Self::User(..) => "user",
            Self::Group(..) => "group",
        }
    }

    fn inline(self, estate: &mut Estate) -> Option<&mut Vec<InlinePolicy>> {
        Some(match self {
            Self::Role(part, index) => {
                &mut (estate.part_mut(part)?.account.roles.get_mut(index)?).inline
            }
            Self::User(part, index) => {
                &mut (estate.part_mut(part)?.account.users.get_mut(index)?).inline
            }
            Self::Group(part, index) => {
                &mut (estate.part_mut(part)?.account.groups.get_mut(index)?).inline
            }
        })
    }

    /// The managed policies, to be exchanged.
    pub(crate) fn attached(self, estate: &mut Estate) -> Option<&mut Vec<Attachment>> {
        Some(match self {
            Self::Role(part, index) => {
                &mut (estate.part_mut(part)?.account.roles.get_mut(index)?).managed
            }
            Self::User(part, index) => {
                &mut (estate.part_mut(part)?.account.users.get_mut(index)?).managed
            }
            Self::Group(part, index) => {
                &mut (estate.part_mut(part)?.account.groups.get_mut(index)?).managed
            }
        })
    }

    /// The permissions boundary, to be exchanged. A group has none.
    pub(crate) fn boundary(self, estate: &mut Estate) -> Option<&mut Option<Attachment>> {
        match self {
            Self::Role(part, index) => {
                let role = estate.part_mut(part)?.account.roles.get_mut(index)?;
                Some(&mut role.boundary)
            }
            Self::User(part, index) => {
                let user = estate.part_mut(part)?.account.users.get_mut(index)?;
                Some(&mut user.boundary)
            }
            Self::Group(..) => None,
        }
    }
}

/// A policy's place: the template's number, then what it belongs to by its number in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    /// A key's policy.
    Key(usize, usize),
    /// A role's trust policy.
    Trust(usize, usize),
    /// An inline policy of a role, user or group.
    Inline(Holder, usize),
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

/// Every policy that mutants are made of.
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
        let holder = Holder::Role(number, index);
        inline(holder, owner, &role.inline, &mut add);
    }
    for (index, user) in account.users.iter().enumerate() {
        let holder = Holder::User(number, index);
        inline(holder, &user.logical_id, &user.inline, &mut add);
    }
    for (index, group) in account.groups.iter().enumerate() {
        let holder = Holder::Group(number, index);
        inline(holder, &group.logical_id, &group.inline, &mut add);
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

fn inline(
    holder: Holder,
    owner: &str,
    policies: &[InlinePolicy],
    add: &mut impl FnMut(Site, &str, &'static str, &PolicySource),
) {
    for (at, policy) in policies.iter().enumerate() {
        let owner = format!("{owner}.{}", policy.name);
        add(Site::Inline(holder, at), &owner, "policy", &policy.source);
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
            Self::Inline(holder, at) => Some(&mut holder.inline(estate)?.get_mut(at)?.source),
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
