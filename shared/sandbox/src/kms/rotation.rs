// SPDX-License-Identifier: Apache-2.0
//! Rotation of key material: on demand for real; the yearly one is a setting.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::KeyAccess;
use super::keys::{administer, put, seconds};
use super::{KeyOnly, KeyStatus, Material, Page};
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct EnableKeyRotation {
    key_id: String,
    rotation_period_in_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListKeyRotations {
    key_id: String,
    limit: Option<usize>,
    marker: Option<String>,
}

pub(super) fn enable(
    world: &mut World,
    call: &Call,
    input: &EnableKeyRotation,
) -> Result<Value, AwsError> {
    let days = input.rotation_period_in_days.unwrap_or(365);
    let named = world.named_key(call, &input.key_id, "EnableKeyRotation")?;
    let access = KeyAccess::new("EnableKeyRotation", &named)
        .with("kms:RotationPeriodInDays", [days.to_string()]);
    world.authorize_key(call, world.key(&named.arn)?, access)?;
    let key = world.key_mut(&named.arn)?;
    key.customer_managed()?;
    key.enabled()?;
    if !(90..=2560).contains(&days) {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{days}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must \
             have value between 90 and 2560"
        )));
    }
    key.rotation_days = Some(days);
    Ok(Value::Null)
}

pub(super) fn disable(world: &mut World, call: &Call, input: &KeyOnly) -> Result<Value, AwsError> {
    let arn = administer(world, call, &input.key_id, "DisableKeyRotation")?;
    let key = world.key_mut(&arn)?;
    key.enabled()?;
    key.rotation_days = None;
    Ok(Value::Null)
}

pub(super) fn status(world: &mut World, call: &Call, input: &KeyOnly) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "GetKeyRotationStatus")?;
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, KeyAccess::new("GetKeyRotationStatus", &named))?;
    let waits = matches!(key.status, KeyStatus::PendingDeletion { .. });
    let days = key.rotation_days.filter(|_| !waits);
    let mut result = json!({ "KeyId": key.arn, "KeyRotationEnabled": days.is_some() });
    if let Some(days) = days {
        let last = key
            .materials
            .iter()
            .filter_map(|material| material.rotated)
            .max()
            .unwrap_or(key.created);
        let next = last
            .checked_add(SignedDuration::from_hours(24 * days))
            .unwrap_or(Timestamp::MAX);
        put(&mut result, "RotationPeriodInDays", Some(Value::from(days)));
        put(&mut result, "NextRotationDate", Some(seconds(next)));
    }
    Ok(result)
}

pub(super) fn rotate(world: &mut World, call: &Call, input: &KeyOnly) -> Result<Value, AwsError> {
    const MOST: usize = 25;
    let arn = administer(world, call, &input.key_id, "RotateKeyOnDemand")?;
    let material = Material::new(world.random_bytes(), Some(call.now));
    let key = world.key_mut(&arn)?;
    key.enabled()?;
    if key.materials.len() > MOST {
        return Err(AwsError::client(
            "LimitExceededException",
            format!("{arn} was rotated on demand {MOST} times already."),
        ));
    }
    key.materials.push(material);
    Ok(json!({ "KeyId": arn }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html>
pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: &ListKeyRotations,
) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "ListKeyRotations")?;
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, KeyAccess::new("ListKeyRotations", &named))?;
    let rotations = key.materials.iter().enumerate();
    let rotations = rotations.filter_map(|(number, material)| {
        let date = seconds(material.rotated?);
        let rotation = json!({ "KeyId": key.arn, "KeyMaterialId": material.id(), "RotationDate": date, "RotationType": "ON_DEMAND" });
        Some((format!("{number:04}"), rotation))
    });
    let page = Page {
        limit: input.limit,
        marker: input.marker.as_deref(),
        usual: 100,
        most: 1000,
    };
    page.reply("Rotations", rotations.collect())
}
