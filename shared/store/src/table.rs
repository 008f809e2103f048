// SPDX-License-Identifier: Apache-2.0
//! The port to the state table: four operations, every one of which DynamoDB carries out whole or
//! not at all.

use std::future::Future;

use keyproof_state::{Item, Key};
use serde_json::Value;
use thiserror::Error;

/// What reading the table needs.
pub const READ_ACTIONS: &[&str] = &["dynamodb:GetItem", "dynamodb:Query"];
/// What writing to it needs. A transaction is authorised as the writes in it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>
pub const WRITE_ACTIONS: &[&str] = &["dynamodb:PutItem", "dynamodb:UpdateItem"];
/// What removing from it needs.
pub const REMOVE_ACTIONS: &[&str] = &["dynamodb:DeleteItem"];

/// A table with a partition key `pk` and a sort key `sk`, both text.
pub trait Table {
    /// The item at a key, as it is now.
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<Item>, TableError>>;

    /// Items of a partition in the order of their sort keys, as they are now, over as many pages as
    /// it takes.
    fn query(&self, query: &Query) -> impl Future<Output = Result<Vec<Item>, TableError>>;

    /// Carries out all of the writes, or none.
    fn write(&self, writes: &[Write]) -> impl Future<Output = Result<Written, TableError>>;

    /// Alters one item, and tells what it is now.
    fn update(&self, update: &Update) -> impl Future<Output = Result<Updated, TableError>>;
}

impl<T: Table> Table for &T {
    fn get(&self, key: &Key) -> impl Future<Output = Result<Option<Item>, TableError>> {
        T::get(self, key)
    }

    fn query(&self, query: &Query) -> impl Future<Output = Result<Vec<Item>, TableError>> {
        T::query(self, query)
    }

    fn write(&self, writes: &[Write]) -> impl Future<Output = Result<Written, TableError>> {
        T::write(self, writes)
    }

    fn update(&self, update: &Update) -> impl Future<Output = Result<Updated, TableError>> {
        T::update(self, update)
    }
}

/// Which items of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The partition.
    pub pk: String,
    /// Which sort keys.
    pub range: Range,
    /// Whether the last come first.
    pub backwards: bool,
    /// How many at most.
    pub limit: Option<usize>,
    /// The attributes that are wanted; all where `None`.
    pub fields: Option<Vec<String>>,
}

/// Which sort keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// All.
    All,
    /// Those that begin so.
    Prefix(String),
    /// Those from one to another, both included.
    Between(String, String),
}

impl Query {
    /// A whole partition.
    #[must_use]
    pub fn partition(pk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            range: Range::All,
            backwards: false,
            limit: None,
            fields: None,
        }
    }

    /// The items whose sort keys begin so.
    #[must_use]
    pub fn prefix(pk: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            range: Range::Prefix(prefix.into()),
            ..Self::partition(pk)
        }
    }
}

/// What must be so of the item at a key before it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// No item is there.
    Absent,
    /// An item is there.
    Present,
    /// The attribute has this value.
    Equals(&'static str, Value),
    /// The item lacks the attribute, or there is no item.
    Lacks(&'static str),
    /// The item lacks the attribute, or its value is less than this one, as texts and numbers sort.
    LacksOrBelow(&'static str, Value),
}

/// A change of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The item.
    pub key: Key,
    /// Attributes to set.
    pub set: Vec<(&'static str, Value)>,
    /// Attributes to set where the item lacks them.
    pub set_if_absent: Vec<(&'static str, Value)>,
    /// Attributes to remove.
    pub remove: Vec<&'static str>,
    /// An attribute to count up by one, from 0 where the item lacks it.
    pub count_up: Option<&'static str>,
    /// What must be so.
    pub conditions: Vec<Condition>,
}

impl Update {
    /// An update that changes nothing yet.
    #[must_use]
    pub const fn of(key: Key) -> Self {
        Self {
            key,
            set: Vec::new(),
            set_if_absent: Vec::new(),
            remove: Vec::new(),
            count_up: None,
            conditions: Vec::new(),
        }
    }
}

/// A write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Puts an item in the place of whatever is there.
    Put {
        /// The item, with its key.
        item: Item,
        /// What must be so.
        conditions: Vec<Condition>,
    },
    /// Alters an item.
    Update(Update),
    /// Removes an item.
    Delete {
        /// The item.
        key: Key,
        /// What must be so.
        conditions: Vec<Condition>,
    },
}

impl Write {
    /// Puts an item where none is.
    #[must_use]
    pub fn insert(item: Item) -> Self {
        Self::Put {
            item,
            conditions: vec![Condition::Absent],
        }
    }

    /// Puts an item, whatever is there.
    #[must_use]
    pub const fn put(item: Item) -> Self {
        Self::Put {
            item,
            conditions: Vec::new(),
        }
    }
}

/// What came of writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// All were carried out.
    Done,
    /// None was: the conditions of those with these indexes don't hold.
    Refused(Vec<usize>),
    /// None was: somebody else was writing to the same items.
    Conflict,
}

/// What came of an update.
#[derive(Clone, Debug, PartialEq)]
pub enum Updated {
    /// The item as it is now.
    Done(Item),
    /// The conditions don't hold; the item as it is, where there is one.
    Refused(Option<Item>),
}

/// Why the table could not be reached, or said no.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is no such table.
    #[error(
        "there is no state table `{table}` in {region}; is the stack deployed there, and is this its table?"
    )]
    NoTable {
        /// The table.
        table: String,
        /// The region.
        region: String,
    },
    /// DynamoDB refused, or could not be reached.
    #[error("cannot {what} the state table `{table}`: {why}")]
    Call {
        /// `read` or `write to`.
        what: &'static str,
        /// The table.
        table: String,
        /// Its code and message, or what the connection says.
        why: String,
        /// Whether the service was reached and said no.
        refused: bool,
    },
    /// An item of a shape that keyproof never writes.
    #[error("an item of the state table `{table}` has {what}, which keyproof never writes")]
    Foreign {
        /// The table.
        table: String,
        /// What is strange about it.
        what: &'static str,
    },
}

impl TableError {
    /// Whether the same again could succeed.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Call { refused, .. } => !*refused,
            Self::NoTable { .. } | Self::Foreign { .. } => false,
        }
    }
}
