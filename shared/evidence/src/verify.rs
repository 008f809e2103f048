// SPDX-License-Identifier: Apache-2.0
//! Verifying a pack: what is missing, and what was altered, by file and reason.
//!
//! Files come one after another, as they stand in the archive. Each record is opened with the public
//! keys; at the end the chains, the reports' digests, the manifest and the completeness statement are
//! held against each other. What is not positively right is a finding.

mod chain;
mod finding;
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use jiff::Timestamp;
use keyproof_verdict::Report;

use crate::digest::Digest;
use crate::key::PublicKey;
use crate::ledger::{directory_name, parse_number};
use crate::pack::{self, ArchiveError, COMPLETENESS, MANIFEST, Manifest, PLANS, RECORDS, REPORTS};
use crate::record::{Outcome, Record};
use crate::statement::Statement;

use finding::Findings;
pub use finding::{Finding, Kind, Summary, Verification};

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
    findings: Findings,
}

/// Records by directory and number.
type Records = BTreeMap<String, BTreeMap<u64, Entry>>;

/// One record of a pack.
#[derive(Clone, Debug)]
struct Entry {
    /// The digest of its bytes.
    digest: Digest,
    /// What it says; `None` where it could not be opened, which is a finding already.
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
            Ok(()) => Ok(self.finish()),
            Err(error @ (ArchiveError::Io(_) | ArchiveError::NoPack)) => Err(error),
            Err(error @ ArchiveError::Damaged { .. }) => {
                let sentence = format!("{error}; nothing after it could be read");
                self.findings.add(Kind::Altered, "the archive", sentence);
                // What comes last was not reached, and each thing that is not there would be one more
                // finding about the same damage.
                Ok(self.end())
            }
        }
    }

    /// Takes the next file.
    pub fn file(&mut self, name: &str, bytes: &[u8]) {
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
        let digest = Digest::of(bytes);
        self.files.insert(name.to_owned(), digest);
        let mut parts = name.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(RECORDS), Some(directory), Some(file), None) => {
                self.record(name, directory, file, digest, bytes);
            }
            (Some(REPORTS), Some(directory), Some(file), None) => {
                self.report(name, directory, file, digest, bytes);
            }
            (Some(PLANS), Some(_), Some(file), None) => {
                if file.strip_suffix(".yaml") == Some(digest.hex().as_str()) {
                    self.plans.push(digest);
                } else {
                    let sentence = "its bytes are not those of the plan that it is named for";
                    self.findings.add(Kind::Altered, name, sentence);
                }
            }
            _ if name == COMPLETENESS => self.completeness = Some(bytes.to_vec()),
            _ if name == MANIFEST => self.manifest = self.opened_manifest(bytes),
            // Held against the manifest.
            _ => {}
        }
    }

    fn record(&mut self, name: &str, directory: &str, file: &str, digest: Digest, bytes: &[u8]) {
        let Some(number) = file.strip_suffix(".dsse.json").and_then(parse_number) else {
            let sentence = "no record has such a name";
            return self.findings.add(Kind::Unlisted, name, sentence);
        };
        let record = match Record::open(bytes, &self.keys) {
            Ok(record) => {
                let (plan, commit) = (&record.plan.name, record.run.commit);
                if commit == number && directory_name(plan) == directory {
                    Some(record)
                } else {
                    let sentence = format!(
                        "it is record {commit} of the plan `{plan}`: repeated or in another's place"
                    );
                    self.findings.add(Kind::Reordered, name, sentence);
                    None
                }
            }
            Err(error) => {
                self.findings.add(Kind::Altered, name, error);
                None
            }
        };
        self.records
            .entry(directory.to_owned())
            .or_default()
            .insert(number, Entry { digest, record });
    }

    fn report(&mut self, name: &str, directory: &str, file: &str, digest: Digest, bytes: &[u8]) {
        let number = file.strip_suffix(".json").and_then(parse_number);
        let entry =
            number.and_then(|number| self.records.get(directory).and_then(|of| of.get(&number)));
        let Some(entry) = entry else {
            let sentence = "no record in the pack names this report";
            return self.findings.add(Kind::Unlisted, name, sentence);
        };
        // Of a record that could not be opened nothing is known; that is told.
        let Some(record) = &entry.record else { return };
        if record.report != digest {
            let sentence = format!(
                "its digest is {digest}; the record of the run was signed for {}",
                record.report
            );
            return self.findings.add(Kind::Altered, name, sentence);
        }
        if let Some(sentence) = contradiction(record, bytes) {
            self.findings.add(Kind::Altered, name, sentence);
        }
    }

    fn opened_manifest(&mut self, bytes: &[u8]) -> Option<Statement<Manifest>> {
        match manifest::open(bytes, &self.keys) {
            Ok(manifest) => Some(manifest),
            Err(sentence) => {
                self.findings.add(Kind::Altered, MANIFEST, sentence);
                None
            }
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

    fn end(self) -> Verification {
        let all = self.records.values().flat_map(BTreeMap::values);
        let opened: Vec<&Record> = all.filter_map(|entry| entry.record.as_ref()).collect();
        let keys: BTreeSet<_> = opened.iter().map(|record| record.key).collect();
        let endpoints: BTreeSet<_> = opened
            .iter()
            .filter_map(|record| record.environment.endpoint.clone())
            .collect();
        let summary = Summary {
            records: opened.len(),
            keys: keys.into_iter().collect(),
            endpoints: endpoints.into_iter().collect(),
            manifest: self.manifest.map(|manifest| manifest.predicate),
        };
        self.findings.verification(summary)
    }
}

/// Where a report says otherwise than its record, though the signature covers both.
fn contradiction(record: &Record, bytes: &[u8]) -> Option<String> {
    let report = match std::str::from_utf8(bytes).map(Report::from_json) {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => return Some(error.to_string()),
        Err(error) => return Some(format!("it is no text: {error}")),
    };
    let summary = &report.summary;
    let counts = [
        summary.pass,
        summary.fail,
        summary.inconclusive,
        summary.excepted,
        summary.planned,
    ];
    let Outcome {
        verdict,
        pass,
        fail,
        inconclusive,
        excepted,
        planned,
    } = record.outcome;
    let started: Option<Timestamp> = report.run.started_at.parse().ok();
    let pairs = [
        ("plan", report.plan.name == record.plan.name),
        (
            "plan digest",
            report.plan.digest == record.plan.digest.to_string(),
        ),
        ("run id", report.run.id == record.run.id),
        (
            "region",
            report.environment.region == record.environment.region,
        ),
        (
            "account",
            report.environment.account == record.environment.account,
        ),
        (
            "endpoint",
            report.environment.endpoint == record.environment.endpoint,
        ),
        ("verdict", summary.verdict == verdict),
        (
            "counts",
            counts == [pass, fail, inconclusive, excepted, planned],
        ),
        ("start", started == Some(record.run.started_at)),
    ];
    pairs
        .into_iter()
        .find(|(_, same)| !same)
        .map(|(what, _)| format!("the record of the run was signed for another {what}"))
}
