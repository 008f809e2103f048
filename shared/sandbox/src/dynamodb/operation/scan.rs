// SPDX-License-Identifier: Apache-2.0
//! `Scan`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html>

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::get_item::scalar_keys;
use super::page::{Page, Shape, Source, limit, selected};
use super::reply;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit, unlock};
use crate::dynamodb::attribute;
use crate::dynamodb::capacity::Weight;
use crate::dynamodb::input::{self, Expressions, RawAttributes, ReturnConsumedCapacity, Select};
use crate::error::AwsError;
use crate::world::World;

/// The most segments that a scan is shared by.
const MAXIMUM_SEGMENTS: u64 = 1_000_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Scan {
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
    segment: Option<u64>,
    #[serde(default)]
    total_segments: Option<u64>,
    #[serde(default)]
    exclusive_start_key: Option<RawAttributes>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    projection_expression: Option<String>,
    #[serde(default)]
    filter_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
    #[serde(default)]
    expression_attribute_values: Option<RawAttributes>,
}

pub(super) fn scan(world: &mut World, call: &Call, input: &Scan) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    let limit = limit(input.limit)?;
    let segment = segment(input)?;
    let start = input
        .exclusive_start_key
        .as_ref()
        .map(input::attributes)
        .transpose()?;
    let parsed = Expressions {
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values.as_ref(),
        filter: input.filter_expression.as_deref(),
        projection: input.projection_expression.as_deref(),
        ..Expressions::default()
    }
    .parse(&["FilterExpression"])?;

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
    permit(
        world,
        call,
        "Scan",
        &target,
        input.index_name.as_deref(),
        &deed,
    )?;
    let (shape, start) = {
        let source = Source::of(target.table(world)?, input.index_name.as_deref())?;
        source.check_consistency(input.consistent_read.unwrap_or(false))?;
        scalar_keys(source.table, parsed.paths())?;
        let start = start.map(|start| source.start(&start)).transpose()?;
        (Shape::of(&source, input.select, parsed.projection)?, start)
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
    let items = source
        .table
        .store()
        .scan(source.index_name(), start.as_ref());
    let mine = items.filter(|(position, _)| match segment {
        Some((segment, total)) => position.segment(total) == segment,
        None => true,
    });
    let found = page.read(mine.map(|(_, item)| item));
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

/// The segment to scan, and how many there are.
fn segment(input: &Scan) -> Result<Option<(u64, u64)>, AwsError> {
    match (input.segment, input.total_segments) {
        (None, None) => Ok(None),
        (Some(segment), Some(total)) if segment < total && total <= MAXIMUM_SEGMENTS => {
            Ok(Some((segment, total)))
        }
        (Some(_), None) => Err(AwsError::validation(
            "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
        )),
        (None, Some(_)) => Err(AwsError::validation(
            "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
        )),
        (Some(segment), Some(total)) => Err(AwsError::validation(format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is not less than TotalSegments: {total}"
        ))),
    }
}
