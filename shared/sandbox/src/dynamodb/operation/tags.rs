// SPDX-License-Identifier: Apache-2.0
//! `TagResource`, `UntagResource` and `ListTagsOfResource`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::reply;
use super::resource_policy::target;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, permit};
use crate::error::AwsError;
use crate::world::World;

/// The most tags of a table.
const MAXIMUM_TAGS: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListTagsOfResource {
    resource_arn: String,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "a table has at most 50 tags: they come in one page"
    )]
    next_token: Option<String>,
}

/// The tags of a request by key.
pub(super) fn read(tags: Vec<Tag>) -> Result<BTreeMap<String, String>, AwsError> {
    let count = tags.len();
    let tags: BTreeMap<String, String> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    if tags.len() < count {
        return Err(AwsError::validation("Tag keys must be unique"));
    }
    if tags.len() > MAXIMUM_TAGS {
        return Err(AwsError::validation(
            "Too many tags: a table has at most 50",
        ));
    }
    if tags
        .keys()
        .any(|key| key.is_empty() || key.starts_with("aws:"))
    {
        return Err(AwsError::validation(
            "Tag keys must not be empty or begin with `aws:`",
        ));
    }
    Ok(tags)
}

pub(super) fn tag(world: &mut World, call: &Call, input: TagResource) -> Result<Value, AwsError> {
    let target = target(call, &input.resource_arn)?;
    let tags = read(input.tags)?;
    let mut deed = Deed::default();
    for (key, value) in &tags {
        deed = deed.tag(key, value);
    }
    permit(world, call, "TagResource", &target, None, &deed)?;
    target.described(world)?.definition.tags.extend(tags);
    Ok(json!({}))
}

pub(super) fn untag(
    world: &mut World,
    call: &Call,
    input: &UntagResource,
) -> Result<Value, AwsError> {
    let target = target(call, &input.resource_arn)?;
    let mut deed = Deed::default();
    for key in &input.tag_keys {
        deed = deed.tag_key(key);
    }
    permit(world, call, "UntagResource", &target, None, &deed)?;
    let tags = &mut target.described(world)?.definition.tags;
    tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: &ListTagsOfResource,
) -> Result<Value, AwsError> {
    let target = target(call, &input.resource_arn)?;
    permit(
        world,
        call,
        "ListTagsOfResource",
        &target,
        None,
        &Deed::default(),
    )?;
    let tags = &target.described(world)?.definition.tags;
    let listed: Vec<Value> = tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(reply([("Tags", Some(listed.into()))]))
}
