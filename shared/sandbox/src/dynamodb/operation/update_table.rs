// SPDX-License-Identifier: Apache-2.0
//! `UpdateTable`: another key, other indexes, other settings.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html>

use serde::Deserialize;
use serde_json::Value;

use super::create_table::TableClass;
use super::describe::{Phase, describe};
use super::reply;
use super::schema::{
    self, AttributeDefinition, BillingMode, SecondaryIndex, SseSpecification, StreamSpecification,
};
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, key_arn, permit};
use crate::dynamodb::table::{Encryption, Table, Throughput};
use crate::error::AwsError;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct UpdateTable {
    table_name: String,
    #[serde(default)]
    attribute_definitions: Option<Vec<AttributeDefinition>>,
    #[serde(default)]
    billing_mode: Option<BillingMode>,
    #[serde(default)]
    provisioned_throughput: Option<Throughput>,
    #[serde(default)]
    global_secondary_index_updates: Option<Vec<IndexUpdate>>,
    #[serde(default)]
    stream_specification: Option<StreamSpecification>,
    #[serde(default, rename = "SSESpecification")]
    sse_specification: Option<SseSpecification>,
    #[serde(default)]
    table_class: Option<TableClass>,
    #[serde(default)]
    deletion_protection_enabled: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IndexUpdate {
    #[serde(default)]
    create: Option<SecondaryIndex>,
    #[serde(default)]
    update: Option<IndexThroughput>,
    #[serde(default)]
    delete: Option<IndexName>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IndexThroughput {
    index_name: String,
    provisioned_throughput: Throughput,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IndexName {
    index_name: String,
}

pub(super) fn update(
    world: &mut World,
    call: &Call,
    input: &UpdateTable,
) -> Result<Value, AwsError> {
    let target = Target::of(call, &input.table_name)?;
    permit(world, call, "UpdateTable", &target, None, &Deed::default())?;
    // All changes are made to a copy: an update that is refused half-way changes nothing.
    let mut table = target.described(world)?.clone();
    let before = table.definition.encryption.clone();
    if let Some(given) = &input.sse_specification {
        let encryption = schema::encryption(world, call, &target, given)?;
        change_key(&mut table, encryption)?;
    }
    change_settings(&mut table, input)?;
    for change in input.global_secondary_index_updates.iter().flatten() {
        change_index(&mut table, change)?;
    }
    let managed = key_arn(world, &target, &table.definition.encryption);
    let description = describe(&table, Phase::Updating, managed.as_deref());
    if let (Encryption::Key(key), true) = (&before, before != table.definition.encryption) {
        world.retire_table_grant(&target.name, &target.account, key);
    }
    world.tables.insert(table);
    Ok(reply([("TableDescription", Some(description))]))
}

fn change_key(table: &mut Table, encryption: Encryption) -> Result<(), AwsError> {
    if table.definition.encryption == encryption {
        let message = match encryption {
            Encryption::AwsOwned => "Table is already encrypted by default",
            Encryption::AwsManaged | Encryption::Key(_) => {
                "Table is already encrypted by given KMSMasterKeyId"
            }
        };
        return Err(AwsError::validation(format!(
            "One or more parameter values were invalid: {message}"
        )));
    }
    table.definition.encryption = encryption;
    table.definition.key_lost = None;
    Ok(())
}

fn change_settings(table: &mut Table, input: &UpdateTable) -> Result<(), AwsError> {
    if let Some(given) = &input.attribute_definitions {
        table
            .definition
            .attributes
            .extend(schema::definitions(given));
    }
    let mode = match (input.billing_mode, input.provisioned_throughput) {
        (None, None) => None,
        (None, Some(_)) => Some(BillingMode::Provisioned),
        (mode, _) => mode,
    };
    if mode.is_some() {
        table.definition.throughput = schema::throughput(mode, input.provisioned_throughput)?;
    }
    if let Some(given) = &input.stream_specification {
        let stream = schema::stream(given)?;
        if stream.is_some() && table.definition.stream.is_some() {
            return Err(AwsError::validation(format!(
                "Table already has an enabled stream: TableName: {}",
                table.definition.name
            )));
        }
        table.definition.stream = stream;
    }
    if let Some(class) = input.table_class {
        table.definition.class = Some(class.word().to_owned());
    }
    if let Some(protected) = input.deletion_protection_enabled {
        table.definition.deletion_protection = protected;
    }
    Ok(())
}

fn change_index(table: &mut Table, change: &IndexUpdate) -> Result<(), AwsError> {
    let missing = |name: &str| {
        AwsError::resource_not_found(format!(
            "Requested resource not found: Index: {name} not found"
        ))
    };
    match (&change.create, &change.update, &change.delete) {
        (Some(given), None, None) => {
            let definition = &table.definition;
            if definition.indexes.contains_key(&given.index_name) {
                return Err(AwsError::validation(format!(
                    "Attempting to create an index which already exists: {}",
                    given.index_name
                )));
            }
            let on_demand = definition.throughput.is_none();
            let index = schema::index(
                given,
                true,
                &definition.keys,
                &definition.attributes,
                on_demand,
            )?;
            table.add_index(given.index_name.clone(), index);
        }
        (None, Some(given), None) => {
            let found = table.definition.indexes.get_mut(&given.index_name);
            let index = found.filter(|index| index.global);
            index.ok_or_else(|| missing(&given.index_name))?.throughput =
                Some(given.provisioned_throughput);
        }
        (None, None, Some(IndexName { index_name })) => {
            if !table
                .definition
                .indexes
                .get(index_name)
                .is_some_and(|index| index.global)
            {
                return Err(missing(index_name));
            }
            table.remove_index(index_name);
        }
        _ => {
            return Err(AwsError::validation(
                "One or more parameter values were invalid: One of Create, Update or Delete must be specified in a GlobalSecondaryIndexUpdate",
            ));
        }
    }
    Ok(())
}
