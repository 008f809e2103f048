// SPDX-License-Identifier: Apache-2.0
//! Making, describing, disabling and deleting keys.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::KeyAccess;
use super::encryption::current_material;
use super::key::key_arn;
use super::policies::{MAX_POLICY, key_policy};
use super::tags::{KmsTag, tag_context};
use super::{Key, KeyManager, KeyOnly, KeyStatus, Material, Page};
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::{PARTITION, World};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateKey {
    policy: Option<String>,
    description: Option<String>,
    key_usage: Option<String>,
    customer_master_key_spec: Option<String>,
    key_spec: Option<String>,
    origin: Option<String>,
    bypass_policy_lockout_safety_check: Option<bool>,
    tags: Option<Vec<KmsTag>>,
    multi_region: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DescribeKey {
    key_id: String,
    grant_tokens: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListKeys {
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ScheduleKeyDeletion {
    key_id: String,
    pending_window_in_days: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateKeyDescription {
    key_id: String,
    description: String,
}

pub(super) fn create(world: &mut World, call: &Call, input: &CreateKey) -> Result<Value, AwsError> {
    symmetric(input)?;
    let bypass = input.bypass_policy_lockout_safety_check == Some(true);
    let tags: BTreeMap<String, String> =
        super::tags::read(input.tags.as_deref().unwrap_or_default())?;
    let one = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
    let mut context = vec![
        one(
            "kms:BypassPolicyLockoutSafetyCheck",
            if bypass { "true" } else { "false" },
        ),
        one("kms:KeySpec", "SYMMETRIC_DEFAULT"),
        one("kms:KeyUsage", "ENCRYPT_DECRYPT"),
        one("kms:KeyOrigin", "AWS_KMS"),
        one(
            "kms:MultiRegion",
            if input.multi_region == Some(true) {
                "true"
            } else {
                "false"
            },
        ),
    ];
    context.extend(tag_context(&tags));
    world.authorize_keyless(call, "kms:CreateKey", context)?;
    if !tags.is_empty() {
        world.authorize_keyless(call, "kms:TagResource", tag_context(&tags))?;
    }
    let account = &call.caller.account;
    let text = input.policy.clone().unwrap_or_else(|| {
        keyproof_policy::kms::default_key_policy(PARTITION, account).to_string()
    });
    if text.len() > MAX_POLICY {
        return Err(AwsError::client(
            "LimitExceededException",
            format!("A key policy has at most {MAX_POLICY} bytes."),
        ));
    }
    let policy = key_policy(world, &text)?;
    let multi_region = input.multi_region == Some(true);
    let id = if multi_region {
        format!("mrk-{}", world.uuid().replace('-', ""))
    } else {
        world.uuid()
    };
    let key = Key {
        arn: key_arn(&call.region, account, &id),
        id,
        account: account.clone(),
        region: call.region.clone(),
        policy,
        status: KeyStatus::Enabled,
        manager: KeyManager::Customer,
        description: input.description.clone().unwrap_or_default(),
        created: call.now,
        tags,
        multi_region,
        rotation_days: None,
        materials: vec![Material::new(world.random_bytes(), None)],
        grants: Vec::new(),
    };
    if !bypass {
        super::policies::keeps_door_open(world, call, &key, &key.policy)?;
    }
    let metadata = metadata(&key);
    world.keys.insert(key.arn.clone(), key);
    Ok(json!({ "KeyMetadata": metadata }))
}

/// Other kinds of key exist; the sandbox says that it lacks them.
fn symmetric(input: &CreateKey) -> Result<(), AwsError> {
    let supported = [
        ("KeyUsage", &input.key_usage, "ENCRYPT_DECRYPT"),
        ("KeySpec", &input.key_spec, "SYMMETRIC_DEFAULT"),
        (
            "CustomerMasterKeySpec",
            &input.customer_master_key_spec,
            "SYMMETRIC_DEFAULT",
        ),
        ("Origin", &input.origin, "AWS_KMS"),
    ];
    for (name, given, only) in supported {
        if let Some(other) = given.as_deref().filter(|given| *given != only) {
            return Err(AwsError::client(
                "UnsupportedOperationException",
                format!(
                    "the sandbox makes symmetric encryption keys only: {name} is {only}, not {other}"
                ),
            ));
        }
    }
    Ok(())
}

pub(super) fn describe(
    world: &mut World,
    call: &Call,
    input: &DescribeKey,
) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "DescribeKey")?;
    let mut access = KeyAccess::new("DescribeKey", &named);
    let tokens = input.grant_tokens.as_deref().unwrap_or_default();
    access.tokens = tokens;
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, access)?;
    Ok(json!({ "KeyMetadata": metadata(key) }))
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>
pub(super) fn list(world: &mut World, call: &Call, input: &ListKeys) -> Result<Value, AwsError> {
    world.authorize_keyless(call, "kms:ListKeys", Vec::new())?;
    let own = |key: &&Key| key.account == call.caller.account && key.region == call.region;
    let entry = |key: &Key| {
        (
            key.id.clone(),
            json!({ "KeyArn": key.arn, "KeyId": key.id }),
        )
    };
    let all = world.keys.values().filter(own).map(entry).collect();
    let page = Page {
        limit: input.limit,
        marker: input.marker.as_deref(),
        usual: 100,
        most: 1000,
    };
    page.reply("Keys", all)
}

pub(super) fn enable(world: &mut World, call: &Call, input: &KeyOnly) -> Result<Value, AwsError> {
    let arn = administer(world, call, &input.key_id, "EnableKey")?;
    world.key(&arn)?.not_deleting()?;
    world.key_mut(&arn)?.status = KeyStatus::Enabled;
    Ok(Value::Null)
}

pub(super) fn disable(world: &mut World, call: &Call, input: &KeyOnly) -> Result<Value, AwsError> {
    let arn = administer(world, call, &input.key_id, "DisableKey")?;
    let key = world.key_mut(&arn)?;
    key.not_deleting()?;
    if key.status == KeyStatus::Enabled {
        key.status = KeyStatus::Disabled { since: call.now };
    }
    Ok(Value::Null)
}

pub(super) fn schedule_deletion(
    world: &mut World,
    call: &Call,
    input: &ScheduleKeyDeletion,
) -> Result<Value, AwsError> {
    let days = input.pending_window_in_days.unwrap_or(30);
    let named = world.named_key(call, &input.key_id, "ScheduleKeyDeletion")?;
    let access = KeyAccess::new("ScheduleKeyDeletion", &named).with(
        "kms:ScheduleKeyDeletionPendingWindowInDays",
        [days.to_string()],
    );
    world.authorize_key(call, world.key(&named.arn)?, access)?;
    let key = world.key_mut(&named.arn)?;
    key.customer_managed()?;
    key.not_deleting()?;
    if !(7..=30).contains(&days) {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must \
             have value between 7 and 30"
        )));
    }
    let deletion = call
        .now
        .checked_add(SignedDuration::from_hours(24 * days))
        .unwrap_or(Timestamp::MAX);
    key.status = KeyStatus::PendingDeletion {
        since: call.now,
        deletion,
    };
    Ok(json!({
        "DeletionDate": seconds(deletion),
        "KeyId": key.arn,
        "KeyState": key.state(),
        "PendingWindowInDays": days,
    }))
}

