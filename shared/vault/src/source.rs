// SPDX-License-Identifier: Apache-2.0
//! The evidence of a deployed service, for packs.

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use keyproof_evidence::pack::{PlanOfSource, Source};
use keyproof_evidence::{
    Digest, Period, directory_name, plan_file, record_file, record_number, report_file,
};

use crate::{EvidenceBucket, ROOT, VaultError};

/// Objects that are read at once.
const AT_ONCE: usize = 16;
/// How much later than S3's own clock a run's may be.
const SKEW: SignedDuration = SignedDuration::from_hours(24);

/// A bucket of evidence, and what is known of its plans from elsewhere.
#[derive(Debug)]
pub struct BucketSource {
    bucket: EvidenceBucket,
    plans: Vec<PlanOfSource>,
}

impl BucketSource {
    /// The records of these plans in this bucket.
    #[must_use]
    pub const fn new(bucket: EvidenceBucket, plans: Vec<PlanOfSource>) -> Self {
        Self { bucket, plans }
    }
}

fn below(plan: &str, folder: &str, file: &str) -> String {
    format!("{ROOT}/{}/{folder}/{file}", directory_name(plan))
}

impl Source for BucketSource {
    type Error = VaultError;

    async fn plans(&self) -> Result<Vec<PlanOfSource>, VaultError> {
        Ok(self.plans.clone())
    }

    /// A record is written after its run began: what is older than the period is of a run before it.
    async fn records(
        &self,
        plan: &str,
        period: &Period,
    ) -> Result<Vec<(u64, Vec<u8>)>, VaultError> {
        let listed = self.bucket.list(&below(plan, "records", "")).await?;
        let since = period.from.checked_sub(SKEW).unwrap_or(period.from);
        let wanted = listed
            .into_iter()
            .filter(|object| object.modified.is_none_or(|written| written >= since))
            .filter_map(|object| record_number(&object.name));
        stream::iter(wanted)
            .map(|number| async move {
                let key = below(plan, "records", &record_file(number));
                let bytes = self.bucket.get(&key).await?;
                Ok(bytes.map(|bytes| (number, bytes)))
            })
            .buffered(AT_ONCE)
            // One that went away since it was listed is missing, like any other that isn't there.
            .try_filter_map(async |record| Ok(record))
            .try_collect()
            .await
    }

    async fn report(&self, plan: &str, commit: u64) -> Result<Option<Vec<u8>>, VaultError> {
        let key = below(plan, "reports", &report_file(commit));
        self.bucket.get(&key).await
    }

    async fn plan(&self, plan: &str, digest: &Digest) -> Result<Option<Vec<u8>>, VaultError> {
        let key = below(plan, "plans", &plan_file(digest));
        self.bucket.get(&key).await
    }
}
