// SPDX-License-Identifier: Apache-2.0
//! `Encrypt`, `Decrypt`, `ReEncrypt`.
//!
//! The order of the checks is AWS's: the caller's right first, then the key's state, then what was
//! sent. So a denied caller learns nothing of the key or the ciphertext.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::access::KeyAccess;
use super::cipher::{Blob, Header};
use super::resolve::Named;
use super::{Key, dry_run};
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

const ALGORITHM: &str = "SYMMETRIC_DEFAULT";
const MAX_PLAINTEXT: usize = 4096;
const MAX_CIPHERTEXT: usize = 6144;
const MAX_CONTEXT: usize = 8192;

/// Bytes in base64.
pub(super) struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD
            .decode(text)
            .map(Self)
            .map_err(|error| serde::de::Error::custom(format!("not base64: {error}")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Encrypt {
    key_id: String,
    plaintext: Bytes,
    #[serde(default)]
    encryption_context: Option<BTreeMap<String, String>>,
    #[serde(default)]
    grant_tokens: Option<Vec<String>>,
    encryption_algorithm: Option<String>,
    dry_run: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Decrypt {
    ciphertext_blob: Option<Bytes>,
    #[serde(default)]
    encryption_context: Option<BTreeMap<String, String>>,
    #[serde(default)]
    grant_tokens: Option<Vec<String>>,
    key_id: Option<String>,
    encryption_algorithm: Option<String>,
    dry_run: Option<bool>,
    dry_run_modifiers: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ReEncrypt {
    ciphertext_blob: Option<Bytes>,
    #[serde(default)]
    source_encryption_context: Option<BTreeMap<String, String>>,
    source_key_id: Option<String>,
    destination_key_id: String,
    #[serde(default)]
    destination_encryption_context: Option<BTreeMap<String, String>>,
    source_encryption_algorithm: Option<String>,
    destination_encryption_algorithm: Option<String>,
    #[serde(default)]
    grant_tokens: Option<Vec<String>>,
    dry_run: Option<bool>,
    dry_run_modifiers: Option<Vec<String>>,
}

pub(super) fn encrypt(world: &mut World, call: &Call, input: &Encrypt) -> Result<Value, AwsError> {
    algorithm(input.encryption_algorithm.as_deref())?;
    length("plaintext", &input.plaintext.0, MAX_PLAINTEXT)?;
    let context = context(input.encryption_context.as_ref())?;
    let named = world.named_key(call, &input.key_id, "Encrypt")?;
    let mut access = KeyAccess::new("Encrypt", &named);
    let tokens = input.grant_tokens.as_deref().unwrap_or_default();
    access.tokens = tokens;
    access.encryption_context = Some(&context);
    let key = world.key(&named.arn)?;
    world.authorize_key(call, key, access)?;
    key.enabled()?;
    if input.dry_run == Some(true) {
        return Err(dry_run());
    }
    let blob = world.seal(&named.arn, &context, &input.plaintext.0)?;
    Ok(json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": ALGORITHM, "KeyId": named.arn }))
}

pub(super) fn decrypt(world: &mut World, call: &Call, input: &Decrypt) -> Result<Value, AwsError> {
    algorithm(input.encryption_algorithm.as_deref())?;
    let context = context(input.encryption_context.as_ref())?;
    let tokens = input.grant_tokens.as_deref().unwrap_or_default();
    let source = Source {
        blob: input.ciphertext_blob.as_ref().map(|blob| blob.0.as_slice()),
        key: input.key_id.as_deref(),
        key_parameter: "keyId",
        operation: "Decrypt",
        authorise_as: "Decrypt",
        dry_run: input.dry_run == Some(true),
        modifiers: input.dry_run_modifiers.as_deref(),
    };
    let opened = world.open(call, &source, &context, tokens, Vec::new())?;
    let Some((plaintext, material)) = opened.plaintext.filter(|_| !source.dry_run) else {
        return Err(dry_run());
    };
    Ok(json!({
        "EncryptionAlgorithm": ALGORITHM,
        "KeyId": opened.named.arn,
        "KeyMaterialId": material,
        "Plaintext": STANDARD.encode(plaintext),
    }))
}

pub(super) fn re_encrypt(
    world: &mut World,
    call: &Call,
    input: &ReEncrypt,
) -> Result<Value, AwsError> {
    algorithm(input.source_encryption_algorithm.as_deref())?;
    algorithm(input.destination_encryption_algorithm.as_deref())?;
    let source_context = context(input.source_encryption_context.as_ref())?;
    let destination_context = context(input.destination_encryption_context.as_ref())?;
    let tokens = input.grant_tokens.as_deref().unwrap_or_default();
    let source = Source {
        blob: input.ciphertext_blob.as_ref().map(|blob| blob.0.as_slice()),
        key: input.source_key_id.as_deref(),
        key_parameter: "sourceKeyId",
        operation: "ReEncrypt",
        authorise_as: "ReEncryptFrom",
        dry_run: input.dry_run == Some(true),
        modifiers: input.dry_run_modifiers.as_deref(),
    };
    let destination = world.named_key(call, &input.destination_key_id, "ReEncryptTo")?;
    let source_key = world.source_key(call, &source)?;
    let same = vec![(source_key.arn == destination.arn).to_string()];
    let same = vec![("kms:ReEncryptOnSameKey".to_owned(), same)];
    // Both sides are asked before either key's state is looked at.
    let mut access = KeyAccess::new("ReEncryptFrom", &source_key);
    access.tokens = tokens;
    access.encryption_context = Some(&source_context);
    access.context.clone_from(&same);
    world.authorize_key(call, world.key(&source_key.arn)?, access)?;
    let mut access = KeyAccess::new("ReEncryptTo", &destination);
    access.tokens = tokens;
    access.encryption_context = Some(&destination_context);
    access.context.clone_from(&same);
    world.authorize_key(call, world.key(&destination.arn)?, access)?;
    world.key(&destination.arn)?.enabled()?;
    let opened = world.open(call, &source, &source_context, tokens, same)?;
    let Some((plaintext, material)) = opened.plaintext.filter(|_| !source.dry_run) else {
        return Err(dry_run());
    };
    let blob = world.seal(&destination.arn, &destination_context, &plaintext)?;
    Ok(json!({
        "CiphertextBlob": blob,
        "DestinationEncryptionAlgorithm": ALGORITHM,
        "DestinationKeyMaterialId": current_material(world.key(&destination.arn)?),
        "KeyId": destination.arn,
        "SourceEncryptionAlgorithm": ALGORITHM,
        "SourceKeyId": opened.named.arn,
        "SourceKeyMaterialId": material,
    }))
}

/// A ciphertext, and what was said about its key.
struct Source<'a> {
    blob: Option<&'a [u8]>,
    key: Option<&'a str>,
    key_parameter: &'static str,
    operation: &'static str,
    authorise_as: &'static str,
    dry_run: bool,
    modifiers: Option<&'a [String]>,
}

struct Opened {
    named: Named,
    /// The plaintext and the id of its key material; `None` where the ciphertext was to be ignored.
    plaintext: Option<(Vec<u8>, String)>,
}

impl Source<'_> {
    /// Whether the dry run asks about the caller's right alone.
    fn ignores_ciphertext(&self) -> Result<bool, AwsError> {
        let Some(modifiers) = self.modifiers.filter(|modifiers| !modifiers.is_empty()) else {
            return Ok(false);
        };
        if let Some(unknown) = modifiers
            .iter()
            .find(|modifier| *modifier != "IGNORE_CIPHERTEXT")
        {
            return Err(AwsError::validation(format!(
                "1 validation error detected: Value '[{unknown}]' at 'dryRunModifiers' failed to satisfy constraint: \
                 Member must satisfy constraint: [Member must satisfy enum value set: [IGNORE_CIPHERTEXT]]"
            )));
        }
        if !self.dry_run {
            return Err(AwsError::validation(
                "DryRunModifiers can only be specified when DryRun is true.",
            ));
        }
        if self.key.is_none() {
            let name = self.key_parameter;
            return Err(AwsError::validation(format!(
                "{name} is required when DryRunModifiers includes IGNORE_CIPHERTEXT."
            )));
        }
        Ok(true)
    }
}

impl World {
    /// The key that a ciphertext is to be opened with: the one named, else the one in the blob.
    fn source_key(&mut self, call: &Call, source: &Source<'_>) -> Result<Named, AwsError> {
        let ignored = source.ignores_ciphertext()?;
        if !ignored {
            let name = "ciphertextBlob";
            let blob = source.blob.ok_or_else(|| {
                AwsError::validation(format!(
                    "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
                ))
            })?;
            length(name, blob, MAX_CIPHERTEXT)?;
        }
        let from_blob = source
            .blob
            .and_then(Blob::parse)
            .map(|blob| blob.header.key);
        match source.key.or(from_blob) {
            Some(key) => self.named_key(call, key, source.authorise_as),
            None => Err(invalid_ciphertext()),
        }
    }

    fn open(
        &mut self,
        call: &Call,
        source: &Source<'_>,
        context: &BTreeMap<String, String>,
        tokens: &[String],
        more: Vec<(String, Vec<String>)>,
    ) -> Result<Opened, AwsError> {
        let named = self.source_key(call, source)?;
        let mut access = KeyAccess::new(source.authorise_as, &named);
        access.tokens = tokens;
        access.encryption_context = Some(context);
        access.context = more;
        let key = self.key(&named.arn)?;
        self.authorize_key(call, key, access)?;
        key.enabled()?;
        if source.ignores_ciphertext()? {
            return Ok(Opened {
                named,
                plaintext: None,
            });
        }
        let blob = source
            .blob
            .and_then(Blob::parse)
            .ok_or_else(invalid_ciphertext)?;
        if blob.header.key != key.arn {
            return Err(AwsError::client(
                "IncorrectKeyException",
                format!(
                    "The key ID in the request does not identify a CMK that can perform this {} operation.",
                    source.operation
                ),
            ));
        }
        let material = usize::try_from(blob.header.generation)
            .ok()
            .and_then(|index| key.materials.get(index));
        let opened =
            material.and_then(|material| Some((material.open(&blob, context)?, material.id())));
        let plaintext = Some(opened.ok_or_else(invalid_ciphertext)?);
        Ok(Opened { named, plaintext })
    }

    /// Encrypts under a key's current material, in base64.
    pub(super) fn seal(
        &mut self,
        arn: &str,
        context: &BTreeMap<String, String>,
        plaintext: &[u8],
    ) -> Result<String, AwsError> {
        let nonce = self.random_bytes();
        let key = self.key(arn)?;
        let (Some(material), Ok(generation)) = (
            key.materials.last(),
            u32::try_from(key.materials.len().saturating_sub(1)),
        ) else {
            return Err(AwsError::internal(format!("{arn} has no key material")));
        };
        Ok(STANDARD.encode(material.seal(
            Header {
                key: arn,
                generation,
            },
            context,
            plaintext,
            nonce,
        )?))
    }
}

/// The id of the material that a key encrypts with now.
pub(super) fn current_material(key: &Key) -> Option<String> {
    key.materials.last().map(super::Material::id)
}

/// KMS says nothing more, so that nobody learns why a ciphertext doesn't open.
fn invalid_ciphertext() -> AwsError {
    AwsError::client("InvalidCiphertextException", "")
}

fn algorithm(name: Option<&str>) -> Result<(), AwsError> {
    match name {
        None | Some(ALGORITHM) => Ok(()),
        Some(other) => Err(AwsError::client(
            "InvalidKeyUsageException",
            format!(
                "The sandbox's keys are symmetric: they encrypt with {ALGORITHM}, not with {other}."
            ),
        )),
    }
}

pub(super) fn context(
    context: Option<&BTreeMap<String, String>>,
) -> Result<BTreeMap<String, String>, AwsError> {
    let context = context.cloned().unwrap_or_default();
    let size: usize = context
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > MAX_CONTEXT {
        return Err(AwsError::validation(format!(
            "EncryptionContext has {size} bytes; at most {MAX_CONTEXT} are allowed."
        )));
    }
    if context.keys().any(String::is_empty) {
        return Err(AwsError::validation(
            "EncryptionContext keys must not be empty.",
        ));
    }
    Ok(context)
}

fn length(name: &str, bytes: &[u8], most: usize) -> Result<(), AwsError> {
    let wrong = if bytes.is_empty() {
        "greater than or equal to 1".to_owned()
    } else if bytes.len() > most {
        format!("less than or equal to {most}")
    } else {
        return Ok(());
    };
    Err(AwsError::validation(format!(
        "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length {wrong}"
    )))
}
