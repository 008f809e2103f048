// SPDX-License-Identifier: Apache-2.0
//! The model of an account: what in a template decides who may read what.
//!
//! Every field is public and everything can be cloned, so that a caller can break one thing at a
//! time and look what happens.

use std::collections::BTreeMap;

use keyproof_core::AccountId;
use keyproof_document::Place;

use crate::{Note, PolicySource};

/// An account in one region, as a template makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The account's id.
    pub account: AccountId,
    /// `aws`, `aws-cn`, `aws-us-gov`.
    pub partition: String,
    /// The region that keys and tables are in.
    pub region: String,
    /// IAM roles, in the template's order; so are all other lists.
    pub roles: Vec<Role>,
    /// IAM users.
    pub users: Vec<User>,
    /// IAM groups.
    pub groups: Vec<Group>,
    /// Managed policies: the template's own, and AWS's that something in the template refers to
    /// (with the feature `managed-policies`). An attached or bounding ARN that is not in here is
    /// one whose document nobody knows; a [`Note`] says so.
    pub managed_policies: Vec<ManagedPolicy>,
    /// KMS keys.
    pub keys: Vec<Key>,
    /// KMS aliases.
    pub aliases: Vec<Alias>,
    /// DynamoDB tables.
    pub tables: Vec<Table>,
    /// Service and resource control policies of the organization.
    pub organization_policies: Vec<OrganizationPolicy>,
    /// What the stack exports to others, by the export's name, as far as it is known.
    pub exports: BTreeMap<String, String>,
    /// What was left out or could not be told.
    pub notes: Vec<Note>,
}

impl Account {
    /// An account with nothing in it.
    #[must_use]
    pub fn empty(
        account: AccountId,
        partition: impl Into<String>,
        region: impl Into<String>,
    ) -> Self {
        Self {
            account,
            partition: partition.into(),
            region: region.into(),
            roles: Vec::new(),
            users: Vec::new(),
            groups: Vec::new(),
            managed_policies: Vec::new(),
            keys: Vec::new(),
            aliases: Vec::new(),
            tables: Vec::new(),
            organization_policies: Vec::new(),
            exports: BTreeMap::new(),
            notes: Vec::new(),
        }
    }
}

/// A tag's key and value.
pub type Tags = BTreeMap<String, String>;

/// A policy that is part of a role, user or group.
#[derive(Clone, Debug, PartialEq)]
pub struct InlinePolicy {
    /// The policy's name.
    pub name: String,
    /// The resource that declares it: the role itself, or an `AWS::IAM::Policy`.
    pub logical_id: String,
    /// The policy.
    pub source: PolicySource,
}

/// A managed policy that is attached, or bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The policy's ARN.
    pub arn: String,
    /// Where it is attached.
    pub place: Place,
}

/// An IAM role.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// The role's logical id.
    pub logical_id: String,
    /// The role's name, without path.
    pub name: String,
    /// The role's path, from `/` to `/`.
    pub path: String,
    /// The role's ARN, path included.
    pub arn: String,
    /// Who may assume it.
    pub trust: PolicySource,
    /// Inline policies, those of separate resources included.
    pub inline: Vec<InlinePolicy>,
    /// Attached managed policies.
    pub managed: Vec<Attachment>,
    /// The permissions boundary.
    pub boundary: Option<Attachment>,
    /// The longest session in seconds.
    pub max_session_duration: u32,
    /// The role's tags.
    pub tags: Tags,
    /// Where the role is declared.
    pub place: Place,
}

/// An IAM user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The user's logical id.
    pub logical_id: String,
    /// The user's name, without path.
    pub name: String,
    /// The user's path, from `/` to `/`.
    pub path: String,
    /// The user's ARN, path included.
    pub arn: String,
    /// Inline policies, those of separate resources included.
    pub inline: Vec<InlinePolicy>,
    /// Attached managed policies.
    pub managed: Vec<Attachment>,
    /// The permissions boundary.
    pub boundary: Option<Attachment>,
    /// The names of the groups that the user is in.
    pub groups: Vec<String>,
    /// The user's tags.
    pub tags: Tags,
    /// Where the user is declared.
    pub place: Place,
}

/// An IAM group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The group's logical id.
    pub logical_id: String,
    /// The group's name, without path.
    pub name: String,
    /// The group's path, from `/` to `/`.
    pub path: String,
    /// The group's ARN, path included.
    pub arn: String,
    /// Inline policies, those of separate resources included.
    pub inline: Vec<InlinePolicy>,
    /// Attached managed policies.
    pub managed: Vec<Attachment>,
    /// Where the group is declared.
    pub place: Place,
}

/// A managed policy.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagedPolicy {
    /// The policy's logical id; `None` for one of AWS's.
    pub logical_id: Option<String>,
    /// The policy's name, without path.
    pub name: String,
    /// The policy's path, from `/` to `/`.
    pub path: String,
    /// The policy's ARN, path included.
    pub arn: String,
    /// The policy. For one of AWS's, its places are where the template first names it.
    pub source: PolicySource,
    /// Where the policy is declared or, for one of AWS's, first named.
    pub place: Place,
}

