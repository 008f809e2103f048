// SPDX-License-Identifier: Apache-2.0
//! Which of a plan's records go into a pack, and what is to be said of them.

use super::{PlanOfPack, PlanOfSource, RECORDS};
use crate::completeness::PlanCompleteness;
use crate::digest::Digest;
use crate::ledger::{directory_name, record_file};
use crate::period::Period;
use crate::record::Record;

/// A plan's records in the pack.
pub(super) struct Chosen {
    pub(super) plan: PlanOfSource,
    pub(super) directory: String,
    pub(super) records: Vec<Kept>,
}

/// One record, as it is stored.
pub(super) struct Kept {
    pub(super) commit: u64,
    pub(super) bytes: Vec<u8>,
    /// `None` where it can't be read.
    pub(super) record: Option<Record>,
}

impl Chosen {
    /// From the first record of the period to the last: a chain has no holes, even where a run that
    /// started before the period was finished in it.
    pub(super) fn of(
        plan: PlanOfSource,
        stored: Vec<(u64, Vec<u8>)>,
        period: &Period,
        problems: &mut Vec<String>,
    ) -> Self {
        let mut records: Vec<Kept> = stored
            .into_iter()
            .map(|(commit, bytes)| {
                let record = Record::read(&bytes)
                    .map_err(|error| {
                        let name = &plan.name;
                        problems.push(format!("record {commit} of the plan `{name}`: {error}"));
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
        Self {
            directory: directory_name(&plan.name),
            plan,
            records,
        }
    }

    /// The records that can be read.
    pub(super) fn readable(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter_map(|kept| kept.record.as_ref())
    }

    /// The files of records that runs should have before the first and after the last of these. One that is missing
    /// in between breaks the chain, which is worse, and found there.
    pub(super) fn unrecorded(&self) -> Vec<String> {
        let edges = self.records.first().zip(self.records.last());
        let span = edges.map(|(first, last)| first.commit..=last.commit);
        let outside = |commit: &&u64| span.as_ref().is_none_or(|span| !span.contains(commit));
        let name = |commit: &u64| format!("{RECORDS}/{}/{}", self.directory, record_file(*commit));
        self.plan.runs.iter().filter(outside).map(name).collect()
    }

    /// What runs there should be.
    pub(super) fn completeness(&self, period: &Period) -> PlanCompleteness {
        let PlanOfSource {
            name,
            interval_minutes,
            ..
        } = &self.plan;
        PlanCompleteness::of(name, *interval_minutes, period, self.readable())
    }

    /// What the manifest says of the plan.
    pub(super) fn row(&self) -> PlanOfPack {
        let first = self.records.first();
        let last = self.records.last();
        PlanOfPack {
            name: self.plan.name.clone(),
            directory: self.directory.clone(),
            interval_minutes: self.plan.interval_minutes,
            records: u64::try_from(self.records.len()).unwrap_or(u64::MAX),
            first: first.map(|kept| kept.commit),
            last: last.map(|kept| kept.commit),
            previous: first
                .and_then(|kept| kept.record.as_ref())
                .and_then(|record| record.previous),
            head: last.map(|kept| Digest::of(&kept.bytes)),
        }
    }

    /// Where its records don't follow each other.
    pub(super) fn broken_links(&self) -> Vec<String> {
        let name = &self.plan.name;
        let mut told = Vec::new();
        for pair in self.records.windows(2) {
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
}
