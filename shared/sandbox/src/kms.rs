// SPDX-License-Identifier: Apache-2.0
//! KMS: keys, aliases, key policies, grants, and real encryption under them.
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/Welcome.html>

mod access;
mod aliases;
mod cipher;
mod data_keys;
mod encryption;
mod grant;
mod grants;
mod key;
mod keys;
mod paging;
mod policies;
mod resolve;
mod rotation;
mod table_key;
mod tags;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use cipher::Material;
pub(crate) use grant::StoredGrant;
pub(crate) use key::{Alias, Key, KeyManager, KeyStatus, alias_arn};
use paging::Page;
pub(crate) use table_key::TableKeyUse;

use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::{Api, parameters};
use crate::world::World;

/// Answers one KMS operation.
pub(crate) fn handle(
    world: &mut World,
    call: &Call,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    world.delete_due_keys(call.now);
    match operation {
        "CancelKeyDeletion" => keys::cancel_deletion(world, call, &read(operation, input)?),
        "CreateAlias" => aliases::create(world, call, &read(operation, input)?),
        "CreateGrant" => grants::create(world, call, &read(operation, input)?),
        "CreateKey" => keys::create(world, call, &read(operation, input)?),
        "Decrypt" => encryption::decrypt(world, call, &read(operation, input)?),
        "DeleteAlias" => aliases::delete(world, call, &read(operation, input)?),
        "DescribeKey" => keys::describe(world, call, &read(operation, input)?),
        "DisableKey" => keys::disable(world, call, &read(operation, input)?),
        "DisableKeyRotation" => rotation::disable(world, call, &read(operation, input)?),
        "EnableKey" => keys::enable(world, call, &read(operation, input)?),
        "EnableKeyRotation" => rotation::enable(world, call, &read(operation, input)?),
        "Encrypt" => encryption::encrypt(world, call, &read(operation, input)?),
        "GenerateDataKey" => data_keys::generate(world, call, &read(operation, input)?),
        "GenerateDataKeyWithoutPlaintext" => {
            data_keys::generate_sealed(world, call, &read(operation, input)?)
        }
        "GetKeyPolicy" => policies::get(world, call, &read(operation, input)?),
        "GetKeyRotationStatus" => rotation::status(world, call, &read(operation, input)?),
        "ListAliases" => aliases::list(world, call, &read(operation, input)?),
        "ListGrants" => grants::list(world, call, &read(operation, input)?),
        "ListKeyPolicies" => policies::list(world, call, &read(operation, input)?),
        "ListKeyRotations" => rotation::list(world, call, &read(operation, input)?),
        "ListKeys" => keys::list(world, call, &read(operation, input)?),
        "ListResourceTags" => tags::list(world, call, &read(operation, input)?),
        "ListRetirableGrants" => grants::list_retirable(world, call, &read(operation, input)?),
        "PutKeyPolicy" => policies::put(world, call, &read(operation, input)?),
        "ReEncrypt" => encryption::re_encrypt(world, call, &read(operation, input)?),
        "RetireGrant" => grants::retire(world, call, &read(operation, input)?),
        "RevokeGrant" => grants::revoke(world, call, &read(operation, input)?),
        "RotateKeyOnDemand" => rotation::rotate(world, call, &read(operation, input)?),
        "ScheduleKeyDeletion" => keys::schedule_deletion(world, call, &read(operation, input)?),
        "TagResource" => tags::tag(world, call, &read(operation, input)?),
        "UntagResource" => tags::untag(world, call, &read(operation, input)?),
        "UpdateAlias" => aliases::update(world, call, &read(operation, input)?),
        "UpdateKeyDescription" => keys::update_description(world, call, &read(operation, input)?),
        _ => Err(AwsError::client(
            "UnknownOperationException",
            format!("the sandbox doesn't simulate kms:{operation}"),
        )),
    }
}

fn read<T: DeserializeOwned>(operation: &str, input: &Value) -> Result<T, AwsError> {
    parameters::read(Api::Kms, operation, input)
}

/// Parameters of an operation that takes a key and nothing else.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct KeyOnly {
    key_id: String,
}

/// Everything was allowed, and nothing is done.
fn dry_run() -> AwsError {
    AwsError::client(
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.",
    )
}
