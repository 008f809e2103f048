// SPDX-License-Identifier: Apache-2.0
//! Revoking grants, which administrators do, and retiring them, which their users do.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>

use serde::Deserialize;
use serde_json::Value;

use super::after;
use crate::caller::Call;
use crate::error::AwsError;
use crate::kms::access::KeyAccess;
use crate::kms::dry_run;
use crate::kms::resolve::Named;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in crate::kms) struct RevokeGrant {
    key_id: String,
    grant_id: String,
    dry_run: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in crate::kms) struct RetireGrant {
    grant_token: Option<String>,
    key_id: Option<String>,
    grant_id: Option<String>,
    dry_run: Option<bool>,
}

pub(in crate::kms) fn revoke(
    world: &mut World,
    call: &Call,
    input: &RevokeGrant,
) -> Result<Value, AwsError> {
    let named = world.named_key(call, &input.key_id, "RevokeGrant")?;
    let key = world.key(&named.arn)?;
    let access = KeyAccess::on_grants("RevokeGrant", &named);
    world.authorize_key(call, key, access)?;
    remove(world, call, &named, &input.grant_id, input.dry_run)
}

pub(in crate::kms) fn retire(
    world: &mut World,
    call: &Call,
    input: &RetireGrant,
) -> Result<Value, AwsError> {
    let (named, id) = match (
        input.grant_token.clone(),
        input.key_id.clone(),
        input.grant_id.clone(),
    ) {
        (Some(token), None, None) => {
            let grants = world
                .keys
                .values()
                .flat_map(|key| key.grants.iter().map(move |grant| (key, grant)));
            let found = grants
                .filter(|(_, grant)| grant.listed())
                .find(|(_, grant)| grant.token.expose() == token);
            let (key, grant) = found.ok_or_else(|| {
                AwsError::client(
                    "InvalidGrantTokenException",
                    "The grant token is not valid.",
                )
            })?;
            (
                Named {
                    arn: key.arn.clone(),
                    alias: None,
                },
                grant.id.clone(),
            )
        }
        (None, Some(key), Some(id)) => (world.named_key(call, &key, "RetireGrant")?, id),
        _ => {
            return Err(AwsError::validation(
                "Please specify either a grant token, or a key ID and a grant ID.",
            ));
        }
    };
    let key = world.key(&named.arn)?;
    let context = key
        .grants
        .iter()
        .find(|grant| grant.listed() && grant.id == id)
        .and_then(|grant| grant.equals.as_ref().or(grant.subset.as_ref()));
    let mut access = KeyAccess::new("RetireGrant", &named);
    access.encryption_context = context;
    access.retired = Some(&id);
    world.authorize_key(call, key, access)?;
    remove(world, call, &named, &id, input.dry_run)
}

fn remove(
    world: &mut World,
    call: &Call,
    named: &Named,
    id: &str,
    dry: Option<bool>,
) -> Result<Value, AwsError> {
    let gone = after(call.now, world.options.grant_propagation);
    let key = world.key_mut(&named.arn)?;
    // A grant that went long ago is forgotten now; one that went just now may still be seen.
    key.grants
        .retain(|grant| grant.gone.is_none_or(|gone| call.now < gone));
    let grant = key
        .grants
        .iter_mut()
        .find(|grant| grant.listed() && grant.id == id);
    let Some(grant) = grant else {
        return Err(AwsError::client(
            "NotFoundException",
            format!("Grant ID {id} not found for key {}", named.arn),
        ));
    };
    if dry == Some(true) {
        return Err(dry_run());
    }
    if gone == call.now {
        key.grants.retain(|grant| grant.id != id);
    } else {
        grant.gone = Some(gone);
    }
    Ok(Value::Null)
}
