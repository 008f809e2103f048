// SPDX-License-Identifier: Apache-2.0
//! Aliases. Each change needs a right on the alias and one on every key that it concerns.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::KeyAccess;
use super::key::{alias_arn, key_arn};
use super::keys::seconds;
use super::resolve::Named;
use super::{Alias, Page};
use crate::authorize::Access;
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AliasOf {
    alias_name: String,
    target_key_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DeleteAlias {
    alias_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListAliases {
    key_id: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

pub(super) fn create(world: &mut World, call: &Call, input: &AliasOf) -> Result<Value, AwsError> {
    let target = target(world, call, input, "CreateAlias")?;
    named(&input.alias_name)?;
    let arn = arn(call, &input.alias_name);
    if world.aliases.contains_key(&arn) {
        return Err(AwsError::client(
            "AlreadyExistsException",
            format!("An alias with the name {arn} already exists"),
        ));
    }
    let alias = Alias {
        name: input.alias_name.clone(),
        account: call.caller.account.clone(),
        region: call.region.clone(),
        key_id: world.key(&target.arn)?.id.clone(),
        created: call.now,
        updated: call.now,
    };
    world.aliases.insert(arn, alias);
    Ok(Value::Null)
}

pub(super) fn update(world: &mut World, call: &Call, input: &AliasOf) -> Result<Value, AwsError> {
    let arn = arn(call, &input.alias_name);
    let current = world
        .aliases
        .get(&arn)
        .map(|alias| key_arn(&alias.region, &alias.account, &alias.key_id));
    let target = target(world, call, input, "UpdateAlias")?;
    named(&input.alias_name)?;
    let current = current.ok_or_else(|| missing(&arn))?;
    let named = Named {
        arn: current,
        alias: None,
    };
    world.authorize_key(
        call,
        world.key(&named.arn)?,
        KeyAccess::new("UpdateAlias", &named),
    )?;
    let id = world.key(&target.arn)?.id.clone();
    if let Some(alias) = world.aliases.get_mut(&arn) {
        alias.key_id = id;
        alias.updated = call.now;
    }
    Ok(Value::Null)
}

pub(super) fn delete(
    world: &mut World,
    call: &Call,
    input: &DeleteAlias,
) -> Result<Value, AwsError> {
    let arn = arn(call, &input.alias_name);
    world.authorize(call, &Access::new("kms:DeleteAlias", &arn))?;
    let alias = world.aliases.get(&arn).ok_or_else(|| missing(&arn))?;
    let named_key = Named {
        arn: key_arn(&alias.region, &alias.account, &alias.key_id),
        alias: None,
    };
    world.authorize_key(
        call,
        world.key(&named_key.arn)?,
        KeyAccess::new("DeleteAlias", &named_key),
    )?;
    named(&input.alias_name)?;
    world.aliases.remove(&arn);
    Ok(Value::Null)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>
pub(super) fn list(world: &mut World, call: &Call, input: &ListAliases) -> Result<Value, AwsError> {
    world.authorize_keyless(call, "kms:ListAliases", Vec::new())?;
    let key = match &input.key_id {
        Some(reference) => Some(world.named_key(call, reference, "ListAliases")?.arn),
        None => None,
    };
    let shown = |(arn, alias): (&String, &Alias)| {
        let target = key_arn(&alias.region, &alias.account, &alias.key_id);
        let own = alias.account == call.caller.account && alias.region == call.region;
        let wanted = own && key.as_ref().is_none_or(|key| *key == target);
        wanted.then(|| {
            let entry = json!({
                "AliasArn": arn,
                "AliasName": alias.name,
                "CreationDate": seconds(alias.created),
                "LastUpdatedDate": seconds(alias.updated),
                "TargetKeyId": alias.key_id,
            });
            (alias.name.clone(), entry)
        })
    };
    let all = world.aliases.iter().filter_map(shown).collect();
    let page = Page {
        limit: input.limit,
        marker: input.marker.as_deref(),
        usual: 50,
        most: 100,
    };
    page.reply("Aliases", all)
}

/// Asks for the right on the alias, then for the right on its key.
fn target(
    world: &mut World,
    call: &Call,
    input: &AliasOf,
    operation: &str,
) -> Result<Named, AwsError> {
    let action = format!("kms:{operation}");
    world.authorize(call, &Access::new(&action, &arn(call, &input.alias_name)))?;
    if input.target_key_id.contains("alias/") {
        return Err(AwsError::validation(
            "Aliases must refer to keys. Not aliases",
        ));
    }
    let target = world.named_key(call, &input.target_key_id, operation)?;
    let key = world.key(&target.arn)?;
    world.authorize_key(call, key, KeyAccess::new(operation, &target))?;
    key.not_deleting()?;
    Ok(target)
}

fn named(name: &str) -> Result<(), AwsError> {
    let rest = name.strip_prefix("alias/").unwrap_or_default();
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-".contains(&byte);
    if rest.is_empty() || !rest.bytes().all(letters) || name.len() > 256 {
        return Err(AwsError::client(
            "InvalidAliasNameException",
            format!("Alias name must be alias/NAME: {name}"),
        ));
    }
    if rest.starts_with("aws/") {
        return Err(AwsError::client(
            "NotAuthorizedException",
            format!("{name} is reserved for AWS managed keys"),
        ));
    }
    Ok(())
}

fn arn(call: &Call, name: &str) -> String {
    alias_arn(&call.region, &call.caller.account, name)
}

fn missing(arn: &str) -> AwsError {
    AwsError::client("NotFoundException", format!("Alias {arn} is not found."))
}
