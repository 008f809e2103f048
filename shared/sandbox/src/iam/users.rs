// SPDX-License-Identifier: Apache-2.0
//! Users.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::boundaries::boundary;
use super::entity::Kind;
use super::model::{Identity, User};
use super::names::{listed, name, path, time};
use super::roles::{ListAll, without_policies};
use super::tags::shown;
use super::{already_exists, delete_conflict};
use crate::authorize::Access;
use crate::caller::{Call, CallerKind};
use crate::credentials::Owner;
use crate::error::AwsError;
use crate::protocol::Api;
use crate::protocol::parameters::{self, Tag, validation};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateUser {
    path: Option<String>,
    user_name: String,
    permissions_boundary: Option<String>,
    #[serde(default, deserialize_with = "parameters::list")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UserName {
    user_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct GetUser {
    user_name: Option<String>,
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: &CreateUser,
) -> Result<Value, AwsError> {
    name("userName", &input.user_name, 64)?;
    let path = path(input.path.as_deref())?;
    let tags = super::tags::read(Api::Iam, &input.tags)?;
    let arn = Kind::User.arn(&call.caller.account, &path, &input.user_name);
    for action in ["iam:CreateUser", "iam:TagUser"]
        .iter()
        .take(if tags.is_empty() { 1 } else { 2 })
    {
        let mut access = Access::new(action, &arn);
        access.context = super::tags::context(&tags);
        if let Some(arn) = &input.permissions_boundary {
            access = access.with("iam:PermissionsBoundary", [arn.clone()]);
        }
        world.authorize(call, &access)?;
    }
    if let Some(arn) = &input.permissions_boundary {
        boundary(world, call, arn)?;
    }
    if world
        .account(call)
        .users
        .keys()
        .any(|other| other.eq_ignore_ascii_case(&input.user_name))
    {
        return Err(already_exists(format!(
            "User with name {} already exists.",
            input.user_name
        )));
    }
    let id = world.unique_id("AIDA", 21);
    let mut identity = Identity::new(&input.user_name, &path, arn, id, call.now);
    identity.tags = tags;
    identity.boundary.clone_from(&input.permissions_boundary);
    let shown = shape(&identity, true);
    world.account(call).users.insert(
        input.user_name.clone(),
        User {
            identity,
            groups: BTreeSet::new(),
        },
    );
    Ok(json!({ "User": shown }))
}

pub(super) fn get(world: &mut World, call: &Call, input: &GetUser) -> Result<Value, AwsError> {
    let name = user_name(call, input.user_name.as_deref())?;
    let identity = world.allowed_on(call, (Kind::User, "GetUser"), &name, Vec::new())?;
    Ok(json!({ "User": shape(identity, true) }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &ListAll) -> Result<Value, AwsError> {
    world.allowed(
        call,
        "ListUsers",
        &Kind::User.arn(&call.caller.account, "/", "*"),
    )?;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let users = world
        .account(call)
        .users
        .values()
        .filter(|user| user.identity.path.starts_with(prefix));
    Ok(listed(
        "Users",
        users.map(|user| shape(&user.identity, false)).collect(),
    ))
}

pub(super) fn delete(world: &mut World, call: &Call, input: &UserName) -> Result<Value, AwsError> {
    let identity = world.allowed_on(
        call,
        (Kind::User, "DeleteUser"),
        &input.user_name,
        Vec::new(),
    )?;
    without_policies(identity)?;
    let owner = Owner::User(input.user_name.clone());
    if world
        .access_keys
        .values()
        .any(|key| key.account == call.caller.account && key.owner == owner)
    {
        return Err(delete_conflict(
            "Cannot delete entity, must delete access keys first.",
        ));
    }
    let account = world.account(call);
    if account
        .users
        .get(&input.user_name)
        .is_some_and(|user| !user.groups.is_empty())
    {
        return Err(delete_conflict(
            "Cannot delete entity, must remove users from group first.",
        ));
    }
    account.users.remove(&input.user_name);
    Ok(Value::Null)
}

/// The user that an operation is about: the caller, where none is named.
pub(super) fn user_name(call: &Call, named: Option<&str>) -> Result<String, AwsError> {
    match (named, &call.caller.kind) {
        (Some(name), _) => Ok(name.to_owned()),
        (None, CallerKind::User(name)) => Ok(name.clone()),
        (None, CallerKind::Root | CallerKind::Role(_)) => Err(validation(
            Api::Iam,
            "Must specify userName when calling with non-User credentials",
        )),
    }
}

/// A user as IAM shows it; lists leave tags and boundary out.
pub(super) fn shape(user: &Identity, whole: bool) -> Value {
    let mut shape = json!({
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": time(user.created),
    });
    if let Some(members) = shape.as_object_mut().filter(|_| whole) {
        if let Some(arn) = &user.boundary {
            let boundary =
                json!({ "PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn });
            members.insert("PermissionsBoundary".to_owned(), boundary);
        }
        if !user.tags.is_empty() {
            members.insert("Tags".to_owned(), Value::Array(shown(&user.tags)));
        }
    }
    shape
}
