// SPDX-License-Identifier: Apache-2.0
//! `Query`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html>

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::get_item::scalar_keys;
use super::page::{Page, Shape, Source, limit, selected};
use super::reply;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit, unlock};
use crate::dynamodb::attribute::{self, Attributes};
use crate::dynamodb::capacity::Weight;
use crate::dynamodb::expression::{Condition, KeyCondition};
use crate::dynamodb::input::{
    self, Expressions, Parsed, RawAttributes, ReturnConsumedCapacity, Select, invalid,
};
use crate::dynamodb::key::{KeySchema, KeyValue, Position};
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Query {
    table_name: String,
    #[serde(default)]
    index_name: Option<String>,
    #[serde(default)]
    select: Option<Select>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    consistent_read: Option<bool>,
    #[serde(default)]
    scan_index_forward: Option<bool>,
    #[serde(default)]
    exclusive_start_key: Option<RawAttributes>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    projection_expression: Option<String>,
    #[serde(default)]
    filter_expression: Option<String>,
    #[serde(default)]
    key_condition_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
    #[serde(default)]
    expression_attribute_values: Option<RawAttributes>,
}

pub(super) fn query(world: &mut World, call: &Call, input: &Query) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    let limit = limit(input.limit)?;
    let start = input
        .exclusive_start_key
        .as_ref()
        .map(input::attributes)
        .transpose()?;
    let Some(key_condition) = input.key_condition_expression.as_deref() else {
        return Err(AwsError::validation(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ));
    };
    let parsed = Expressions {
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values.as_ref(),
        key_condition: Some(key_condition),
        filter: input.filter_expression.as_deref(),
        projection: input.projection_expression.as_deref(),
        ..Expressions::default()
    }
    .parse(&["FilterExpression", "KeyConditionExpression"])?;

    let deed = deed(world, &target, input, &parsed);
    permit(
        world,
        call,
        "Query",
        &target,
        input.index_name.as_deref(),
        &deed,
    )?;
    let (shape, condition, start) = {
        let source = Source::of(target.table(world)?, input.index_name.as_deref())?;
        let consistent = input.consistent_read.unwrap_or(false);
        source.check_consistency(consistent)?;
        let condition = key_condition_of(parsed.key_condition.as_ref(), source.keys())?;
        if let Some(filter) = &parsed.filter {
            no_keys_in(filter, source.keys())?;
            let mut paths = Vec::new();
            filter.each_path(&mut |path| paths.push(path));
            scalar_keys(source.table, paths)?;
        }
        let start = start
            .map(|start| start_of(&source, &condition, &start))
            .transpose()?;
        (
            Shape::of(&source, input.select, parsed.projection)?,
            condition,
            start,
        )
    };
    unlock(world, call, &target)?;

    let source = Source::of(target.table(world)?, input.index_name.as_deref())?;
    let page = Page {
        source,
        filter: parsed.filter.as_ref(),
        shape: &shape,
        limit,
        weight: Weight::of_read(input.consistent_read.unwrap_or(false)),
    };
    let partition = partition_of(&condition, source.keys())?;
    let forward = input.scan_index_forward.unwrap_or(true);
    let sort_key = source.keys().sort.as_ref().map(|(name, _)| name.as_str());
    let in_range = |item: &&std::sync::Arc<Attributes>| match (&condition.sort, sort_key) {
        (Some(range), Some(name)) => item.get(name).is_some_and(|value| range.holds(value)),
        _ => true,
    };
    let items =
        source
            .table
            .store()
            .partition(source.index_name(), partition, forward, start.as_ref());
    let found = page.read(items.filter(in_range));
    let asked = input.return_consumed_capacity.unwrap_or_default();
    Ok(reply([
        (
            "Items",
            (!matches!(shape, Shape::Count)).then_some(found.items.into()),
        ),
        ("Count", Some(found.count.into())),
        ("ScannedCount", Some(found.scanned.into())),
        (
            "LastEvaluatedKey",
            found.last.as_ref().map(attribute::to_json),
        ),
        (
            "ConsumedCapacity",
            found
                .capacity
                .report(asked, &input.table_name, source.index_kind(), false),
        ),
    ]))
}

fn deed(world: &World, target: &Target, input: &Query, parsed: &Parsed) -> Deed {
    let select = selected(
        input.select,
        parsed.projection.is_some(),
        input.index_name.is_some(),
    );
    let mut deed = Deed::default().with("dynamodb:Select", select.word());
    if let Some(asked) = input.return_consumed_capacity {
        deed = deed.with("dynamodb:ReturnConsumedCapacity", asked.word());
    }
    deed.paths(parsed.paths());
    // The value of the partition key, where table, index and condition tell it.
    let source = target
        .table(world)
        .and_then(|table| Source::of(table, input.index_name.as_deref()));
    if let Ok(condition) =
        source.and_then(|source| key_condition_of(parsed.key_condition.as_ref(), source.keys()))
    {
        deed.leading_key(&condition.partition);
    }
    deed
}

fn key_condition_of(
    condition: Option<&Condition>,
    keys: &KeySchema,
) -> Result<KeyCondition, AwsError> {
    let missed = || {
        AwsError::validation(format!(
            "Query condition missed key schema element: {}",
            keys.partition.0
        ))
    };
    let (partition, kind) = &keys.partition;
    let sort = keys
        .sort
        .as_ref()
        .map(|(name, kind)| (name.as_str(), kind.name()));
    KeyCondition::of(
        condition.ok_or_else(missed)?,
        (partition, kind.name()),
        sort,
    )
    .map_err(invalid)
}

fn partition_of(condition: &KeyCondition, keys: &KeySchema) -> Result<KeyValue, AwsError> {
    KeyValue::of(&condition.partition, keys.partition.1).ok_or_else(|| {
        AwsError::validation(
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        )
    })
}

/// The place to go on from, which must be one that the query could have ended at.
fn start_of(
    source: &Source<'_>,
    condition: &KeyCondition,
    start: &Attributes,
) -> Result<Position, AwsError> {
    let position = source.start(start)?;
    if position.partition != partition_of(condition, source.keys())? {
        return Err(AwsError::validation(
            "The provided starting key is outside query boundaries based on provided conditions",
        ));
    }
    let sort = source
        .keys()
        .sort
        .as_ref()
        .and_then(|(name, _)| start.get(name));
    match (&condition.sort, sort) {
        (Some(range), Some(value)) if !range.holds(value) => Err(AwsError::validation(
            "The provided starting key does not match the range key predicate",
        )),
        _ => Ok(position),
    }
}

/// Refuses a filter on the key: that is what the key condition is for.
fn no_keys_in(filter: &Condition, keys: &KeySchema) -> Result<(), AwsError> {
    let mut heads = Vec::new();
    filter.each_path(&mut |path| heads.push(path.head()));
    match keys
        .attributes()
        .find(|(name, _)| heads.contains(&name.as_str()))
    {
        Some((name, _)) => Err(AwsError::validation(format!(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
        ))),
        None => Ok(()),
    }
}
