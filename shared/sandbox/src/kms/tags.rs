// SPDX-License-Identifier: Apache-2.0
//! Tags of keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Page;
use super::access::KeyAccess;
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

const MOST: usize = 50;

/// KMS spells a tag its own way.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct KmsTag {
    tag_key: String,
    tag_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TagResource {
    key_id: String,
    tags: Vec<KmsTag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UntagResource {
    key_id: String,
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListResourceTags {
    key_id: String,
    limit: Option<usize>,
    marker: Option<String>,
}

pub(super) fn tag(world: &mut World, call: &Call, input: &TagResource) -> Result<Value, AwsError> {
    let tags = read(&input.tags)?;
    let named = world.named_key(call, &input.key_id, "TagResource")?;
    let mut access = KeyAccess::new("TagResource", &named);
    access.context = tag_context(&tags);
    world.authorize_key(call, world.key(&named.arn)?, access)?;
    let key = world.key_mut(&named.arn)?;
    key.customer_managed()?;
    key.not_deleting()?;
    let mut all = key.tags.clone();
    all.extend(tags);
    if all.len() > MOST {
        return Err(AwsError::client(
            "LimitExceededException",
            format!("A key has at most {MOST} tags."),
        ));
    }
    key.tags = all;
    Ok(Value::Null)
}

pub(super) fn untag(
    world: &mut World,
    call: &Call,
    input: &UntagResource,
) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "UntagResource")?;
    let access =
        KeyAccess::new("UntagResource", &named).with("aws:TagKeys", input.tag_keys.iter().cloned());
    world.authorize_key(call, world.key(&named.arn)?, access)?;
    let key = world.key_mut(&named.arn)?;
    key.customer_managed()?;
    key.not_deleting()?;
    key.tags.retain(|name, _| !input.tag_keys.contains(name));
    Ok(Value::Null)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>
pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: &ListResourceTags,
) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "ListResourceTags")?;
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, KeyAccess::new("ListResourceTags", &named))?;
    let tag = |(name, value): (&String, &String)| {
        let tag = json!({ "TagKey": name, "TagValue": value });
        (name.clone(), tag)
    };
    let page = Page {
        limit: input.limit,
        marker: input.marker.as_deref(),
        usual: 50,
        most: 50,
    };
    page.reply("Tags", key.tags.iter().map(tag).collect())
}

/// Reads a request's tags.
pub(super) fn read(tags: &[KmsTag]) -> Result<BTreeMap<String, String>, AwsError> {
    let mut read = BTreeMap::new();
    for tag in tags {
        let wrong = tag.tag_key.is_empty()
            || tag.tag_key.starts_with("aws:")
            || tag.tag_key.chars().count() > 128;
        if wrong || tag.tag_value.chars().count() > 256 {
            return Err(AwsError::client(
                "TagException",
                format!("The tag `{}` is not valid.", tag.tag_key),
            ));
        }
        if read
            .insert(tag.tag_key.clone(), tag.tag_value.clone())
            .is_some()
        {
            return Err(AwsError::client(
                "TagException",
                format!("Duplicate tag keys found: {}", tag.tag_key),
            ));
        }
    }
    if read.len() > MOST {
        return Err(AwsError::client(
            "TagException",
            format!("A key has at most {MOST} tags."),
        ));
    }
    Ok(read)
}

/// `aws:RequestTag` and `aws:TagKeys`.
pub(super) fn tag_context(tags: &BTreeMap<String, String>) -> Vec<(String, Vec<String>)> {
    if tags.is_empty() {
        return Vec::new();
    }
    let each = tags
        .iter()
        .map(|(name, value)| (format!("aws:RequestTag/{name}"), vec![value.clone()]));
    each.chain([("aws:TagKeys".to_owned(), tags.keys().cloned().collect())])
        .collect()
}
