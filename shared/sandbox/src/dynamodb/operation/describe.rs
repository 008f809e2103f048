// SPDX-License-Identifier: Apache-2.0
//! `TableDescription`: a table as `DescribeTable` and its kin return it.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html>

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::reply;
use crate::dynamodb::key::{KeySchema, KeyType};
use crate::dynamodb::table::{Encryption, Index, Projection, Table, Throughput};

/// What a table is in the middle of, as the reply that starts it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Steady,
    Creating,
    Updating,
    Deleting,
}

/// A time as the JSON protocol writes it: seconds with a fraction.
pub(super) fn seconds(time: Timestamp) -> Value {
    let milliseconds = time.as_millisecond();
    let fraction = f64::from(i32::try_from(milliseconds.rem_euclid(1000)).unwrap_or(0)) / 1000.0;
    // Seconds since 1970 are far below 2^53: the sum is exact to the millisecond.
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 fit a float exactly"
    )]
    let whole = milliseconds.div_euclid(1000) as f64;
    json!(whole + fraction)
}

/// Describes a table. `managed` is the ARN of the AWS managed key, for a table that uses it.
pub(super) fn describe(table: &Table, phase: Phase, managed: Option<&str>) -> Value {
    let definition = &table.definition;
    let status = match (phase, definition.key_lost) {
        (Phase::Creating, _) => "CREATING",
        (Phase::Updating, _) => "UPDATING",
        (Phase::Deleting, _) => "DELETING",
        (Phase::Steady, Some(_)) => "INACCESSIBLE_ENCRYPTION_CREDENTIALS",
        (Phase::Steady, None) => "ACTIVE",
    };
    let (count, size) = table.store().totals(None);
    let attributes: Vec<Value> = definition
        .attributes
        .iter()
        .map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind.name()}))
        .collect();
    let billing = definition.throughput.is_none().then(|| {
        json!({
            "BillingMode": "PAY_PER_REQUEST",
            "LastUpdateToPayPerRequestDateTime": seconds(definition.created),
        })
    });
    let label = definition
        .created
        .strftime("%Y-%m-%dT%H:%M:%S%.3f")
        .to_string();
    let stream = definition.stream.as_ref();
    reply([
        ("AttributeDefinitions", Some(attributes.into())),
        ("TableName", Some(definition.name.clone().into())),
        ("KeySchema", Some(key_schema(&definition.keys))),
        ("TableStatus", Some(status.into())),
        ("CreationDateTime", Some(seconds(definition.created))),
        (
            "ProvisionedThroughput",
            Some(throughput(definition.throughput)),
        ),
        ("TableSizeBytes", Some(size.into())),
        ("ItemCount", Some(count.into())),
        ("TableArn", Some(definition.arn.clone().into())),
        ("TableId", Some(definition.id().into())),
        ("BillingModeSummary", billing),
        ("LocalSecondaryIndexes", indexes(table, false, phase)),
        ("GlobalSecondaryIndexes", indexes(table, true, phase)),
        (
            "StreamSpecification",
            stream.map(|shows| json!({"StreamEnabled": true, "StreamViewType": shows})),
        ),
        ("LatestStreamLabel", stream.map(|_| label.clone().into())),
        (
            "LatestStreamArn",
            stream.map(|_| format!("{}/stream/{label}", definition.arn).into()),
        ),
        ("SSEDescription", sse(table, phase, managed)),
        (
            "TableClassSummary",
            definition
                .class
                .as_ref()
                .map(|class| json!({"TableClass": class})),
        ),
        (
            "DeletionProtectionEnabled",
            Some(definition.deletion_protection.into()),
        ),
    ])
}

fn sse(table: &Table, phase: Phase, managed: Option<&str>) -> Option<Value> {
    let key = match &table.definition.encryption {
        Encryption::AwsOwned => return None,
        Encryption::AwsManaged => managed?,
        Encryption::Key(arn) => arn,
    };
    let status = if phase == Phase::Updating {
        "UPDATING"
    } else {
        "ENABLED"
    };
    Some(reply([
        ("Status", Some(status.into())),
        ("SSEType", Some("KMS".into())),
        ("KMSMasterKeyArn", Some(key.into())),
        (
            "InaccessibleEncryptionDateTime",
            table.definition.key_lost.map(seconds),
        ),
    ]))
}

fn key_schema(keys: &KeySchema) -> Value {
    let element =
        |(name, _): &(String, KeyType), role: &str| json!({"AttributeName": name, "KeyType": role});
    let mut elements = vec![element(&keys.partition, "HASH")];
    elements.extend(keys.sort.as_ref().map(|sort| element(sort, "RANGE")));
    elements.into()
}

fn throughput(throughput: Option<Throughput>) -> Value {
    json!({
        "NumberOfDecreasesToday": 0,
        "ReadCapacityUnits": throughput.map_or(0, |units| units.read_capacity_units),
        "WriteCapacityUnits": throughput.map_or(0, |units| units.write_capacity_units),
    })
}

fn indexes(table: &Table, global: bool, phase: Phase) -> Option<Value> {
    let described: Vec<Value> = table
        .definition
        .indexes
        .iter()
        .filter(|(_, index)| index.global == global)
        .map(|(name, index)| describe_index(table, name, index, phase))
        .collect();
    (!described.is_empty()).then_some(described.into())
}

fn describe_index(table: &Table, name: &str, index: &Index, phase: Phase) -> Value {
    let mut projection = Map::new();
    let kind = match &index.projection {
        Projection::All => "ALL",
        Projection::KeysOnly => "KEYS_ONLY",
        Projection::Include(names) => {
            projection.insert("NonKeyAttributes".into(), json!(names));
            "INCLUDE"
        }
    };
    projection.insert("ProjectionType".into(), kind.into());
    let status = if phase == Phase::Creating {
        "CREATING"
    } else {
        "ACTIVE"
    };
    let (count, size) = table.store().totals(Some(name));
    reply([
        ("IndexName", Some(name.into())),
        ("KeySchema", Some(key_schema(&index.keys))),
        ("Projection", Some(projection.into())),
        ("IndexStatus", index.global.then(|| status.into())),
        (
            "ProvisionedThroughput",
            index.global.then(|| throughput(index.throughput)),
        ),
        ("IndexSizeBytes", Some(size.into())),
        ("ItemCount", Some(count.into())),
        (
            "IndexArn",
            Some(format!("{}/index/{name}", table.definition.arn).into()),
        ),
    ])
}
