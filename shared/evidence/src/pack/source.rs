// SPDX-License-Identifier: Apache-2.0
//! Where a pack's records come from: a folder, or the buckets of a deployed stack.

use std::error::Error;

use crate::digest::Digest;
use crate::period::Period;

/// A plan that a source has records of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlanOfSource {
    /// Its name.
    pub name: String,
    /// Minutes between two runs, as scheduled, where that is known.
    pub interval_minutes: Option<u32>,
    /// The numbers of runs that started in the period, where the source knows of them apart from their
    /// records: a record that was cut off at the end of the chain is missed by them alone.
    pub runs: Vec<u64>,
}

/// The port to stored records.
pub trait Source {
    /// Why something could not be read.
    type Error: Error + Send + Sync + 'static;

    /// The plans that there are records of.
    fn plans(&self) -> impl Future<Output = Result<Vec<PlanOfSource>, Self::Error>> + Send;

    /// A plan's stored records by number, in order: at least those of runs that started in the period
    /// and all between them.
    fn records(
        &self,
        plan: &str,
        period: &Period,
    ) -> impl Future<Output = Result<Vec<(u64, Vec<u8>)>, Self::Error>> + Send;

    /// The report of a run, as stored; `None` where it is not there any more.
    fn report(
        &self,
        plan: &str,
        commit: u64,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Self::Error>> + Send;

    /// The bytes of a plan, by digest; `None` where they were never stored.
    fn plan(
        &self,
        plan: &str,
        digest: &Digest,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, Self::Error>> + Send;
}
