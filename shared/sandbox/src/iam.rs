// SPDX-License-Identifier: Apache-2.0
//! IAM: roles, users, groups, access keys, inline and managed policies.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html>

mod access_keys;
mod attached;
mod boundaries;
mod details;
mod entity;
mod groups;
mod inline;
mod managed;
mod model;
mod names;
mod policy_tags;
mod principals;
mod roles;
pub(crate) mod tags;
mod users;
mod versions;

use serde::de::DeserializeOwned;
use serde_json::Value;

use entity::Kind::{Group, Role as ARole, User as AUser};
pub(crate) use model::{Account, Identity, ManagedPolicy, Role, User, Version};

use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::{Api, parameters};
use crate::world::World;

/// Answers one IAM operation.
pub(crate) fn handle(
    world: &mut World,
    call: &Call,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    if let Some(result) = policies(world, call, operation, input) {
        return result;
    }
    match operation {
        "GetAccountAuthorizationDetails" => details::get(world, call, &read(operation, input)?),
        "CreateRole" => roles::create(world, call, &read(operation, input)?),
        "DeleteRole" => roles::delete(world, call, &read(operation, input)?),
        "GetRole" => roles::get(world, call, &read(operation, input)?),
        "ListRoles" => roles::list(world, call, &read(operation, input)?),
        "UpdateAssumeRolePolicy" => roles::update_trust(world, call, &read(operation, input)?),
        "UpdateRole" => roles::update(world, call, &read(operation, input)?),
        "UpdateRoleDescription" => roles::update_description(world, call, &read(operation, input)?),
        "CreateUser" => users::create(world, call, &read(operation, input)?),
        "DeleteUser" => users::delete(world, call, &read(operation, input)?),
        "GetUser" => users::get(world, call, &read(operation, input)?),
        "ListUsers" => users::list(world, call, &read(operation, input)?),
        "AddUserToGroup" => groups::add_user(world, call, &read(operation, input)?),
        "CreateGroup" => groups::create(world, call, &read(operation, input)?),
        "DeleteGroup" => groups::delete(world, call, &read(operation, input)?),
        "GetGroup" => groups::get(world, call, &read(operation, input)?),
        "ListGroups" => groups::list(world, call, &read(operation, input)?),
        "ListGroupsForUser" => groups::list_for_user(world, call, &read(operation, input)?),
        "RemoveUserFromGroup" => groups::remove_user(world, call, &read(operation, input)?),
        "CreateAccessKey" => access_keys::create(world, call, &read(operation, input)?),
        "DeleteAccessKey" => access_keys::delete(world, call, &read(operation, input)?),
        "ListAccessKeys" => access_keys::list(world, call, &read(operation, input)?),
        "UpdateAccessKey" => access_keys::update(world, call, &read(operation, input)?),
        "CreatePolicy" => managed::create(world, call, &read(operation, input)?),
        "DeletePolicy" => managed::delete(world, call, &read(operation, input)?),
        "GetPolicy" => managed::get(world, call, &read(operation, input)?),
        "ListEntitiesForPolicy" => managed::list_entities(world, call, &read(operation, input)?),
        "ListPolicies" => managed::list(world, call, &read(operation, input)?),
        "ListPolicyTags" => policy_tags::list(world, call, &read(operation, input)?),
        "TagPolicy" => policy_tags::tag(world, call, &read(operation, input)?),
        "UntagPolicy" => policy_tags::untag(world, call, &read(operation, input)?),
        "CreatePolicyVersion" => versions::create(world, call, &read(operation, input)?),
        "DeletePolicyVersion" => versions::delete(world, call, &read(operation, input)?),
        "GetPolicyVersion" => versions::get(world, call, &read(operation, input)?),
        "ListPolicyVersions" => versions::list(world, call, &read(operation, input)?),
        "SetDefaultPolicyVersion" => versions::set_default(world, call, &read(operation, input)?),
        _ => Err(unknown(operation)),
    }
}

