// SPDX-License-Identifier: Apache-2.0
//! Listing grants.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::StoredGrant;
use crate::caller::Call;
use crate::error::AwsError;
use crate::kms::access::KeyAccess;
use crate::kms::keys::{put, seconds};
use crate::kms::{Key, Page};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in crate::kms) struct ListGrants {
    key_id: String,
    grant_id: Option<String>,
    grantee_principal: Option<String>,
    limit: Option<usize>,
    marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in crate::kms) struct ListRetirableGrants {
    retiring_principal: String,
    limit: Option<usize>,
    marker: Option<String>,
}

pub(in crate::kms) fn all(
    world: &mut World,
    call: &Call,
    input: &ListGrants,
) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "ListGrants")?;
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, KeyAccess::on_grants("ListGrants", &named))?;
    let wanted = |grant: &&StoredGrant| {
        grant.listed()
            && input.grant_id.as_ref().is_none_or(|id| *id == grant.id)
            && input
                .grantee_principal
                .as_ref()
                .is_none_or(|grantee| *grantee == grant.grantee)
    };
    let mut all: Vec<(String, Value)> = key
        .grants
        .iter()
        .filter(wanted)
        .map(|grant| (grant.id.clone(), entry(key, grant)))
        .collect();
    all.sort_by(|left, right| left.0.cmp(&right.0));
    page(input.limit, input.marker.as_deref()).reply("Grants", all)
}

pub(in crate::kms) fn retirable(
    world: &mut World,
    call: &Call,
    input: &ListRetirableGrants,
) -> Result<Value, AwsError> {
    world.authorize_keyless(call, "kms:ListRetirableGrants", Vec::new())?;
    let mut all: Vec<(String, Value)> = world
        .keys
        .values()
        .filter(|key| key.region == call.region && key.account == call.caller.account)
        .flat_map(|key| key.grants.iter().map(move |grant| (key, grant)))
        .filter(|(_, grant)| {
            grant.listed() && grant.retiring.as_ref() == Some(&input.retiring_principal)
        })
        .map(|(key, grant)| (grant.id.clone(), entry(key, grant)))
        .collect();
    all.sort_by(|left, right| left.0.cmp(&right.0));
    page(input.limit, input.marker.as_deref()).reply("Grants", all)
}

/// Of both lists.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html>
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html>
const fn page(limit: Option<usize>, marker: Option<&str>) -> Page<'_> {
    Page {
        limit,
        marker,
        usual: 50,
        most: 100,
    }
}

fn entry(key: &Key, grant: &StoredGrant) -> Value {
    let mut constraints = Map::new();
    for (name, context) in [
        ("EncryptionContextEquals", &grant.equals),
        ("EncryptionContextSubset", &grant.subset),
    ] {
        if let Some(context) = context {
            constraints.insert(name.to_owned(), json!(context));
        }
    }
    let mut entry = json!({
        "CreationDate": seconds(grant.created),
        "GrantId": grant.id,
        "GranteePrincipal": grant.grantee,
        "IssuingAccount": grant.issuing_account,
        "KeyId": key.arn,
        "Name": grant.name.as_deref().unwrap_or_default(),
        "Operations": grant.operations,
    });
    put(
        &mut entry,
        "RetiringPrincipal",
        grant.retiring.clone().map(Value::from),
    );
    put(
        &mut entry,
        "Constraints",
        (!constraints.is_empty()).then_some(Value::Object(constraints)),
    );
    entry
}
