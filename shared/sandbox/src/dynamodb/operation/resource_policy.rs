// SPDX-License-Identifier: Apache-2.0
//! `PutResourcePolicy`, `GetResourcePolicy` and `DeleteResourcePolicy`, for tables.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/access-control-resource-based.html>

use serde::Deserialize;
use serde_json::Value;

use super::reply;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit};
use crate::dynamodb::table::ResourcePolicy;
use crate::error::AwsError;
use crate::policy::{Grammar, StoredPolicy};
use crate::world::World;

/// The longest policy, in bytes.
const MAXIMUM_LENGTH: usize = 20 * 1024;
/// What `ExpectedRevisionId` says where no policy is expected.
const NO_POLICY: &str = "NO_POLICY";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PutResourcePolicy {
    resource_arn: String,
    policy: String,
    #[serde(default)]
    expected_revision_id: Option<String>,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "every change is confirmed; the sandbox locks nobody out of IAM"
    )]
    confirm_remove_self_resource_access: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetResourcePolicy {
    resource_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteResourcePolicy {
    resource_arn: String,
    #[serde(default)]
    expected_revision_id: Option<String>,
}

/// Parses a table's first policy.
pub(super) fn parse(text: &str) -> Result<ResourcePolicy, AwsError> {
    if text.len() > MAXIMUM_LENGTH {
        return Err(AwsError::validation(
            "Resource-based policy size exceeds 20 KB",
        ));
    }
    let policy = StoredPolicy::parse(text, Grammar::Resource)
        .map_err(|error| AwsError::validation(format!("Invalid policy document: {error}")))?;
    Ok(ResourcePolicy {
        policy,
        revision: 1,
    })
}

pub(super) fn put(
    world: &mut World,
    call: &Call,
    input: &PutResourcePolicy,
) -> Result<Value, AwsError> {
    let target = target(call, &input.resource_arn)?;
    permit(
        world,
        call,
        "PutResourcePolicy",
        &target,
        None,
        &Deed::default(),
    )?;
    let mut policy = parse(&input.policy)?;
    let table = target.described(world)?;
    expected(
        table.definition.policy.as_ref(),
        input.expected_revision_id.as_deref(),
    )?;
    policy.revision = match &table.definition.policy {
        Some(old) if old.policy.text() == policy.policy.text() => old.revision,
        Some(old) => old.revision + 1,
        None => policy.revision,
    };
    let revision = policy.revision;
    table.definition.policy = Some(policy);
    Ok(reply([("RevisionId", Some(revision.to_string().into()))]))
}

pub(super) fn get(
    world: &mut World,
    call: &Call,
    input: &GetResourcePolicy,
) -> Result<Value, AwsError> {
    let target = target(call, &input.resource_arn)?;
    permit(
        world,
        call,
        "GetResourcePolicy",
        &target,
        None,
        &Deed::default(),
    )?;
    let table = target.described(world)?;
    let policy = table
        .definition
        .policy
        .as_ref()
        .ok_or_else(|| missing(&target))?;
    Ok(reply([
        ("Policy", Some(policy.policy.text().into())),
        ("RevisionId", Some(policy.revision.to_string().into())),
    ]))
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: &DeleteResourcePolicy,
) -> Result<Value, AwsError> {
    let target = target(call, &input.resource_arn)?;
    permit(
        world,
        call,
        "DeleteResourcePolicy",
        &target,
        None,
        &Deed::default(),
    )?;
    let table = target.described(world)?;
    expected(
        table.definition.policy.as_ref(),
        input.expected_revision_id.as_deref(),
    )?;
    // Deleting what is not there is no error.
    let revision = table
        .definition
        .policy
        .take()
        .map(|policy| policy.revision.to_string());
    Ok(reply([("RevisionId", revision.map(Value::from))]))
}

/// The table of an ARN. Streams have policies too; the sandbox has no streams.
pub(super) fn target(call: &Call, arn: &str) -> Result<Target, AwsError> {
    if arn.starts_with("arn:") {
        Target::of(call, arn)
    } else {
        Err(AwsError::validation(
            "Invalid TableArn: Invalid ResourceArn provided as input",
        ))
    }
}

fn expected(policy: Option<&ResourcePolicy>, revision: Option<&str>) -> Result<(), AwsError> {
    let fits = match (policy, revision) {
        (_, None) | (None, Some(NO_POLICY)) => true,
        (Some(policy), Some(revision)) => policy.revision.to_string() == revision,
        (None, Some(_)) => false,
    };
    if fits {
        return Ok(());
    }
    Err(AwsError::client(
        "PolicyNotFoundException",
        "The policy of the resource does not have the expected revision",
    ))
}

fn missing(target: &Target) -> AwsError {
    AwsError::client(
        "PolicyNotFoundException",
        format!(
            "Resource-based policy not found for the provided ResourceArn: Requested policy not found: ResourceArn: {}",
            target.arn
        ),
    )
}
