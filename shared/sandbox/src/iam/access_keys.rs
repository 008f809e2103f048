// SPDX-License-Identifier: Apache-2.0
//! Long-term access keys of users.

use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::Kind;
use super::names::{listed, time};
use super::users::user_name;
use super::{limit_exceeded, no_such_entity};
use crate::caller::Call;
use crate::credentials::{AccessKey, Owner};
use crate::error::AwsError;
use crate::protocol::Api;
use crate::protocol::parameters::validation;
use crate::world::World;

/// IAM's quota.
const MOST: usize = 2;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct OfUser {
    user_name: Option<String>,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Delete {
    user_name: Option<String>,
    access_key_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Update {
    user_name: Option<String>,
    access_key_id: String,
    status: String,
}

pub(super) fn create(world: &mut World, call: &Call, input: &OfUser) -> Result<Value, AwsError> {
    let name = user_name(call, input.user_name.as_deref())?;
    world.allowed_on(call, (Kind::User, "CreateAccessKey"), &name, Vec::new())?;
    let owner = Owner::User(name.clone());
    if world.keys_of(call, &owner).count() >= MOST {
        return Err(limit_exceeded(format!(
            "Cannot exceed quota for AccessKeysPerUser: {MOST}"
        )));
    }
    let made = world.issue(&call.caller.account, owner, call.now, None);
    Ok(json!({ "AccessKey": {
        "UserName": name,
        "AccessKeyId": made.access_key_id,
        "Status": "Active",
        "SecretAccessKey": made.secret_access_key.expose(),
        "CreateDate": time(call.now),
    } }))
}

pub(super) fn list(world: &mut World, call: &Call, input: &OfUser) -> Result<Value, AwsError> {
    let name = user_name(call, input.user_name.as_deref())?;
    world.allowed_on(call, (Kind::User, "ListAccessKeys"), &name, Vec::new())?;
    let owner = Owner::User(name.clone());
    let mut keys: Vec<(&String, &AccessKey)> = world.keys_of(call, &owner).collect();
    keys.sort_by_key(|(id, key)| (key.created, *id));
    let entry = |(id, key): (&String, &AccessKey)| {
        json!({
            "UserName": name,
            "AccessKeyId": id,
            "Status": if key.active { "Active" } else { "Inactive" },
            "CreateDate": time(key.created),
        })
    };
    Ok(listed(
        "AccessKeyMetadata",
        keys.into_iter().map(entry).collect(),
    ))
}

pub(super) fn update(world: &mut World, call: &Call, input: &Update) -> Result<Value, AwsError> {
    let active = match input.status.as_str() {
        "Active" => true,
        "Inactive" => false,
        other => {
            return Err(validation(
                Api::Iam,
                format!(
                    "1 validation error detected: Value '{other}' at 'status' failed to satisfy constraint: Member must \
                     satisfy enum value set: [Active, Inactive]"
                ),
            ));
        }
    };
    let id = own(
        world,
        call,
        "UpdateAccessKey",
        input.user_name.as_deref(),
        &input.access_key_id,
    )?;
    if let Some(key) = world.access_keys.get_mut(&id) {
        key.active = active;
    }
    Ok(Value::Null)
}

pub(super) fn delete(world: &mut World, call: &Call, input: &Delete) -> Result<Value, AwsError> {
    let id = own(
        world,
        call,
        "DeleteAccessKey",
        input.user_name.as_deref(),
        &input.access_key_id,
    )?;
    world.access_keys.remove(&id);
    Ok(Value::Null)
}

fn own(
    world: &mut World,
    call: &Call,
    operation: &str,
    user: Option<&str>,
    id: &str,
) -> Result<String, AwsError> {
    let name = user_name(call, user)?;
    world.allowed_on(call, (Kind::User, operation), &name, Vec::new())?;
    let owner = Owner::User(name);
    if world.keys_of(call, &owner).any(|(other, _)| *other == id) {
        Ok(id.to_owned())
    } else {
        Err(no_such_entity(format!(
            "The Access Key with id {id} cannot be found."
        )))
    }
}

impl World {
    fn keys_of<'a>(
        &'a self,
        call: &'a Call,
        owner: &'a Owner,
    ) -> impl Iterator<Item = (&'a String, &'a AccessKey)> {
        let own = move |key: &AccessKey| key.account == call.caller.account && key.owner == *owner;
        self.access_keys.iter().filter(move |(_, key)| own(key))
    }
}
