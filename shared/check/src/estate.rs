// SPDX-License-Identifier: Apache-2.0
//! The account that one or several templates make together.

use keyproof_policy::{Grammar, Grant};
use keyproof_template::{
    Account, Group, Key, ManagedPolicy, OrganizationPolicy, OrganizationPolicyKind,
    OrganizationTarget, Role, Table, User,
};
use thiserror::Error;

/// One template's part of the account.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The template's file, as the user named it.
    pub file: Option<String>,
    /// What it makes.
    pub account: Account,
}

/// A grant on a key. Templates have none; an account and mutants do.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyGrant {
    /// The key's ARN.
    pub key: String,
    /// The grant.
    pub grant: Grant,
}

/// What templates make of one account in one region.
#[derive(Clone, Debug, PartialEq)]
pub struct Estate {
    // INVARIANT (one account): `first` and `others` are of one account, region and partition.
    first: Part,
    others: Vec<Part>,
    /// Grants on its keys.
    pub grants: Vec<KeyGrant>,
}

/// Why templates don't make one account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EstateError {
    /// None at all.
    #[error("no template was given; a plan is checked against at least one")]
    Nothing,
    /// Two places.
    #[error(
        "`{file}` is read for account {account} in {region}, and a template before it for account \
         {other_account} in {other_region}; give `AWS::AccountId` and `AWS::Region` once for all"
    )]
    TwoPlaces {
        /// The template that differs.
        file: String,
        /// Its account.
        account: String,
        /// Its region.
        region: String,
        /// The account before.
        other_account: String,
        /// The region before.
        other_region: String,
    },
}

impl Estate {
    /// Puts templates together.
    ///
    /// # Errors
    ///
    /// Where there is none, or where they are read for different accounts or regions.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Result<Self, EstateError> {
        let mut parts = parts.into_iter();
        let first = parts.next().ok_or(EstateError::Nothing)?;
        let others: Vec<Part> = parts.collect();
        let here = &first.account;
        for part in &others {
            let there = &part.account;
            if (&there.account, &there.region) != (&here.account, &here.region) {
                return Err(EstateError::TwoPlaces {
                    file: part.file.clone().unwrap_or_else(|| "<stdin>".to_owned()),
                    account: there.account.to_string(),
                    region: there.region.clone(),
                    other_account: here.account.to_string(),
                    other_region: here.region.clone(),
                });
            }
        }
        Ok(Self {
            first,
            others,
            grants: Vec::new(),
        })
    }

    /// One template alone.
    #[must_use]
    pub fn of(account: Account) -> Self {
        Self {
            first: Part {
                file: None,
                account,
            },
            others: Vec::new(),
            grants: Vec::new(),
        }
    }

    /// The first template's part. Account id, region and partition are everybody's.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.first.account
    }

    /// The templates' parts, in their order.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// One template's part, to be changed. Its account and region must stay.
    pub fn part_mut(&mut self, index: usize) -> Option<&mut Part> {
        match index.checked_sub(1) {
            None => Some(&mut self.first),
            Some(index) => self.others.get_mut(index),
        }
    }

    pub(crate) fn role(&self, arn: &str) -> Option<(&Part, &Role)> {
        self.parts()
            .find_map(|part| Some((part, part.account.role(arn)?)))
    }

    pub(crate) fn user(&self, arn: &str) -> Option<(&Part, &User)> {
        self.parts().find_map(|part| {
            let user = part.account.users.iter().find(|user| user.arn == arn)?;
            Some((part, user))
        })
    }

    pub(crate) fn group(&self, name: &str) -> Option<(&Part, &Group)> {
        self.parts().find_map(|part| {
            let group = part
                .account
                .groups
                .iter()
                .find(|group| group.name == name)?;
            Some((part, group))
        })
    }

    pub(crate) fn managed_policy(&self, arn: &str) -> Option<(&Part, &ManagedPolicy)> {
        self.parts()
            .find_map(|part| Some((part, part.account.managed_policy(arn)?)))
    }

    pub(crate) fn table(&self, arn: &str) -> Option<(&Part, &Table)> {
        self.parts().find_map(|part| {
            let table = part.account.tables.iter().find(|table| table.arn == arn)?;
            Some((part, table))
        })
    }

    /// The key with this ARN.
    pub(crate) fn key(&self, arn: &str) -> Option<(&Part, &Key)> {
        self.parts().find_map(|part| {
            let key = part.account.keys.iter().find(|key| key.arn == arn)?;
            Some((part, key))
        })
    }

    /// The key behind an alias of the account, `alias/NAME`.
    pub(crate) fn aliased(&self, name: &str) -> Option<(&Part, &Key)> {
        let id = self
            .parts()
            .flat_map(|part| &part.account.aliases)
            .find(|alias| alias.name == name)
            .map(|alias| alias.key_id.as_str())?;
        self.parts().find_map(|part| {
            let key = part.account.keys.iter().find(|key| key.key_id == id)?;
            Some((part, key))
        })
    }

    /// Whether the templates have an alias of this name, wherever it points.
    pub(crate) fn has_alias(&self, name: &str) -> bool {
        self.parts()
            .flat_map(|part| &part.account.aliases)
            .any(|alias| alias.name == name)
    }

    /// The names of a key's aliases.
    pub(crate) fn aliases_of(&self, key_id: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .parts()
            .flat_map(|part| &part.account.aliases)
            .filter(|alias| alias.key_id == key_id)
            .map(|alias| alias.name.clone())
            .collect();
        names.sort_unstable();
        names
    }

    /// The organization's policies of a kind: by level, root first, and those of which nobody knows
    /// whether they apply.
    pub(crate) fn organization(&self, grammar: Grammar) -> Organization<'_> {
        let kind = match grammar {
            Grammar::Rcp => OrganizationPolicyKind::ResourceControl,
            Grammar::Scp
            | Grammar::Identity
            | Grammar::Resource
            | Grammar::Trust
            | Grammar::Boundary
            | Grammar::Session
            | Grammar::VpcEndpoint => OrganizationPolicyKind::ServiceControl,
        };
        let mut found = Organization::default();
        for part in self.parts() {
            for (level, policies) in found
                .levels
                .iter_mut()
                .zip(part.account.organization_levels(kind))
            {
                level.extend(policies.into_iter().map(|policy| (part, policy)));
            }
            for policy in &part.account.organization_policies {
                let doubtful = policy.targets.iter().find_map(|target| match target {
                    OrganizationTarget::Root | OrganizationTarget::Account(_) => None,
                    OrganizationTarget::Unit(name) | OrganizationTarget::Unknown(name) => {
                        Some(name.as_str())
                    }
                });
                if let Some(unit) = doubtful
                    && policy.kind == kind
                {
                    found.doubtful.push((part, policy, unit));
                }
            }
        }
        found
    }

    /// Whether any template speaks of an organization.
    pub(crate) fn is_in_organization(&self) -> bool {
        self.parts()
            .any(|part| !part.account.organization_policies.is_empty())
    }
}

/// Policies of the organization, of one kind.
#[derive(Debug, Default)]
pub(crate) struct Organization<'a> {
    /// Root and account.
    pub(crate) levels: [Vec<(&'a Part, &'a OrganizationPolicy)>; 2],
    /// Attached to a unit that the account may or may not be in, with that unit.
    pub(crate) doubtful: Vec<(&'a Part, &'a OrganizationPolicy, &'a str)>,
}
