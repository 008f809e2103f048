// SPDX-License-Identifier: Apache-2.0
//! What all writes share: one change of one item, on a condition.

use serde_json::Value;

use super::get_item::scalar_keys;
use crate::dynamodb::access::{Deed, Target};
use crate::dynamodb::attribute::{self, Attributes};
use crate::dynamodb::expression::{Condition, Path, Update};
use crate::dynamodb::input::invalid;
use crate::dynamodb::table::Table;
use crate::error::AwsError;
use crate::world::World;

/// The largest item, in bytes.
const MAXIMUM_SIZE: usize = 400 * 1024;

/// One change of one item.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) change: Change,
    pub(super) condition: Option<Condition>,
    /// Whether a failed condition returns the item.
    pub(super) return_on_failure: bool,
}

/// What is done to the item.
#[derive(Debug)]
pub(super) enum Change {
    /// The item takes the place of the one with its key.
    Put(Attributes),
    /// The item with this key is changed, or made.
    Update(Attributes, Option<Update>),
    /// The item with this key goes.
    Delete(Attributes),
    /// Nothing: in a transaction, a condition alone.
    Check(Attributes),
}

/// The item before and after a change.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) before: Option<Attributes>,
    pub(super) after: Option<Attributes>,
}

/// Why a change is not made.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The condition does not hold; with the item, where it was asked for and there is one.
    Condition(Option<Attributes>),
    /// Anything else.
    Other(AwsError),
}

impl From<AwsError> for WriteError {
    fn from(error: AwsError) -> Self {
        Self::Other(error)
    }
}

impl WriteError {
    /// The error of an operation that makes one change.
    pub(super) fn into_error(self) -> AwsError {
        match self {
            Self::Condition(item) => {
                let error = AwsError::client(
                    "ConditionalCheckFailedException",
                    "The conditional request failed",
                );
                match item {
                    Some(item) => error.with("Item", attribute::to_json(&item)),
                    None => error,
                }
            }
            Self::Other(error) => error,
        }
    }
}

impl Change {
    /// The operation that the change needs permission for.
    pub(super) fn action(&self) -> &'static str {
        match self {
            Self::Put(_) => "PutItem",
            Self::Update(..) => "UpdateItem",
            Self::Delete(_) => "DeleteItem",
            Self::Check(_) => "ConditionCheckItem",
        }
    }

    /// The attributes among which the key is.
    pub(super) fn key(&self) -> &Attributes {
        match self {
            Self::Put(attributes)
            | Self::Update(attributes, _)
            | Self::Delete(attributes)
            | Self::Check(attributes) => attributes,
        }
    }
}

impl Write {
    /// Adds what the write is about to the caller's deed.
    pub(super) fn describe(&self, deed: &mut Deed, world: &World, target: &Target) {
        deed.attributes(self.change.key());
        deed.paths(self.paths());
        deed.key(world, target, self.change.key());
    }

    fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        if let Some(condition) = &self.condition {
            condition.each_path(&mut |path| paths.push(path));
        }
        if let Change::Update(_, Some(update)) = &self.change {
            update.each_path(&mut |path| paths.push(path));
        }
        paths
    }

    /// Refuses what does not fit the table, whatever is in it.
    pub(super) fn check(&self, table: &Table) -> Result<(), AwsError> {
        let keys = &table.definition.keys;
        match &self.change {
            Change::Put(item) => {
                table.check_item(item).map_err(invalid)?;
                if attribute::size(item) > MAXIMUM_SIZE {
                    return Err(AwsError::validation(
                        "Item size has exceeded the maximum allowed size",
                    ));
                }
            }
            Change::Update(key, update) => {
                keys.check_key(key).map_err(invalid)?;
                let written = update.iter().flat_map(|update| &update.written);
                if let Some(path) = written.into_iter().find(|path| keys.has(path.head())) {
                    return Err(AwsError::validation(format!(
                        "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of the key",
                        path.head()
                    )));
                }
            }
            Change::Delete(key) | Change::Check(key) => keys.check_key(key).map_err(invalid)?,
        }
        scalar_keys(table, self.paths())
    }

    /// Says what the change would make of the item, if its condition holds.
    pub(super) fn evaluate(&self, table: &Table) -> Result<Outcome, WriteError> {
        let before = table
            .get(self.change.key())
            .map(|item| item.as_ref().clone());
        if let Some(condition) = &self.condition {
            let nothing = Attributes::new();
            if !condition.holds(before.as_ref().unwrap_or(&nothing)) {
                return Err(WriteError::Condition(
                    before.filter(|_| self.return_on_failure),
                ));
            }
        }
        let after = match &self.change {
            Change::Put(item) => Some(item.clone()),
            Change::Delete(_) => None,
            Change::Check(_) => before.clone(),
            Change::Update(key, update) => {
                let mut item = before.clone().unwrap_or_else(|| key.clone());
                if let Some(update) = update {
                    update.apply(&mut item).map_err(invalid)?;
                }
                table.check_indexes(&item).map_err(invalid)?;
                if attribute::size(&item) > MAXIMUM_SIZE {
                    return Err(AwsError::validation(
                        "Item size to update has exceeded the maximum allowed size",
                    )
                    .into());
                }
                Some(item)
            }
        };
        Ok(Outcome { before, after })
    }
}

impl Outcome {
    /// Makes the change.
    pub(super) fn commit(&self, table: &mut Table) {
        match (&self.before, &self.after) {
            (_, Some(after)) => table.put(after.clone()),
            (Some(before), None) => table.remove(before),
            (None, None) => {}
        }
    }

    /// The bytes that count for the write: the larger of the two items.
    pub(super) fn size(&self) -> usize {
        let size = |item: &Option<Attributes>| item.as_ref().map_or(0, attribute::size);
        size(&self.before).max(size(&self.after))
    }
}

/// `ItemCollectionMetrics` of a table with local indexes: the key, and a range in gigabytes.
pub(super) fn collection_metrics(table: &Table, key: &Attributes) -> Option<Value> {
    let definition = &table.definition;
    if definition.indexes.values().all(|index| index.global) {
        return None;
    }
    let name = &definition.keys.partition.0;
    Some(serde_json::json!({
        "ItemCollectionKey": { name: key.get(name)?.to_json() },
        "SizeEstimateRangeGB": [0.0, 1.0],
    }))
}
