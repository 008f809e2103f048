// SPDX-License-Identifier: Apache-2.0
//! Encryption under key material: AES-256-GCM with the encryption context as associated data.
//!
//! A blob says which key and which generation of it made it, as AWS's do; the layout is our own.

use std::collections::BTreeMap;
use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key as AesKey, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::AwsError;
use crate::text::hex;

/// The first byte of every blob.
const VERSION: u8 = 1;
const NONCE: usize = 12;

/// One generation of a key's material. `Debug` prints a placeholder.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Material {
    bytes: [u8; 32],
    /// When it became the current one, where a rotation made it.
    pub(super) rotated: Option<jiff::Timestamp>,
}

impl Material {
    /// Material made of these random bytes.
    pub(crate) fn new(bytes: [u8; 32], rotated: Option<jiff::Timestamp>) -> Self {
        Self { bytes, rotated }
    }

    /// `KeyMaterialId`: 64 hexadecimal digits that tell nothing of the material.
    pub(super) fn id(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(b"keyproof key material id");
        digest.update(self.bytes);
        hex(&digest.finalize())
    }

    /// Encrypts.
    pub(super) fn seal(
        &self,
        header: Header<'_>,
        context: &BTreeMap<String, String>,
        plaintext: &[u8],
        nonce: [u8; NONCE],
    ) -> Result<Vec<u8>, AwsError> {
        let mut blob = header.to_bytes();
        let aad = associated_data(&blob, context);
        let sealed = self
            .cipher()
            .encrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: plaintext,
                    aad: &aad,
                },
            )
            .map_err(|_| AwsError::internal("encryption failed"))?;
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        Ok(blob)
    }

    /// Decrypts; `None` when the blob or the context is not the one that was encrypted.
    pub(super) fn open(
        &self,
        blob: &Blob<'_>,
        context: &BTreeMap<String, String>,
    ) -> Option<Vec<u8>> {
        let aad = associated_data(&blob.header.to_bytes(), context);
        self.cipher()
            .decrypt(
                &Nonce::from(blob.nonce),
                Payload {
                    msg: blob.sealed,
                    aad: &aad,
                },
            )
            .ok()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&AesKey::<Aes256Gcm>::from(self.bytes))
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    material: String,
    rotated: Option<jiff::Timestamp>,
}

impl Serialize for Material {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Saved {
            material: STANDARD.encode(self.bytes),
            rotated: self.rotated,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Material {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Saved::deserialize(deserializer)?;
        let bytes = STANDARD
            .decode(&saved.material)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes =
            bytes.ok_or_else(|| serde::de::Error::custom("key material is 32 bytes in base64"))?;
        Ok(Self {
            bytes,
            rotated: saved.rotated,
        })
    }
}

/// What a blob says of itself in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// The ARN of the key.
    pub(super) key: &'a str,
    /// Which of the key's materials, counted from 0.
    pub(super) generation: u32,
}

/// A blob, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blob<'a> {
    pub(super) header: Header<'a>,
    nonce: [u8; NONCE],
    sealed: &'a [u8],
}

impl Header<'_> {
    fn to_bytes(self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        push(&mut bytes, self.key.as_bytes());
        bytes
    }
}

impl<'a> Blob<'a> {
    /// Takes a blob apart; `None` where it is none of the sandbox's.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (generation, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (key, rest) =
            rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let (nonce, sealed) = rest.split_first_chunk()?;
        let header = Header {
            key: std::str::from_utf8(key).ok()?,
            generation: u32::from_be_bytes(*generation),
        };
        (*version == VERSION).then_some(Self {
            header,
            nonce: *nonce,
            sealed,
        })
    }
}

/// Header and context, each text with its length, so that no two contexts give the same bytes.
fn associated_data(header: &[u8], context: &BTreeMap<String, String>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    push(&mut bytes, header);
    for (name, value) in context {
        push(&mut bytes, name.as_bytes());
        push(&mut bytes, value.as_bytes());
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(text);
}
