// SPDX-License-Identifier: Apache-2.0
//! `GenerateDataKey` and `GenerateDataKeyWithoutPlaintext`.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::KeyAccess;
use super::dry_run;
use super::encryption::{context, current_material};
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

const MAX_BYTES: usize = 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct DataKey {
    key_id: String,
    #[serde(default)]
    encryption_context: Option<BTreeMap<String, String>>,
    number_of_bytes: Option<usize>,
    key_spec: Option<String>,
    #[serde(default)]
    grant_tokens: Option<Vec<String>>,
    dry_run: Option<bool>,
}

pub(super) fn generate(world: &mut World, call: &Call, input: &DataKey) -> Result<Value, AwsError> {
    make(world, call, input, "GenerateDataKey")
}

pub(super) fn generate_sealed(
    world: &mut World,
    call: &Call,
    input: &DataKey,
) -> Result<Value, AwsError> {
    let mut result = make(world, call, input, "GenerateDataKeyWithoutPlaintext")?;
    if let Some(members) = result.as_object_mut() {
        members.shift_remove("Plaintext");
    }
    Ok(result)
}

fn make(
    world: &mut World,
    call: &Call,
    input: &DataKey,
    operation: &str,
) -> Result<Value, AwsError> {
    let size = match (input.key_spec.as_deref(), input.number_of_bytes) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(size)) if (1..=MAX_BYTES).contains(&size) => size,
        (None, Some(size)) => {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{size}' at 'numberOfBytes' failed to satisfy constraint: Member must \
                 have value between 1 and {MAX_BYTES}"
            )));
        }
        (Some(spec), None) => {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '{spec}' at 'keySpec' failed to satisfy constraint: Member must \
                 satisfy enum value set: [AES_256, AES_128]"
            )));
        }
        (None, None) | (Some(_), Some(_)) => {
            return Err(AwsError::validation(
                "Please specify either number of bytes or key spec.",
            ));
        }
    };
    let context = context(input.encryption_context.as_ref())?;
    let tokens = input.grant_tokens.as_deref().unwrap_or_default();
    let named = world.named_key(call, &input.key_id, operation)?;
    let mut access = KeyAccess::new(operation, &named);
    access.tokens = tokens;
    access.encryption_context = Some(&context);
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, access)?;
    key.enabled()?;
    if input.dry_run == Some(true) {
        return Err(dry_run());
    }
    let material = current_material(key);
    let mut plaintext = vec![0; size];
    world.random.fill(plaintext.as_mut_slice());
    let blob = world.seal(&named.arn, &context, &plaintext)?;
    Ok(json!({
        "CiphertextBlob": blob,
        "KeyId": named.arn,
        "KeyMaterialId": material,
        "Plaintext": STANDARD.encode(plaintext),
    }))
}