pub(super) fn cancel_deletion(
    world: &mut World,
    call: &Call,
    input: &KeyOnly,
) -> Result<Value, AwsError> {
    let arn = administer(world, call, &input.key_id, "CancelKeyDeletion")?;
    let key = world.key_mut(&arn)?;
    let KeyStatus::PendingDeletion { since, .. } = key.status else {
        return Err(AwsError::client(
            "KMSInvalidStateException",
            format!("{} is not pending deletion.", key.arn),
        ));
    };
    // The key stays unusable until somebody enables it.
    key.status = KeyStatus::Disabled { since };
    Ok(json!({ "KeyId": key.arn }))
}

pub(super) fn update_description(
    world: &mut World,
    call: &Call,
    input: &UpdateKeyDescription,
) -> Result<Value, AwsError> {
    let arn = administer(world, call, &input.key_id, "UpdateKeyDescription")?;
    let key = world.key_mut(&arn)?;
    key.not_deleting()?;
    if input.description.chars().count() > 8192 {
        return Err(AwsError::validation(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must have length less \
             than or equal to 8192",
        ));
    }
    key.description.clone_from(&input.description);
    Ok(Value::Null)
}

/// Authorises a change of a key that the account manages itself.
pub(super) fn administer(
    world: &mut World,
    call: &Call,
    reference: &str,
    operation: &str,
) -> Result<String, AwsError> {
    let named = world.named_key(call, reference, operation)?;
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, KeyAccess::new(operation, &named))?;
    key.customer_managed()?;
    Ok(named.arn)
}

fn metadata(key: &Key) -> Value {
    let mut metadata = json!({
        "AWSAccountId": key.account,
        "Arn": key.arn,
        "CreationDate": seconds(key.created),
        "CurrentKeyMaterialId": current_material(key),
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": key.description,
        "Enabled": key.status == KeyStatus::Enabled,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": key.id,
        "KeyManager": match key.manager { KeyManager::Customer => "CUSTOMER", KeyManager::Aws => "AWS" },
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": key.state(),
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": key.multi_region,
        "Origin": "AWS_KMS",
    });
    if key.multi_region {
        let primary = json!({ "Arn": key.arn, "Region": key.region });
        let configuration =
            json!({ "MultiRegionKeyType": "PRIMARY", "PrimaryKey": primary, "ReplicaKeys": [] });
        put(
            &mut metadata,
            "MultiRegionConfiguration",
            Some(configuration),
        );
    }
    if let KeyStatus::PendingDeletion { deletion, .. } = key.status {
        put(&mut metadata, "DeletionDate", Some(seconds(deletion)));
    }
    metadata
}

/// A time as awsJson writes it.
pub(super) fn seconds(time: Timestamp) -> Value {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are exact in a double for 280,000 years"
    )]
    let seconds = time.as_millisecond() as f64 / 1000.0;
    Value::from(seconds)
}

/// Sets a member that not every reply has.
pub(super) fn put(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (object.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
}
