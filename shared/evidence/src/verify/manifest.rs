// SPDX-License-Identifier: Apache-2.0
//! What a pack's manifest says against what is in the pack.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Findings, Kind};
use super::{Entry, Records};
use crate::completeness::{Completeness, PlanCompleteness};
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::key::{KeyId, PublicKey};
use crate::ledger::{directory_name, plan_file, report_file};
use crate::pack::{COMPLETENESS, MANIFEST, Manifest, PLANS, PlanOfPack, REPORTS};
use crate::record::{Record, RecordError};
use crate::statement::Statement;

/// What was read of a pack.
pub(super) struct Parts<'a> {
    pub(super) files: &'a BTreeMap<String, Digest>,
    pub(super) records: &'a Records,
    pub(super) plans: &'a [Digest],
    pub(super) completeness: Option<&'a [u8]>,
}

/// Opens a stored manifest; with the key that is said to have signed it, where that is not among these.
pub(super) fn open(
    bytes: &[u8],
    keys: &[PublicKey],
) -> Result<(Statement<Manifest>, Option<KeyId>), String> {
    let (envelope, unknown) = Envelope::open(bytes, keys).map_err(|error| error.to_string())?;
    let manifest =
        Statement::<Manifest>::parse(&envelope.payload).map_err(|error| error.to_string())?;
    if manifest.predicate.key == envelope.key_id {
        Ok((manifest, unknown))
    } else {
        Err(RecordError::Key {
            named: manifest.predicate.key,
            signed: envelope.key_id,
        }
        .to_string())
    }
}

/// Holds the parts against the manifest, and against each other where there is none.
pub(super) fn check(
    manifest: Option<&Statement<Manifest>>,
    parts: &Parts<'_>,
    findings: &mut Findings,
) {
    let mut unavailable = BTreeSet::new();
    if let Some(manifest) = manifest {
        let listed = listing(manifest, parts, findings);
        for file in &manifest.predicate.unavailable {
            unavailable.insert(file.file.as_str());
            if !listed.contains(file.file.as_str()) {
                findings.add(Kind::Incomplete, &file.file, &file.why);
            }
        }
        plans(&manifest.predicate, parts, findings);
        completeness(&manifest.predicate, parts, findings);
    }
    named_files(parts, &unavailable, findings);
    if parts.records.is_empty() {
        let sentence = "the pack holds no record at all";
        findings.add(Kind::Incomplete, "records", sentence);
    }
}

/// Every file, by digest.
fn listing<'a>(
    manifest: &'a Statement<Manifest>,
    parts: &Parts<'_>,
    findings: &mut Findings,
) -> BTreeSet<&'a str> {
    let mut listed = BTreeSet::new();
    for subject in &manifest.subject {
        let name = subject.name.as_str();
        if !listed.insert(name) {
            findings.add(Kind::Repeated, MANIFEST, format!("it lists `{name}` twice"));
        }
        match parts.files.get(name) {
            Some(digest) if *digest == subject.sha256 => {}
            Some(digest) => {
                let expected = subject.sha256;
                let sentence = format!("its digest is {digest}; the manifest has {expected}");
                findings.add(Kind::Altered, name, sentence);
            }
            None => findings.add(Kind::Missing, name, "the manifest lists it"),
        }
    }
    for name in parts.files.keys() {
        if name != MANIFEST && !listed.contains(name.as_str()) {
            let sentence = "it is in the archive, but not in the manifest";
            findings.add(Kind::Unlisted, name, sentence);
        }
    }
    listed
}

