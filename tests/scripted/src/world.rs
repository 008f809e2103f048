// SPDX-License-Identifier: Apache-2.0
//! What exists at the endpoint.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{ACCOUNT, REGION};

/// Tables and keys. What isn't named exists all the same, as [`World::any_table`] has it.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Tables, by name.
    pub tables: BTreeMap<String, Table>,
    /// Keys, by ARN.
    pub keys: BTreeMap<String, Key>,
    /// The keys behind aliases, by `alias/NAME`.
    pub aliases: BTreeMap<String, String>,
    /// What a table is that `tables` doesn't name; no table where `None`.
    pub any_table: Option<Table>,
}

impl World {
    /// A world in which every table exists, with `item` in it, on an AWS owned key.
    #[must_use]
    pub fn of_any_table(item: Value) -> Self {
        Self {
            any_table: Some(Table {
                item: Some(item),
                ..Table::default()
            }),
            ..Self::default()
        }
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, name: &str, table: Table) -> Self {
        self.tables.insert(name.to_owned(), table);
        self
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, arn: &str, state: KeyState) -> Self {
        self.keys.insert(arn.to_owned(), Key { state });
        self
    }

    /// Adds an alias.
    #[must_use]
    pub fn alias(mut self, name: &str, arn: &str) -> Self {
        self.aliases.insert(name.to_owned(), arn.to_owned());
        self
    }
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its only item.
    pub item: Option<Value>,
    /// Its `SSEDescription`; `None` for an AWS owned key.
    pub sse: Option<Value>,
    /// Its indexes, by name.
    pub indexes: BTreeMap<String, Index>,
    /// The account that owns it; [`ACCOUNT`] where empty.
    pub account: String,
}

impl Table {
    /// A table with this item, encrypted with this key.
    #[must_use]
    pub fn encrypted(item: Value, key: &str) -> Self {
        let sse = json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key });
        Self {
            item: Some(item),
            sse: Some(sse),
            ..Self::default()
        }
    }

    /// A table with this item, on an AWS owned key.
    #[must_use]
    pub fn aws_owned(item: Value) -> Self {
        Self {
            item: Some(item),
            ..Self::default()
        }
    }

    /// The table's ARN.
    #[must_use]
    pub fn arn(&self, name: &str) -> String {
        let account = if self.account.is_empty() {
            ACCOUNT
        } else {
            &self.account
        };
        format!("arn:aws:dynamodb:{REGION}:{account}:table/{name}")
    }
}

/// An index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Whether it is a global one.
    pub global: bool,
    /// Its key schema, as `DescribeTable` gives it.
    pub key_schema: Value,
    /// Its projection, as `DescribeTable` gives it.
    pub projection: Value,
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its state.
    pub state: KeyState,
}

/// A key's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Disabled.
    Disabled,
    /// Waiting to be deleted.
    PendingDeletion,
    /// Not usable at the moment.
    Unavailable,
}

impl KeyState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
            Self::Unavailable => "Unavailable",
        }
    }
}
