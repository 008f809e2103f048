// SPDX-License-Identifier: Apache-2.0
//! `PutItem`, `UpdateItem` and `DeleteItem`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html>

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::reply;
use super::write::{Change, Outcome, Write, WriteError, collection_metrics};
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit, unlock};
use crate::dynamodb::attribute::{self, Attributes};
use crate::dynamodb::capacity::{Capacity, Weight};
use crate::dynamodb::expression::{Path, project};
use crate::dynamodb::input::{
    self, Expressions, OnFailure, RawAttributes, ReturnConsumedCapacity,
    ReturnItemCollectionMetrics, ReturnValues,
};
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutItem {
    table_name: String,
    item: RawAttributes,
    #[serde(default)]
    condition_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
    #[serde(default)]
    expression_attribute_values: Option<RawAttributes>,
    #[serde(default)]
    return_values: Option<ReturnValues>,
    #[serde(default)]
    return_values_on_condition_check_failure: Option<OnFailure>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    return_item_collection_metrics: Option<ReturnItemCollectionMetrics>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteItem {
    table_name: String,
    key: RawAttributes,
    #[serde(default)]
    condition_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
    #[serde(default)]
    expression_attribute_values: Option<RawAttributes>,
    #[serde(default)]
    return_values: Option<ReturnValues>,
    #[serde(default)]
    return_values_on_condition_check_failure: Option<OnFailure>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    return_item_collection_metrics: Option<ReturnItemCollectionMetrics>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateItem {
    table_name: String,
    key: RawAttributes,
    #[serde(default)]
    update_expression: Option<String>,
    #[serde(default)]
    condition_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
    #[serde(default)]
    expression_attribute_values: Option<RawAttributes>,
    #[serde(default)]
    return_values: Option<ReturnValues>,
    #[serde(default)]
    return_values_on_condition_check_failure: Option<OnFailure>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    return_item_collection_metrics: Option<ReturnItemCollectionMetrics>,
}

pub(super) fn put_item(world: &mut World, call: &Call, input: &PutItem) -> Result<Value, AwsError> {
    let parsed = Expressions {
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values.as_ref(),
        condition: input.condition_expression.as_deref(),
        ..Expressions::default()
    }
    .parse(&["ConditionExpression"])?;
    let single = Single {
        table: &input.table_name,
        write: Write {
            change: Change::Put(input::attributes(&input.item)?),
            condition: parsed.condition,
            return_on_failure: input.return_values_on_condition_check_failure
                == Some(OnFailure::AllOld),
        },
        values: input.return_values,
        capacity: input.return_consumed_capacity,
        metrics: input.return_item_collection_metrics,
    };
    single.perform(world, call)
}

pub(super) fn delete_item(
    world: &mut World,
    call: &Call,
    input: &DeleteItem,
) -> Result<Value, AwsError> {
    let parsed = Expressions {
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values.as_ref(),
        condition: input.condition_expression.as_deref(),
        ..Expressions::default()
    }
    .parse(&["ConditionExpression"])?;
    let single = Single {
        table: &input.table_name,
        write: Write {
            change: Change::Delete(input::attributes(&input.key)?),
            condition: parsed.condition,
            return_on_failure: input.return_values_on_condition_check_failure
                == Some(OnFailure::AllOld),
        },
        values: input.return_values,
        capacity: input.return_consumed_capacity,
        metrics: input.return_item_collection_metrics,
    };
    single.perform(world, call)
}

pub(super) fn update_item(
    world: &mut World,
    call: &Call,
    input: &UpdateItem,
) -> Result<Value, AwsError> {
    let parsed = Expressions {
        names: input.expression_attribute_names.as_ref(),
        values: input.expression_attribute_values.as_ref(),
        update: input.update_expression.as_deref(),
        condition: input.condition_expression.as_deref(),
        ..Expressions::default()
    }
    .parse(&["UpdateExpression", "ConditionExpression"])?;
    let single = Single {
        table: &input.table_name,
        write: Write {
            change: Change::Update(input::attributes(&input.key)?, parsed.update),
            condition: parsed.condition,
            return_on_failure: input.return_values_on_condition_check_failure
                == Some(OnFailure::AllOld),
        },
        values: input.return_values,
        capacity: input.return_consumed_capacity,
        metrics: input.return_item_collection_metrics,
    };
    single.perform(world, call)
}

/// An operation that makes one change.
struct Single<'a> {
    table: &'a str,
    write: Write,
    values: Option<ReturnValues>,
    capacity: Option<ReturnConsumedCapacity>,
    metrics: Option<ReturnItemCollectionMetrics>,
}

impl Single<'_> {
    /// Permission first, then the table's key, then the condition.
    fn perform(&self, world: &mut World, call: &Call) -> Result<Value, AwsError> {
        let values = self.values.unwrap_or_default();
        if !matches!(self.write.change, Change::Update(..))
            && !matches!(values, ReturnValues::None | ReturnValues::AllOld)
        {
            return Err(AwsError::validation("Return values set to invalid value"));
        }
        let target = Target::of(call, self.table)?;
        let mut deed = Deed::default().with("dynamodb:ReturnValues", values.word());
        if let Some(asked) = self.capacity {
            deed = deed.with("dynamodb:ReturnConsumedCapacity", asked.word());
        }
        self.write.describe(&mut deed, world, &target);
        permit(
            world,
            call,
            self.write.change.action(),
            &target,
            None,
            &deed,
        )?;
        self.write.check(target.table(world)?)?;
        unlock(world, call, &target)?;

        let table = target.described(world)?;
        let outcome = self.write.evaluate(table).map_err(WriteError::into_error)?;
        outcome.commit(table);
        let mut capacity = Capacity::default();
        capacity.write(outcome.size(), Weight::Full);
        let metrics = match self.metrics.unwrap_or_default() {
            ReturnItemCollectionMetrics::Size => collection_metrics(table, self.write.change.key()),
            ReturnItemCollectionMetrics::None => None,
        };
        let asked = self.capacity.unwrap_or_default();
        Ok(reply([
            (
                "Attributes",
                self.returned(&outcome, values)
                    .map(|item| attribute::to_json(&item)),
            ),
            (
                "ConsumedCapacity",
                capacity.report(asked, self.table, None, false),
            ),
            ("ItemCollectionMetrics", metrics),
        ]))
    }

    fn returned(&self, outcome: &Outcome, values: ReturnValues) -> Option<Attributes> {
        let written: &[Path] = match &self.write.change {
            Change::Update(_, Some(update)) => &update.written,
            _ => &[],
        };
        let part = |item: &Option<Attributes>| {
            let part = project(written, item.as_ref()?);
            (!part.is_empty()).then_some(part)
        };
        match values {
            ReturnValues::None => None,
            ReturnValues::AllOld => outcome.before.clone(),
            ReturnValues::AllNew => outcome.after.clone(),
            ReturnValues::UpdatedOld => part(&outcome.before),
            ReturnValues::UpdatedNew => part(&outcome.after),
        }
    }
}
