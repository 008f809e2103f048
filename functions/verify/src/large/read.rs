// SPDX-License-Identifier: Apache-2.0
//! The shards' reports, read from the report bucket with as much patience as there is time for.
//!
//! One that is refused for good, garbled or never answered is no reason to lose what the others found out:
//! its shard is blind. One whose reading may yet succeed is read again first, the others with it.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use keyproof_shard::{Handed, Manifest};
use keyproof_store::{Reports, StoreError};
use keyproof_verdict::Report;
use tokio::time::{Instant, sleep, timeout_at};

use super::LargeRun;
use super::cut::AT_ONCE;
use crate::stored::StoredRun;
use crate::{Ports, time_to_use};

/// The pauses before what could not be read is read again: a minute together, beside the tries that each
/// call has by itself.
const PAUSES: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
    Duration::from_secs(30),
];

/// Why a report is not known.
struct Unread {
    why: String,
    /// Whether the same again could succeed.
    passing: bool,
}

impl<P: Ports> StoredRun<'_, P> {
    /// What there is of each shard, in order. Half of the time is for reading: what is read after that
    /// nobody would commit.
    pub(super) async fn reports(&self, run: &LargeRun, manifest: &Manifest) -> Vec<Handed> {
        let until = Instant::now() + time_to_use(self.invocation.remaining) / 2;
        let mut left: Vec<usize> = manifest.shards.iter().map(|shard| shard.number).collect();
        let mut handed = Vec::with_capacity(left.len());
        let mut pauses = PAUSES.into_iter();
        loop {
            let reads = stream::iter(left).map(async |shard| {
                let read = timeout_at(until, self.report_of(run, shard)).await;
                (shard, read.unwrap_or_else(|_| Err(late(run, shard))))
            });
            let read: Vec<_> = reads.buffered(AT_ONCE).collect().await;
            let pause = (pauses.next()).filter(|pause| Instant::now() + *pause < until);
            left = Vec::new();
            for (shard, read) in read {
                let report = match read {
                    Ok(None) => continue,
                    Ok(Some(report)) => Ok(report),
                    Err(unread) if unread.passing && pause.is_some() => {
                        left.push(shard);
                        continue;
                    }
                    Err(Unread { why, .. }) => {
                        tracing::error!(
                            run_id = run.run_id,
                            shard,
                            why,
                            "a shard's report can't be read"
                        );
                        Err(why)
                    }
                };
                handed.push(Handed {
                    shard: Some(shard),
                    report,
                });
            }
            match pause {
                Some(pause) if !left.is_empty() => sleep(pause).await,
                _ => break,
            }
        }
        handed.sort_by_key(|handed| handed.shard);
        handed
    }

    /// A shard's report; `None` where there is none.
    async fn report_of(&self, run: &LargeRun, shard: usize) -> Result<Option<Report>, Unread> {
        let key = run.report(shard);
        let text = self.stack.reports.get(&key).await;
        let text = text.map_err(|error| refused(&key, &error))?;
        // What came over the way may be broken where the object is whole.
        let read = text.map(|text| Report::from_json(&text)).transpose();
        read.map_err(|error| Unread {
            why: format!("`{key}`: {error}"),
            passing: true,
        })
    }
}

fn refused(key: &str, error: &StoreError) -> Unread {
    Unread {
        why: format!("`{key}`: {error}"),
        passing: error.is_retryable(),
    }
}

fn late(run: &LargeRun, shard: usize) -> Unread {
    let key = run.report(shard);
    Unread {
        why: format!("`{key}` was not read before the time for it was over"),
        passing: false,
    }
}
