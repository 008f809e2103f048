// SPDX-License-Identifier: Apache-2.0
//! Inline policies.

use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::Operation;
use super::names::{document, listed, name};
use super::{malformed_policy, no_such_entity};
use crate::caller::Call;
use crate::error::AwsError;
use crate::policy::{Grammar, StoredPolicy};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Put {
    policy_name: String,
    policy_document: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    policy_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct List {
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn put(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (
        owner,
        Put {
            policy_name,
            policy_document,
        },
    ) = operation.0.read(operation.1, input)?;
    name("policyName", &policy_name, 128)?;
    let identity = world.allowed_on(call, operation, &owner, Vec::new())?;
    let policy = identity_policy(&policy_document)?;
    identity.inline.insert(policy_name, policy);
    Ok(Value::Null)
}

pub(super) fn get(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, Named { policy_name }) = operation.0.read(operation.1, input)?;
    let identity = world.allowed_on(call, operation, &owner, Vec::new())?;
    let policy = identity
        .inline
        .get(&policy_name)
        .ok_or_else(|| missing(operation, &policy_name))?;
    let noun = match operation.0 {
        super::entity::Kind::Role => "RoleName",
        super::entity::Kind::User => "UserName",
        super::entity::Kind::Group => "GroupName",
    };
    Ok(json!({ noun: owner, "PolicyName": policy_name, "PolicyDocument": document(policy) }))
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, Named { policy_name }) = operation.0.read(operation.1, input)?;
    let identity = world.allowed_on(call, operation, &owner, Vec::new())?;
    identity
        .inline
        .remove(&policy_name)
        .map(|_| Value::Null)
        .ok_or_else(|| missing(operation, &policy_name))
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, List { .. }) = operation.0.read(operation.1, input)?;
    let identity = world.allowed_on(call, operation, &owner, Vec::new())?;
    Ok(listed(
        "PolicyNames",
        identity.inline.keys().cloned().map(Value::from).collect(),
    ))
}

/// Reads a policy that is going to be attached to an identity.
pub(super) fn identity_policy(text: &str) -> Result<StoredPolicy, AwsError> {
    StoredPolicy::parse(text, Grammar::Identity).map_err(malformed_policy)
}

fn missing((kind, _): Operation<'_>, name: &str) -> AwsError {
    no_such_entity(format!(
        "The {} policy with name {name} cannot be found.",
        kind.noun()
    ))
}
