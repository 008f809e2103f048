// SPDX-License-Identifier: Apache-2.0
//! `CreateTable`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::describe::{Phase, describe};
use super::reply;
use super::resource_policy;
use super::schema::{
    self, AttributeDefinition, BillingMode, KeySchemaElement, SecondaryIndex, SseSpecification,
    StreamSpecification,
};
use super::tags::{self, Tag};
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, key_arn, permit};
use crate::dynamodb::table::{Definition, Encryption, Index, Table, Throughput};
use crate::error::AwsError;
use crate::world::World;

/// The most indexes of each kind.
const MAXIMUM_LOCAL: usize = 5;
const MAXIMUM_GLOBAL: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateTable {
    table_name: String,
    attribute_definitions: Vec<AttributeDefinition>,
    key_schema: Vec<KeySchemaElement>,
    #[serde(default)]
    local_secondary_indexes: Option<Vec<SecondaryIndex>>,
    #[serde(default)]
    global_secondary_indexes: Option<Vec<SecondaryIndex>>,
    #[serde(default)]
    billing_mode: Option<BillingMode>,
    #[serde(default)]
    provisioned_throughput: Option<Throughput>,
    #[serde(default)]
    stream_specification: Option<StreamSpecification>,
    #[serde(default, rename = "SSESpecification")]
    sse_specification: Option<SseSpecification>,
    #[serde(default)]
    tags: Option<Vec<Tag>>,
    #[serde(default)]
    table_class: Option<TableClass>,
    #[serde(default)]
    deletion_protection_enabled: Option<bool>,
    #[serde(default)]
    resource_policy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum TableClass {
    Standard,
    StandardInfrequentAccess,
}

impl TableClass {
    /// The word on the wire.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::StandardInfrequentAccess => "STANDARD_INFREQUENT_ACCESS",
        }
    }
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: CreateTable,
) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    if target.account != call.caller.account {
        return Err(AwsError::validation(
            "a table is made in the caller's own account",
        ));
    }
    let definitions = schema::definitions(&input.attribute_definitions);
    let keys = schema::keys(&input.key_schema, &definitions)?;
    let throughput = schema::throughput(input.billing_mode, input.provisioned_throughput)?;
    let mut indexes = IndexMap::new();
    for (given, global) in [
        (&input.local_secondary_indexes, false),
        (&input.global_secondary_indexes, true),
    ] {
        for given in given.iter().flatten() {
            let index = schema::index(given, global, &keys, &definitions, throughput.is_none())?;
            if indexes.insert(given.index_name.clone(), index).is_some() {
                return Err(invalid(format!(
                    "Duplicate index name: {}",
                    given.index_name
                )));
            }
        }
    }
    check_indexes(&indexes)?;
    let used: BTreeSet<&String> = std::iter::once(&keys)
        .chain(indexes.values().map(|index| &index.keys))
        .flat_map(|keys| keys.attributes().map(|(name, _)| name))
        .collect();
    if definitions.keys().any(|name| !used.contains(name)) {
        return Err(invalid(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        ));
    }
    let stream = input
        .stream_specification
        .as_ref()
        .map(schema::stream)
        .transpose()?
        .flatten();
    let policy = input
        .resource_policy
        .as_deref()
        .map(resource_policy::parse)
        .transpose()?;
    let tags = tags::read(input.tags.unwrap_or_default())?;

    let mut deed = Deed::default();
    for (key, value) in &tags {
        deed = deed.tag(key, value);
    }
    permit(world, call, "CreateTable", &target, None, &deed)?;
    if !tags.is_empty() {
        permit(world, call, "TagResource", &target, None, &deed)?;
    }
    if policy.is_some() {
        permit(
            world,
            call,
            "PutResourcePolicy",
            &target,
            None,
            &Deed::default(),
        )?;
    }
    if world.tables.get(&target.arn).is_some() {
        return Err(AwsError::client(
            "ResourceInUseException",
            format!("Table already exists: {}", target.name),
        ));
    }
    let encryption = match &input.sse_specification {
        Some(given) => schema::encryption(world, call, &target, given)?,
        None => Encryption::AwsOwned,
    };
    let managed = key_arn(world, &target, &encryption);
    let table = Table::new(Definition {
        name: target.name.clone(),
        arn: target.arn.clone(),
        account: target.account.clone(),
        region: call.region.clone(),
        created: call.now,
        attributes: definitions,
        keys,
        indexes,
        encryption,
        key_lost: None,
        policy,
        throughput,
        stream,
        time_to_live: None,
        point_in_time_recovery: false,
        deletion_protection: input.deletion_protection_enabled.unwrap_or(false),
        class: input.table_class.map(|class| class.word().to_owned()),
        tags,
    });
    let description = describe(&table, Phase::Creating, managed.as_deref());
    world.tables.insert(table);
    Ok(reply([("TableDescription", Some(description))]))
}

fn check_indexes(indexes: &IndexMap<String, Index>) -> Result<(), AwsError> {
    let global = indexes.values().filter(|index| index.global).count();
    if indexes.len() - global > MAXIMUM_LOCAL {
        return Err(invalid(
            "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
        ));
    }
    if global > MAXIMUM_GLOBAL {
        return Err(invalid(
            "GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ));
    }
    Ok(())
}

fn invalid(message: impl std::fmt::Display) -> AwsError {
    AwsError::validation(format!(
        "One or more parameter values were invalid: {message}"
    ))
}
