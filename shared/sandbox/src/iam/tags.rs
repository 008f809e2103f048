// SPDX-License-Identifier: Apache-2.0
//! Tags of roles and users.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::Operation;
use super::limit_exceeded;
use super::names::listed;
use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::Api;
use crate::protocol::parameters::{self, Tag, validation};
use crate::world::World;

/// IAM's quota.
pub(super) const MOST: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Put {
    #[serde(deserialize_with = "parameters::list")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Remove {
    #[serde(deserialize_with = "parameters::list")]
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct List {
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn tag(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, Put { tags }) = operation.0.read(operation.1, input)?;
    let tags = read(Api::Iam, &tags)?;
    let identity = world.allowed_on(call, operation, &owner, context(&tags))?;
    let mut all = identity.tags.clone();
    all.extend(tags);
    if all.len() > MOST {
        return Err(limit_exceeded(format!(
            "The number of tags has reached the maximum limit of {MOST}."
        )));
    }
    identity.tags = all;
    Ok(Value::Null)
}

pub(super) fn untag(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, Remove { tag_keys }) = operation.0.read(operation.1, input)?;
    let context = vec![("aws:TagKeys".to_owned(), tag_keys.clone())];
    let identity = world.allowed_on(call, operation, &owner, context)?;
    identity.tags.retain(|key, _| !tag_keys.contains(key));
    Ok(Value::Null)
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    operation: Operation<'_>,
    input: &Value,
) -> Result<Value, AwsError> {
    let (owner, List { .. }) = operation.0.read(operation.1, input)?;
    let identity = world.allowed_on(call, operation, &owner, Vec::new())?;
    Ok(listed("Tags", shown(&identity.tags)))
}

/// Tags as IAM writes them.
pub(super) fn shown(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

/// Reads and checks a request's tags.
pub(crate) fn read(api: Api, tags: &[Tag]) -> Result<BTreeMap<String, String>, AwsError> {
    let mut read = BTreeMap::new();
    for Tag { key, value } in tags {
        if key.is_empty()
            || key.chars().count() > 128
            || key.to_ascii_lowercase().starts_with("aws:")
        {
            return Err(validation(
                api,
                format!(
                    "The tag key `{key}` is not valid: it has 1 to 128 characters and no aws: prefix."
                ),
            ));
        }
        if value.chars().count() > 256 {
            return Err(validation(
                api,
                format!("The value of the tag `{key}` is longer than 256 characters."),
            ));
        }
        if read
            .keys()
            .any(|other: &String| other.eq_ignore_ascii_case(key))
        {
            return Err(AwsError::client(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
        read.insert(key.clone(), value.clone());
    }
    if read.len() > MOST {
        return Err(validation(api, format!("At most {MOST} tags are allowed.")));
    }
    Ok(read)
}

/// `aws:RequestTag` and `aws:TagKeys`.
pub(crate) fn context(tags: &BTreeMap<String, String>) -> Vec<(String, Vec<String>)> {
    if tags.is_empty() {
        return Vec::new();
    }
    let each = tags
        .iter()
        .map(|(key, value)| (format!("aws:RequestTag/{key}"), vec![value.clone()]));
    each.chain([("aws:TagKeys".to_owned(), tags.keys().cloned().collect())])
        .collect()
}