/// A KMS key.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The key's logical id.
    pub logical_id: String,
    /// The key's id: always the same for the same logical id.
    pub key_id: String,
    /// The key's ARN.
    pub arn: String,
    /// The key policy; KMS's default one where the template gives none.
    pub policy: PolicySource,
    /// Whether the key can be used.
    pub enabled: bool,
    /// Whether the key is a multi-Region key.
    pub multi_region: bool,
    /// The ARN of the primary, where this is a replica.
    pub primary: Option<String>,
    /// Whether the key material is rotated.
    pub rotation: bool,
    /// The key spec, such as `SYMMETRIC_DEFAULT`.
    pub spec: String,
    /// The key usage, such as `ENCRYPT_DECRYPT`.
    pub usage: String,
    /// The key's description.
    pub description: String,
    /// The key's tags.
    pub tags: Tags,
    /// Where the key is declared.
    pub place: Place,
}

/// A KMS alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The alias's logical id.
    pub logical_id: String,
    /// The alias's name with its prefix: `alias/orders`.
    pub name: String,
    /// The id of the key that it stands for.
    pub key_id: String,
    /// Where the alias is declared.
    pub place: Place,
}

/// What a table is encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// A key that belongs to DynamoDB. KMS denies nobody.
    AwsOwned,
    /// The account's `aws/dynamodb` key, which lets the whole account through.
    AwsManaged,
    /// A customer managed key, by ARN.
    Key(String),
    /// A customer managed key that the template doesn't tell; the text says what it hangs on.
    Unknown(String),
}

/// A DynamoDB table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The table's logical id.
    pub logical_id: String,
    /// The table's name.
    pub name: String,
    /// The table's ARN.
    pub arn: String,
    /// The names of the key attributes: hash key, then range key if there is one.
    pub key_schema: Vec<String>,
    /// The types (`S`, `N` or `B`) of the attributes that keys and indexes use, by name.
    pub attributes: BTreeMap<String, String>,
    /// Global and local secondary indexes.
    pub indexes: Vec<Index>,
    /// What the table is encrypted with.
    pub encryption: Encryption,
    /// The table's resource policy.
    pub resource_policy: Option<PolicySource>,
    /// `PAY_PER_REQUEST` or `PROVISIONED`.
    pub billing_mode: String,
    /// What the stream shows, such as `NEW_AND_OLD_IMAGES`; `None` without a stream.
    pub stream: Option<String>,
    /// The attribute that holds an item's end of life.
    pub time_to_live: Option<String>,
    /// Whether the table can be restored to any second of the last weeks.
    pub point_in_time_recovery: bool,
    /// The table's tags.
    pub tags: Tags,
    /// Where the table is declared.
    pub place: Place,
    /// Where the table's encryption is declared; the table's own place where it isn't.
    pub encryption_place: Place,
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// Whether it is a global one.
    pub global: bool,
    /// The names of the key attributes: hash key, then range key if there is one.
    pub key_schema: Vec<String>,
    /// What of an item it holds.
    pub projection: Projection,
}

/// What of an item an index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Everything.
    All,
    /// The keys of table and index.
    KeysOnly,
    /// The keys and these attributes.
    Include(Vec<String>),
}

/// A service or resource control policy.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationPolicy {
    /// The policy's logical id.
    pub logical_id: String,
    /// The policy's name.
    pub name: String,
    /// Which of the two it is.
    pub kind: OrganizationPolicyKind,
    /// What it is attached to.
    pub targets: Vec<OrganizationTarget>,
    /// The policy.
    pub source: PolicySource,
    /// Where the policy is declared.
    pub place: Place,
}

/// The kinds of organization policy that decide access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrganizationPolicyKind {
    /// Limits the account's principals.
    ServiceControl,
    /// Limits access to the account's resources.
    ResourceControl,
}

/// What an organization policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationTarget {
    /// The whole organization.
    Root,
    /// An organizational unit; whether the account is in it, a template doesn't say.
    Unit(String),
    /// An account.
    Account(String),
    /// Something that only deployment tells.
    Unknown(String),
}

impl Account {
    /// The role with this ARN.
    #[must_use]
    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    /// The managed policy with this ARN.
    #[must_use]
    pub fn managed_policy(&self, arn: &str) -> Option<&ManagedPolicy> {
        self.managed_policies
            .iter()
            .find(|policy| policy.arn == arn)
    }

    /// The key that an id, ARN, alias name (`alias/orders`) or alias ARN stands for.
    #[must_use]
    pub fn key(&self, reference: &str) -> Option<&Key> {
        let (_, name) = reference.rsplit_once(':').unwrap_or(("", reference));
        let id = if name.starts_with("alias/") {
            &self.aliases.iter().find(|alias| alias.name == name)?.key_id
        } else {
            name.strip_prefix("key/").unwrap_or(name)
        };
        self.keys
            .iter()
            .find(|key| key.key_id == id && (name == reference || self.holds(reference)))
    }

    /// The table with this name or ARN.
    #[must_use]
    pub fn table(&self, reference: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.name == reference || table.arn == reference)
    }

    /// The service or resource control policies that apply to this account, by level, root first.
    /// Policies of organizational units are not in it: see [`OrganizationTarget::Unit`].
    #[must_use]
    pub fn organization_levels(
        &self,
        kind: OrganizationPolicyKind,
    ) -> [Vec<&OrganizationPolicy>; 2] {
        let at = |level: &OrganizationTarget| {
            let policies = self.organization_policies.iter();
            policies
                .filter(|one| one.kind == kind && one.targets.contains(level))
                .collect()
        };
        [
            at(&OrganizationTarget::Root),
            at(&OrganizationTarget::Account(self.account.to_string())),
        ]
    }

    /// Whether an ARN names this account and region.
    fn holds(&self, arn: &str) -> bool {
        let mut fields = arn.splitn(6, ':').skip(3);
        fields.next() == Some(self.region.as_str()) && fields.next() == Some(self.account.as_str())
    }
}
