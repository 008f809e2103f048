// SPDX-License-Identifier: Apache-2.0
//! What IAM keeps for an account.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::policy::StoredPolicy;

/// An account's identities and policies.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Account {
    /// By name.
    pub(crate) roles: BTreeMap<String, Role>,
    /// By name.
    pub(crate) users: BTreeMap<String, User>,
    /// By name.
    pub(crate) groups: BTreeMap<String, Identity>,
    /// Customer managed policies by ARN.
    pub(crate) policies: BTreeMap<String, ManagedPolicy>,
}

/// What roles, users and groups have in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) name: String,
    /// From `/` to `/`.
    pub(crate) path: String,
    /// `AROA…`, `AIDA…` or `AGPA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) created: Timestamp,
    /// Inline policies by name.
    pub(crate) inline: BTreeMap<String, StoredPolicy>,
    /// ARNs of attached managed policies.
    pub(crate) attached: BTreeSet<String>,
    /// ARN of the permissions boundary.
    pub(crate) boundary: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) identity: Identity,
    pub(crate) trust: StoredPolicy,
    pub(crate) description: String,
    /// The longest session, in seconds.
    pub(crate) max_session: u32,
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) identity: Identity,
    /// Names of the user's groups.
    pub(crate) groups: BTreeSet<String>,
}

/// A customer managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub(crate) name: String,
    pub(crate) path: String,
    /// `ANPA…`.
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) description: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// By number: version 3 is `v3`.
    pub(crate) versions: BTreeMap<u32, Version>,
    /// The number of the version that is in force.
    pub(crate) default: u32,
    pub(crate) tags: BTreeMap<String, String>,
}

/// A version of a managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) document: StoredPolicy,
    pub(crate) created: Timestamp,
}

impl Account {
    /// The ARNs of the permissions boundaries in use.
    pub(crate) fn boundaries(&self) -> impl Iterator<Item = &str> {
        let roles = self
            .roles
            .values()
            .filter_map(|role| role.identity.boundary.as_deref());
        roles.chain(
            self.users
                .values()
                .filter_map(|user| user.identity.boundary.as_deref()),
        )
    }
}

impl Identity {
    /// An identity without policies.
    pub(crate) fn new(name: &str, path: &str, arn: String, id: String, created: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            id,
            arn,
            created,
            inline: BTreeMap::new(),
            attached: BTreeSet::new(),
            boundary: None,
            tags: BTreeMap::new(),
        }
    }
}

impl ManagedPolicy {
    /// The policy in force.
    pub(crate) fn default_document(&self) -> Option<&StoredPolicy> {
        self.versions
            .get(&self.default)
            .map(|version| &version.document)
    }
}
