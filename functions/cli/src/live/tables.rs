// SPDX-License-Identifier: Apache-2.0
//! The account's tables.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    KeySchemaElement, KeyType, Projection as SdkProjection, ProjectionType, SseType,
    TableDescription,
};
use aws_types::SdkConfig;
use keyproof_policy::Grammar;
use keyproof_template::Place;
use keyproof_template::{Account, Encryption, Index, PolicySource, Projection, Table};

use super::answer::answer;

/// Reads the tables; gives the keys that they are encrypted with.
pub(super) async fn read(
    config: &SdkConfig,
    account: &mut Account,
    notes: &mut Vec<String>,
) -> Result<BTreeSet<String>, String> {
    let client = Client::new(config);
    let mut names = Vec::new();
    let mut from = None;
    loop {
        let listed = client
            .list_tables()
            .set_exclusive_start_table_name(from)
            .send();
        let page = answer("dynamodb:ListTables", listed).await?;
        names.extend(page.table_names().iter().cloned());
        from = page.last_evaluated_table_name().map(str::to_owned);
        if from.is_none() {
            break;
        }
    }
    let mut keys = BTreeSet::new();
    for name in names {
        let described = client.describe_table().table_name(&name).send();
        let described = answer("dynamodb:DescribeTable", described).await;
        match described.map(|described| described.table) {
            Ok(Some(found)) => {
                let Some(mut table) = table(&found) else {
                    notes.push(format!("table `{name}`: its description can't be read"));
                    continue;
                };
                table.resource_policy = policy(&client, &table, notes).await;
                if let Encryption::Key(arn) = &table.encryption {
                    keys.insert(arn.clone());
                }
                account.tables.push(table);
            }
            Ok(None) => notes.push(format!("table `{name}`: its description tells nothing")),
            Err(why) => notes.push(format!("table `{name}` was left out: {why}")),
        }
    }
    Ok(keys)
}

async fn policy(client: &Client, table: &Table, notes: &mut Vec<String>) -> Option<PolicySource> {
    let read = client.get_resource_policy().resource_arn(&table.arn).send();
    let text = match answer("dynamodb:GetResourcePolicy", read).await {
        Ok(read) => read.policy?,
        Err(why) if why.contains(": PolicyNotFoundException") => return None,
        Err(why) => {
            notes.push(format!(
                "table `{}`: its resource policy is not known: {why}",
                table.name
            ));
            return None;
        }
    };
    let value = serde_json::from_str(&text).ok()?;
    let path = format!("{} resource policy", table.name);
    match PolicySource::new(value, Grammar::Resource, Place::START, path) {
        Ok(source) => Some(source.named(&table.arn)),
        Err(error) => {
            notes.push(format!(
                "table `{}`: its resource policy can't be read: {error}",
                table.name
            ));
            None
        }
    }
}

fn table(found: &TableDescription) -> Option<Table> {
    let name = found.table_name()?.to_owned();
    let attributes = found.attribute_definitions().iter();
    let local = found.local_secondary_indexes().iter();
    let local =
        local.filter_map(|one| index(one.index_name(), one.key_schema(), one.projection(), false));
    let global = found.global_secondary_indexes().iter();
    let global =
        global.filter_map(|one| index(one.index_name(), one.key_schema(), one.projection(), true));
    Some(Table {
        logical_id: name.clone(),
        arn: found.table_arn()?.to_owned(),
        key_schema: schema(found.key_schema()),
        attributes: attributes
            .map(|one| {
                (
                    one.attribute_name().to_owned(),
                    one.attribute_type().as_str().to_owned(),
                )
            })
            .collect(),
        indexes: local.chain(global).collect(),
        encryption: encryption(found),
        resource_policy: None,
        billing_mode: "PAY_PER_REQUEST".to_owned(),
        stream: None,
        time_to_live: None,
        point_in_time_recovery: false,
        tags: std::collections::BTreeMap::new(),
        place: Place::START,
        encryption_place: Place::START,
        name,
    })
}

/// Whether the key is AWS's own managed one, only the key tells.
fn encryption(found: &TableDescription) -> Encryption {
    let Some(sse) = found.sse_description() else {
        return Encryption::AwsOwned;
    };
    match (sse.kms_master_key_arn(), sse.sse_type()) {
        (Some(arn), _) => Encryption::Key(arn.to_owned()),
        (None, Some(SseType::Aes256)) => Encryption::AwsOwned,
        (None, _) => Encryption::Unknown("a description that names no key".to_owned()),
    }
}

fn schema(elements: &[KeySchemaElement]) -> Vec<String> {
    let mut elements: Vec<_> = elements.iter().collect();
    elements.sort_by_key(|element| *element.key_type() != KeyType::Hash);
    elements
        .into_iter()
        .map(|element| element.attribute_name().to_owned())
        .collect()
}

fn index(
    name: Option<&str>,
    elements: &[KeySchemaElement],
    projection: Option<&SdkProjection>,
    global: bool,
) -> Option<Index> {
    let projection = match projection.and_then(SdkProjection::projection_type) {
        Some(ProjectionType::KeysOnly) => Projection::KeysOnly,
        Some(ProjectionType::Include) => Projection::Include(
            projection
                .map(|one| one.non_key_attributes().to_vec())
                .unwrap_or_default(),
        ),
        _ => Projection::All,
    };
    Some(Index {
        name: name?.to_owned(),
        global,
        key_schema: schema(elements),
        projection,
    })
}
