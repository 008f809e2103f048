// SPDX-License-Identifier: Apache-2.0
//! How requests describe keys, indexes and encryption, checked as DynamoDB does.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::caller::Call;
use crate::dynamodb::access::{Target, check_name, use_key};
use crate::dynamodb::key::{KeySchema, KeyType};
use crate::dynamodb::table::{Encryption, Index, Projection, Throughput};
use crate::error::AwsError;
use crate::world::World;

/// The AWS managed key's alias.
const MANAGED_ALIAS: &str = "alias/aws/dynamodb";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AttributeDefinition {
    attribute_name: String,
    attribute_type: KeyType,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct KeySchemaElement {
    attribute_name: String,
    key_type: KeyRole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum KeyRole {
    Hash,
    Range,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct SecondaryIndex {
    pub(super) index_name: String,
    key_schema: Vec<KeySchemaElement>,
    projection: RequestedProjection,
    #[serde(default)]
    provisioned_throughput: Option<Throughput>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RequestedProjection {
    #[serde(default)]
    projection_type: Option<ProjectionType>,
    #[serde(default)]
    non_key_attributes: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ProjectionType {
    All,
    KeysOnly,
    Include,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SseSpecification {
    #[serde(default, rename = "Enabled")]
    enabled: Option<bool>,
    #[serde(default, rename = "SSEType")]
    kind: Option<SseType>,
    #[serde(default, rename = "KMSMasterKeyId")]
    key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum SseType {
    #[serde(rename = "KMS")]
    Kms,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct StreamSpecification {
    stream_enabled: bool,
    #[serde(default)]
    stream_view_type: Option<StreamViewType>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum StreamViewType {
    NewImage,
    OldImage,
    NewAndOldImages,
    KeysOnly,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum BillingMode {
    Provisioned,
    PayPerRequest,
}

/// The word of AWS for any of this.
fn invalid(message: impl std::fmt::Display) -> AwsError {
    AwsError::validation(format!(
        "One or more parameter values were invalid: {message}"
    ))
}

/// The types of the key attributes by name.
pub(super) fn definitions(given: &[AttributeDefinition]) -> IndexMap<String, KeyType> {
    given
        .iter()
        .map(|given| (given.attribute_name.clone(), given.attribute_type))
        .collect()
}

/// A key schema, its attributes defined.
pub(super) fn keys(
    given: &[KeySchemaElement],
    definitions: &IndexMap<String, KeyType>,
) -> Result<KeySchema, AwsError> {
    let of = |element: &KeySchemaElement| {
        let kind = definitions.get(&element.attribute_name).ok_or_else(|| {
            let names =
                |names: Vec<&str>| names.join(", ");
            let keys = names(given.iter().map(|key| key.attribute_name.as_str()).collect());
            let defined = names(definitions.keys().map(String::as_str).collect());
            invalid(format!(
                "Some index key attributes are not defined in AttributeDefinitions. Keys: [{keys}], AttributeDefinitions: [{defined}]"
            ))
        })?;
        Ok::<_, AwsError>((element.attribute_name.clone(), *kind))
    };
    let refused = |message: &str| Err(AwsError::validation(message));
    let (partition, sort) = match given {
        [partition] => (partition, None),
        [partition, sort] => (partition, Some(sort)),
        _ => {
            return refused(
                "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length between 1 and 2",
            );
        }
    };
    if partition.key_type != KeyRole::Hash {
        return refused("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    }
    if sort.is_some_and(|sort| sort.key_type != KeyRole::Range) {
        return refused("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
    }
    if sort.is_some_and(|sort| sort.attribute_name == partition.attribute_name) {
        return refused(
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        );
    }
    Ok(KeySchema {
        partition: of(partition)?,
        sort: sort.map(of).transpose()?,
    })
}

/// A secondary index.
pub(super) fn index(
    given: &SecondaryIndex,
    global: bool,
    table: &KeySchema,
    definitions: &IndexMap<String, KeyType>,
    on_demand: bool,
) -> Result<Index, AwsError> {
    let name = &given.index_name;
    check_name("indexName", name)?;
    let keys = keys(&given.key_schema, definitions)?;
    if !global {
        if table.sort.is_none() {
            return Err(invalid(
                "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
            ));
        }
        if keys.sort.is_none() {
            return Err(invalid(format!(
                "Index KeySchema does not have a range key for index: {name}"
            )));
        }
        let (of_index, of_table) = (&keys.partition.0, &table.partition.0);
        if of_index != of_table {
            return Err(invalid(format!(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: {name}. index hash key: {of_index}, table hash key: {of_table}"
            )));
        }
    }
    let throughput = match (global, on_demand, given.provisioned_throughput) {
        (true, true, Some(_)) => {
            return Err(invalid(format!(
                "ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
            )));
        }
        (true, false, None) => {
            return Err(invalid(format!(
                "ProvisionedThroughput is not specified for index: {name}"
            )));
        }
        (_, _, throughput) => throughput,
    };
    let others = given.projection.non_key_attributes.clone();
    let projection = match (given.projection.projection_type, others) {
        (None, _) => return Err(invalid("Unknown ProjectionType: null")),
        (Some(ProjectionType::Include), Some(names)) if !names.is_empty() => {
            Projection::Include(names)
        }
        (Some(ProjectionType::Include), _) => {
            return Err(invalid(
                "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
            ));
        }
        (Some(ProjectionType::All), None) => Projection::All,
        (Some(ProjectionType::KeysOnly), None) => Projection::KeysOnly,
        (Some(ProjectionType::All), Some(_)) => {
            return Err(invalid(
                "ProjectionType is ALL, but NonKeyAttributes is specified",
            ));
        }
        (Some(ProjectionType::KeysOnly), Some(_)) => {
            return Err(invalid(
                "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
            ));
        }
    };
    Ok(Index {
        global,
        keys,
        projection,
        throughput,
    })
}

/// Provisioned throughput, or `None` on demand.
pub(super) fn throughput(
    mode: Option<BillingMode>,
    given: Option<Throughput>,
) -> Result<Option<Throughput>, AwsError> {
    match (mode, given) {
        (Some(BillingMode::PayPerRequest), None) => Ok(None),
        (Some(BillingMode::PayPerRequest), Some(_)) => Err(invalid(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        )),
        (_, Some(given)) if given.read_capacity_units > 0 && given.write_capacity_units > 0 => {
            Ok(Some(given))
        }
        _ => Err(invalid(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        )),
    }
}

/// What a stream shows; `None` for no stream.
pub(super) fn stream(given: &StreamSpecification) -> Result<Option<String>, AwsError> {
    let word = match (given.stream_enabled, given.stream_view_type) {
        (false, None) => return Ok(None),
        (false, Some(_)) => {
            return Err(invalid(
                "StreamViewType is specified, but StreamEnabled is false",
            ));
        }
        (true, None) => {
            return Err(invalid(
                "StreamEnabled is true, but StreamViewType is not specified",
            ));
        }
        (true, Some(StreamViewType::NewImage)) => "NEW_IMAGE",
        (true, Some(StreamViewType::OldImage)) => "OLD_IMAGE",
        (true, Some(StreamViewType::NewAndOldImages)) => "NEW_AND_OLD_IMAGES",
        (true, Some(StreamViewType::KeysOnly)) => "KEYS_ONLY",
    };
    Ok(Some(word.to_owned()))
}

/// What a table is to be encrypted with. A customer managed key must be usable by the caller
/// through DynamoDB: DynamoDB looks at it, has a grant made, and has a table key generated.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
pub(super) fn encryption(
    world: &mut World,
    call: &Call,
    target: &Target,
    given: &SseSpecification,
) -> Result<Encryption, AwsError> {
    let implied = given.key.is_some() || given.kind.is_some();
    match (given.enabled.unwrap_or(implied), &given.key) {
        (false, Some(_)) => Err(invalid(
            "KMSMasterKeyId can only be specified when server-side encryption is enabled",
        )),
        (false, None) => Ok(Encryption::AwsOwned),
        (true, None) => Ok(Encryption::AwsManaged),
        (true, Some(key)) if key == MANAGED_ALIAS => Ok(Encryption::AwsManaged),
        (true, Some(key)) => {
            let arn = world.table_key(call, key)?;
            for operation in ["DescribeKey", "CreateGrant", "GenerateDataKey"] {
                use_key(world, call, target, &arn, operation)?;
            }
            Ok(Encryption::Key(arn))
        }
    }
}
