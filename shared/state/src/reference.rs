// SPDX-License-Identifier: Apache-2.0
//! What plans are about, in the words of a change event: the index from a key, an alias, a table or a
//! role to the plans that mention it.
//!
//! A change event and a plan may name the same thing differently, and neither always says the
//! account. So a reference holds only what both know: too many plans may be run, never too few.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use keyproof_core::{Arn, RoleArn};
use keyproof_plan::{Plan, TableKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// What a reference is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// A KMS key, by its id.
    Key,
    /// An alias of a key, `alias/NAME`.
    Alias,
    /// A DynamoDB table, by its name.
    Table,
    /// A role, `ACCOUNT/NAME`, without its path.
    Role,
}

impl ReferenceKind {
    const ALL: [Self; 4] = [Self::Key, Self::Alias, Self::Table, Self::Role];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "KEY",
            Self::Alias => "ALIAS",
            Self::Table => "TABLE",
            Self::Role => "ROLE",
        }
    }
}

/// Something that a plan may mention and a change event may touch. Written `KEY#1234abcd-…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// What it is to.
    pub kind: ReferenceKind,
    /// Its name.
    pub value: String,
}

impl Reference {
    fn new(kind: ReferenceKind, value: impl Into<String>) -> Self {
        let value = value.into();
        Self { kind, value }
    }

    /// The key or alias that a `KeyId` of KMS means: a key's id or ARN, an alias's name or ARN.
    #[must_use]
    pub fn key(key_id: &str) -> Self {
        let name = key_id.parse::<Arn>();
        let name = name.as_ref().map_or(key_id, Arn::resource);
        if name.starts_with("alias/") {
            return Self::new(ReferenceKind::Alias, name);
        }
        Self::new(
            ReferenceKind::Key,
            name.strip_prefix("key/").unwrap_or(name),
        )
    }

    /// The table of this name, or of this ARN or that of an index or a stream of it.
    #[must_use]
    pub fn table(table: &str) -> Self {
        let name = table.parse::<Arn>();
        let name = name.as_ref().map_or(table, Arn::resource);
        let name = name.strip_prefix("table/").unwrap_or(name);
        Self::new(ReferenceKind::Table, name.split('/').next().unwrap_or(name))
    }

    /// The role of this name in an account.
    #[must_use]
    pub fn role(account: &str, name: &str) -> Self {
        Self::new(ReferenceKind::Role, format!("{account}/{name}"))
    }

    /// The role of this ARN.
    #[must_use]
    pub fn role_arn(arn: &RoleArn) -> Self {
        Self::role(arn.account(), arn.role_name())
    }
}

/// Everything that a plan mentions. The keys behind its aliases are known when it has run.
#[must_use]
pub fn references(plan: &Plan) -> BTreeSet<Reference> {
    let tables = plan
        .tables
        .values()
        .map(|table| Reference::table(&table.name));
    let keys = plan.tables.values().filter_map(|table| match &table.key {
        TableKey::Key(arn) => Some(Reference::key(arn.as_str())),
        TableKey::Alias(alias) => Some(Reference::key(alias)),
        TableKey::AwsOwned => None,
    });
    let roles = plan
        .principals
        .values()
        .map(|principal| Reference::role_arn(&principal.role));
    tables.chain(keys).chain(roles).collect()
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.kind.as_str(), self.value)
    }
}

/// A text that is no reference.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no reference; expected `KEY#…`, `ALIAS#…`, `TABLE#…` or `ROLE#…`")]
pub struct ReferenceError(String);

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let found = text.split_once('#').and_then(|(kind, value)| {
            let kind = ReferenceKind::ALL
                .into_iter()
                .find(|known| known.as_str() == kind)?;
            (!value.is_empty()).then(|| Self::new(kind, value))
        });
        found.ok_or_else(|| ReferenceError(text.to_owned()))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