/// The operations that roles, users and groups have in common.
fn policies(
    world: &mut World,
    call: &Call,
    operation: &str,
    input: &Value,
) -> Option<Result<Value, AwsError>> {
    Some(match operation {
        "PutRolePolicy" => inline::put(world, call, (ARole, operation), input),
        "PutUserPolicy" => inline::put(world, call, (AUser, operation), input),
        "PutGroupPolicy" => inline::put(world, call, (Group, operation), input),
        "GetRolePolicy" => inline::get(world, call, (ARole, operation), input),
        "GetUserPolicy" => inline::get(world, call, (AUser, operation), input),
        "GetGroupPolicy" => inline::get(world, call, (Group, operation), input),
        "DeleteRolePolicy" => inline::delete(world, call, (ARole, operation), input),
        "DeleteUserPolicy" => inline::delete(world, call, (AUser, operation), input),
        "DeleteGroupPolicy" => inline::delete(world, call, (Group, operation), input),
        "ListRolePolicies" => inline::list(world, call, (ARole, operation), input),
        "ListUserPolicies" => inline::list(world, call, (AUser, operation), input),
        "ListGroupPolicies" => inline::list(world, call, (Group, operation), input),
        "AttachRolePolicy" => attached::attach(world, call, (ARole, operation), input),
        "AttachUserPolicy" => attached::attach(world, call, (AUser, operation), input),
        "AttachGroupPolicy" => attached::attach(world, call, (Group, operation), input),
        "DetachRolePolicy" => attached::detach(world, call, (ARole, operation), input),
        "DetachUserPolicy" => attached::detach(world, call, (AUser, operation), input),
        "DetachGroupPolicy" => attached::detach(world, call, (Group, operation), input),
        "ListAttachedRolePolicies" => attached::list(world, call, (ARole, operation), input),
        "ListAttachedUserPolicies" => attached::list(world, call, (AUser, operation), input),
        "ListAttachedGroupPolicies" => attached::list(world, call, (Group, operation), input),
        "PutRolePermissionsBoundary" => boundaries::put(world, call, (ARole, operation), input),
        "PutUserPermissionsBoundary" => boundaries::put(world, call, (AUser, operation), input),
        "DeleteRolePermissionsBoundary" => {
            boundaries::delete(world, call, (ARole, operation), input)
        }
        "DeleteUserPermissionsBoundary" => {
            boundaries::delete(world, call, (AUser, operation), input)
        }
        "TagRole" => tags::tag(world, call, (ARole, operation), input),
        "TagUser" => tags::tag(world, call, (AUser, operation), input),
        "UntagRole" => tags::untag(world, call, (ARole, operation), input),
        "UntagUser" => tags::untag(world, call, (AUser, operation), input),
        "ListRoleTags" => tags::list(world, call, (ARole, operation), input),
        "ListUserTags" => tags::list(world, call, (AUser, operation), input),
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(operation: &str, input: &Value) -> Result<T, AwsError> {
    parameters::read(Api::Iam, operation, input)
}

fn unknown(operation: &str) -> AwsError {
    AwsError::client(
        "InvalidAction",
        format!(
            "Could not find operation {operation} for version 2010-05-08: the sandbox doesn't simulate iam:{operation}"
        ),
    )
}

fn no_such_entity(message: impl Into<String>) -> AwsError {
    AwsError::new(404, "NoSuchEntity", message)
}

fn already_exists(message: impl Into<String>) -> AwsError {
    AwsError::new(409, "EntityAlreadyExists", message)
}

fn delete_conflict(message: impl Into<String>) -> AwsError {
    AwsError::new(409, "DeleteConflict", message)
}

fn limit_exceeded(message: impl Into<String>) -> AwsError {
    AwsError::new(409, "LimitExceeded", message)
}

fn malformed_policy(message: impl Into<String>) -> AwsError {
    AwsError::client("MalformedPolicyDocument", message)
}
