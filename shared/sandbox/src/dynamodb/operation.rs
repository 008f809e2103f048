// SPDX-License-Identifier: Apache-2.0
//! DynamoDB's operations, one file for each kind.

mod batch_get;
mod batch_write;
mod create_table;
mod describe;
mod get_item;
mod page;
mod query;
mod resource_policy;
mod scan;
mod schema;
mod settings;
mod statement;
mod tables;
mod tags;
mod transaction;
mod update_table;
mod write;
mod write_item;

use serde_json::{Map, Value};

use super::access::Target;
use super::input;
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

/// Answers one operation.
pub(super) fn answer(
    world: &mut World,
    call: &Call,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "BatchExecuteStatement" => statement::batch(world, call, input::read(operation, input)?),
        "BatchGetItem" => batch_get::batch_get_item(world, call, &input::read(operation, input)?),
        "BatchWriteItem" => {
            batch_write::batch_write_item(world, call, &input::read(operation, input)?)
        }
        "CreateTable" => create_table::create(world, call, input::read(operation, input)?),
        "DeleteItem" => write_item::delete_item(world, call, &input::read(operation, input)?),
        "DeleteResourcePolicy" => {
            resource_policy::delete(world, call, &input::read(operation, input)?)
        }
        "DeleteTable" => tables::delete(world, call, &input::read(operation, input)?),
        "DescribeContinuousBackups" => {
            settings::describe_backups(world, call, &input::read(operation, input)?)
        }
        "DescribeTable" => tables::describe(world, call, &input::read(operation, input)?),
        "DescribeTimeToLive" => {
            settings::describe_time_to_live(world, call, &input::read(operation, input)?)
        }
        "ExecuteStatement" => statement::execute(world, call, &input::read(operation, input)?),
        "GetItem" => get_item::get_item(world, call, &input::read(operation, input)?),
        "GetResourcePolicy" => resource_policy::get(world, call, &input::read(operation, input)?),
        "ListTables" => tables::list(world, call, &input::read(operation, input)?),
        "ListTagsOfResource" => tags::list(world, call, &input::read(operation, input)?),
        "PutItem" => write_item::put_item(world, call, &input::read(operation, input)?),
        "PutResourcePolicy" => resource_policy::put(world, call, &input::read(operation, input)?),
        "Query" => query::query(world, call, &input::read(operation, input)?),
        "Scan" => scan::scan(world, call, &input::read(operation, input)?),
        "TagResource" => tags::tag(world, call, input::read(operation, input)?),
        "TransactGetItems" => transaction::get_items(world, call, &input::read(operation, input)?),
        "TransactWriteItems" => transaction::write_items(world, call, input),
        "UntagResource" => tags::untag(world, call, &input::read(operation, input)?),
        "UpdateContinuousBackups" => {
            settings::update_backups(world, call, &input::read(operation, input)?)
        }
        "UpdateItem" => write_item::update_item(world, call, &input::read(operation, input)?),
        "UpdateTable" => update_table::update(world, call, &input::read(operation, input)?),
        "UpdateTimeToLive" => {
            settings::update_time_to_live(world, call, &input::read(operation, input)?)
        }
        _ => Err(AwsError::client(
            "UnknownOperationException",
            format!("the sandbox doesn't simulate dynamodb:{operation}"),
        )),
    }
}

/// The members of a reply; those that are `None` are left out.
fn reply<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    present.collect::<Map<_, _>>().into()
}

/// The tables of a batch, each with what it is asked, in the order of the request.
fn targets<'a, T>(
    call: &Call,
    requests: impl IntoIterator<Item = (&'a String, &'a T)>,
) -> Result<Vec<(&'a String, Target, &'a T)>, AwsError> {
    let read = requests
        .into_iter()
        .map(|(reference, request)| Ok((reference, Target::of(call, reference)?, request)));
    read.collect()
}
