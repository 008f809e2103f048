// SPDX-License-Identifier: Apache-2.0
//! Signed, chained records of runs, and the packs that an auditor verifies offline.
//!
//! A [`Record`] says of one run which plan it held, what came out and which report has the details,
//! and names the record before it by hash. It is an [in-toto statement][statement] in a
//! [DSSE envelope][dsse], signed with ECDSA P-256 over SHA-256 by whatever [`Sign`]s: a key in a file
//! or one in AWS KMS. A [`Folder`] keeps the records of a laptop, a [`Pack`](pack) takes a period of
//! them to somebody else, and a [`Verifier`] tells that person what is missing or altered with nothing
//! but the public key.
//!
//! [statement]: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
//! [dsse]: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md

mod completeness;
mod controls;
mod digest;
mod dsse;
mod folder;
mod key;
mod ledger;
pub mod pack;
mod period;
mod record;
mod statement;
mod verify;

#[cfg(test)]
mod tests;

pub use completeness::{Completeness, Gap, PlanCompleteness};
pub use controls::{Control, Framework, ProbeClass, catalogue};
pub use digest::{Digest, DigestError};
pub use dsse::{Envelope, EnvelopeError, PAYLOAD_TYPE};
pub use folder::{Folder, FolderError};
pub use key::{KeyError, KeyId, PrivateKey, PublicKey, Sign, SignError};
pub use ledger::{Stored, directory_name, plan_file, record_file, record_number, report_file};
pub use period::{Period, PeriodError};
pub use record::{
    EnvironmentOfRecord, Outcome, PlanOfRecord, Record, RecordError, RunOfRecord, Signed,
};
pub use verify::{Finding, Kind, Summary, Verification, Verifier};
