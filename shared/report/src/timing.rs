// SPDX-License-Identifier: Apache-2.0
//! How long a run's calls took.

use keyproof_verdict::Report;

/// The calls of one service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// `DynamoDB`, `KMS`, `STS`.
    pub(crate) service: &'static str,
    /// How many probes have a time.
    pub(crate) calls: usize,
    /// How many of them were sent more than once.
    pub(crate) repeated: usize,
    /// Half of them took no longer, in milliseconds.
    pub(crate) median: u64,
    /// Nineteen of twenty took no longer.
    pub(crate) p95: u64,
    /// None took longer.
    pub(crate) slowest: u64,
}

/// The timings by service, those that were called.
pub(crate) fn timings(report: &Report) -> Vec<Timing> {
    let services = [("dynamodb:", "DynamoDB"), ("kms:", "KMS"), ("sts:", "STS")];
    let of = |(prefix, service): (&str, &'static str)| {
        let rows = report
            .probes
            .iter()
            .filter(|row| row.action.starts_with(prefix));
        let mut repeated = 0;
        let mut times: Vec<u64> = rows
            .filter_map(|row| {
                let time = row.observed.latency_ms?;
                repeated += usize::from(row.observed.attempts > 1);
                Some(time)
            })
            .collect();
        times.sort_unstable();
        let at = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied()
        };
        Some(Timing {
            service,
            calls: times.len(),
            repeated,
            median: at(50)?,
            p95: at(95)?,
            slowest: at(100)?,
        })
    };
    services.into_iter().filter_map(of).collect()
}
