// SPDX-License-Identifier: Apache-2.0
//! The keys that tables are encrypted with: policies, grants, aliases.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{GrantListEntry, GrantOperation, KeyManagerType, KeyMetadata, KeyState};
use aws_types::SdkConfig;
use keyproof_check::KeyGrant;
use keyproof_policy::{Grammar, Grant};
use keyproof_template::Place;
use keyproof_template::{Account, Alias, Encryption, Key, PolicySource};

use super::answer::answer;

/// Reads the keys; a key that can't be read leaves its tables to be told about.
pub(super) async fn read(
    config: &SdkConfig,
    keys: &BTreeSet<String>,
    account: &mut Account,
    notes: &mut Vec<String>,
) -> Vec<KeyGrant> {
    let client = Client::new(config);
    let mut grants = Vec::new();
    for arn in keys {
        match key(&client, arn).await {
            Ok(Found::AwsManaged) => {
                let of_it = Encryption::Key(arn.clone());
                for table in account
                    .tables
                    .iter_mut()
                    .filter(|table| table.encryption == of_it)
                {
                    table.encryption = Encryption::AwsManaged;
                }
            }
            Ok(Found::Customer(key)) => {
                let id = key.key_id.clone();
                account.keys.push(*key);
                match all_grants(&client, arn).await {
                    Ok(found) => grants.extend(found),
                    Err(why) => notes.push(format!("the grants on `{arn}` are not known: {why}")),
                }
                match aliases(&client, &id).await {
                    Ok(names) => account.aliases.extend(names),
                    Err(why) => notes.push(format!("the aliases of `{arn}` are not known: {why}")),
                }
            }
            Err(why) => notes.push(format!("the key `{arn}` was left out: {why}")),
        }
    }
    grants
}

enum Found {
    AwsManaged,
    Customer(Box<Key>),
}

async fn key(client: &Client, arn: &str) -> Result<Found, String> {
    let described = client.describe_key().key_id(arn).send();
    let described = answer("kms:DescribeKey", described).await?;
    let metadata = described
        .key_metadata()
        .ok_or("its description tells nothing")?;
    if metadata.key_manager() == Some(&KeyManagerType::Aws) {
        return Ok(Found::AwsManaged);
    }
    let read = client
        .get_key_policy()
        .key_id(arn)
        .policy_name("default")
        .send();
    let read = answer("kms:GetKeyPolicy", read).await?;
    let value = serde_json::from_str(read.policy().unwrap_or_default())
        .map_err(|error| format!("its policy is no JSON: {error}"))?;
    let policy = PolicySource::new(value, Grammar::Resource, Place::START, "key policy")
        .map_err(|error| format!("its policy can't be read: {error}"))?;
    Ok(Found::Customer(Box::new(built(
        arn,
        metadata,
        policy.named(arn),
    ))))
}

fn built(arn: &str, metadata: &KeyMetadata, policy: PolicySource) -> Key {
    Key {
        logical_id: arn.to_owned(),
        key_id: metadata.key_id().to_owned(),
        arn: arn.to_owned(),
        policy,
        enabled: metadata
            .key_state()
            .is_none_or(|state| *state == KeyState::Enabled),
        multi_region: metadata.multi_region() == Some(true),
        primary: None,
        rotation: false,
        spec: metadata
            .key_spec()
            .map_or("SYMMETRIC_DEFAULT", |spec| spec.as_str())
            .to_owned(),
        usage: metadata
            .key_usage()
            .map_or("ENCRYPT_DECRYPT", |usage| usage.as_str())
            .to_owned(),
        description: String::new(),
        tags: BTreeMap::new(),
        place: Place::START,
    }
}

async fn all_grants(client: &Client, arn: &str) -> Result<Vec<KeyGrant>, String> {
    let mut grants = Vec::new();
    let mut marker = None;
    loop {
        let listed = client.list_grants().key_id(arn).set_marker(marker).send();
        let page = answer("kms:ListGrants", listed).await?;
        let found = page.grants().iter().filter_map(grant);
        grants.extend(found.map(|grant| KeyGrant {
            key: arn.to_owned(),
            grant,
        }));
        marker = page
            .next_marker()
            .filter(|_| page.truncated())
            .map(str::to_owned);
        if marker.is_none() {
            return Ok(grants);
        }
    }
}

async fn aliases(client: &Client, id: &str) -> Result<Vec<Alias>, String> {
    let mut aliases = Vec::new();
    let mut marker = None;
    loop {
        let listed = client.list_aliases().key_id(id).set_marker(marker).send();
        let page = answer("kms:ListAliases", listed).await?;
        let names = page.aliases().iter().filter_map(|alias| alias.alias_name());
        aliases.extend(names.map(|name| Alias {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            key_id: id.to_owned(),
            place: Place::START,
        }));
        marker = page
            .next_marker()
            .filter(|_| page.truncated())
            .map(str::to_owned);
        if marker.is_none() {
            return Ok(aliases);
        }
    }
}

fn grant(entry: &GrantListEntry) -> Option<Grant> {
    let operations = entry.operations().iter().map(GrantOperation::as_str);
    let mut grant = Grant::new(entry.grantee_principal()?, operations);
    grant.id = entry.grant_id().map(Into::into);
    let pairs = |map: &std::collections::HashMap<String, String>| {
        map.iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    if let Some(constraints) = entry.constraints() {
        grant.encryption_context_subset = constraints
            .encryption_context_subset()
            .map(pairs)
            .unwrap_or_default();
        grant.encryption_context_equals = constraints
            .encryption_context_equals()
            .map(pairs)
            .unwrap_or_default();
    }
    Some(grant)
}
