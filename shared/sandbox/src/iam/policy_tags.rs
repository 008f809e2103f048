// SPDX-License-Identifier: Apache-2.0
//! Tags of managed policies.

use serde::Deserialize;
use serde_json::Value;

use super::limit_exceeded;
use super::managed::own;
use super::names::listed;
use super::tags::{MOST, context, read, shown};
use crate::authorize::Access;
use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::Api;
use crate::protocol::parameters::{self, Tag};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagPolicy {
    policy_arn: String,
    #[serde(deserialize_with = "parameters::list")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UntagPolicy {
    policy_arn: String,
    #[serde(deserialize_with = "parameters::list")]
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListPolicyTags {
    policy_arn: String,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn tag(world: &mut World, call: &Call, input: &TagPolicy) -> Result<Value, AwsError> {
    let tags = read(Api::Iam, &input.tags)?;
    let mut access = Access::new("iam:TagPolicy", &input.policy_arn);
    access.context = context(&tags);
    world.authorize(call, &access)?;
    let policy = own(world, call, &input.policy_arn)?;
    let mut all = policy.tags.clone();
    all.extend(tags);
    if all.len() > MOST {
        return Err(limit_exceeded(format!(
            "The number of tags has reached the maximum limit of {MOST}."
        )));
    }
    policy.tags = all;
    Ok(Value::Null)
}

pub(super) fn untag(
    world: &mut World,
    call: &Call,
    input: &UntagPolicy,
) -> Result<Value, AwsError> {
    let access = Access::new("iam:UntagPolicy", &input.policy_arn)
        .with("aws:TagKeys", input.tag_keys.iter().cloned());
    world.authorize(call, &access)?;
    let policy = own(world, call, &input.policy_arn)?;
    policy.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(Value::Null)
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: &ListPolicyTags,
) -> Result<Value, AwsError> {
    world.allowed(call, "ListPolicyTags", &input.policy_arn)?;
    Ok(listed(
        "Tags",
        shown(&own(world, call, &input.policy_arn)?.tags),
    ))
}
