// SPDX-License-Identifier: Apache-2.0
//! The record of a run: what was run, what came out, and which record came before.

use jiff::Timestamp;
use keyproof_verdict::{PartRow, Report, Verdict};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::{Digest, DigestError};
use crate::dsse::{Envelope, EnvelopeError};
use crate::key::{KeyId, PublicKey, Sign, SignError};
use crate::statement::{Predicate, Statement, StatementError, Subject};

/// The name of a record's only subject.
const SUBJECT: &str = "report";

/// What is said of one run. The predicate of its statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The plan that was run.
    pub plan: PlanOfRecord,
    /// The run.
    pub run: RunOfRecord,
    /// What came out.
    pub outcome: Outcome,
    /// The digest of the report, as it is stored.
    #[serde(skip, default = "nothing")]
    pub report: Digest,
    /// The digest of the stored record of the plan's run before this one; `null` in a plan's first.
    pub previous: Option<Digest>,
    /// Where it was run.
    pub environment: EnvironmentOfRecord,
    /// The version of keyproof that made the report.
    pub keyproof: String,
    /// The key that signed it.
    pub key: KeyId,
}

/// A plan, by name and digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanOfRecord {
    /// Its name.
    pub name: String,
    /// `sha256:HEX` of its bytes.
    pub digest: Digest,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOfRecord {
    /// Its id.
    pub id: String,
    /// Its number among the plan's runs, from 1, without gaps.
    pub commit: u64,
    /// What started it.
    pub trigger: String,
    /// Start.
    pub started_at: Timestamp,
    /// End.
    pub finished_at: Timestamp,
    /// Which part of the plan it was about, where it was not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartRow>,
}

/// Where a run was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentOfRecord {
    /// The account under test.
    pub account: Option<String>,
    /// The region under test.
    pub region: String,
    /// The endpoint where it was not AWS's own: a sandbox, a test double.
    pub endpoint: Option<String>,
}

/// The verdict and the counts of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Probes that passed.
    pub pass: usize,
    /// Probes that failed, excepted ones left out.
    pub fail: usize,
    /// Probes that found nothing out.
    pub inconclusive: usize,
    /// Failed probes under an exception in force.
    pub excepted: usize,
    /// Probes planned.
    pub planned: usize,
}

/// A record as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub record: Record,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a record can't be made of a report, or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// No envelope, or one that is not signed as it must be.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// No statement about a run.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Not one subject, or another than the report.
    #[error("its subject is not one report")]
    Subject,
    /// The signed text names another key than the one that signed, or is said to have.
    #[error("what is signed names the key `{named}`, its signature is of `{signed}`")]
    Key {
        /// The key in the statement.
        named: KeyId,
        /// The key of the signature.
        signed: KeyId,
    },
    /// A number that no run has.
    #[error("it has the number 0; the first run of a plan is 1")]
    Zero,
    /// A plan digest that is none.
    #[error("the report's plan digest can't be used: {0}")]
    PlanDigest(#[from] DigestError),
    /// A time that is none.
    #[error("the report's time `{text}` can't be read: {source}")]
    Time {
        /// What stands there.
        text: String,
        /// Why.
        source: jiff::Error,
    },
    /// Not signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl Predicate for Record {
    const TYPE: &'static str = "urn:keyproof:evidence:run:v1";
}

/// Where the report's digest is until the subject has been read.
fn nothing() -> Digest {
    Digest::of(b"")
}

impl Record {
    /// The record of a run whose report is stored as `stored`.
    ///
    /// # Errors
    ///
    /// Where a digest or a time of the report can't be read.
    pub fn of(
        report: &Report,
        stored: &[u8],
        commit: u64,
        previous: Option<Digest>,
        key: KeyId,
    ) -> Result<Self, RecordError> {
        let summary = &report.summary;
        Ok(Self {
            plan: PlanOfRecord {
                name: report.plan.name.clone(),
                digest: report.plan.digest.parse()?,
            },
            run: RunOfRecord {
                id: report.run.id.clone(),
                commit,
                trigger: report.run.trigger.clone(),
                started_at: time(&report.run.started_at)?,
                finished_at: time(&report.run.finished_at)?,
                part: report.part.clone(),
            },
            outcome: Outcome {
                verdict: summary.verdict,
                pass: summary.pass,
                fail: summary.fail,
                inconclusive: summary.inconclusive,
                excepted: summary.excepted,
                planned: summary.planned,
            },
            report: Digest::of(stored),
            previous,
            environment: EnvironmentOfRecord {
                account: report.environment.account.clone(),
                region: report.environment.region.clone(),
                endpoint: report.environment.endpoint.clone(),
            },
            keyproof: report.environment.version.clone(),
            key,
        })
    }

    /// Signs it, as the signer's own key.
    ///
    /// # Errors
    ///
    /// Where the signer can't, or is another than the record names.
    pub async fn sign(self, signer: &impl Sign) -> Result<Signed, SignError> {
        if signer.public_key().id() != self.key {
            return Err(SignError::OtherKey);
        }
        let statement = Statement {
            subject: vec![Subject {
                name: SUBJECT.to_owned(),
                sha256: self.report,
            }],
            predicate: self,
        };
        let envelope = Envelope::sign(statement.to_bytes()?, signer).await?;
        Ok(Signed {
            bytes: envelope.to_bytes()?,
            record: statement.predicate,
        })
    }

    /// Reads a stored record without asking who signed it: for a look, never as evidence.
    ///
    /// # Errors
    ///
    /// Where the bytes are no record.
    pub fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        Self::of_envelope(&Envelope::parse(bytes)?)
    }

    /// Reads a stored record that one of these keys signed.
    ///
    /// # Errors
    ///
    /// Where the bytes are no record, or none of the keys signed it.
    pub fn open(bytes: &[u8], keys: &[PublicKey]) -> Result<Self, RecordError> {
        match Self::examine(bytes, keys)? {
            (record, None) => Ok(record),
            (_, Some(key)) => Err(EnvelopeError::UnknownKey(key).into()),
        }
    }

    /// Reads a stored record that one of these keys signed, or that a key beside them is said to have signed:
    /// then that key, and nobody vouches for the record.
    pub(crate) fn examine(
        bytes: &[u8],
        keys: &[PublicKey],
    ) -> Result<(Self, Option<KeyId>), RecordError> {
        let (envelope, unknown) = Envelope::open(bytes, keys)?;
        let record = Self::of_envelope(&envelope)?;
        if record.key == envelope.key_id {
            Ok((record, unknown))
        } else {
            Err(RecordError::Key {
                named: record.key,
                signed: envelope.key_id,
            })
        }
    }

    fn of_envelope(envelope: &Envelope) -> Result<Self, RecordError> {
        let statement = Statement::<Self>::parse(&envelope.payload)?;
        let [subject] = statement.subject.as_slice() else {
            return Err(RecordError::Subject);
        };
        if subject.name != SUBJECT {
            return Err(RecordError::Subject);
        }
        if statement.predicate.run.commit == 0 {
            return Err(RecordError::Zero);
        }
        Ok(Self {
            report: subject.sha256,
            ..statement.predicate
        })
    }
}

fn time(text: &str) -> Result<Timestamp, RecordError> {
    text.parse().map_err(|source| RecordError::Time {
        text: text.to_owned(),
        source,
    })
}
