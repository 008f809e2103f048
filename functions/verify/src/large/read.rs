// SPDX-License-Identifier: Apache-2.0
//! The shards' reports, read from the report bucket with as much patience as there is time for.
//!
//! One that is refused for good, garbled or never answered is no reason to lose what the others found out:
//! its shard is blind. One whose reading may yet succeed is read again first, the others with it. Of a shard at
//! which two attempts overlapped there are two.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use keyproof_shard::{Handed, Manifest};
use keyproof_store::{Reports, StoreError};
use keyproof_verdict::Report;
use tokio::time::{Instant, sleep, timeout_at};

use super::cut::AT_ONCE;
use super::{LargeRun, REPORTS};
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

/// A shard whose reports are being read.
struct Reading {
    shard: usize,
    /// Which is read next, from 1.
    number: usize,
    found: Vec<Report>,
}

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
        let shards = manifest.shards.iter();
        let mut left: Vec<_> = shards.map(|shard| Reading::new(shard.number)).collect();
        let mut handed = Vec::with_capacity(left.len());
        let mut pauses = PAUSES.into_iter();
        loop {
            let reads = stream::iter(left).map(async |mut reading: Reading| {
                let read = timeout_at(until, self.go_on(run, &mut reading)).await;
                let read = read.unwrap_or_else(|_| Err(late(run, &reading)));
                (reading, read)
            });
            let read: Vec<_> = reads.buffered(AT_ONCE).collect().await;
            let pause = (pauses.next()).filter(|pause| Instant::now() + *pause < until);
            left = Vec::new();
            for (reading, read) in read {
                let shard = reading.shard;
                let unread = match read {
                    Ok(()) => None,
                    Err(unread) if unread.passing && pause.is_some() => {
                        left.push(reading);
                        continue;
                    }
                    Err(Unread { why, .. }) => {
                        tracing::error!(
                            run_id = run.run_id,
                            shard,
                            why,
                            "a shard's report can't be read"
                        );
                        Some(Err(why))
                    }
                };
                let reports = reading.found.into_iter().map(Ok).chain(unread);
                let shard = Some(shard);
                handed.extend(reports.map(|report| Handed { shard, report }));
            }
            match pause {
                Some(pause) if !left.is_empty() => sleep(pause).await,
                _ => break,
            }
        }
        handed.sort_by_key(|handed| handed.shard);
        handed
    }

    /// Reads a shard's reports, up to where there is none.
    async fn go_on(&self, run: &LargeRun, reading: &mut Reading) -> Result<(), Unread> {
        while reading.number <= REPORTS {
            let key = run.report(reading.shard, reading.number);
            let text = self.stack.reports.get(&key).await;
            let Some(text) = text.map_err(|error| refused(&key, &error))? else {
                break;
            };
            // What came over the way may be broken where the object is whole.
            let report = Report::from_json(&text).map_err(|error| Unread {
                why: format!("`{key}`: {error}"),
                passing: true,
            })?;
            // A write whose answer got lost is made again, and finds itself there.
            if !reading.found.contains(&report) {
                reading.found.push(report);
            }
            reading.number += 1;
        }
        Ok(())
    }
}

impl Reading {
    const fn new(shard: usize) -> Self {
        Self {
            shard,
            number: 1,
            found: Vec::new(),
        }
    }
}

fn refused(key: &str, error: &StoreError) -> Unread {
    Unread {
        why: format!("`{key}`: {error}"),
        passing: error.is_retryable(),
    }
}

fn late(run: &LargeRun, reading: &Reading) -> Unread {
    let key = run.report(reading.shard, reading.number);
    Unread {
        why: format!("`{key}` was not read before the time for it was over"),
        passing: false,
    }
}
