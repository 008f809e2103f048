// SPDX-License-Identifier: Apache-2.0
//! Key policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::KeyAccess;
use super::resolve::Named;
use super::{Key, Page};
use crate::caller::Call;
use crate::error::AwsError;
use crate::policy::{Grammar, StoredPolicy};
use crate::world::World;

/// The longest key policy, in bytes.
pub(super) const MAX_POLICY: usize = 32 * 1024;
const NAME: &str = "default";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetKeyPolicy {
    key_id: String,
    policy_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutKeyPolicy {
    key_id: String,
    policy_name: Option<String>,
    policy: String,
    bypass_policy_lockout_safety_check: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListKeyPolicies {
    key_id: String,
    limit: Option<usize>,
    marker: Option<String>,
}

pub(super) fn get(world: &mut World, call: &Call, input: &GetKeyPolicy) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "GetKeyPolicy")?;
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, KeyAccess::new("GetKeyPolicy", &named))?;
    is_default(input.policy_name.as_deref())?;
    Ok(json!({ "Policy": key.policy.text(), "PolicyName": NAME }))
}

pub(super) fn put(world: &mut World, call: &Call, input: &PutKeyPolicy) -> Result<Value, AwsError> {
    let bypass = input.bypass_policy_lockout_safety_check == Some(true);
    let named = world.named_key(call, &input.key_id, "PutKeyPolicy")?;
    let key = world.key(&named.arn)?;
    let access = KeyAccess::new("PutKeyPolicy", &named)
        .with("kms:BypassPolicyLockoutSafetyCheck", [bypass.to_string()]);
    world.authorize_key(call, key, access)?;
    key.customer_managed()?;
    is_default(input.policy_name.as_deref())?;
    if input.policy.len() > MAX_POLICY {
        return Err(AwsError::client(
            "LimitExceededException",
            format!("A key policy has at most {MAX_POLICY} bytes."),
        ));
    }
    let policy = key_policy(world, &input.policy)?;
    if !bypass {
        keeps_door_open(world, call, key, &policy)?;
    }
    world.key_mut(&named.arn)?.policy = policy;
    Ok(Value::Null)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html>
pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: &ListKeyPolicies,
) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "ListKeyPolicies")?;
    world.authorize_key(
        call,
        world.key(&named.arn)?,
        KeyAccess::new("ListKeyPolicies", &named),
    )?;
    let page = Page {
        limit: input.limit,
        marker: input.marker.as_deref(),
        usual: 100,
        most: 1000,
    };
    page.reply("PolicyNames", vec![(NAME.to_owned(), NAME.into())])
}

/// Reads a key policy, whose principals must exist.
pub(super) fn key_policy(world: &World, text: &str) -> Result<StoredPolicy, AwsError> {
    let policy = StoredPolicy::parse(text, Grammar::Resource)
        .map_err(|error| AwsError::client("MalformedPolicyDocumentException", error))?;
    if world.missing_principal(policy.text()).is_some() {
        return Err(AwsError::client(
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
        ));
    }
    Ok(policy)
}

/// AWS refuses a policy that would not let its author correct it.
pub(super) fn keeps_door_open(
    world: &World,
    call: &Call,
    key: &Key,
    policy: &StoredPolicy,
) -> Result<(), AwsError> {
    let named = Named {
        arn: key.arn.clone(),
        alias: None,
    };
    let mut access = KeyAccess::new("PutKeyPolicy", &named);
    access.policy = Some(policy);
    if world.decide_key(call, key, access)?.decision.is_allowed() {
        Ok(())
    } else {
        Err(AwsError::client(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        ))
    }
}

fn is_default(name: Option<&str>) -> Result<(), AwsError> {
    match name {
        None | Some(NAME) => Ok(()),
        Some(other) => Err(AwsError::client(
            "NotFoundException",
            format!("No such policy exists: {other}"),
        )),
    }
}
