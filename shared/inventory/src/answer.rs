// SPDX-License-Identifier: Apache-2.0
//! What the sources of an inventory were found to stand for.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use keyproof_core::AccountId;
use keyproof_template::partition;

use crate::pattern::Placeholder;

/// What each source was found to stand for, by its name.
pub type Answers = BTreeMap<String, Found>;

/// What one source was found to stand for. Order means nothing in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Of a source of accounts: the accounts.
    pub accounts: Vec<Account>,
    /// Of a source of tables: the tables.
    pub tables: Vec<Table>,
    /// What was seen and left out, as the inventory says.
    pub excluded: Vec<Excluded>,
    /// What should have been read and was not.
    pub unread: Vec<Unread>,
}

/// An account, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its tags in the organization.
    pub tags: BTreeMap<String, String>,
}

/// A table, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The account that it is in.
    pub account: AccountId,
    /// The region that it is in.
    pub region: String,
    /// Its name in DynamoDB.
    pub name: String,
    /// The key that it must be encrypted with, where the source says which.
    pub key: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The tags of its account.
    pub account_tags: BTreeMap<String, String>,
}

/// What an inventory leaves out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excluded {
    /// An account's id, or a table's name.
    pub what: String,
    /// Why, as a clause.
    pub why: String,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// The account.
    pub account: AccountId,
    /// The region.
    pub region: String,
    /// Why not, as a clause.
    pub why: String,
}

impl fmt::Display for Unread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account,
            region,
            why,
        } = self;
        write!(formatter, "account {account} in {region}: {why}")
    }
}

impl Table {
    /// A table of which nothing is known but where it is.
    #[must_use]
    pub fn new(account: AccountId, region: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            account,
            region: region.into(),
            name: name.into(),
            key: None,
            tags: BTreeMap::new(),
            account_tags: BTreeMap::new(),
        }
    }

    /// What a placeholder stands for.
    #[must_use]
    pub fn value(&self, placeholder: &Placeholder) -> Option<Cow<'_, str>> {
        match placeholder {
            Placeholder::Account => Some(self.account.as_str().into()),
            Placeholder::Region => Some(self.region.as_str().into()),
            Placeholder::Partition => Some(partition(&self.region).into()),
            Placeholder::Table => Some(self.name.as_str().into()).filter(|_| !self.name.is_empty()),
            Placeholder::Key => self.key.as_deref().map(Cow::from),
            Placeholder::Tag(name) => self.tags.get(name).map(|value| value.as_str().into()),
            Placeholder::AccountTag(name) => {
                let value = self.account_tags.get(name);
                value.map(|value| value.as_str().into())
            }
        }
    }

    /// Its ARN.
    pub(crate) fn arn(&self) -> String {
        let Self {
            account,
            region,
            name,
            ..
        } = self;
        let partition = partition(region);
        format!("arn:{partition}:dynamodb:{region}:{account}:table/{name}")
    }
}
