// SPDX-License-Identifier: Apache-2.0
//! Settings that are kept and shown, but do nothing in the sandbox: time to live and backups.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html>

use serde::Deserialize;
use serde_json::{Value, json};

use super::describe::seconds;
use super::reply;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit};
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TableName {
    table_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateTimeToLive {
    table_name: String,
    time_to_live_specification: TimeToLive,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TimeToLive {
    enabled: bool,
    attribute_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateContinuousBackups {
    table_name: String,
    point_in_time_recovery_specification: PointInTimeRecovery,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PointInTimeRecovery {
    point_in_time_recovery_enabled: bool,
}

pub(super) fn describe_time_to_live(
    world: &mut World,
    call: &Call,
    input: &TableName,
) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    permit(
        world,
        call,
        "DescribeTimeToLive",
        &target,
        None,
        &Deed::default(),
    )?;
    let attribute = target.described(world)?.definition.time_to_live.clone();
    let status = if attribute.is_some() {
        "ENABLED"
    } else {
        "DISABLED"
    };
    let described = reply([
        ("TimeToLiveStatus", Some(status.into())),
        ("AttributeName", attribute.map(Value::from)),
    ]);
    Ok(reply([("TimeToLiveDescription", Some(described))]))
}

pub(super) fn update_time_to_live(
    world: &mut World,
    call: &Call,
    input: &UpdateTimeToLive,
) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    permit(
        world,
        call,
        "UpdateTimeToLive",
        &target,
        None,
        &Deed::default(),
    )?;
    let (wanted, kept) = (
        &input.time_to_live_specification,
        &mut target.described(world)?.definition.time_to_live,
    );
    if wanted.enabled == kept.is_some() {
        let already = if wanted.enabled {
            "enabled"
        } else {
            "disabled"
        };
        return Err(AwsError::validation(format!(
            "TimeToLive is already {already}"
        )));
    }
    *kept = wanted.enabled.then(|| wanted.attribute_name.clone());
    Ok(json!({"TimeToLiveSpecification": {
        "Enabled": wanted.enabled, "AttributeName": wanted.attribute_name
    }}))
}

pub(super) fn describe_backups(
    world: &mut World,
    call: &Call,
    input: &TableName,
) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    permit(
        world,
        call,
        "DescribeContinuousBackups",
        &target,
        None,
        &Deed::default(),
    )?;
    backups(world, call, &target)
}

pub(super) fn update_backups(
    world: &mut World,
    call: &Call,
    input: &UpdateContinuousBackups,
) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    permit(
        world,
        call,
        "UpdateContinuousBackups",
        &target,
        None,
        &Deed::default(),
    )?;
    target.described(world)?.definition.point_in_time_recovery = input
        .point_in_time_recovery_specification
        .point_in_time_recovery_enabled;
    backups(world, call, &target)
}

fn backups(world: &mut World, call: &Call, target: &Target) -> Result<Value, AwsError> {
    let definition = &target.described(world)?.definition;
    let enabled = definition.point_in_time_recovery;
    let status = if enabled { "ENABLED" } else { "DISABLED" };
    let recovery = reply([
        ("PointInTimeRecoveryStatus", Some(status.into())),
        ("RecoveryPeriodInDays", enabled.then(|| 35.into())),
        (
            "EarliestRestorableDateTime",
            enabled.then(|| seconds(definition.created)),
        ),
        (
            "LatestRestorableDateTime",
            enabled.then(|| seconds(call.now)),
        ),
    ]);
    Ok(json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": recovery,
    }}))
}
