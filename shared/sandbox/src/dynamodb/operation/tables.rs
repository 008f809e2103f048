// SPDX-License-Identifier: Apache-2.0
//! `DescribeTable`, `DeleteTable` and `ListTables`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html>

use serde::Deserialize;
use serde_json::Value;

use super::describe::{Phase, describe as description};
use super::reply;
use crate::authorize::Access;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, key_arn, notice_key_loss, permit};
use crate::dynamodb::table::Encryption;
use crate::error::AwsError;
use crate::world::World;

/// The most names that one `ListTables` returns.
const MAXIMUM_NAMES: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TableName {
    table_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListTables {
    #[serde(default)]
    exclusive_start_table_name: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

pub(super) fn describe(
    world: &mut World,
    call: &Call,
    input: &TableName,
) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    permit(
        world,
        call,
        "DescribeTable",
        &target,
        None,
        &Deed::default(),
    )?;
    let encryption = target.described(world)?.definition.encryption.clone();
    notice_key_loss(world, call, &target);
    let managed = key_arn(world, &target, &encryption);
    let table = target.described(world)?;
    Ok(reply([(
        "Table",
        Some(description(table, Phase::Steady, managed.as_deref())),
    )]))
}

pub(super) fn delete(world: &mut World, call: &Call, input: &TableName) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    permit(world, call, "DeleteTable", &target, None, &Deed::default())?;
    let table = target.described(world)?;
    if table.definition.deletion_protection {
        return Err(AwsError::validation(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
        ));
    }
    let encryption = table.definition.encryption.clone();
    let managed = key_arn(world, &target, &encryption);
    let described = description(
        target.described(world)?,
        Phase::Deleting,
        managed.as_deref(),
    );
    world.tables.remove(&target.arn);
    if let Encryption::Key(key) = &encryption {
        world.retire_table_grant(&target.name, &target.account, key);
    }
    Ok(reply([("TableDescription", Some(described))]))
}

pub(super) fn list(world: &mut World, call: &Call, input: &ListTables) -> Result<Value, AwsError> {
    let limit = input.limit.unwrap_or(MAXIMUM_NAMES);
    if !(1..=MAXIMUM_NAMES).contains(&limit) {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value between 1 and 100"
        )));
    }
    let all = format!(
        "arn:aws:dynamodb:{}:{}:table/*",
        call.region, call.caller.account
    );
    world.authorize(call, &Access::new("dynamodb:ListTables", &all))?;
    let mut names: Vec<&str> = world
        .tables
        .all()
        .map(|table| &table.definition)
        .filter(|table| table.account == call.caller.account && table.region == call.region)
        .map(|table| table.name.as_str())
        .filter(|name| {
            input
                .exclusive_start_table_name
                .as_deref()
                .is_none_or(|start| *name > start)
        })
        .collect();
    names.sort_unstable();
    let more = names.len() > limit;
    names.truncate(limit);
    let last = names.last().filter(|_| more).map(|name| Value::from(*name));
    Ok(reply([
        ("TableNames", Some(names.into())),
        ("LastEvaluatedTableName", last),
    ]))
}
