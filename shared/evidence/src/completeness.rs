// SPDX-License-Identifier: Apache-2.0
//! What should have been run in a period, what was, and where nothing was.

use jiff::Timestamp;
use keyproof_verdict::Verdict;
use serde::{Deserialize, Serialize};

use crate::period::Period;
use crate::record::Record;

/// The statement of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Completeness {
    /// Always `keyproof.evidence-completeness/v1`.
    pub schema: String,
    /// The period.
    pub period: Period,
    /// Each plan, by name.
    pub plans: Vec<PlanCompleteness>,
}

/// One plan's part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanCompleteness {
    /// Its name.
    pub plan: String,
    /// Minutes between two runs, as scheduled; `null` where no schedule is known, and then nothing
    /// can be said about runs that were never made.
    pub interval_minutes: Option<u32>,
    /// Runs that the interval asks for in the period.
    pub expected: Option<u64>,
    /// Runs of the whole plan that started in the period, whatever started them.
    pub done: u64,
    /// Runs of a part of the plan, which stand for no run of it and are counted nowhere else.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parts: u64,
    /// Runs that the interval asks for and that were not made: the sum over the gaps. More runs at
    /// another time don't make up for them.
    pub missing: Option<u64>,
    /// Of the runs done: passed, failed, proved nothing.
    pub passed: u64,
    /// Failed.
    pub failed: u64,
    /// Proved nothing.
    pub inconclusive: u64,
    /// Times without a run for longer than one and a half intervals.
    pub gaps: Vec<Gap>,
}

/// A time without a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The start of the last run before it, or the period's beginning.
    pub from: Timestamp,
    /// The start of the first run after it, or the period's end.
    pub to: Timestamp,
    /// Runs that the interval asks for in between.
    pub missing: u64,
}

impl Completeness {
    /// The schema that this version writes.
    pub const SCHEMA: &'static str = "keyproof.evidence-completeness/v1";

    /// The statement as it is stored.
    ///
    /// # Errors
    ///
    /// Never: serialisation can't fail on these types.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Runs that are missing, of all plans.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.plans.iter().filter_map(|plan| plan.missing).sum()
    }
}

impl PlanCompleteness {
    /// Counts the records of a plan.
    pub(crate) fn of<'a>(
        plan: &str,
        interval_minutes: Option<u32>,
        period: &Period,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Self {
        let mut starts = Vec::new();
        let mut parts = 0;
        let [mut passed, mut failed, mut inconclusive] = [0; 3];
        for record in records {
            if !period.contains(record.run.started_at) {
                continue;
            }
            if record.run.part.is_some() {
                parts += 1;
                continue;
            }
            starts.push(record.run.started_at);
            match record.outcome.verdict {
                Verdict::Pass => passed += 1,
                Verdict::Fail => failed += 1,
                Verdict::Inconclusive => inconclusive += 1,
            }
        }
        starts.sort_unstable();
        let gaps = interval_minutes.map_or_else(Vec::new, |minutes| gaps(minutes, period, &starts));
        let seconds = period.to.as_second() - period.from.as_second();
        Self {
            plan: plan.to_owned(),
            interval_minutes,
            expected: interval_minutes.map(|minutes| intervals(seconds, minutes)),
            done: u64::try_from(starts.len()).unwrap_or(u64::MAX),
            parts,
            missing: interval_minutes.map(|_| gaps.iter().map(|gap| gap.missing).sum()),
            passed,
            failed,
            inconclusive,
            gaps,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Whole intervals in a span, rounded to the nearest.
fn intervals(seconds: i64, minutes: u32) -> u64 {
    let interval = i64::from(minutes.max(1)) * 60;
    u64::try_from((seconds + interval / 2) / interval).unwrap_or(0)
}

fn gaps(minutes: u32, period: &Period, starts: &[Timestamp]) -> Vec<Gap> {
    if starts.is_empty() {
        let missing = intervals(period.to.as_second() - period.from.as_second(), minutes);
        return vec![Gap {
            from: period.from,
            to: period.to,
            missing,
        }];
    }
    let edges = std::iter::once(period.from)
        .chain(starts.iter().copied())
        .chain(std::iter::once(period.to));
    let next = edges.clone().skip(1);
    edges
        .zip(next)
        .filter_map(|(from, to)| {
            // A span of n intervals between two runs has n - 1 missing in it.
            let missing = intervals(to.as_second() - from.as_second(), minutes).saturating_sub(1);
            (missing > 0).then_some(Gap { from, to, missing })
        })
        .collect()
}
