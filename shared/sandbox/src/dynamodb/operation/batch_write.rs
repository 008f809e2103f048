// SPDX-License-Identifier: Apache-2.0
//! `BatchWriteItem`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::write::{Change, Write, WriteError, collection_metrics};
use super::{reply, targets};
use crate::caller::Call;
use crate::dynamodb::access::{Deed, permit, unlock};
use crate::dynamodb::capacity::{Capacity, Weight};
use crate::dynamodb::input::{
    self, RawAttributes, ReturnConsumedCapacity, ReturnItemCollectionMetrics,
};
use crate::error::AwsError;
use crate::world::World;

/// The most items that one call writes.
const MAXIMUM_ITEMS: usize = 25;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct BatchWriteItem {
    request_items: IndexMap<String, Vec<WriteRequest>>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    return_item_collection_metrics: Option<ReturnItemCollectionMetrics>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WriteRequest {
    #[serde(default)]
    put_request: Option<PutRequest>,
    #[serde(default)]
    delete_request: Option<DeleteRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRequest {
    item: RawAttributes,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    key: RawAttributes,
}

pub(super) fn batch_write_item(
    world: &mut World,
    call: &Call,
    input: &BatchWriteItem,
) -> Result<Value, AwsError> {
    let count: usize = input.request_items.values().map(Vec::len).sum();
    if count == 0 || input.request_items.values().any(Vec::is_empty) {
        return Err(AwsError::validation(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ));
    }
    if count > MAXIMUM_ITEMS {
        return Err(AwsError::validation(
            "Too many items requested for the BatchWriteItem call",
        ));
    }
    let mut batch = Vec::new();
    for (reference, target, requests) in targets(call, &input.request_items)? {
        let writes = requests.iter().map(write).collect::<Result<Vec<_>, _>>()?;
        batch.push((reference, target, writes));
    }
    for (_, target, writes) in &batch {
        let mut deed = Deed::default();
        if let Some(asked) = input.return_consumed_capacity {
            deed = deed.with("dynamodb:ReturnConsumedCapacity", asked.word());
        }
        for write in writes {
            write.describe(&mut deed, world, target);
        }
        permit(world, call, "BatchWriteItem", target, None, &deed)?;
    }
    for (_, target, writes) in &batch {
        let table = target.table(world)?;
        let mut keys = Vec::new();
        for write in writes {
            write.check(table)?;
            let key = table.definition.keys.key_of(write.change.key());
            if keys.contains(&key) {
                return Err(AwsError::validation(
                    "Provided list of item keys contains duplicates",
                ));
            }
            keys.push(key);
        }
    }
    for (_, target, _) in &batch {
        unlock(world, call, target)?;
    }

    let asked = input.return_consumed_capacity.unwrap_or_default();
    let with_metrics =
        input.return_item_collection_metrics == Some(ReturnItemCollectionMetrics::Size);
    let (mut consumed, mut metrics) = (Vec::new(), Map::new());
    for (reference, target, writes) in &batch {
        let table = target.described(world)?;
        let (mut capacity, mut of_table) = (Capacity::default(), Vec::new());
        for write in writes {
            let outcome = write.evaluate(table).map_err(WriteError::into_error)?;
            outcome.commit(table);
            capacity.write(outcome.size(), Weight::Full);
            of_table.extend(collection_metrics(table, write.change.key()));
        }
        consumed.extend(capacity.report(asked, reference, None, false));
        if with_metrics && !of_table.is_empty() {
            metrics.insert((*reference).clone(), of_table.into());
        }
    }
    Ok(reply([
        ("UnprocessedItems", Some(json!({}))),
        (
            "ItemCollectionMetrics",
            (!metrics.is_empty()).then_some(metrics.into()),
        ),
        (
            "ConsumedCapacity",
            (!consumed.is_empty()).then_some(consumed.into()),
        ),
    ]))
}

fn write(request: &WriteRequest) -> Result<Write, AwsError> {
    let change = match (&request.put_request, &request.delete_request) {
        (Some(put), None) => Change::Put(input::attributes(&put.item)?),
        (None, Some(delete)) => Change::Delete(input::attributes(&delete.key)?),
        _ => {
            return Err(AwsError::validation(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
            ));
        }
    };
    Ok(Write {
        change,
        condition: None,
        return_on_failure: false,
    })
}
