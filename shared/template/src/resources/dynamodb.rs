// SPDX-License-Identifier: Apache-2.0
//! `AWS::DynamoDB::Table`, `AWS::DynamoDB::GlobalTable` and `AWS::Serverless::SimpleTable`.

use std::collections::BTreeMap;

use keyproof_document::Place;
use keyproof_policy::Grammar;

use super::{Draft, Item};
use crate::PolicySource;
use crate::account::{Encryption, Index, Projection, Table, Tags};
use crate::error::TemplateProblem;
use crate::note::NoteKind;
use crate::properties::Properties;
use crate::value::{Resolved, Value};

const TAKEN: [&str; 12] = [
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "PointInTimeRecoverySpecification",
    "ResourcePolicy",
    "SSESpecification",
    "StreamSpecification",
    "Tags",
    "TimeToLiveSpecification",
    "Replicas",
];
const PASSED: [&str; 15] = [
    "ContributorInsightsSpecification",
    "DeletionProtectionEnabled",
    "GlobalTableSettingsReplicationMode",
    "GlobalTableSourceArn",
    "GlobalTableWitnesses",
    "ImportSourceSpecification",
    "KinesisStreamSpecification",
    "MultiRegionConsistency",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "ReadOnDemandThroughputSettings",
    "TableClass",
    "TableName",
    "WarmThroughput",
    "WriteProvisionedThroughputSettings",
];

/// What belongs to the table in one region: the table itself, or a replica of a global one.
struct Regional {
    resource_policy: Option<PolicySource>,
    tags: Tags,
    point_in_time_recovery: bool,
}

pub(super) fn table(draft: &mut Draft<'_, '_>, item: &Item) {
    let mut table = blank(draft, item);
    let region = draft.account.region.clone();
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    shape(&mut properties, &mut table);
    let specification = properties.take("SSESpecification");
    let (regional, key) = if item.type_name == "AWS::DynamoDB::GlobalTable" {
        match replica(&mut properties, &region) {
            Some(found) => found,
            None => return,
        }
    } else {
        (regional(&mut properties), None)
    };
    encryption(&mut properties, specification, key, &mut table);
    properties.finish(&TAKEN, &PASSED);
    table.resource_policy = regional
        .resource_policy
        .map(|policy| policy.named(&table.arn));
    table.tags = regional.tags;
    table.point_in_time_recovery = regional.point_in_time_recovery;
    draft.account.tables.push(table);
}

/// SAM's table with one attribute for its key.
pub(super) fn simple_table(draft: &mut Draft<'_, '_>, item: &Item) {
    let mut table = blank(draft, item);
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let primary = properties.take("PrimaryKey");
    let (name, kind) = match primary {
        None => ("id".to_owned(), "S".to_owned()),
        Some(value) => {
            let mut primary = properties.inner("PrimaryKey", value);
            let name = primary.text("Name").unwrap_or_else(|| "id".to_owned());
            let kind = match primary.text("Type").as_deref() {
                Some("Number") => "N",
                Some("Binary") => "B",
                _ => "S",
            };
            primary.finish(&["Name", "Type"], &[]);
            (name, kind.to_owned())
        }
    };
    table.key_schema = vec![name.clone()];
    table.attributes = BTreeMap::from([(name, kind)]);
    let specification = properties.take("SSESpecification");
    encryption(&mut properties, specification, None, &mut table);
    let regional = regional(&mut properties);
    table.tags = regional.tags;
    table.point_in_time_recovery = regional.point_in_time_recovery;
    properties.finish(
        &[
            "PointInTimeRecoverySpecification",
            "PrimaryKey",
            "SSESpecification",
            "Tags",
        ],
        &["ProvisionedThroughput", "TableName"],
    );
    draft.account.tables.push(table);
}

fn blank(draft: &mut Draft<'_, '_>, item: &Item) -> Table {
    Table {
        logical_id: item.logical_id.clone(),
        name: draft.name(item),
        arn: draft.attribute(item, "Arn"),
        key_schema: Vec::new(),
        attributes: BTreeMap::new(),
        indexes: Vec::new(),
        encryption: Encryption::AwsOwned,
        resource_policy: None,
        billing_mode: "PAY_PER_REQUEST".to_owned(),
        stream: None,
        time_to_live: None,
        point_in_time_recovery: false,
        tags: Tags::new(),
        place: item.place,
        encryption_place: item.place,
    }
}

fn shape(properties: &mut Properties<'_, '_>, table: &mut Table) {
    if !properties.has("KeySchema") {
        properties.missing("KeySchema");
    }
    table.key_schema = key_schema(properties);
    for value in properties.list("AttributeDefinitions") {
        let mut definition = properties.inner("AttributeDefinitions", value);
        let named = (
            definition.text("AttributeName"),
            definition.text("AttributeType"),
        );
        if let (Some(name), Some(kind)) = named {
            table.attributes.insert(name, kind);
        }
        definition.finish(&["AttributeName", "AttributeType"], &[]);
    }
    for (property, global) in [
        ("GlobalSecondaryIndexes", true),
        ("LocalSecondaryIndexes", false),
    ] {
        for value in properties.list(property) {
            let mut inner = properties.inner(property, value);
            if let Some(index) = index(&mut inner, global) {
                table.indexes.push(index);
            }
        }
    }
    let mode = properties.text("BillingMode");
    table.billing_mode = mode.unwrap_or_else(|| "PROVISIONED".to_owned());
    if let Some(value) = properties.take("StreamSpecification") {
        let mut stream = properties.inner("StreamSpecification", value);
        table.stream = stream.text("StreamViewType");
    }
    if let Some(value) = properties.take("TimeToLiveSpecification") {
        let mut time_to_live = properties.inner("TimeToLiveSpecification", value);
        let enabled = time_to_live.flag("Enabled").unwrap_or(false);
        table.time_to_live = time_to_live.text("AttributeName").filter(|_| enabled);
    }
}

