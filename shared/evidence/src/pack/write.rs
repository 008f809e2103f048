// SPDX-License-Identifier: Apache-2.0
//! Writing a pack.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::{self, Write};

use futures_util::{StreamExt, stream};
use keyproof_verdict::Report;
use thiserror::Error as ThisError;

use super::chosen::Chosen;
use super::facts::Facts;
use super::{
    Archive, CLOUDTRAIL, COMPLETENESS, CONTROLS, MANIFEST, Manifest, PLANS, POLICIES, PlanOfSource,
    README, RECORDS, REPORTS, Source, Unavailable, VERSIONS,
};
use crate::completeness::Completeness;
use crate::controls::Tallies;
use crate::digest::Digest;
use crate::dsse::Envelope;
use crate::key::{Sign, SignError};
use crate::ledger::{plan_file, record_file, report_file};
use crate::period::Period;
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
        let chosen = Chosen::of(plan, stored, period, &mut self.problems);
        for name in chosen.unrecorded() {
            self.not_there(name, "the run was made, but there is no record of it");
        }
        Ok(chosen)
    }

    async fn plans<S: Source>(&mut self, source: &S, chosen: &Chosen) -> Result<(), PackError> {
        let records = chosen.readable();
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
        let completeness = Completeness {
            schema: Completeness::SCHEMA.to_owned(),
            period,
            plans: chosen
                .iter()
                .map(|plan| plan.completeness(&period))
                .collect(),
        };
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
        self.problems
            .extend(chosen.iter().flat_map(Chosen::broken_links));
        let manifest = Statement {
            subject: self.subjects,
            predicate: Manifest {
                period,
                plans: chosen.iter().map(Chosen::row).collect(),
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
