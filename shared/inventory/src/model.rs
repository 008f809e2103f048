// SPDX-License-Identifier: Apache-2.0
//! The nouns of an inventory, valid by construction.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use keyproof_core::AccountId;
use keyproof_document::{Key, Node};
use keyproof_plan::Place;

use crate::pattern::Pattern;

/// A whole inventory, checked as far as it can be before its sources are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The name of each plan: tables for which it comes out alike are in one.
    pub name: Pattern,
    /// Where tables and accounts are listed or found, by name, in the document's order.
    pub sources: IndexMap<String, Source>,
    /// The tables, by the name that expectations use, in the document's order.
    pub tables: IndexMap<String, Kind>,
    pub(crate) name_place: Place,
    /// The places of the sources' names.
    pub(crate) source_places: IndexMap<String, Place>,
    pub(crate) principals: IndexMap<String, PrincipalKind>,
    pub(crate) expectations: Vec<ExpectationKind>,
    /// The list of exceptions, as it stands.
    pub(crate) exceptions: Option<(Key, Node)>,
    /// The document as it was read.
    pub(crate) root: Node,
}

/// Where tables or accounts are listed or found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// These accounts.
    Accounts(Places),
    /// Accounts of an organization.
    Organization(Organization),
    /// Tables that have tags.
    Tagged(Tagged),
    /// The rows of a CSV file.
    Csv(Location),
    /// The tables of CloudFormation templates.
    Template(Template),
}

impl Source {
    /// The regions of a source of accounts.
    #[must_use]
    pub fn regions(&self) -> Option<&[String]> {
        match self {
            Self::Accounts(Places { regions, .. })
            | Self::Organization(Organization { regions, .. }) => Some(regions),
            Self::Tagged(_) | Self::Csv(_) | Self::Template(_) => None,
        }
    }
}

/// Accounts, each in the same regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The accounts.
    pub accounts: Vec<AccountId>,
    /// The regions.
    pub regions: Vec<String>,
}

/// Accounts of an organization: the active ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// The roots and organizational units that they are under, however deep.
    pub under: Vec<String>,
    /// The tags that they must have.
    pub tags: Vec<TagFilter>,
    /// Those that are left out.
    pub except: Vec<AccountId>,
    /// The regions.
    pub regions: Vec<String>,
    /// The role to ask as; whoever expands, where `None`.
    pub role: Option<String>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
    /// Whether anything asks for their tags.
    pub reads_tags: bool,
}

/// A tag that something must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    /// Its key.
    pub key: String,
    /// The values that will do. Never empty.
    pub values: Vec<String>,
}

impl TagFilter {
    /// Whether these tags have it.
    #[must_use]
    pub fn admits(&self, tags: &BTreeMap<String, String>) -> bool {
        let value = tags.get(&self.key);
        value.is_some_and(|value| self.values.contains(value))
    }
}

/// Tables that have tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The tags.
    pub tags: Vec<TagFilter>,
    /// The source of the accounts and regions to look in.
    pub within: String,
    /// The role to look as, in each account; whoever expands, where `None`.
    pub role: Option<Pattern>,
    /// The external id that the role's trust policy asks for.
    pub external_id: Option<String>,
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// On disk, from the inventory's own folder.
    File(String),
    /// In S3.
    S3 {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// The role to read as; whoever expands, where `None`.
        role: Option<String>,
        /// The external id that the role's trust policy asks for.
        external_id: Option<String>,
    },
}

/// The tables of templates that are deployed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The files, from the inventory's own folder.
    pub files: Vec<String>,
    /// The account that they are deployed to.
    pub account: AccountId,
    /// The region that they are deployed to.
    pub region: String,
    /// Their parameters.
    pub parameters: BTreeMap<String, String>,
    /// The logical ids of tables that are left out.
    pub except: Vec<String>,
}

/// What each table of a source becomes in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The sources.
    pub from: Vec<String>,
    /// The table of each account, where the source is one of accounts.
    pub table: Option<(Pattern, Place)>,
    /// Where it is declared.
    pub(crate) place: Place,
    /// The fields of the plan's table.
    pub(crate) fields: Vec<(Key, Node)>,
    /// The principal that looks at the table's encryption.
    pub(crate) inspect_as: Option<String>,
}

/// What a principal of the inventory becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrincipalKind {
    pub(crate) place: Place,
    pub(crate) node: Node,
    pub(crate) placeholders: Vec<crate::pattern::Placeholder>,
}

/// An expectation: of these principals, about these tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpectationKind {
    pub(crate) node: Node,
    pub(crate) principals: Vec<String>,
    pub(crate) on: Vec<String>,
}
