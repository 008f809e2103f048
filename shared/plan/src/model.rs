// SPDX-License-Identifier: Apache-2.0
//! The nouns of a plan, valid by construction.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::civil::Date;
use keyproof_core::{KeyArn, PolicyType, RoleArn, Service, TableArn};
use keyproof_document::Place;

use crate::Action;

/// A whole plan, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The plan's own name.
    pub name: String,
    /// The region that the tables and keys are in.
    pub region: String,
    /// `sha256:HEX` of the document's bytes as read: `sha256sum` of the file gives the same.
    pub digest: String,
    /// The tables, by the name that expectations use, in the document's order.
    pub tables: IndexMap<String, Table>,
    /// The principals, by the name that expectations use, in the document's order.
    pub principals: IndexMap<String, Principal>,
    /// What must be allowed and what must be denied, in the document's order. Never empty.
    pub expectations: Vec<Expectation>,
    /// Failures accepted for a time, in the document's order.
    pub exceptions: Vec<Exception>,
}

/// An encrypted table under test, or a control table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The table's name in DynamoDB.
    pub name: String,
    /// The table's ARN, where the plan gave one (needed where another account owns it).
    pub arn: Option<TableArn>,
    /// The key that the table must be encrypted with.
    pub key: TableKey,
    /// The item that proves a decrypted read.
    pub canary: Canary,
    /// The principal that looks at the table's encryption; the runner itself where `None`.
    pub inspect_as: Option<String>,
    /// Where the table is declared.
    pub place: Place,
}

/// What a table must be encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableKey {
    /// This customer managed key.
    Key(KeyArn),
    /// The customer managed key behind this alias, as the plan has it: `alias/NAME`, in the account
    /// of whoever looks, or an alias ARN. KMS takes either as a key id; see [`TableKey::alias_name`].
    Alias(String),
    /// DynamoDB's own key: a control table, to which KMS denies nobody.
    AwsOwned,
}

impl TableKey {
    /// What KMS takes as the `KeyId` of this key: a key ARN, an alias or an alias ARN.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Key(arn) => Some(arn.as_str()),
            Self::Alias(alias) => Some(alias),
            Self::AwsOwned => None,
        }
    }

    /// The alias without account and region: `alias/NAME`.
    #[must_use]
    pub fn alias_name(&self) -> Option<&str> {
        match self {
            Self::Alias(alias) => alias
                .find("alias/")
                .and_then(|start| alias.get(start..))
                .or(Some(alias)),
            Self::Key(_) | Self::AwsOwned => None,
        }
    }
}

impl fmt::Display for TableKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.key_id().unwrap_or(crate::definition::AWS_OWNED))
    }
}

/// The item that a read must bring back before it counts as a decrypted read.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// All key attributes, by name.
    pub key: BTreeMap<String, Attribute>,
    /// Further attributes that must come back with exactly these values. May be empty.
    pub attributes: BTreeMap<String, Attribute>,
}

/// A DynamoDB attribute value.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html>
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A string.
    S(String),
    /// A number, as written.
    N(String),
    /// Bytes (base64 in the document).
    B(Vec<u8>),
    /// A boolean.
    Bool(bool),
    /// Null.
    Null,
    /// A map.
    M(BTreeMap<String, Attribute>),
    /// A list.
    L(Vec<Attribute>),
    /// A set of strings.
    Ss(Vec<String>),
    /// A set of numbers.
    Ns(Vec<String>),
    /// A set of byte strings.
    Bs(Vec<Vec<u8>>),
}

/// A test role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The role to assume.
    pub role: RoleArn,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Session tags.
    pub tags: IndexMap<String, String>,
    /// The session's duration in seconds, 900 to 43,200; STS's own default (an hour) where `None`.
    pub duration: Option<u32>,
    /// The source identity to set, where the role's trust policy allows `sts:SetSourceIdentity`.
    pub source_identity: Option<String>,
    /// Where the principal is declared.
    pub place: Place,
}

/// One line of the plan: a principal, actions, and what must come of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The principal's name in the plan.
    pub principal: String,
    /// The table's name in the plan; `None` for `sts:AssumeRole` alone.
    pub on: Option<String>,
    /// The actions, in the document's order. Never empty. All that a list of principals and tables
    /// stands for share them: a large plan has them a hundred thousand times.
    pub actions: Arc<Vec<Action>>,
    /// The index to read, for `Query` and `Scan`.
    pub index: Option<String>,
    /// What must come of it.
    pub expected: Expected,
    /// Where the expectation stands.
    pub place: Place,
}

/// The expected decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The call must be authorised.
    Allowed,
    /// The call must be refused, by this layer.
    Denied {
        /// The service that must have refused.
        by: Service,
        /// The policy type that must have refused, where the plan names one.
        policy: Option<PolicyType>,
    },
}

/// A failure that somebody answers for until a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The id of the excepted probe.
    pub probe: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which the exception holds, in UTC.
    pub expires: Date,
    /// Where the exception stands.
    pub place: Place,
}
