// SPDX-License-Identifier: Apache-2.0
//! The sentinel: whether keyproof could have failed.
//!
//! A check that can't fail passes for ever. So answers that a run saw are judged once more, by the same
//! [`judge_unwatched`](crate::judge_unwatched), in a plan that expects the opposite: an open door must
//! be found `exposed`, a closed one `locked_out`, a table on another key `wrong_key`. Where a run saw no
//! door of a kind (a plan that only allows has nothing closed), an answer is made up, and the report says
//! so: the judge is tried for each kind of failure in every run. Where it doesn't find one, nothing that
//! it let pass has passed.

mod turn;

#[cfg(test)]
mod tests;

use keyproof_plan::Plan;

use crate::report::{Sentinel, Trial};
use crate::{Finding, Observations, ProbeRow, Report, RunFacts, Verdict};
pub(crate) use turn::Samples;
use turn::{Door, Turned};

/// What is tried: [`judge_unwatched`](crate::judge_unwatched), but for tests.
pub(crate) type Judge = fn(&Plan, &Observations, RunFacts) -> Report;

/// A judged run, whose judge was tried on the same answers.
pub(crate) fn watch(
    judge: Judge,
    plan: &Plan,
    observations: &Observations,
    facts: &RunFacts,
) -> Report {
    let mut report = judge(plan, observations, facts.clone());
    let probes: Vec<_> = plan.each_probe().enumerate().collect();
    let mut samples = Samples::default();
    samples.take(plan, &probes, observations);
    let sentinel = samples.try_out(judge, plan, facts);
    sentinel.withdraw_passes(&mut report);
    report.sentinel = Some(sentinel);
    let rows = std::mem::take(&mut report.probes);
    report.complete(rows);
    report
}

impl Report {
    /// Takes the rows of a report that was made without them. The sentinel speaks last: where it is
    /// asleep, none of them passes.
    pub fn complete(&mut self, mut rows: Vec<ProbeRow>) {
        if let Some(sentinel) = &self.sentinel {
            for row in &mut rows {
                sentinel.withdraw(row);
            }
        }
        self.probes = rows;
    }
}

impl Samples {
    /// Tries the judge on the answers that were taken, or on some that are made up.
    pub(crate) fn try_out(&self, judge: Judge, plan: &Plan, facts: &RunFacts) -> Sentinel {
        let turned = Door::ALL
            .into_iter()
            .filter_map(|door| self.turn(door, plan));
        Sentinel::of(
            turned
                .flat_map(|turned| try_out(judge, turned, facts))
                .collect(),
        )
    }
}

/// What the judge makes of answers that must fail. A run of failures that is none finds nothing.
fn try_out(judge: Judge, turned: Turned, facts: &RunFacts) -> Vec<Trial> {
    let Turned {
        plan,
        observations,
        mut trials,
    } = turned;
    let report = judge(&plan, &observations, facts.clone());
    let told = report.summary.verdict == Verdict::Fail && report.summary.fail >= trials.len();
    for trial in &mut trials {
        let row = report.probes.iter().find(|row| row.id == trial.probe);
        trial.found = row
            .filter(|row| told && row.verdict == Verdict::Fail)
            .and_then(|row| row.finding);
    }
    trials
}

/// INVARIANT (a green light means something): what passed before a judge that can't fail is blind.
/// Failures stay.
impl Sentinel {
    /// Takes back a row's pass, unless the sentinel is awake.
    pub fn withdraw(&self, row: &mut ProbeRow) {
        if !self.awake && row.verdict == Verdict::Pass {
            row.verdict = Verdict::Inconclusive;
            row.finding = Some(Finding::Blind);
            row.reason = format!("this probe's pass means nothing: {}", self.reason);
        }
    }

    /// Takes back what the counts and the notes of a report rest on passes, unless the sentinel is
    /// awake.
    pub(crate) fn withdraw_passes(&self, report: &mut Report) {
        if self.awake {
            return;
        }
        for note in &mut report.exceptions {
            if note.status == "unneeded" {
                "unused".clone_into(&mut note.status);
            }
        }
        let summary = &mut report.summary;
        summary.inconclusive += std::mem::take(&mut summary.pass);
        if summary.verdict == Verdict::Pass {
            summary.verdict = Verdict::Inconclusive;
        }
    }
}

impl Sentinel {
    /// What the trials of one run come to.
    #[must_use]
    pub fn of(tried: Vec<Trial>) -> Self {
        let missed = tried.iter().find(|trial| !trial.held());
        let made = tried.iter().filter(|trial| !trial.seen).count();
        let reason = match (missed, tried.len()) {
            (_, 0) => "the plan has nothing that could fail".to_owned(),
            (Some(trial), _) => format!(
                "keyproof judged an answer to `{}` by the opposite expectation and had to find `{}`, but \
                 found {}, so that its passes mean nothing: report it as a bug, with this report, \
                 and run another version",
                trial.probe,
                trial.must,
                trial
                    .found
                    .map_or_else(|| "nothing".to_owned(), |found| format!("`{found}`")),
            ),
            (None, all) => format!(
                "{all} answers, {}, were judged by the opposite expectation, and each failed as it must",
                match made {
                    0 => "all of this run".to_owned(),
                    made => format!("{made} of them made up as this run had none of the kind"),
                }
            ),
        };
        Self {
            awake: missed.is_none() && !tried.is_empty(),
            reason,
            tried,
        }
    }

    /// The sentinel of a run that was made in parts: one trial of each kind, and every one that was
    /// missed. Asleep where that of a part was.
    #[must_use]
    pub fn merged(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut tried: Vec<Trial> = Vec::new();
        let mut all_awake = true;
        for part in parts {
            all_awake &= part.awake;
            for trial in part.tried {
                let kind = trial.kind();
                let same = tried
                    .iter_mut()
                    .find(|other| other.held() && other.kind() == kind);
                match same {
                    // What was seen says more than what was made up.
                    Some(other) if trial.held() => {
                        if trial.seen && !other.seen {
                            *other = trial;
                        }
                    }
                    _ => tried.push(trial),
                }
            }
        }
        let mut merged = Self::of(tried);
        merged.awake &= all_awake;
        merged
    }
}

impl Trial {
    /// Whether the judge found what it had to.
    #[must_use]
    pub fn held(&self) -> bool {
        self.found == Some(self.must)
    }

    /// What is tried but once: the finding, and the action that the probe is of.
    fn kind(&self) -> (Finding, String) {
        let action = self.probe.split('/').nth(1).unwrap_or_default();
        (self.must, action.to_owned())
    }
}
