// SPDX-License-Identifier: Apache-2.0
//! DSSE envelopes: <https://github.com/secure-systems-lab/dsse/blob/master/envelope.md>.
//!
//! Ours have one signature and one spelling. An envelope that says the same in other bytes is refused,
//! so that no byte of a stored one can change unseen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;
use crate::key::{KeyId, PublicKey, Sign, SignError};

/// The payload of every envelope of ours: an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A signed payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What is signed.
    pub payload: Vec<u8>,
    /// Who signed it, as the envelope says. No signature covers this: it is a hint, and checked
    /// against the key that verifies.
    pub key_id: KeyId,
    /// ECDSA over P-256 and SHA-256, in ASN.1 DER as OpenSSL and KMS give it.
    pub signature: Vec<u8>,
}

/// Why bytes are no envelope of ours.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not the JSON of an envelope.
    #[error("it is no DSSE envelope: {0}")]
    Json(#[from] serde_json::Error),
    /// Another payload type.
    #[error("its payload type is `{0}`, not `{PAYLOAD_TYPE}`")]
    PayloadType(String),
    /// None or several signatures.
    #[error("it has {0} signatures, not one")]
    Signatures(usize),
    /// Base64 that is none.
    #[error("its {what} is not base64: {source}")]
    Base64 {
        /// Payload or signature.
        what: &'static str,
        /// What the decoder says.
        source: base64::DecodeError,
    },
    /// The same envelope in other bytes.
    #[error("it is not written as keyproof writes it: bytes were changed around what is signed")]
    Spelling,
    /// A signature that the key that it names, which was given, did not make.
    #[error("the key that it names did not make its signature: it was altered")]
    Signature,
    /// A key that was not given: whether it signed can't be found out.
    #[error("it names the key `{0}`, which was not given, so that its signature can't be checked")]
    UnknownKey(KeyId),
    /// The right signature under the wrong name.
    #[error("it names the key `{named}`, but `{signed}` signed it")]
    KeyId {
        /// What the envelope says.
        named: KeyId,
        /// The key that verifies it.
        signed: KeyId,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<RawSignature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSignature {
    keyid: KeyId,
    sig: String,
}

impl Envelope {
    /// Signs a payload.
    ///
    /// # Errors
    ///
    /// Where the signer can't.
    pub async fn sign(payload: Vec<u8>, signer: &impl Sign) -> Result<Self, SignError> {
        let signature = signer.sign(Digest::of(&pae(&payload))).await?;
        let key = signer.public_key();
        let envelope = Self {
            payload,
            key_id: key.id(),
            signature,
        };
        // What can't be verified is no evidence: better found out now than by an auditor.
        if envelope.is_signed_by(key) {
            Ok(envelope)
        } else {
            Err(SignError::OtherKey)
        }
    }

    /// The bytes that are stored: one line of JSON.
    ///
    /// # Errors
    ///
    /// Never: serialisation can't fail on these types.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(&Raw {
            payload: STANDARD.encode(&self.payload),
            payload_type: PAYLOAD_TYPE.to_owned(),
            signatures: vec![RawSignature {
                keyid: self.key_id,
                sig: STANDARD.encode(&self.signature),
            }],
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads an envelope without asking who signed it.
    ///
    /// # Errors
    ///
    /// Where the bytes are not exactly those that [`to_bytes`](Self::to_bytes) writes for it.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        Self::decode(bytes)?.if_spelt(bytes)
    }

    /// Reads an envelope that one of these keys signed, or that a key beside them is said to have signed: then
    /// that key, and nobody vouches for what is in it.
    pub(crate) fn open(
        bytes: &[u8],
        keys: &[PublicKey],
    ) -> Result<(Self, Option<KeyId>), EnvelopeError> {
        let envelope = Self::decode(bytes)?;
        let unknown = match envelope.signer(keys) {
            Ok(_) => None,
            Err(EnvelopeError::UnknownKey(key)) => Some(key),
            Err(error) => return Err(error),
        };
        Ok((envelope.if_spelt(bytes)?, unknown))
    }

    /// What the bytes say, in whatever spelling.
    fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let raw: Raw = serde_json::from_slice(bytes)?;
        if raw.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::PayloadType(raw.payload_type));
        }
        let [signature] = raw.signatures.as_slice() else {
            return Err(EnvelopeError::Signatures(raw.signatures.len()));
        };
        let decode = |what, text: &str| {
            STANDARD
                .decode(text)
                .map_err(|source| EnvelopeError::Base64 { what, source })
        };
        Ok(Self {
            payload: decode("payload", &raw.payload)?,
            key_id: signature.keyid,
            signature: decode("signature", &signature.sig)?,
        })
    }

    fn if_spelt(self, bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if self.to_bytes()? == bytes {
            Ok(self)
        } else {
            Err(EnvelopeError::Spelling)
        }
    }

    /// The key of these that signed it.
    ///
    /// # Errors
    ///
    /// Where none did, another than the envelope names, or the one that it names is not among them.
    pub fn signer<'a>(&self, keys: &'a [PublicKey]) -> Result<&'a PublicKey, EnvelopeError> {
        let Some(key) = keys.iter().find(|key| self.is_signed_by(key)) else {
            let given = keys.iter().any(|key| key.id() == self.key_id);
            return Err(if given {
                EnvelopeError::Signature
            } else {
                EnvelopeError::UnknownKey(self.key_id)
            });
        };
        if key.id() == self.key_id {
            Ok(key)
        } else {
            Err(EnvelopeError::KeyId {
                named: self.key_id,
                signed: key.id(),
            })
        }
    }

    fn is_signed_by(&self, key: &PublicKey) -> bool {
        key.verifies(&Digest::of(&pae(&self.payload)), &self.signature)
    }
}

fn pae(payload: &[u8]) -> Vec<u8> {
    pre_authentication_encoding(PAYLOAD_TYPE, payload)
}

/// What is really signed: type and payload, each with its length in front, so that neither can be
/// taken for a part of the other.
/// <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md#signature-definition>
pub(crate) fn pre_authentication_encoding(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}
