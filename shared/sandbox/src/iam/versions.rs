// SPDX-License-Identifier: Apache-2.0
//! Versions of managed policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::inline::identity_policy;
use super::managed::{missing, own};
use super::model::Version;
use super::names::{document, listed, time};
use super::{delete_conflict, limit_exceeded, no_such_entity};
use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::parameters;
use crate::text::percent_encoded;
use crate::world::World;

/// IAM keeps five versions of a policy.
const MOST: usize = 5;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateVersion {
    policy_arn: String,
    policy_document: String,
    #[serde(default, deserialize_with = "parameters::text")]
    set_as_default: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OneVersion {
    policy_arn: String,
    version_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListVersions {
    policy_arn: String,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: &CreateVersion,
) -> Result<Value, AwsError> {
    world.allowed(call, "CreatePolicyVersion", &input.policy_arn)?;
    let document = identity_policy(&input.policy_document)?;
    let policy = own(world, call, &input.policy_arn)?;
    if policy.versions.len() >= MOST {
        return Err(limit_exceeded(format!(
            "A managed policy can have up to {MOST} versions. Before you create a new version, you must delete an existing version."
        )));
    }
    let number = policy
        .versions
        .keys()
        .next_back()
        .map_or(1, |last| last + 1)
        .max(policy.default + 1);
    policy.versions.insert(
        number,
        Version {
            document,
            created: call.now,
        },
    );
    policy.updated = call.now;
    if input.set_as_default == Some(true) {
        policy.default = number;
    }
    let default = policy.default == number;
    Ok(json!({ "PolicyVersion": {
        "VersionId": format!("v{number}"),
        "IsDefaultVersion": default,
        "CreateDate": time(call.now),
    } }))
}

pub(super) fn get(world: &mut World, call: &Call, input: &OneVersion) -> Result<Value, AwsError> {
    world.allowed(call, "GetPolicyVersion", &input.policy_arn)?;
    if let Some(policy) = keyproof_template::managed::policy(&input.policy_arn) {
        if policy.version != input.version_id {
            return Err(absent(input));
        }
        return Ok(json!({ "PolicyVersion": {
            "Document": percent_encoded(&policy.document),
            "VersionId": policy.version,
            "IsDefaultVersion": true,
        } }));
    }
    let policy = own(world, call, &input.policy_arn)?;
    let number = number(input)?;
    let version = policy.versions.get(&number).ok_or_else(|| absent(input))?;
    Ok(json!({ "PolicyVersion": {
        "Document": document(&version.document),
        "VersionId": input.version_id,
        "IsDefaultVersion": policy.default == number,
        "CreateDate": time(version.created),
    } }))
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: &ListVersions,
) -> Result<Value, AwsError> {
    world.allowed(call, "ListPolicyVersions", &input.policy_arn)?;
    if let Some(policy) = keyproof_template::managed::policy(&input.policy_arn) {
        return Ok(listed(
            "Versions",
            vec![json!({ "VersionId": policy.version, "IsDefaultVersion": true })],
        ));
    }
    let policy = world
        .account(call)
        .policies
        .get(&input.policy_arn)
        .ok_or_else(|| missing(&input.policy_arn))?;
    let entry = |(number, version): (&u32, &Version)| {
        json!({
            "VersionId": format!("v{number}"),
            "IsDefaultVersion": policy.default == *number,
            "CreateDate": time(version.created),
        })
    };
    Ok(listed(
        "Versions",
        policy.versions.iter().rev().map(entry).collect(),
    ))
}

pub(super) fn set_default(
    world: &mut World,
    call: &Call,
    input: &OneVersion,
) -> Result<Value, AwsError> {
    world.allowed(call, "SetDefaultPolicyVersion", &input.policy_arn)?;
    let policy = own(world, call, &input.policy_arn)?;
    let number = number(input)?;
    if !policy.versions.contains_key(&number) {
        return Err(absent(input));
    }
    policy.default = number;
    policy.updated = call.now;
    Ok(Value::Null)
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: &OneVersion,
) -> Result<Value, AwsError> {
    world.allowed(call, "DeletePolicyVersion", &input.policy_arn)?;
    let policy = own(world, call, &input.policy_arn)?;
    let number = number(input)?;
    if policy.default == number {
        return Err(delete_conflict(
            "Cannot delete the default version of a policy.",
        ));
    }
    policy
        .versions
        .remove(&number)
        .map(|_| Value::Null)
        .ok_or_else(|| absent(input))
}

fn number(input: &OneVersion) -> Result<u32, AwsError> {
    let digits = input
        .version_id
        .strip_prefix('v')
        .and_then(|digits| digits.parse().ok());
    digits.ok_or_else(|| absent(input))
}

fn absent(input: &OneVersion) -> AwsError {
    no_such_entity(format!(
        "Policy {} version {} does not exist or is not attachable.",
        input.policy_arn, input.version_id
    ))
}
