// SPDX-License-Identifier: Apache-2.0
//! `BatchGetItem`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::get_item::Get;
use super::{reply, targets};
use crate::caller::Call;
use crate::dynamodb::access::{Deed, permit, unlock};
use crate::dynamodb::attribute;
use crate::dynamodb::capacity::{Capacity, Weight};
use crate::dynamodb::input::{Expressions, RawAttributes, ReturnConsumedCapacity};
use crate::error::AwsError;
use crate::world::World;

/// The most items that one call reads.
const MAXIMUM_ITEMS: usize = 100;
/// The most bytes that one call returns.
const MAXIMUM_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct BatchGetItem {
    request_items: IndexMap<String, KeysAndAttributes>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeysAndAttributes {
    keys: Vec<RawAttributes>,
    #[serde(default)]
    consistent_read: Option<bool>,
    #[serde(default)]
    projection_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
}

pub(super) fn batch_get_item(
    world: &mut World,
    call: &Call,
    input: &BatchGetItem,
) -> Result<Value, AwsError> {
    check(input)?;
    let mut batch = Vec::new();
    for (reference, target, request) in targets(call, &input.request_items)? {
        batch.push((reference, target, request, gets(request)?));
    }
    for (_, target, _, gets) in &batch {
        let mut deed = Deed::default();
        if let Some(asked) = input.return_consumed_capacity {
            deed = deed.with("dynamodb:ReturnConsumedCapacity", asked.word());
        }
        for get in gets {
            get.describe(&mut deed, world, target);
        }
        permit(world, call, "BatchGetItem", target, None, &deed)?;
    }
    for (_, target, _, gets) in &batch {
        let table = target.table(world)?;
        gets.iter().try_for_each(|get| get.check(table))?;
    }
    for (_, target, ..) in &batch {
        unlock(world, call, target)?;
    }

    let asked = input.return_consumed_capacity.unwrap_or_default();
    let (mut responses, mut unprocessed, mut consumed) = (Map::new(), Map::new(), Vec::new());
    let mut bytes = 0;
    for (reference, target, request, gets) in &batch {
        let table = target.table(world)?;
        let mut capacity = Capacity::default();
        let weight = Weight::of_read(request.consistent_read.unwrap_or(false));
        let (mut items, mut left) = (Vec::new(), Vec::new());
        for (get, key) in gets.iter().zip(&request.keys) {
            if bytes >= MAXIMUM_BYTES {
                left.push(Value::from(key.clone()));
            } else if let Some(item) = get.find(table, &mut capacity, weight) {
                bytes += attribute::size(&item);
                items.push(attribute::to_json(&item));
            }
        }
        responses.insert((*reference).clone(), items.into());
        if !left.is_empty() {
            unprocessed.insert(
                (*reference).clone(),
                reply([
                    ("Keys", Some(left.into())),
                    ("ConsistentRead", request.consistent_read.map(Value::from)),
                    (
                        "ProjectionExpression",
                        request.projection_expression.clone().map(Value::from),
                    ),
                    (
                        "ExpressionAttributeNames",
                        request
                            .expression_attribute_names
                            .as_ref()
                            .map(|names| json!(names)),
                    ),
                ]),
            );
        }
        consumed.extend(capacity.report(asked, reference, None, false));
    }
    Ok(reply([
        ("Responses", Some(responses.into())),
        ("UnprocessedKeys", Some(unprocessed.into())),
        (
            "ConsumedCapacity",
            (!consumed.is_empty()).then_some(consumed.into()),
        ),
    ]))
}

fn check(input: &BatchGetItem) -> Result<(), AwsError> {
    if input.request_items.is_empty()
        || input
            .request_items
            .values()
            .any(|table| table.keys.is_empty())
    {
        return Err(AwsError::validation(
            "1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ));
    }
    if input
        .request_items
        .values()
        .map(|table| table.keys.len())
        .sum::<usize>()
        > MAXIMUM_ITEMS
    {
        return Err(AwsError::validation(
            "Too many items requested for the BatchGetItem call",
        ));
    }
    Ok(())
}

fn gets(request: &KeysAndAttributes) -> Result<Vec<Get>, AwsError> {
    let expressions = Expressions {
        projection: request.projection_expression.as_deref(),
        names: request.expression_attribute_names.as_ref(),
        ..Expressions::default()
    };
    let projection = expressions.parse(&[])?.projection;
    let mut gets: Vec<Get> = Vec::new();
    for key in &request.keys {
        let get = Get::with_projection(key, projection.clone())?;
        if gets.iter().any(|other| other.key() == get.key()) {
            return Err(AwsError::validation(
                "Provided list of item keys contains duplicates",
            ));
        }
        gets.push(get);
    }
    Ok(gets)
}
