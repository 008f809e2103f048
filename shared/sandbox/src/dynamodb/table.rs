// SPDX-License-Identifier: Apache-2.0
//! One table: what it is, and what is in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::attribute::{self, Attributes};
use super::key::{KeyError, KeySchema, KeyType};
use super::store::Store;
use crate::policy::StoredPolicy;

/// A table with its items.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "SavedTable", into = "SavedTable")]
pub(crate) struct Table {
    /// Everything but the items.
    pub(crate) definition: Definition,
    store: Store,
}

/// What a table is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Definition {
    /// The name.
    pub(crate) name: String,
    /// The ARN.
    pub(crate) arn: String,
    /// The account that owns the table.
    pub(crate) account: String,
    /// The region.
    pub(crate) region: String,
    /// When the table was made.
    pub(crate) created: Timestamp,
    /// The types of the key attributes of table and indexes, as they were declared.
    pub(crate) attributes: IndexMap<String, KeyType>,
    /// The primary key.
    pub(crate) keys: KeySchema,
    /// The secondary indexes by name.
    pub(crate) indexes: IndexMap<String, Index>,
    /// What the table is encrypted with.
    pub(crate) encryption: Encryption,
    /// When DynamoDB noticed that it can't use the table's key.
    pub(crate) key_lost: Option<Timestamp>,
    /// The resource policy.
    pub(crate) policy: Option<ResourcePolicy>,
    /// `None` on demand, else read and write capacity units.
    pub(crate) throughput: Option<Throughput>,
    /// What the stream shows.
    pub(crate) stream: Option<String>,
    /// The attribute that holds an item's end of life.
    pub(crate) time_to_live: Option<String>,
    /// Whether the table can be restored to any second.
    pub(crate) point_in_time_recovery: bool,
    /// Whether `DeleteTable` is refused.
    pub(crate) deletion_protection: bool,
    /// `STANDARD` or `STANDARD_INFREQUENT_ACCESS`, where it was said.
    pub(crate) class: Option<String>,
    /// The tags.
    pub(crate) tags: BTreeMap<String, String>,
}

/// Provisioned capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Throughput {
    /// Reads a second.
    pub(crate) read_capacity_units: u64,
    /// Writes a second.
    pub(crate) write_capacity_units: u64,
}

/// A table's resource policy and its revision.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ResourcePolicy {
    /// The policy.
    pub(crate) policy: StoredPolicy,
    /// What `ExpectedRevisionId` is compared with.
    pub(crate) revision: u64,
}

/// What a table is encrypted with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Encryption {
    /// A key of DynamoDB's own; KMS is never asked.
    AwsOwned,
    /// The account's `aws/dynamodb`.
    AwsManaged,
    /// A customer managed key, by ARN.
    Key(String),
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Index {
    /// Global or local.
    pub(crate) global: bool,
    /// The index's key.
    pub(crate) keys: KeySchema,
    /// What of an item it holds.
    pub(crate) projection: Projection,
    /// Capacity of its own, for a global index that is not on demand.
    pub(crate) throughput: Option<Throughput>,
}

/// What of an item an index holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Projection {
    /// Everything.
    All,
    /// The keys of table and index.
    KeysOnly,
    /// The keys and these.
    Include(Vec<String>),
}

impl Index {
    /// Whether the index holds an attribute.
    pub(crate) fn holds(&self, table: &KeySchema, name: &str) -> bool {
        let listed = match &self.projection {
            Projection::All => true,
            Projection::KeysOnly => false,
            Projection::Include(names) => names.iter().any(|included| included == name),
        };
        listed || self.keys.has(name) || table.has(name)
    }

    /// What the index holds of an item.
    pub(crate) fn part_of(&self, table: &KeySchema, item: &Attributes) -> Attributes {
        let held = item.iter().filter(|(name, _)| self.holds(table, name));
        held.map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }
}

impl Table {
    /// An empty table.
    pub(crate) fn new(definition: Definition) -> Self {
        let mut store = Store::default();
        for (name, index) in &definition.indexes {
            store.add_index(name, &index.keys);
        }
        Self { definition, store }
    }

    /// The items.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The item with this key.
    pub(crate) fn get(&self, key: &Attributes) -> Option<&Arc<Attributes>> {
        self.store.get(&self.definition.keys, key)
    }

    /// Checks that an item fits the table's key and its indexes' keys.
    pub(crate) fn check_item(&self, item: &Attributes) -> Result<(), KeyError> {
        self.definition.keys.check_item(item)?;
        self.check_indexes(item)
    }

    /// Checks that an item fits the indexes' keys.
    pub(crate) fn check_indexes(&self, item: &Attributes) -> Result<(), KeyError> {
        let mut indexes = self.definition.indexes.iter();
        indexes.try_for_each(|(name, index)| index.keys.check_index(item, name))
    }

    /// Puts an item, in place of the one with its key.
    pub(crate) fn put(&mut self, item: Attributes) {
        let indexes = self
            .definition
            .indexes
            .iter()
            .map(|(name, index)| (name, &index.keys));
        self.store.put(&self.definition.keys, indexes, item);
    }

    /// Removes the item with this key.
    pub(crate) fn remove(&mut self, key: &Attributes) {
        let indexes = self
            .definition
            .indexes
            .iter()
            .map(|(name, index)| (name, &index.keys));
        self.store.remove(&self.definition.keys, indexes, key);
    }

    /// Adds an index and fills it.
    pub(crate) fn add_index(&mut self, name: String, index: Index) {
        self.store.add_index(&name, &index.keys);
        self.definition.indexes.insert(name, index);
    }

    /// Removes an index.
    pub(crate) fn remove_index(&mut self, name: &str) {
        self.store.remove_index(name);
        self.definition.indexes.shift_remove(name);
    }
}

impl Definition {
    /// The table's id: a UUID that follows from the ARN and the time of creation.
    pub(crate) fn id(&self) -> String {
        let digest = Sha256::digest(format!("{} {}", self.arn, self.created));
        let mut id = String::new();
        for (position, byte) in digest.iter().take(16).enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                id.push('-');
            }
            // The version and the variant of a random UUID.
            let byte = match position {
                6 => byte & 0x0f | 0x40,
                8 => byte & 0x3f | 0x80,
                _ => *byte,
            };
            let _ = write!(id, "{byte:02x}");
        }
        id
    }
}

/// A table as it is saved: items as DynamoDB JSON, indexes to be filled again.
#[derive(Serialize, Deserialize)]
struct SavedTable {
    definition: Definition,
    items: Vec<Value>,
}

impl From<Table> for SavedTable {
    fn from(table: Table) -> Self {
        let items = table
            .store
            .all()
            .map(|item| attribute::to_json(item))
            .collect();
        Self {
            definition: table.definition,
            items,
        }
    }
}

impl TryFrom<SavedTable> for Table {
    type Error = String;

    fn try_from(saved: SavedTable) -> Result<Self, String> {
        let mut table = Self::new(saved.definition);
        for json in &saved.items {
            let members = json
                .as_object()
                .ok_or("an item of a saved table is not an object")?;
            let item = attribute::attributes(members).map_err(|error| error.to_string())?;
            table.check_item(&item).map_err(|error| error.to_string())?;
            table.put(item);
        }
        Ok(table)
    }
}
