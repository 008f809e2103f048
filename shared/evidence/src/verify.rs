// SPDX-License-Identifier: Apache-2.0
//! Verifying a pack: what is missing, and what was altered, by file and reason.
//!
//! Files come one after another, as they stand in the archive. Each record is opened with the public
//! keys; at the end the chains, the reports' digests, the manifest and the completeness statement are
//! held against each other. What is not positively right is a finding. What names a key that was not given
//! is held against everything else all the same, and never believed.

mod chain;
mod examine;
mod finding;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use crate::digest::Digest;
use crate::key::{KeyId, PublicKey};
use crate::pack::{self, ArchiveError, MANIFEST, Manifest};
use crate::record::Record;
use crate::statement::Statement;

pub(crate) use examine::Examined;
use examine::Part;
use finding::Findings;
pub use finding::{Finding, Kind, Summary, Verification};

/// What a finding about no file in particular names.
const ARCHIVE: &str = "the archive";

/// A verification under way.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: Vec<PublicKey>,
    last: String,
    /// Every file, by name.
    files: BTreeMap<String, Digest>,
    records: Records,
    plans: Vec<Digest>,
    completeness: Option<Vec<u8>>,
    manifest: Option<Statement<Manifest>>,
    manifest_signed: bool,
    /// Keys that were not given, each with the first file that names it and the number of all.
    unverified: BTreeMap<KeyId, (String, usize)>,
    findings: Findings,
}

/// Records by directory and number.
type Records = BTreeMap<String, BTreeMap<u64, Entry>>;

/// One record of a pack.
#[derive(Clone, Debug)]
struct Entry {
    /// The digest of its bytes.
    digest: Digest,
    /// Whether one of the given keys signed it.
    signed: bool,
    /// What it says, whoever signed it; `None` where it could not be opened, which is a finding already.
    record: Option<Record>,
}

impl Verifier {
    /// Will believe these keys and no other.
    #[must_use]
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self {
            keys,
            last: String::new(),
            files: BTreeMap::new(),
            records: BTreeMap::new(),
            plans: Vec::new(),
            completeness: None,
            manifest: None,
            manifest_signed: false,
            unverified: BTreeMap::new(),
            findings: Findings::default(),
        }
    }

    /// Verifies a whole pack.
    ///
    /// # Errors
    ///
    /// Where the input can't be read, or is something else altogether. A damaged pack is no error but
    /// a finding.
    pub fn pack(mut self, input: impl BufRead) -> Result<Verification, ArchiveError> {
        match pack::walk(input, |name, bytes| self.file(name, bytes)) {
            Ok(true) => Ok(self.finish()),
            Ok(false) => {
                let sentence = "its bytes are not those that were written, though every file in it can be read";
                self.findings.add(Kind::Altered, ARCHIVE, sentence);
                Ok(self.finish())
            }
            Err(error @ (ArchiveError::Io(_) | ArchiveError::NoPack)) => Err(error),
            Err(error @ ArchiveError::Damaged { .. }) => {
                let sentence = format!("{error}; nothing after it could be read");
                self.findings.add(Kind::Altered, ARCHIVE, sentence);
                // What comes last was not reached, and each thing that is not there would be one more
                // finding about the same damage.
                Ok(self.end())
            }
        }
    }

    /// Takes the next file.
    pub fn file(&mut self, name: &str, bytes: &[u8]) {
        let examined = self.examine(name, bytes);
        self.take(name, examined);
    }

    /// Takes the next file, which was looked at.
    pub(crate) fn take(&mut self, name: &str, examined: Examined) {
        if self.files.contains_key(name) {
            self.findings
                .add(Kind::Repeated, name, "the archive holds it twice");
            return;
        }
        if name < self.last.as_str() {
            let sentence = format!("it stands after `{}`; files stand in order", self.last);
            self.findings.add(Kind::Reordered, name, sentence);
        }
        name.clone_into(&mut self.last);
        let Examined {
            digest,
            part,
            finding,
            unknown_key,
        } = examined;
        self.files.insert(name.to_owned(), digest);
        if let Some((kind, sentence)) = finding {
            self.findings.add(kind, name, sentence);
        }
        if let Some(key) = unknown_key {
            self.unverified
                .entry(key)
                .or_insert_with(|| (name.to_owned(), 0))
                .1 += 1;
        }
        match part {
            Part::Record {
                directory,
                number,
                record,
            } => {
                let entry = Entry {
                    digest,
                    signed: unknown_key.is_none(),
                    record: record.map(|record| *record),
                };
                let of_plan = self.records.entry(directory).or_default();
                of_plan.insert(number, entry);
            }
            Part::Plan => self.plans.push(digest),
            Part::Completeness(bytes) => self.completeness = Some(bytes),
            Part::Manifest(manifest) => {
                self.manifest_signed = unknown_key.is_none();
                self.manifest = manifest;
            }
            Part::Other => {}
        }
    }

    /// Holds everything against everything, once the last file has come.
    #[must_use]
    pub fn finish(mut self) -> Verification {
        chain::check(&self.records, &mut self.findings);
        if !self.files.contains_key(MANIFEST) {
            let sentence = "without it nobody can tell what else is missing";
            self.findings.add(Kind::Missing, MANIFEST, sentence);
        }
        let parts = manifest::Parts {
            files: &self.files,
            records: &self.records,
            plans: &self.plans,
            completeness: self.completeness.as_deref(),
        };
        manifest::check(self.manifest.as_ref(), &parts, &mut self.findings);
        self.end()
    }

    fn end(mut self) -> Verification {
        for (key, (first, number)) in &self.unverified {
            let what = match number {
                1 => "it names".to_owned(),
                number => format!("it and {} more name", number - 1),
            };
            let sentence = format!(
                "{what} the key `{key}`, which was not given, so that nobody can tell who signed; its public half is needed too"
            );
            self.findings.add(Kind::Unverified, first, sentence);
        }
        let all = self.records.values().flat_map(BTreeMap::values);
        let signed = all.filter(|entry| entry.signed);
        let opened: Vec<&Record> = signed.filter_map(|entry| entry.record.as_ref()).collect();
        let keys: BTreeSet<_> = opened.iter().map(|record| record.key).collect();
        let endpoints: BTreeSet<_> = opened
            .iter()
            .filter_map(|record| record.environment.endpoint.clone())
            .collect();
        let summary = Summary {
            records: opened.len(),
            keys: keys.into_iter().collect(),
            endpoints: endpoints.into_iter().collect(),
            manifest: self
                .manifest
                .filter(|_| self.manifest_signed)
                .map(|manifest| manifest.predicate),
        };
        self.findings.verification(summary)
    }
}
