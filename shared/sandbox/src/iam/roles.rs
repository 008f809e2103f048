// SPDX-License-Identifier: Apache-2.0
//! Roles.

use serde::Deserialize;
use serde_json::{Value, json};

use super::boundaries::boundary;
use super::entity::Kind;
use super::model::{Identity, Role};
use super::names::{document, listed, name, path, time};
use super::tags::shown;
use super::{already_exists, delete_conflict, malformed_policy, no_such_entity};
use crate::authorize::Access;
use crate::caller::Call;
use crate::error::AwsError;
use crate::policy::{Grammar, StoredPolicy};
use crate::protocol::Api;
use crate::protocol::parameters::{self, Tag, validation};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateRole {
    path: Option<String>,
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    #[serde(default, deserialize_with = "parameters::text")]
    max_session_duration: Option<u32>,
    permissions_boundary: Option<String>,
    #[serde(default, deserialize_with = "parameters::list")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RoleName {
    role_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateTrust {
    role_name: String,
    policy_document: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateRole {
    role_name: String,
    description: Option<String>,
    #[serde(default, deserialize_with = "parameters::text")]
    max_session_duration: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateDescription {
    role_name: String,
    description: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListAll {
    pub(super) path_prefix: Option<String>,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: &CreateRole,
) -> Result<Value, AwsError> {
    name("roleName", &input.role_name, 64)?;
    let path = path(input.path.as_deref())?;
    let tags = super::tags::read(Api::Iam, &input.tags)?;
    let arn = Kind::Role.arn(&call.caller.account, &path, &input.role_name);
    let mut access = Access::new("iam:CreateRole", &arn);
    access.context = super::tags::context(&tags);
    if let Some(arn) = &input.permissions_boundary {
        access = access.with("iam:PermissionsBoundary", [arn.clone()]);
    }
    world.authorize(call, &access)?;
    if !tags.is_empty() {
        let mut access = Access::new("iam:TagRole", &arn);
        access.context = super::tags::context(&tags);
        world.authorize(call, &access)?;
    }
    if let Some(arn) = &input.permissions_boundary {
        boundary(world, call, arn)?;
    }
    let max_session = session_length(input.max_session_duration.unwrap_or(3600))?;
    let trust = trust(world, &input.assume_role_policy_document)?;
    let taken = world
        .account(call)
        .roles
        .keys()
        .any(|other| other.eq_ignore_ascii_case(&input.role_name));
    if taken {
        return Err(already_exists(format!(
            "Role with name {} already exists.",
            input.role_name
        )));
    }
    let id = world.unique_id("AROA", 21);
    let mut identity = Identity::new(&input.role_name, &path, arn, id, call.now);
    identity.tags = tags;
    identity.boundary.clone_from(&input.permissions_boundary);
    let role = Role {
        identity,
        trust,
        description: input.description.clone().unwrap_or_default(),
        max_session,
    };
    let shown = shape(&role, true);
    world
        .account(call)
        .roles
        .insert(input.role_name.clone(), role);
    Ok(json!({ "Role": shown }))
}

pub(super) fn get(world: &mut World, call: &Call, input: &RoleName) -> Result<Value, AwsError> {
    world.allowed_on(call, (Kind::Role, "GetRole"), &input.role_name, Vec::new())?;
    Ok(json!({ "Role": shape(role(world, call, &input.role_name)?, true) }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &ListAll) -> Result<Value, AwsError> {
    world.allowed(
        call,
        "ListRoles",
        &Kind::Role.arn(&call.caller.account, "/", "*"),
    )?;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let roles = world
        .account(call)
        .roles
        .values()
        .filter(|role| role.identity.path.starts_with(prefix));
    Ok(listed(
        "Roles",
        roles.map(|role| shape(role, false)).collect(),
    ))
}

pub(super) fn delete(world: &mut World, call: &Call, input: &RoleName) -> Result<Value, AwsError> {
    let identity = world.allowed_on(
        call,
        (Kind::Role, "DeleteRole"),
        &input.role_name,
        Vec::new(),
    )?;
    without_policies(identity)?;
    world.account(call).roles.remove(&input.role_name);
    Ok(Value::Null)
}

pub(super) fn update_trust(
    world: &mut World,
    call: &Call,
    input: &UpdateTrust,
) -> Result<Value, AwsError> {
    world.allowed_on(
        call,
        (Kind::Role, "UpdateAssumeRolePolicy"),
        &input.role_name,
        Vec::new(),
    )?;
    let trust = trust(world, &input.policy_document)?;
    role(world, call, &input.role_name)?.trust = trust;
    Ok(Value::Null)
}

pub(super) fn update(
    world: &mut World,
    call: &Call,
    input: &UpdateRole,
) -> Result<Value, AwsError> {
    world.allowed_on(
        call,
        (Kind::Role, "UpdateRole"),
        &input.role_name,
        Vec::new(),
    )?;
    let length = input.max_session_duration.map(session_length).transpose()?;
    let role = role(world, call, &input.role_name)?;
    role.max_session = length.unwrap_or(role.max_session);
    if let Some(description) = input.description.clone() {
        role.description = description;
    }
    Ok(json!({}))
}

pub(super) fn update_description(
    world: &mut World,
    call: &Call,
    input: &UpdateDescription,
) -> Result<Value, AwsError> {
    world.allowed_on(
        call,
        (Kind::Role, "UpdateRoleDescription"),
        &input.role_name,
        Vec::new(),
    )?;
    let role = role(world, call, &input.role_name)?;
    role.description.clone_from(&input.description);
    Ok(json!({ "Role": shape(role, true) }))
}

/// Refuses to delete an identity that still has policies.
pub(super) fn without_policies(identity: &Identity) -> Result<(), AwsError> {
    if !identity.attached.is_empty() {
        return Err(delete_conflict(
            "Cannot delete entity, must detach all policies first.",
        ));
    }
    if !identity.inline.is_empty() {
        return Err(delete_conflict(
            "Cannot delete entity, must delete policies first.",
        ));
    }
    Ok(())
}

fn role<'a>(world: &'a mut World, call: &Call, name: &str) -> Result<&'a mut Role, AwsError> {
    let role = world.account(call).roles.get_mut(name);
    role.ok_or_else(|| no_such_entity(format!("The role with name {name} cannot be found.")))
}

fn trust(world: &World, text: &str) -> Result<StoredPolicy, AwsError> {
    let policy = StoredPolicy::parse(text, Grammar::Trust).map_err(malformed_policy)?;
    match world.missing_principal(policy.text()) {
        Some(principal) => Err(malformed_policy(format!(
            "Invalid principal in policy: \"AWS\":\"{principal}\""
        ))),
        None => Ok(policy),
    }
}

fn session_length(seconds: u32) -> Result<u32, AwsError> {
    if (3600..=43_200).contains(&seconds) {
        return Ok(seconds);
    }
    let (bound, value) = if seconds < 3600 {
        ("greater than or equal to", 3600)
    } else {
        ("less than or equal to", 43_200)
    };
    Err(validation(
        Api::Iam,
        format!(
            "1 validation error detected: Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must \
             have value {bound} {value}"
        ),
    ))
}

/// A role as IAM shows it; lists leave tags, boundary and last use out.
pub(super) fn shape(role: &Role, whole: bool) -> Value {
    let Identity {
        name,
        path,
        id,
        arn,
        created,
        boundary,
        tags,
        ..
    } = &role.identity;
    let mut shape = json!({
        "Path": path,
        "RoleName": name,
        "RoleId": id,
        "Arn": arn,
        "CreateDate": time(*created),
        "AssumeRolePolicyDocument": document(&role.trust),
        "Description": role.description,
        "MaxSessionDuration": role.max_session,
    });
    if let Some(members) = shape.as_object_mut().filter(|_| whole) {
        members.insert("RoleLastUsed".to_owned(), json!({}));
        if let Some(arn) = boundary {
            let boundary =
                json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
            members.insert("PermissionsBoundary".to_owned(), boundary);
        }
        if !tags.is_empty() {
            members.insert("Tags".to_owned(), Value::Array(shown(tags)));
        }
    }
    shape
}