/// Each plan's chain, from where to where.
fn plans(manifest: &Manifest, parts: &Parts<'_>, findings: &mut Findings) {
    let nothing = BTreeMap::new();
    let named: BTreeSet<&str> = manifest
        .plans
        .iter()
        .map(|plan| plan.directory.as_str())
        .collect();
    for plan in &manifest.plans {
        let chain = parts.records.get(&plan.directory).unwrap_or(&nothing);
        let found = found(plan, chain);
        if found != *plan {
            let sentence = format!(
                "the manifest says that there are {} records of the plan `{}`, {}; there are {}, {}",
                plan.records,
                plan.name,
                span(plan),
                found.records,
                span(&found),
            );
            findings.add(Kind::Altered, MANIFEST, sentence);
        }
    }
    for directory in parts.records.keys() {
        if !named.contains(directory.as_str()) {
            let sentence = "the manifest knows no such plan";
            findings.add(Kind::Unlisted, &format!("records/{directory}"), sentence);
        }
    }
}

/// What the manifest should say of a plan.
fn found(plan: &PlanOfPack, chain: &BTreeMap<u64, Entry>) -> PlanOfPack {
    let first = chain.first_key_value();
    let last = chain.last_key_value();
    PlanOfPack {
        name: plan.name.clone(),
        directory: directory_name(&plan.name),
        interval_minutes: plan.interval_minutes,
        records: u64::try_from(chain.len()).unwrap_or(u64::MAX),
        first: first.map(|(commit, _)| *commit),
        last: last.map(|(commit, _)| *commit),
        // Of a record that could not be opened nothing is known; that is told.
        previous: first.map_or(plan.previous, |(_, entry)| {
            entry
                .record
                .as_ref()
                .map_or(plan.previous, |record| record.previous)
        }),
        head: last.map(|(_, entry)| entry.digest),
    }
}

fn span(plan: &PlanOfPack) -> String {
    match (plan.first, plan.last, plan.head) {
        (Some(first), Some(last), Some(head)) => format!("{first} to {last} ({head})"),
        _ => "none".to_owned(),
    }
}

/// The statement, made again from the records.
fn completeness(manifest: &Manifest, parts: &Parts<'_>, findings: &mut Findings) {
    let plans = manifest.plans.iter().map(|plan| {
        let chain = parts.records.get(&plan.directory);
        let entries = chain.into_iter().flat_map(BTreeMap::values);
        let records = entries.filter_map(|entry| entry.record.as_ref());
        PlanCompleteness::of(&plan.name, plan.interval_minutes, &manifest.period, records)
    });
    let ours = Completeness {
        schema: Completeness::SCHEMA.to_owned(),
        period: manifest.period,
        plans: plans.collect(),
    };
    let Some(theirs) = parts.completeness else {
        // The manifest lists it, or is altered; both are told.
        return;
    };
    if ours.to_bytes().is_ok_and(|ours| ours != theirs) {
        let sentence = "it is not what the records in the pack say";
        findings.add(Kind::Altered, COMPLETENESS, sentence);
    }
    for plan in &ours.plans {
        for gap in &plan.gaps {
            let sentence = format!(
                "the plan `{}` was not run between {} and {}: {} missing",
                plan.plan, gap.from, gap.to, gap.missing
            );
            findings.add(Kind::Incomplete, COMPLETENESS, sentence);
        }
    }
}

/// The reports and plans that records name.
fn named_files(parts: &Parts<'_>, unavailable: &BTreeSet<&str>, findings: &mut Findings) {
    let mut missing = |name: String, sentence: String| {
        if !parts.files.contains_key(&name) && !unavailable.contains(name.as_str()) {
            findings.add(Kind::Missing, &name, sentence);
        }
    };
    let mut plans = BTreeSet::new();
    for (directory, chain) in parts.records {
        for (commit, entry) in chain {
            let report = format!("{REPORTS}/{directory}/{}", report_file(*commit));
            missing(report, format!("record {commit} names it"));
            let digest = entry.record.as_ref().map(plan_of);
            plans.extend(digest.map(|digest| (directory, digest, *commit)));
        }
    }
    let mut seen = BTreeSet::new();
    for (directory, digest, commit) in plans {
        if seen.insert((directory, digest)) && !parts.plans.contains(&digest) {
            let plan = format!("{PLANS}/{directory}/{}", plan_file(&digest));
            missing(plan, format!("record {commit} names it"));
        }
    }
}

fn plan_of(record: &Record) -> Digest {
    record.plan.digest
}
