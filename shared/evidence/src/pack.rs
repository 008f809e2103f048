// SPDX-License-Identifier: Apache-2.0
//! Packs: a period of records as one archive, for somebody who trusts nothing but a public key.
//!
//! A pack is a gzipped tar file. Its files stand in the order of their names, each once; headers have
//! one spelling, times are zero. The last file is the signed manifest: an in-toto statement whose
//! subjects are all the others. After them comes a seal of the archive's own bytes.

mod archive;
mod chosen;
mod facts;
mod manifest;
mod seal;
mod source;
mod write;

pub use archive::{ArchiveError, LARGEST, read as walk};
pub use manifest::{Manifest, PlanOfPack, Unavailable};
pub use source::{PlanOfSource, Source};
pub use write::{Exported, PackError, write};

pub(crate) use archive::Archive;
#[cfg(test)]
pub(crate) use seal::{Sealing, seal};

/// The manifest.
pub const MANIFEST: &str = "verification/manifest.dsse.json";
/// The completeness statement.
pub const COMPLETENESS: &str = "statement/completeness.json";
const CLOUDTRAIL: &str = "statement/cloudtrail.json";
const CONTROLS: &str = "statement/controls.json";
const POLICIES: &str = "statement/policies.json";
const VERSIONS: &str = "statement/versions.json";
const README: &str = "README.md";
/// The folder of records; below it one for each plan.
pub(crate) const RECORDS: &str = "records";
/// The folder of reports.
pub(crate) const REPORTS: &str = "reports";
/// The folder of plans' bytes.
pub(crate) const PLANS: &str = "plans";
