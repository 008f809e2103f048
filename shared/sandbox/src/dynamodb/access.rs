// SPDX-License-Identifier: Apache-2.0
//! The way to a table: its name, the caller's right to the action, and the table's key.

use std::collections::BTreeSet;

use super::attribute::{AttributeValue, Attributes};
use super::cache::CachedKey;
use super::expression::Path;
use super::table::{Definition, Encryption, Table};
use crate::authorize::Access;
use crate::caller::Call;
use crate::error::AwsError;
use crate::kms::{KeyStatus, TableKeyUse};
use crate::world::World;

/// The table that a request names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    /// The table's ARN.
    pub(super) arn: String,
    /// The account that owns it.
    pub(super) account: String,
    /// Its name.
    pub(super) name: String,
}

impl Target {
    /// Reads a table's name, or its ARN where it is in another account.
    pub(super) fn of(call: &Call, reference: &str) -> Result<Self, AwsError> {
        let (account, name) = if reference.starts_with("arn:") {
            let wrong =
                || AwsError::validation("Invalid TableArn: Invalid ResourceArn provided as input");
            let arn: keyproof_core::TableArn = reference.parse().map_err(|_| wrong())?;
            if arn.region() != call.region {
                return Err(wrong());
            }
            (arn.account().to_owned(), arn.path_and_name().to_owned())
        } else {
            (call.caller.account.clone(), reference.to_owned())
        };
        check_name("tableName", &name)?;
        let arn = format!("arn:aws:dynamodb:{}:{account}:table/{name}", call.region);
        Ok(Self { arn, account, name })
    }

    /// The table, once the caller was found to have a right to it.
    pub(super) fn table<'w>(&self, world: &'w World) -> Result<&'w Table, AwsError> {
        let missing = || AwsError::resource_not_found("Requested resource not found");
        world.tables.get(&self.arn).ok_or_else(missing)
    }

    /// The table, for operations on tables: their complaint names it.
    pub(super) fn described<'w>(&self, world: &'w mut World) -> Result<&'w mut Table, AwsError> {
        let missing = || {
            AwsError::resource_not_found(format!(
                "Requested resource not found: Table: {} not found",
                self.name
            ))
        };
        world.tables.get_mut(&self.arn).ok_or_else(missing)
    }
}

/// Refuses what can't be the name of a table or an index.
pub(super) fn check_name(member: &str, name: &str) -> Result<(), AwsError> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
    if !name.chars().all(allowed) {
        return Err(AwsError::validation(format!(
            "1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
        )));
    }
    if !(3..=255).contains(&name.len()) {
        let mut characters = member.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        let member: String = first.into_iter().chain(characters).collect();
        return Err(AwsError::validation(format!(
            "{member} must be at least 3 characters long and at most 255 characters long"
        )));
    }
    Ok(())
}

/// What a call does, in the words of DynamoDB's condition keys.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
#[derive(Clone, Debug, Default)]
pub(super) struct Deed {
    /// `dynamodb:LeadingKeys`: the partition keys of the request.
    leading_keys: BTreeSet<String>,
    /// `dynamodb:Attributes`: the top-level attributes of the request.
    attributes: BTreeSet<String>,
    /// Keys with one value.
    single: Vec<(String, String)>,
    /// `aws:TagKeys`: the keys of the tags that the request gives or takes.
    tag_keys: BTreeSet<String>,
}

impl Deed {
    /// Adds a key with one value.
    pub(super) fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.single.push((key.into(), value.into()));
        self
    }

    /// Adds a tag that the request gives.
    pub(super) fn tag(self, key: &str, value: &str) -> Self {
        self.tag_key(key)
            .with(format!("aws:RequestTag/{key}"), value)
    }

    /// Adds the key of a tag that the request gives or takes.
    pub(super) fn tag_key(mut self, key: &str) -> Self {
        self.tag_keys.insert(key.to_owned());
        self
    }

    /// Adds the attributes of an item or a key.
    pub(super) fn attributes(&mut self, attributes: &Attributes) {
        self.attributes.extend(attributes.keys().cloned());
    }

    /// Adds the attributes that expressions are about.
    pub(super) fn paths<'a>(&mut self, paths: impl IntoIterator<Item = &'a Path>) {
        self.attributes
            .extend(paths.into_iter().map(|path| path.head().to_owned()));
    }

    /// Adds a partition key's value.
    pub(super) fn leading_key(&mut self, value: &AttributeValue) {
        let text = match value {
            AttributeValue::String(text) => text.clone(),
            AttributeValue::Number(number) => number.to_string(),
            other => match other.to_json().get("B").and_then(serde_json::Value::as_str) {
                Some(base64) => base64.to_owned(),
                None => return,
            },
        };
        self.leading_keys.insert(text);
    }

    /// Adds the partition key of a key or an item, where the table is there to tell which it is.
    pub(super) fn key(&mut self, world: &World, target: &Target, key: &Attributes) {
        let Some(table) = world.tables.get(&target.arn) else {
            return;
        };
        if let Some(value) = key.get(&table.definition.keys.partition.0) {
            self.leading_key(value);
        }
    }
}