fn index(properties: &mut Properties<'_, '_>, global: bool) -> Option<Index> {
    let Some(name) = properties.text("IndexName") else {
        properties.missing("IndexName");
        return None;
    };
    let key_schema = key_schema(properties);
    let projection = properties.take("Projection").map(|value| {
        let mut inner = properties.inner("Projection", value);
        let included = inner
            .texts("NonKeyAttributes")
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        match inner.text("ProjectionType").as_deref() {
            Some("KEYS_ONLY") => Projection::KeysOnly,
            Some("INCLUDE") => Projection::Include(included),
            _ => Projection::All,
        }
    });
    Some(Index {
        name,
        global,
        key_schema,
        projection: projection.unwrap_or(Projection::All),
    })
}

fn key_schema(properties: &mut Properties<'_, '_>) -> Vec<String> {
    let mut keys: Vec<(bool, String)> = Vec::new();
    for value in properties.list("KeySchema") {
        let mut element = properties.inner("KeySchema", value);
        let range = element.text("KeyType").as_deref() == Some("RANGE");
        if let Some(name) = element.text("AttributeName") {
            keys.push((range, name));
        }
        element.finish(&["AttributeName", "KeyType"], &[]);
    }
    keys.sort_by_key(|(range, _)| *range);
    keys.into_iter().map(|(_, name)| name).collect()
}

fn regional(properties: &mut Properties<'_, '_>) -> Regional {
    let resource_policy = properties.take("ResourcePolicy").and_then(|value| {
        let mut inner = properties.inner("ResourcePolicy", value);
        let policy = inner.policy("PolicyDocument", Grammar::Resource);
        inner.finish(&["PolicyDocument"], &[]);
        policy
    });
    let recovery = properties
        .take("PointInTimeRecoverySpecification")
        .and_then(|value| {
            let mut inner = properties.inner("PointInTimeRecoverySpecification", value);
            inner.flag("PointInTimeRecoveryEnabled")
        });
    let tags = properties.tags("Tags");
    Regional {
        resource_policy,
        tags,
        point_in_time_recovery: recovery.unwrap_or(false),
    }
}

/// The replica in this region, and the key that it names.
fn replica(
    properties: &mut Properties<'_, '_>,
    region: &str,
) -> Option<(Regional, Option<Resolved>)> {
    let mut found = None;
    for (at, value) in properties.list("Replicas").into_iter().enumerate() {
        let place = value.place;
        let mut inner = properties.inner(&format!("Replicas.{at}"), value);
        if inner.text("Region").as_deref() != Some(region) {
            let text = "the replicas of a global table in other regions".to_owned();
            inner.resolver.note(place, NoteKind::LeftOut, text);
            continue;
        }
        let key = inner.take("SSESpecification").and_then(|value| {
            let mut specification = inner.inner("SSESpecification", value);
            specification.take("KMSMasterKeyId")
        });
        found = Some((regional(&mut inner), key));
    }
    if found.is_none() {
        let place = properties.place;
        let text = format!("a global table without a replica in `{region}`");
        properties.resolver.note(place, NoteKind::LeftOut, text);
    }
    found
}

/// What the table is encrypted with.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-ssespecification.html>
fn encryption(
    properties: &mut Properties<'_, '_>,
    specification: Option<Resolved>,
    replica_key: Option<Resolved>,
    table: &mut Table,
) {
    let Some(value) = specification else { return };
    table.encryption_place = replica_key.as_ref().map_or(value.place, |key| key.place);
    if let Value::Unknown(unknown) = &value.value {
        table.encryption = Encryption::Unknown(unknown.reason.clone());
    }
    let mut inner = properties.inner("SSESpecification", value);
    let enabled = inner.flag("SSEEnabled").unwrap_or(false);
    let sse_type = inner.placed_text("SSEType");
    let key = inner.take("KMSMasterKeyId").or(replica_key);
    inner.finish(&["KMSMasterKeyId", "SSEEnabled", "SSEType"], &[]);
    if let Some((name, place)) = sse_type
        && name != "KMS"
    {
        let problem = TemplateProblem::WrongValue {
            name: "SSEType".to_owned(),
            value: name,
            expected: "`KMS`",
        };
        properties.resolver.fail(place, problem);
    }
    if !enabled || matches!(table.encryption, Encryption::Unknown(_)) {
        return;
    }
    table.encryption = match key {
        None => Encryption::AwsManaged,
        Some(key) => key_of(properties, &key),
    };
}

fn key_of(properties: &mut Properties<'_, '_>, key: &Resolved) -> Encryption {
    match (&key.value, key.value.as_text()) {
        (Value::Unknown(unknown), _) => {
            let text = format!("the table's key hangs on {}", unknown.reason);
            properties.resolver.note(key.place, NoteKind::Unknown, text);
            Encryption::Unknown(unknown.reason.clone())
        }
        (_, Some(text)) if text == "alias/aws/dynamodb" => Encryption::AwsManaged,
        (_, Some(text)) => Encryption::Key(text.into_owned()),
        (other, None) => {
            let (name, expected) = ("KMSMasterKeyId".to_owned(), "a key's id, ARN or alias");
            let found: Place = key.place;
            let problem = TemplateProblem::WrongShape {
                name,
                expected,
                found: other.kind(),
            };
            properties.resolver.fail(found, problem);
            Encryption::Unknown("a mistake in the template".to_owned())
        }
    }
}
