// SPDX-License-Identifier: Apache-2.0
//! Groups and who is in them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::Kind;
use super::model::Identity;
use super::names::{listed, name, path, time};
use super::roles::{ListAll, without_policies};
use super::{already_exists, delete_conflict, no_such_entity};
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateGroup {
    path: Option<String>,
    group_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GroupName {
    group_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetGroup {
    group_name: String,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Membership {
    group_name: String,
    user_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GroupsOf {
    user_name: String,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: &CreateGroup,
) -> Result<Value, AwsError> {
    name("groupName", &input.group_name, 128)?;
    let path = path(input.path.as_deref())?;
    let arn = Kind::Group.arn(&call.caller.account, &path, &input.group_name);
    world.allowed(call, "CreateGroup", &arn)?;
    if world
        .account(call)
        .groups
        .keys()
        .any(|other| other.eq_ignore_ascii_case(&input.group_name))
    {
        return Err(already_exists(format!(
            "Group with name {} already exists.",
            input.group_name
        )));
    }
    let id = world.unique_id("AGPA", 21);
    let group = Identity::new(&input.group_name, &path, arn, id, call.now);
    let shown = shape(&group);
    world
        .account(call)
        .groups
        .insert(input.group_name.clone(), group);
    Ok(json!({ "Group": shown }))
}

pub(super) fn get(world: &mut World, call: &Call, input: &GetGroup) -> Result<Value, AwsError> {
    let group = shape(world.allowed_on(
        call,
        (Kind::Group, "GetGroup"),
        &input.group_name,
        Vec::new(),
    )?);
    let users = world
        .account(call)
        .users
        .values()
        .filter(|user| user.groups.contains(&input.group_name));
    let users: Vec<Value> = users
        .map(|user| super::users::shape(&user.identity, false))
        .collect();
    Ok(json!({ "Group": group, "Users": users, "IsTruncated": false }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &ListAll) -> Result<Value, AwsError> {
    world.allowed(
        call,
        "ListGroups",
        &Kind::Group.arn(&call.caller.account, "/", "*"),
    )?;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let groups = world
        .account(call)
        .groups
        .values()
        .filter(|group| group.path.starts_with(prefix));
    Ok(listed("Groups", groups.map(shape).collect()))
}

pub(super) fn list_for_user(
    world: &mut World,
    call: &Call,
    input: &GroupsOf,
) -> Result<Value, AwsError> {
    world.allowed_on(
        call,
        (Kind::User, "ListGroupsForUser"),
        &input.user_name,
        Vec::new(),
    )?;
    let account = world.account(call);
    let names = account
        .users
        .get(&input.user_name)
        .into_iter()
        .flat_map(|user| &user.groups);
    Ok(listed(
        "Groups",
        names
            .filter_map(|name| account.groups.get(name))
            .map(shape)
            .collect(),
    ))
}

pub(super) fn delete(world: &mut World, call: &Call, input: &GroupName) -> Result<Value, AwsError> {
    let group = world.allowed_on(
        call,
        (Kind::Group, "DeleteGroup"),
        &input.group_name,
        Vec::new(),
    )?;
    without_policies(group)?;
    let account = world.account(call);
    if account
        .users
        .values()
        .any(|user| user.groups.contains(&input.group_name))
    {
        return Err(delete_conflict(
            "Cannot delete entity, must remove users from group first.",
        ));
    }
    account.groups.remove(&input.group_name);
    Ok(Value::Null)
}

pub(super) fn add_user(
    world: &mut World,
    call: &Call,
    input: &Membership,
) -> Result<Value, AwsError> {
    world.allowed_on(
        call,
        (Kind::Group, "AddUserToGroup"),
        &input.group_name,
        Vec::new(),
    )?;
    let user = world
        .account(call)
        .users
        .get_mut(&input.user_name)
        .ok_or_else(|| missing_user(&input.user_name))?;
    user.groups.insert(input.group_name.clone());
    Ok(Value::Null)
}

pub(super) fn remove_user(
    world: &mut World,
    call: &Call,
    input: &Membership,
) -> Result<Value, AwsError> {
    world.allowed_on(
        call,
        (Kind::Group, "RemoveUserFromGroup"),
        &input.group_name,
        Vec::new(),
    )?;
    let user = world
        .account(call)
        .users
        .get_mut(&input.user_name)
        .ok_or_else(|| missing_user(&input.user_name))?;
    user.groups.remove(&input.group_name);
    Ok(Value::Null)
}

fn missing_user(name: &str) -> AwsError {
    no_such_entity(format!("The user with name {name} cannot be found."))
}

fn shape(group: &Identity) -> Value {
    json!({
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": time(group.created),
    })
}
