// SPDX-License-Identifier: Apache-2.0
//! Permissions boundaries.

use serde::Deserialize;
use serde_json::Value;

use super::entity::Operation;
use super::no_such_entity;
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Put {
    permissions_boundary: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {}

pub(super) fn put(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (
        owner,
        Put {
            permissions_boundary: arn,
        },
    ) = operation.0.read(operation.1, input)?;
    let context = || vec![("iam:PermissionsBoundary".to_owned(), vec![arn.clone()])];
    world.allowed_on(call, operation, &owner, context())?;
    boundary(world, call, &arn)?;
    world
        .allowed_on(call, operation, &owner, context())?
        .boundary = Some(arn.clone());
    Ok(Value::Null)
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, Delete {}) = operation.0.read(operation.1, input)?;
    let identity = world.allowed_on(call, operation, &owner, Vec::new())?;
    identity.boundary = None;
    Ok(Value::Null)
}

/// Checks that there is such a policy.
pub(super) fn boundary(world: &mut World, call: &Call, arn: &str) -> Result<(), AwsError> {
    if world.has_managed_policy(arn, &call.caller.account) {
        Ok(())
    } else {
        Err(no_such_entity(format!(
            "Scope ARN: {arn} does not exist or is not attachable."
        )))
    }
}
