// SPDX-License-Identifier: Apache-2.0
//! Evidence: each committed run as a signed record that names the one before it, with its report and
//! plan, in a bucket with Object Lock.
//!
//! Objects are named as files of a folder of evidence are, below `evidence/`: a copy of the bucket is
//! what `keyproof evidence export --records` reads. None is ever written over, so that a record that
//! comes again changes nothing.

use keyproof_evidence::{
    Digest, KeyId, Record as Evidence, RecordError, Signed, directory_name, plan_file, record_file,
    report_file,
};
use keyproof_state::RunItem;
use keyproof_store::{Store, Table};
use keyproof_vault::ROOT;

use super::Calling;
use crate::run::WholeRun;
use crate::sink::{About, Sink, Telling, Told};
use crate::{Record, SinkError};

/// A bucket whose objects are written once.
pub trait Vault {
    /// An object; `None` where there is none.
    fn get<'a>(&'a self, key: &'a str) -> Calling<'a, Option<Vec<u8>>>;

    /// The key of the first object below a prefix, in the order of their names; `None` where there is none.
    fn first<'a>(&'a self, prefix: &'a str) -> Calling<'a, Option<String>>;

    /// Writes an object that is not there yet; `false` where it is.
    fn create<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Calling<'a, bool>;
}

/// A key that signs records.
pub trait Seal {
    /// Its id.
    fn id(&self) -> Calling<'_, KeyId>;

    /// Signs a record that names this key.
    fn seal(&self, record: Evidence) -> Calling<'_, Signed>;
}

/// Plans as they were pushed.
pub trait PlanTexts {
    /// A version of a plan; `None` where the table has it no more.
    fn text<'a>(&'a self, plan: &'a str, version: u64) -> Calling<'a, Option<String>>;
}

impl<T: Table> PlanTexts for Store<T> {
    fn text<'a>(&'a self, plan: &'a str, version: u64) -> Calling<'a, Option<String>> {
        Box::pin(async move {
            let version = self.version(plan, version).await?;
            Ok(version.map(|version| version.text))
        })
    }
}

/// The sink.
#[derive(Debug)]
pub struct EvidenceVault<Bucket, Key, Plans> {
    bucket: Bucket,
    key: Key,
    plans: Plans,
}

impl<Bucket: Vault, Key: Seal, Plans: PlanTexts> EvidenceVault<Bucket, Key, Plans> {
    /// Records in this bucket, signed by this key.
    pub const fn new(bucket: Bucket, key: Key, plans: Plans) -> Self {
        Self { bucket, key, plans }
    }

    async fn keep(&self, whole: &WholeRun) -> Result<(), SinkError> {
        let run = &whole.item;
        let base = format!("{ROOT}/{}", directory_name(&run.plan));
        let records = format!("{base}/records/");
        let place = |commit| format!("{records}{}", record_file(commit));
        if let Some(stored) = self.bucket.get(&place(run.commit)).await? {
            return same(&stored, run);
        }
        let previous = match run.commit {
            0 | 1 => None,
            commit => {
                let found = self.before(&place(commit - 1), run).await?;
                if found.is_none() {
                    self.begins(&records, &place(commit), run).await?;
                }
                found
            }
        };
        self.keep_plan(&base, whole).await?;
        let text = whole.text.as_bytes();
        let report = format!("{base}/reports/{}", report_file(run.commit));
        self.bucket.create(&report, text.to_vec()).await?;
        let record = Evidence::of(
            &whole.report,
            text,
            run.commit,
            previous.as_deref().map(Digest::of),
            self.key.id().await?,
        )
        .map_err(|error| no_record(&error))?;
        let signed = self.key.seal(record).await?;
        if self.bucket.create(&place(run.commit), signed.bytes).await? {
            Ok(())
        } else {
            // Somebody else was faster: this run comes again, and finds it there.
            Err(SinkError::Contended("a record of evidence"))
        }
    }

    /// The record before the run's. A link that is signed can't be mended, and nothing ties a reply to its request,
    /// so that what isn't there is asked for twice, and what is there has to be that record.
    async fn before(&self, place: &str, run: &RunItem) -> Result<Option<Vec<u8>>, SinkError> {
        let found = match self.bucket.get(place).await? {
            Some(found) => found,
            None => match self.bucket.get(place).await? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let record = Evidence::read(&found).map_err(|error| no_record(&error))?;
        if record.run.commit + 1 == run.commit && record.plan.name == run.plan {
            Ok(Some(found))
        } else {
            Err(SinkError::Evidence(format!(
                "in place of the record before commit {} of the plan `{}`, the bucket has one of commit {} of `{}`",
                run.commit, run.plan, record.run.commit, record.plan.name
            )))
        }
    }

    /// Holds that the chain begins with this run, of which there is no record before: evidence was turned on after
    /// that run. Where there are earlier ones, the one before is still to come, and a record without a link to it
    /// would cut the chain for good. Records are in the order of their names, as their numbers are padded.
    async fn begins(&self, records: &str, place: &str, run: &RunItem) -> Result<(), SinkError> {
        match self.bucket.first(records).await? {
            Some(first) if first.as_str() < place => Err(SinkError::Evidence(format!(
                "the bucket has no record of commit {} of the plan `{}` yet, and has earlier ones; the sweep tells it \
                 first, or `{{\"publish\": {{\"plan\": \"{}\", \"commit\": {}}}}}` does",
                run.commit - 1,
                run.plan,
                run.plan,
                run.commit - 1
            ))),
            Some(_) | None => Ok(()),
        }
    }

    /// The plan's bytes, once for each version of them.
    async fn keep_plan(&self, base: &str, whole: &WholeRun) -> Result<(), SinkError> {
        let run = &whole.item;
        let Some(text) = self.plans.text(&run.plan, run.plan_version).await? else {
            tracing::warn!(
                plan = run.plan,
                version = run.plan_version,
                "the plan of a run is not in the state table; its evidence names it by digest alone"
            );
            return Ok(());
        };
        let digest = Digest::of(text.as_bytes());
        if digest.to_string() != whole.report.plan.digest {
            return Err(SinkError::Evidence(format!(
                "version {} of the plan `{}` in the state table is not the plan of run {}: its digest is {digest}",
                run.plan_version, run.plan, run.run_id
            )));
        }
        let place = format!("{base}/plans/{}", plan_file(&digest));
        self.bucket.create(&place, text.into_bytes()).await?;
        Ok(())
    }
}

/// Whether a stored record is this run's.
fn same(stored: &[u8], run: &RunItem) -> Result<(), SinkError> {
    let record = Evidence::read(stored).map_err(|error| no_record(&error))?;
    if record.run.id == run.run_id && record.report.to_string() == run.report_digest {
        Ok(())
    } else {
        Err(SinkError::Evidence(format!(
            "the bucket has a record of commit {} of the plan `{}`, but of another run, {}",
            run.commit, run.plan, record.run.id
        )))
    }
}

fn no_record(error: &RecordError) -> SinkError {
    SinkError::Evidence(error.to_string())
}

impl<Bucket: Vault, Key: Seal, Plans: PlanTexts> Sink for EvidenceVault<Bucket, Key, Plans> {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a> {
        Box::pin(async move {
            if !matches!(about.record, Record::Run(_)) || told.has("ALL") {
                return Ok(());
            }
            self.keep(about.run.whole().await?).await?;
            told.mark(["ALL"]).await
        })
    }
}
