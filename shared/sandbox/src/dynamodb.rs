// SPDX-License-Identifier: Apache-2.0
//! DynamoDB: tables, items, the table key cache.
//!
//! A call passes, in AWS's order: the caller's right to the `dynamodb:` action, the table, its key
//! schema, then KMS for the table's key unless it is cached for the caller, and only then the item
//! and the condition of a write. See <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html>.

mod access;
mod attribute;
mod cache;
mod capacity;
mod expression;
mod input;
mod key;
mod load;
mod number;
mod operation;
mod partiql;
mod store;
mod table;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;
use cache::TableKeyCache;
use table::Table;

/// Every table of the sandbox, by ARN.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tables {
    by_arn: BTreeMap<String, Table>,
    /// Table keys that are still decrypted. They don't outlive the process.
    #[serde(skip)]
    cache: TableKeyCache,
    /// Transactions by account and token, with a digest of their parameters.
    #[serde(skip)]
    tokens: HashMap<(String, String), (Vec<u8>, Timestamp)>,
}

impl Tables {
    fn get(&self, arn: &str) -> Option<&Table> {
        self.by_arn.get(arn)
    }

    fn get_mut(&mut self, arn: &str) -> Option<&mut Table> {
        self.by_arn.get_mut(arn)
    }

    fn all(&self) -> impl Iterator<Item = &Table> {
        self.by_arn.values()
    }

    /// Adds a table, or puts it in place of the one with its ARN.
    fn insert(&mut self, table: Table) {
        self.by_arn.insert(table.definition.arn.clone(), table);
    }

    /// Puts an item as nobody in particular: no policy is asked, nor the key.
    pub(crate) fn put(&mut self, arn: &str, item: &Value) -> Result<(), String> {
        let members = item.as_object().ok_or("it is no JSON object")?;
        let item = attribute::attributes(members).map_err(|error| error.to_string())?;
        let table = self.get_mut(arn).ok_or("there is no such table")?;
        table.check_item(&item).map_err(|error| error.to_string())?;
        table.put(item);
        Ok(())
    }

    fn remove(&mut self, arn: &str) {
        self.by_arn.remove(arn);
        self.cache.forget_table(arn);
    }
}

/// Answers one DynamoDB operation.
pub(crate) fn handle(
    world: &mut World,
    call: &Call,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    operation::answer(world, call, operation, input)
}