/// Refuses a caller who has no right to the action on the table, or on one of its indexes.
pub(super) fn permit(
    world: &World,
    call: &Call,
    action: &str,
    target: &Target,
    index: Option<&str>,
    deed: &Deed,
) -> Result<(), AwsError> {
    let action = format!("dynamodb:{action}");
    let resource = match index {
        Some(index) => format!("{}/index/{index}", target.arn),
        None => target.arn.clone(),
    };
    let definition = world.tables.get(&target.arn).map(|table| &table.definition);
    let policy = definition
        .and_then(|table| table.policy.as_ref())
        .map(|policy| &policy.policy);
    let mut access = Access::new(&action, &resource).policy(policy);
    for (key, values) in [
        ("dynamodb:LeadingKeys", &deed.leading_keys),
        ("dynamodb:Attributes", &deed.attributes),
        ("aws:TagKeys", &deed.tag_keys),
    ] {
        if !values.is_empty() {
            access = access.with(key, values.iter().cloned());
        }
    }
    for (key, value) in &deed.single {
        access = access.with(key.clone(), [value.clone()]);
    }
    for (key, value) in definition.into_iter().flat_map(|table| &table.tags) {
        access = access.with(format!("aws:ResourceTag/{key}"), [value.clone()]);
    }
    world.authorize(call, &access)
}

/// Gets at the table key: from the cache, or from KMS in the caller's name.
pub(super) fn unlock(world: &mut World, call: &Call, target: &Target) -> Result<(), AwsError> {
    let (encryption, created) = {
        let definition = &target.table(world)?.definition;
        (definition.encryption.clone(), definition.created)
    };
    let Some(key) = key_arn(world, target, &encryption) else {
        return Ok(());
    };
    notice_key_loss(world, call, target);
    let (keep, now) = (world.options.table_key_cache, call.now);
    let cached = CachedKey {
        session: call.caller.access_key_id.clone(),
        table: (target.arn.clone(), created),
        key: key.clone(),
    };
    if world.tables.cache.uses(&cached, now, keep) {
        return Ok(());
    }
    use_key(world, call, target, &key, "Decrypt")?;
    world.tables.cache.keep(cached, now, keep);
    Ok(())
}

/// Has DynamoDB use a key for the table in the caller's name.
pub(super) fn use_key(
    world: &mut World,
    call: &Call,
    target: &Target,
    key_arn: &str,
    operation: &str,
) -> Result<(), AwsError> {
    let wanted = TableKeyUse {
        table: &target.name,
        table_account: &target.account,
        key_arn,
        operation,
    };
    world.kms_for_table(call, &wanted)
}

/// The ARN of the key that the table is encrypted with; an AWS owned key is nobody's business.
pub(super) fn key_arn(
    world: &mut World,
    target: &Target,
    encryption: &Encryption,
) -> Option<String> {
    match encryption {
        Encryption::AwsOwned => None,
        Encryption::AwsManaged => {
            let region = target.arn.split(':').nth(3).unwrap_or_default();
            Some(world.dynamodb_managed_key(&target.account, region))
        }
        Encryption::Key(arn) => Some(arn.clone()),
    }
}

/// Notices that the table's key has been out of use for so long that DynamoDB sees it, or that it
/// is back. A table that lost its key has no table keys cached any more.
pub(super) fn notice_key_loss(world: &mut World, call: &Call, target: &Target) {
    let Some(Definition {
        encryption: Encryption::Key(arn),
        key_lost,
        ..
    }) = world.tables.get(&target.arn).map(|table| &table.definition)
    else {
        return;
    };
    let noticed = match world.key_state(arn) {
        Some(KeyStatus::Enabled) => None,
        Some(KeyStatus::Disabled { since } | KeyStatus::PendingDeletion { since, .. }) => since
            .checked_add(world.options.key_loss_notice)
            .ok()
            .filter(|noticed| *noticed <= call.now),
        // A key that is gone was pending deletion for a week before.
        None => Some(key_lost.unwrap_or(call.now)),
    };
    if noticed.is_some() {
        world.tables.cache.forget_table(&target.arn);
    }
    if let Some(table) = world.tables.get_mut(&target.arn) {
        table.definition.key_lost = noticed;
    }
}
