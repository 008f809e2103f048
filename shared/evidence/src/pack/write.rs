// SPDX-License-Identifier: Apache-2.0
//! Writing a pack.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::{self, Write};

use futures_util::{StreamExt, stream};
use keyproof_verdict::Report;
use thiserror::Error as ThisError;

use super::facts::Facts;
use super::{
    Archive, CLOUDTRAIL, COMPLETENESS, CONTROLS, MANIFEST, Manifest, PLANS, POLICIES, PlanOfPack,
    PlanOfSource, README, RECORDS, REPORTS, Source, Unavailable, VERSIONS,
};
use crate::completeness::{Completeness, PlanCompleteness};
use crate::controls::Tallies;
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::key::{Sign, SignError};
use crate::ledger::{directory_name, plan_file, record_file, report_file};
use crate::period::Period;
use crate::record::Record;
use crate::statement::{Statement, Subject};

const TEXT: &str = include_str!("readme.md");
/// Reports that are read at once.
const AT_ONCE: usize = 16;

/// What was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many records.
    pub records: u64,
    /// The completeness statement in it.
    pub completeness: Completeness,
    /// What is not as it should be in the source: it was packed as it is, and verifying the pack will
    /// find the same.
    pub problems: Vec<String>,
}

/// Why there is no pack.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum PackError {
    /// The source can't be read.
    #[error("the records can't be read: {0}")]
    Source(Box<dyn Error + Send + Sync>),
    /// The archive can't be written.
    #[error("the pack can't be written: {0}")]
    Write(#[from] io::Error),
    /// A statement can't be written.
    #[error("a statement can't be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The manifest can't be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

/// A plan's records in the pack.
struct Chosen {
    plan: PlanOfSource,
    directory: String,
    records: Vec<Kept>,
}

struct Kept {
    commit: u64,
    bytes: Vec<u8>,
    record: Option<Record>,
}

/// Writes the records that started in the period, and all between them, as one archive. The same
/// records, period and key give the same bytes, where the key signs deterministically as a
/// [`PrivateKey`](crate::PrivateKey) does.
///
/// # Errors
///
/// Where the source can't be read, the archive not written or the manifest not signed.
pub async fn write<S: Source>(
    source: &S,
    mut plans: Vec<PlanOfSource>,
    period: Period,
    version: &str,
    signer: &impl Sign,
    out: impl Write,
) -> Result<Exported, PackError> {
    let mut pack = Packing::new(out);
    plans.sort();
    plans.dedup_by(|one, other| one.name == other.name);
    let mut chosen = Vec::new();
    for plan in plans {
        chosen.push(pack.choose(source, plan, &period).await?);
    }
    // As names of files sort: `orders-eu/…` before `orders/…`.
    chosen.sort_by_cached_key(|chosen| format!("{}/", chosen.directory));
    pack.add(
        README,
        TEXT.replace("{period}", &period.to_string()).as_bytes(),
    )?;
    for plan in &chosen {
        pack.plans(source, plan).await?;
    }
    for plan in &chosen {
        pack.records(plan)?;
    }
    for plan in &chosen {
        pack.reports(source, plan).await?;
    }
    pack.finish(&mut chosen, period, version, signer).await
}

struct Packing<W: Write> {
    archive: Archive<W>,
    subjects: Vec<Subject>,
    facts: Facts,
    tallies: Tallies,
    unavailable: Vec<Unavailable>,
    problems: Vec<String>,
}

impl<W: Write> Packing<W> {
    fn new(out: W) -> Self {
        Self {
            archive: Archive::new(out),
            subjects: Vec::new(),
            facts: Facts::default(),
            tallies: Tallies::default(),
            unavailable: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.archive.add(name, bytes)?;
        self.subjects.push(Subject {
            name: name.to_owned(),
            sha256: Digest::of(bytes),
        });
        Ok(())
    }

    /// From the first record of the period to the last: a chain has no holes, even where a run that
    /// started before the period was finished in it.
    async fn choose<S: Source>(
        &mut self,
        source: &S,
        plan: PlanOfSource,
        period: &Period,
    ) -> Result<Chosen, PackError> {
        let stored = source
            .records(&plan.name, period)
            .await
            .map_err(|error| PackError::Source(Box::new(error)))?;
        let mut records: Vec<Kept> = stored
            .into_iter()
            .map(|(commit, bytes)| {
                let record = Record::read(&bytes)
                    .map_err(|error| {
                        let name = &plan.name;
                        self.problems
                            .push(format!("record {commit} of the plan `{name}`: {error}"));
                    })
                    .ok();
                Kept {
                    commit,
                    bytes,
                    record,
                }
            })
            .collect();
        records.sort_by_key(|kept| kept.commit);
        let inside = |kept: &Kept| {
            kept.record
                .as_ref()
                .is_some_and(|record| period.contains(record.run.started_at))
        };
        let first = records.iter().position(inside);
        let last = records.iter().rposition(inside);
        let records = match (first, last) {
            (Some(first), Some(last)) => {
                records.truncate(last + 1);
                records.split_off(first)
            }
            _ => Vec::new(),
        };
        let directory = directory_name(&plan.name);
        let edges = records.first().zip(records.last());
        let span = edges.map(|(first, last)| first.commit..=last.commit);
        for commit in &plan.runs {
            // One that is missing in between breaks the chain, which is worse, and found there.
            if span.as_ref().is_none_or(|span| !span.contains(commit)) {
                let name = format!("{RECORDS}/{directory}/{}", record_file(*commit));
                self.not_there(name, "the run was made, but there is no record of it");
            }
        }
        Ok(Chosen {
            plan,
            directory,
            records,
        })
    }

    async fn plans<S: Source>(&mut self, source: &S, chosen: &Chosen) -> Result<(), PackError> {
        let records = chosen
            .records
            .iter()
            .filter_map(|kept| kept.record.as_ref());
        let digests: BTreeSet<Digest> = records.map(|record| record.plan.digest).collect();
        for digest in digests {
            let name = format!("{PLANS}/{}/{}", chosen.directory, plan_file(&digest));
            let bytes = source
                .plan(&chosen.plan.name, &digest)
                .await
                .map_err(|error| PackError::Source(Box::new(error)))?;
            match bytes {
                Some(bytes) => {
                    if Digest::of(&bytes) != digest {
                        self.problems.push(format!(
                            "`{name}` is not the plan that was run: it was altered"
                        ));
                    }
                    self.add(&name, &bytes)?;
                }
                None => self.not_there(name, "the plan's bytes were not kept"),
            }
        }
        Ok(())
    }

    fn records(&mut self, chosen: &Chosen) -> io::Result<()> {
        for kept in &chosen.records {
            let name = format!(
                "{RECORDS}/{}/{}",
                chosen.directory,
                record_file(kept.commit)
            );
            self.add(&name, &kept.bytes)?;
            if let Some(record) = &kept.record {
                self.facts.record(record);
            }
        }
        Ok(())
    }

    async fn reports<S: Source>(&mut self, source: &S, chosen: &Chosen) -> Result<(), PackError> {
        let reads = chosen.records.iter().map(|kept| async move {
            let read = source.report(&chosen.plan.name, kept.commit).await;
            (kept, read)
        });
        let mut reads = stream::iter(reads).buffered(AT_ONCE);
        while let Some((kept, read)) = reads.next().await {
            let name = format!(
                "{REPORTS}/{}/{}",
                chosen.directory,
                report_file(kept.commit)
            );
            let bytes = read.map_err(|error| PackError::Source(Box::new(error)))?;
            let Some(bytes) = bytes else {
                self.not_there(name, "the report was not kept");
                continue;
            };
            self.add(&name, &bytes)?;
            let expected = kept.record.as_ref().map(|record| record.report);
            if expected.is_some_and(|expected| expected != Digest::of(&bytes)) {
                self.problems.push(format!(
                    "`{name}` is not the report that was signed: it was altered"
                ));
                continue;
            }
            let text = String::from_utf8_lossy(&bytes);
            match (Report::from_json(&text), serde_json::from_str(&text)) {
                (Ok(report), Ok(stored)) => {
                    self.tallies.count(&report);
                    let plan = &chosen.plan.name;
                    self.facts.report(plan, kept.commit, &report, &stored);
                }
                (Err(error), _) => self.problems.push(format!("`{name}`: {error}")),
                (Ok(_), Err(error)) => self.problems.push(format!("`{name}`: {error}")),
            }
        }
        Ok(())
    }

    fn not_there(&mut self, file: String, why: &str) {
        self.problems.push(format!("`{file}` is missing: {why}"));
        self.unavailable.push(Unavailable {
            file,
            why: why.to_owned(),
        });
    }

    async fn finish(
        mut self,
        chosen: &mut [Chosen],
        period: Period,
        version: &str,
        signer: &impl Sign,
    ) -> Result<Exported, PackError> {
        // By name, as people look for them.
        chosen.sort_by(|one, other| one.plan.cmp(&other.plan));
        let completeness = completeness(chosen, period);
        let statements = BTreeMap::from([
            (CLOUDTRAIL, self.facts.cloudtrail()?),
            (COMPLETENESS, completeness.to_bytes()?),
            (CONTROLS, self.tallies.to_bytes()?),
            (POLICIES, self.facts.policies()?),
            (VERSIONS, self.facts.versions()?),
        ]);
        for (name, bytes) in statements {
            self.add(name, &bytes)?;
        }
        self.problems.extend(chosen.iter().flat_map(broken_links));
        let manifest = Statement {
            subject: self.subjects,
            predicate: Manifest {
                period,
                plans: chosen.iter().map(row).collect(),
                unavailable: self.unavailable,
                keyproof: version.to_owned(),
                key: signer.public_key().id(),
            },
        };
        let envelope = Envelope::sign(manifest.to_bytes()?, signer).await?;
        self.archive.add(MANIFEST, &envelope.to_bytes()?)?;
        self.archive.finish()?.flush()?;
        Ok(Exported {
            records: manifest
                .predicate
                .plans
                .iter()
                .map(|plan| plan.records)
                .sum(),
            completeness,
            problems: self.problems,
        })
    }
}

fn completeness(chosen: &[Chosen], period: Period) -> Completeness {
    let plans = chosen.iter().map(|chosen| {
        let records = chosen
            .records
            .iter()
            .filter_map(|kept| kept.record.as_ref());
        PlanCompleteness::of(
            &chosen.plan.name,
            chosen.plan.interval_minutes,
            &period,
            records,
        )
    });
    Completeness {
        schema: Completeness::SCHEMA.to_owned(),
        period,
        plans: plans.collect(),
    }
}

fn row(chosen: &Chosen) -> PlanOfPack {
    let first = chosen.records.first();
    let last = chosen.records.last();
    PlanOfPack {
        name: chosen.plan.name.clone(),
        directory: chosen.directory.clone(),
        interval_minutes: chosen.plan.interval_minutes,
        records: u64::try_from(chosen.records.len()).unwrap_or(u64::MAX),
        first: first.map(|kept| kept.commit),
        last: last.map(|kept| kept.commit),
        previous: first
            .and_then(|kept| kept.record.as_ref())
            .and_then(|record| record.previous),
        head: last.map(|kept| Digest::of(&kept.bytes)),
    }
}

/// Where a plan's records don't follow each other.
fn broken_links(chosen: &Chosen) -> Vec<String> {
    let name = &chosen.plan.name;
    let mut told = Vec::new();
    for pair in chosen.records.windows(2) {
        let [before, after] = pair else { continue };
        if before.commit + 1 != after.commit {
            let (from, to) = (before.commit + 1, after.commit - 1);
            told.push(format!(
                "records {from} to {to} of the plan `{name}` are missing"
            ));
        } else if let Some(record) = &after.record
            && record.previous != Some(Digest::of(&before.bytes))
        {
            let (commit, earlier) = (after.commit, before.commit);
            told.push(format!(
                "record {commit} of the plan `{name}` does not follow record {earlier} as it is now"
            ));
        }
    }
    told
}
