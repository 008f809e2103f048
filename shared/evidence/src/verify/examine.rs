// SPDX-License-Identifier: Apache-2.0
//! One file of a pack, by itself and beside the records before it.

use jiff::Timestamp;
use keyproof_verdict::Report;

use super::finding::Kind;
use super::{Records, Verifier, manifest};
use crate::digest::Digest;
use crate::key::KeyId;
use crate::ledger::{directory_name, parse_number, record_number};
use crate::pack::{COMPLETENESS, MANIFEST, Manifest, PLANS, RECORDS, REPORTS};
use crate::record::{Outcome, Record};
use crate::statement::Statement;

/// What a file is.
#[derive(Clone, Debug)]
pub(crate) struct Examined {
    pub(super) digest: Digest,
    pub(super) part: Part,
    /// What is wrong with it.
    pub(crate) finding: Option<(Kind, String)>,
    /// The key that is said to have signed it, where that was not given.
    pub(super) unknown_key: Option<KeyId>,
}

/// Which part of a pack a file is.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Record {
        directory: String,
        number: u64,
        /// `None` where it could not be opened.
        record: Option<Box<Record>>,
    },
    Plan,
    Completeness(Vec<u8>),
    Manifest(Option<Statement<Manifest>>),
    /// Held against the manifest, or against its record already.
    Other,
}

impl Verifier {
    /// Looks at a file that comes after those that were taken.
    pub(crate) fn examine(&self, name: &str, bytes: &[u8]) -> Examined {
        let mut examined = Examined {
            digest: Digest::of(bytes),
            part: Part::Other,
            finding: None,
            unknown_key: None,
        };
        let mut parts = name.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(RECORDS), Some(directory), Some(file), None) => {
                self.record(&mut examined, directory, file, bytes);
            }
            (Some(REPORTS), Some(directory), Some(file), None) => {
                let digest = examined.digest;
                examined.finding = report(&self.records, directory, file, digest, bytes);
            }
            (Some(PLANS), Some(_), Some(file), None) => {
                if file.strip_suffix(".yaml") == Some(examined.digest.hex().as_str()) {
                    examined.part = Part::Plan;
                } else {
                    let sentence = "its bytes are not those of the plan that it is named for";
                    examined.finding = Some((Kind::Altered, sentence.to_owned()));
                }
            }
            _ if name == COMPLETENESS => examined.part = Part::Completeness(bytes.to_vec()),
            _ if name == MANIFEST => {
                let opened = match manifest::open(bytes, &self.keys) {
                    Ok((manifest, unknown_key)) => {
                        examined.unknown_key = unknown_key;
                        Some(manifest)
                    }
                    Err(sentence) => {
                        examined.finding = Some((Kind::Altered, sentence));
                        None
                    }
                };
                examined.part = Part::Manifest(opened);
            }
            _ => {}
        }
        examined
    }

    fn record(&self, examined: &mut Examined, directory: &str, file: &str, bytes: &[u8]) {
        let Some(number) = record_number(file) else {
            let sentence = "no record has such a name";
            examined.finding = Some((Kind::Unlisted, sentence.to_owned()));
            return;
        };
        let record = match Record::examine(bytes, &self.keys) {
            Ok((record, unknown_key)) => {
                let (plan, commit) = (&record.plan.name, record.run.commit);
                if commit == number && directory_name(plan) == directory {
                    examined.unknown_key = unknown_key;
                    Some(Box::new(record))
                } else {
                    let sentence = format!(
                        "it is record {commit} of the plan `{plan}`: repeated or in another's place"
                    );
                    examined.finding = Some((Kind::Reordered, sentence));
                    None
                }
            }
            Err(error) => {
                examined.finding = Some((Kind::Altered, error.to_string()));
                None
            }
        };
        examined.part = Part::Record {
            directory: directory.to_owned(),
            number,
            record,
        };
    }
}

/// What is wrong with a report.
fn report(
    records: &Records,
    directory: &str,
    file: &str,
    digest: Digest,
    bytes: &[u8],
) -> Option<(Kind, String)> {
    let number = file.strip_suffix(".json").and_then(parse_number);
    let entry = number.and_then(|number| records.get(directory).and_then(|of| of.get(&number)));
    let Some(entry) = entry else {
        let sentence = "no record in the pack names this report";
        return Some((Kind::Unlisted, sentence.to_owned()));
    };
    // Of a record that could not be opened nothing is known; that is told.
    let record = entry.record.as_ref()?;
    if record.report != digest {
        let sentence = format!(
            "its digest is {digest}; the record of the run was signed for {}",
            record.report
        );
        return Some((Kind::Altered, sentence));
    }
    contradiction(record, bytes).map(|sentence| (Kind::Altered, sentence))
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
        ("part of the plan", report.part == record.run.part),
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
