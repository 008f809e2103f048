// SPDX-License-Identifier: Apache-2.0
//! Makes tables of a template's.

use jiff::Timestamp;
use keyproof_core::TableArn;

use super::Tables;
use super::key::{KeySchema, KeyType};
use super::table::{Definition, Encryption, Index, Projection, ResourcePolicy, Table, Throughput};
use crate::policy::{Grammar, StoredPolicy};

impl Tables {
    /// Adds a table of a template. The error is one sentence about what the template lacks.
    pub(crate) fn load(
        &mut self,
        table: &keyproof_template::Table,
        now: Timestamp,
    ) -> Result<(), String> {
        let arn: TableArn = table.arn.parse().map_err(|error| format!("{error}"))?;
        let mut attributes = Vec::new();
        for (name, kind) in &table.attributes {
            attributes.push((name.clone(), key_type(kind)?));
        }
        let definitions = attributes.into_iter().collect();
        let keys = keys(&table.name, &table.key_schema, &definitions)?;
        // A template says how an index is provisioned, the model of it does not.
        let throughput = (table.billing_mode != "PAY_PER_REQUEST").then_some(Throughput {
            read_capacity_units: 5,
            write_capacity_units: 5,
        });
        let mut indexes = indexmap::IndexMap::new();
        for index in &table.indexes {
            let loaded = Index {
                global: index.global,
                keys: self::keys(&index.name, &index.key_schema, &definitions)?,
                projection: match &index.projection {
                    keyproof_template::Projection::All => Projection::All,
                    keyproof_template::Projection::KeysOnly => Projection::KeysOnly,
                    keyproof_template::Projection::Include(names) => {
                        Projection::Include(names.clone())
                    }
                },
                throughput,
            };
            indexes.insert(index.name.clone(), loaded);
        }
        let encryption = match &table.encryption {
            keyproof_template::Encryption::AwsOwned => Encryption::AwsOwned,
            keyproof_template::Encryption::AwsManaged => Encryption::AwsManaged,
            keyproof_template::Encryption::Key(arn) => Encryption::Key(arn.clone()),
            keyproof_template::Encryption::Unknown(what) => {
                return Err(format!(
                    "the key of table `{}` can't be told from the template: {what}",
                    table.name
                ));
            }
        };
        let policy = match &table.resource_policy {
            Some(source) => {
                let text = source.value.to_string();
                let policy = StoredPolicy::parse(&text, Grammar::Resource)
                    .map_err(|error| format!("the policy of table `{}`: {error}", table.name))?;
                Some(ResourcePolicy {
                    policy,
                    revision: 1,
                })
            }
            None => None,
        };
        self.insert(Table::new(Definition {
            name: table.name.clone(),
            arn: table.arn.clone(),
            account: arn.account().to_owned(),
            region: arn.region().to_owned(),
            created: now,
            attributes: definitions,
            keys,
            indexes,
            encryption,
            key_lost: None,
            policy,
            throughput,
            stream: table.stream.clone(),
            time_to_live: table.time_to_live.clone(),
            point_in_time_recovery: table.point_in_time_recovery,
            deletion_protection: false,
            class: None,
            tags: table.tags.clone(),
        }));
        Ok(())
    }
}

fn key_type(name: &str) -> Result<KeyType, String> {
    match name {
        "S" => Ok(KeyType::S),
        "N" => Ok(KeyType::N),
        "B" => Ok(KeyType::B),
        other => Err(format!(
            "`{other}` is no type of a key attribute; one of S, N, B is"
        )),
    }
}

fn keys(
    owner: &str,
    names: &[String],
    definitions: &indexmap::IndexMap<String, KeyType>,
) -> Result<KeySchema, String> {
    let of = |name: &String| match definitions.get(name) {
        Some(kind) => Ok((name.clone(), *kind)),
        None => Err(format!(
            "the key attribute `{name}` of `{owner}` has no definition"
        )),
    };
    match names {
        [partition] => Ok(KeySchema {
            partition: of(partition)?,
            sort: None,
        }),
        [partition, sort] => Ok(KeySchema {
            partition: of(partition)?,
            sort: Some(of(sort)?),
        }),
        _ => Err(format!(
            "the key of `{owner}` must have one or two attributes"
        )),
    }
}
