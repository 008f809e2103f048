// SPDX-License-Identifier: Apache-2.0
//! Descriptions, read with distrust: a description of something else is no answer.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::{
    KeySchemaElement, KeyType, Projection, ProjectionType, SseStatus, SseType, TableDescription,
};
use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeyState as SdkKeyState};
use keyproof_core::{KeyArn, TableArn};
use keyproof_plan::Table;
use keyproof_verdict::{Blindness, Encryption, KeyState};

use super::{Index, KeyFacts, TableFacts, unreadable};
use crate::failure::Failure;

pub(super) fn table(
    planned: &Table,
    found: Option<&TableDescription>,
) -> Result<TableFacts, Failure> {
    let found = found.ok_or_else(|| unreadable("the reply describes no table".to_owned()))?;
    let arn = found.table_arn();
    let is_it = match (&planned.arn, arn) {
        (Some(planned), Some(found)) => planned.as_str() == found,
        (_, _) => found.table_name() == Some(&planned.name),
    };
    if !is_it {
        return Err(unreadable("the reply describes another table".to_owned()));
    }
    Ok(TableFacts {
        // An emulator may give anything here.
        arn: arn
            .filter(|arn| arn.parse::<TableArn>().is_ok())
            .map(str::to_owned),
        encryption: encryption(found),
        indexes: indexes(found),
        status: found
            .table_status()
            .map(|status| status.as_str().to_owned()),
        key: key_attributes(found),
    })
}

fn key_attributes(table: &TableDescription) -> Vec<(String, Option<String>)> {
    let kind = |name: &str| {
        let defined = table.attribute_definitions().iter();
        defined
            .filter(|one| one.attribute_name() == name)
            .map(|one| one.attribute_type().as_str().to_owned())
            .next()
    };
    let mut schema: Vec<_> = table.key_schema().iter().collect();
    schema.sort_by_key(|element| *element.key_type() != KeyType::Hash);
    schema
        .into_iter()
        .map(|element| {
            let name = element.attribute_name();
            (name.to_owned(), kind(name))
        })
        .collect()
}

/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_SSEDescription.html>
fn encryption(table: &TableDescription) -> Result<Encryption, Failure> {
    let Some(sse) = table.sse_description() else {
        return Ok(Encryption::AwsOwned);
    };
    let key = || match sse.kms_master_key_arn() {
        Some(arn) if arn.parse::<KeyArn>().is_ok() => Ok(Encryption::Key {
            arn: arn.to_owned(),
        }),
        Some(_) => Err(unreadable(
            "`KMSMasterKeyArn` is not the ARN of a key".to_owned(),
        )),
        // The type that DynamoDB had before KMS: no key of the customer's.
        None if sse.sse_type() == Some(&SseType::Aes256) => Ok(Encryption::AwsOwned),
        None => Err(unreadable(
            "the table is encrypted, but no key is named".to_owned(),
        )),
    };
    match sse.status() {
        Some(SseStatus::Disabled) => Ok(Encryption::AwsOwned),
        Some(SseStatus::Enabled) => key(),
        Some(SseStatus::Enabling | SseStatus::Disabling | SseStatus::Updating) => {
            let message = "the table's encryption is being changed at this moment";
            Err(Failure::blind(Blindness::Changing, message))
        }
        None => match sse.kms_master_key_arn() {
            Some(_) => key(),
            None => Err(unreadable("`SSEDescription` has no `Status`".to_owned())),
        },
        Some(other) => Err(unreadable(format!("unknown encryption status `{other}`"))),
    }
}

fn indexes(table: &TableDescription) -> HashMap<String, Index> {
    let table_key: Vec<_> = table
        .key_schema()
        .iter()
        .map(|element| element.attribute_name().to_owned())
        .collect();
    let local = table.local_secondary_indexes().iter().map(|index| {
        (
            index.index_name(),
            index.key_schema(),
            index.projection(),
            false,
        )
    });
    let global = table.global_secondary_indexes().iter().map(|index| {
        (
            index.index_name(),
            index.key_schema(),
            index.projection(),
            true,
        )
    });
    let indexes = local
        .chain(global)
        .filter_map(|(name, schema, projection, global)| {
            let key_of = |wanted: &KeyType| {
                let mut elements = schema.iter().filter(|element| element.key_type() == wanted);
                elements
                    .next()
                    .map(|element| element.attribute_name().to_owned())
            };
            let name = name?.to_owned();
            let index = Index {
                name: name.clone(),
                partition_key: key_of(&KeyType::Hash)?,
                sort_key: key_of(&KeyType::Range),
                global,
                holds: holds(projection, schema, &table_key),
            };
            Some((name, index))
        });
    indexes.collect()
}

/// The attributes that an index holds, `None` for all.
fn holds(
    projection: Option<&Projection>,
    schema: &[KeySchemaElement],
    table_key: &[String],
) -> Option<BTreeSet<String>> {
    let projection = projection?;
    let projection_type = projection.projection_type()?;
    if *projection_type == ProjectionType::All {
        return None;
    }
    let own = schema
        .iter()
        .map(|element| element.attribute_name().to_owned());
    let named = projection.non_key_attributes().iter().cloned();
    Some(own.chain(table_key.iter().cloned()).chain(named).collect())
}

pub(super) fn key(asked: &str, found: Option<&KeyMetadata>) -> Result<KeyFacts, Failure> {
    let found = found.ok_or_else(|| unreadable("the reply describes no key".to_owned()))?;
    let arn = found.arn().filter(|arn| arn.parse::<KeyArn>().is_ok());
    let arn = arn.ok_or_else(|| unreadable("the reply names no key".to_owned()))?;
    // An alias, by name or by ARN, is described as the key behind it.
    let by_alias = asked.starts_with("alias/") || asked.contains(":alias/");
    if !by_alias && asked != arn {
        return Err(unreadable("the reply describes another key".to_owned()));
    }
    let state = match found.key_state() {
        // A multi-Region key whose primary is being changed stays usable.
        // https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
        Some(SdkKeyState::Enabled | SdkKeyState::Updating) => KeyState::Enabled,
        Some(SdkKeyState::Disabled) => KeyState::Disabled,
        Some(SdkKeyState::PendingDeletion | SdkKeyState::PendingReplicaDeletion) => {
            KeyState::PendingDeletion
        }
        Some(SdkKeyState::Creating | SdkKeyState::PendingImport | SdkKeyState::Unavailable) => {
            KeyState::Unavailable
        }
        Some(other) => return Err(unreadable(format!("unknown key state `{other}`"))),
        None => return Err(unreadable("the reply has no `KeyState`".to_owned())),
    };
    Ok(KeyFacts {
        arn: arn.to_owned(),
        state,
        aws_managed: found.key_manager() == Some(&KeyManagerType::Aws),
    })
}
