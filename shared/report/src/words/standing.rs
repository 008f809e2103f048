// SPDX-License-Identifier: Apache-2.0
//! How a probe counts, in a word and a sign.

use keyproof_verdict::{ProbeRow, Report, Verdict};

/// How a probe counts: its verdict, or an exception in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It failed.
    Fail,
    /// Nothing was found out.
    Inconclusive,
    /// It failed under an exception in force.
    Excepted,
    /// As expected.
    Pass,
}

impl Standing {
    /// Every standing, worst first.
    pub const ALL: [Self; 4] = [Self::Fail, Self::Inconclusive, Self::Excepted, Self::Pass];

    /// Of a verdict, under an exception in force or not.
    #[must_use]
    pub const fn new(verdict: Verdict, excepted: bool) -> Self {
        match (verdict, excepted) {
            (Verdict::Pass, _) => Self::Pass,
            (Verdict::Fail, true) => Self::Excepted,
            (Verdict::Fail, false) => Self::Fail,
            (Verdict::Inconclusive, _) => Self::Inconclusive,
        }
    }

    /// Of a row of a report.
    #[must_use]
    pub const fn of(row: &ProbeRow) -> Self {
        Self::new(row.verdict, row.exception.is_some())
    }

    /// Of a whole run.
    #[must_use]
    pub const fn of_run(verdict: Verdict) -> Self {
        Self::new(verdict, false)
    }

    /// The word for it, and its class on a page.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Excepted => "excepted",
        }
    }

    /// A sign that needs no colour.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Pass => "✓",
            Self::Fail => "✗",
            Self::Inconclusive => "?",
            Self::Excepted => "!",
        }
    }
}

/// The rows of a standing, each with its position in the report: the worst finding first, then in plan order.
pub(crate) fn rows(report: &Report, standing: Standing) -> Vec<(usize, &ProbeRow)> {
    let rows = report.probes.iter().enumerate();
    let mut rows: Vec<_> = rows
        .filter(|(_, row)| Standing::of(row) == standing)
        .collect();
    rows.sort_by_key(|(_, row)| row.finding);
    rows
}
