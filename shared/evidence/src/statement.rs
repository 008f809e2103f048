// SPDX-License-Identifier: Apache-2.0
//! in-toto statements, version 1:
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>.
//!
//! Read strictly: a statement that keyproof didn't write as it stands is not one of its own.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;

const TYPE: &str = "https://in-toto.io/Statement/v1";

/// What a predicate's type must say of itself.
pub(crate) trait Predicate: Serialize + DeserializeOwned {
    /// The URI of the type.
    const TYPE: &'static str;
}

/// A statement about its subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement<P> {
    pub(crate) subject: Vec<Subject>,
    pub(crate) predicate: P,
}

/// A file, by name and digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) sha256: Digest,
}

/// Why a payload is no statement of the wanted type.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Not the JSON of such a statement.
    #[error("its payload is no statement of this kind: {0}")]
    Json(#[from] serde_json::Error),
    /// Another type.
    #[error("its {what} is `{found}`, not `{expected}`")]
    Type {
        /// Which of its types.
        what: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// A digest that is none.
    #[error("its subject `{name}` has no SHA-256 digest: {source}")]
    Digest {
        /// The subject.
        name: String,
        /// Why.
        source: crate::digest::DigestError,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<RawSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSubject {
    name: String,
    digest: RawDigest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDigest {
    sha256: String,
}

/// Only the type, so that a statement of another kind is told so and not called damaged.
#[derive(Deserialize)]
struct Types {
    #[serde(rename = "_type")]
    kind: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

impl<P: Predicate> Statement<P> {
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&Raw {
            kind: TYPE.to_owned(),
            subject: self
                .subject
                .iter()
                .map(|subject| RawSubject {
                    name: subject.name.clone(),
                    digest: RawDigest {
                        sha256: subject.sha256.hex(),
                    },
                })
                .collect(),
            predicate_type: P::TYPE.to_owned(),
            predicate: &self.predicate,
        })
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        let types: Types = serde_json::from_slice(bytes)?;
        for (what, found, expected) in [
            ("type", types.kind, TYPE),
            ("predicate type", types.predicate_type, P::TYPE),
        ] {
            if found != expected {
                return Err(StatementError::Type {
                    what,
                    found,
                    expected,
                });
            }
        }
        let raw: Raw<P> = serde_json::from_slice(bytes)?;
        let subject = |raw: RawSubject| match Digest::from_hex(&raw.digest.sha256) {
            Ok(sha256) => Ok(Subject {
                name: raw.name,
                sha256,
            }),
            Err(source) => Err(StatementError::Digest {
                name: raw.name,
                source,
            }),
        };
        Ok(Self {
            subject: raw
                .subject
                .into_iter()
                .map(subject)
                .collect::<Result<_, _>>()?,
            predicate: raw.predicate,
        })
    }
}
