// SPDX-License-Identifier: Apache-2.0
//! Observations in, report out: each planned probe once, in plan order, whatever was seen of it.

mod access;
mod encryption;
mod exceptions;
mod reason;
mod world;

#[cfg(test)]
pub(crate) mod tests;

use jiff::{Timestamp, civil::Date};
use keyproof_plan::{Action, Expected, Plan, Probe, ProbeKind};

use crate::{
    Answer, Denial, Environment, ExpectedRow, Finding, Observation, Observations, ObservedRow,
    PlanRow, ProbeRow, Report, Run, Summary, Verdict, sentinel,
};
use exceptions::Exceptions;
pub use reason::clause;
use sentinel::Samples;
use world::World;
pub(crate) use world::speaks_of;

/// What the caller of [`judge`] knows of the run itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFacts {
    /// The run's ULID.
    pub id: String,
    /// What started it: `cli`, `schedule`, `invoke`, `check`, …
    pub trigger: String,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The account under test, where it is known.
    pub account: Option<String>,
    /// The region under test; the plan's where `None`.
    pub region: Option<String>,
    /// The endpoint, where it is not AWS's own.
    pub endpoint: Option<String>,
    /// keyproof's version.
    pub version: String,
    /// The file that the plan was read from, as the user named it.
    pub plan_file: Option<String>,
    /// The day of the run in UTC, against which exceptions are held.
    pub today: Date,
}

/// What one probe came to. The verdict follows from the finding, so that the two can't disagree.
struct Ruling {
    finding: Option<Finding>,
    reason: String,
}

/// Judges what a run saw by its plan, with a [`Sentinel`](crate::Sentinel) on watch: had the judge not
/// been able to fail, nothing passes. A probe that nothing was seen of is `blind`.
#[must_use]
#[expect(
    clippy::needless_pass_by_value,
    reason = "as `judge_unwatched`, which consumes it"
)]
pub fn judge(plan: &Plan, observations: &Observations, facts: RunFacts) -> Report {
    sentinel::watch(judge_unwatched, plan, observations, &facts)
}

/// The same without a sentinel: for many judgements of one plan whose failures are counted, so that a
/// judge that can't fail shows anyway.
#[must_use]
pub fn judge_unwatched(plan: &Plan, observations: &Observations, facts: RunFacts) -> Report {
    let probes: Vec<_> = plan.each_probe().enumerate().collect();
    let mut judge = Judge::new(plan, facts.today);
    let rows = judge.rows_unwatched(&probes, observations, &facts);
    let mut report = judge.report_unwatched(facts);
    report.probes = rows.into_iter().map(|(_, row)| row).collect();
    report
}

/// A run judged in parts, each as soon as it was seen: whoever wants a row must take it when it is
/// made, as nothing is kept here but counts and what the sentinel tries.
///
/// INVARIANT (whole units): a part is one or more of the plan's units ([`keyproof_plan::Unit`]), each
/// with all of its probes. Half a unit may have lost its witness.
#[derive(Debug)]
pub struct Judge<'a> {
    plan: &'a Plan,
    exceptions: Exceptions<'a>,
    tally: Tally,
    samples: Samples,
}

impl<'a> Judge<'a> {
    /// Begins to judge a run of the plan. `today` is the day against which exceptions are held.
    #[must_use]
    pub fn new(plan: &'a Plan, today: Date) -> Self {
        Self {
            plan,
            exceptions: Exceptions::new(plan, today),
            tally: Tally::default(),
            samples: Samples::default(),
        }
    }

    /// The rows of these probes, each with its place in plan order. Of `facts` only account and region
    /// matter yet. What passes has passed once [`Judge::report`] finds the sentinel awake.
    pub fn rows(
        &mut self,
        probes: &[(usize, Probe)],
        observations: &Observations,
        facts: &RunFacts,
    ) -> Vec<(usize, ProbeRow)> {
        self.samples.take(self.plan, probes, observations);
        self.rows_unwatched(probes, observations, facts)
    }

    fn rows_unwatched(
        &mut self,
        probes: &[(usize, Probe)],
        observations: &Observations,
        facts: &RunFacts,
    ) -> Vec<(usize, ProbeRow)> {
        let asked = probes.iter().map(|(_, probe)| probe);
        let world = World::new(self.plan, asked, observations, facts);
        let rows = probes.iter().map(|(place, probe)| {
            let mut row = row(&world, probe);
            self.exceptions.apply(&mut row);
            self.tally.add(&row);
            (*place, row)
        });
        rows.collect()
    }

    /// Counts a row that the same run made earlier. Its exceptions are held against today, and not against
    /// the day on which it was made.
    pub fn keep(&mut self, row: &mut ProbeRow) {
        self.exceptions.apply_again(row);
        self.tally.add(row);
    }

    /// The counts so far.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.tally.summary()
    }

    /// The report, without its rows. Where its sentinel is asleep, each row has yet to be
    /// [withdrawn](crate::Sentinel::withdraw), as [`Report::complete`] does.
    #[must_use]
    pub fn report(self, facts: RunFacts) -> Report {
        let sentinel = self.samples.try_out(judge_unwatched, self.plan, &facts);
        let mut report = self.report_unwatched(facts);
        sentinel.withdraw_passes(&mut report);
        report.sentinel = Some(sentinel);
        report
    }

    fn report_unwatched(self, facts: RunFacts) -> Report {
        let plan = self.plan;
        let milliseconds = facts.finished_at.as_millisecond() - facts.started_at.as_millisecond();
        Report {
            schema: Report::SCHEMA.to_owned(),
            run: Run {
                id: facts.id,
                trigger: facts.trigger,
                started_at: format!("{:.3}", facts.started_at),
                finished_at: format!("{:.3}", facts.finished_at),
                duration_ms: u64::try_from(milliseconds).unwrap_or(0),
            },
            plan: PlanRow {
                name: plan.name.clone(),
                digest: plan.digest.clone(),
                file: facts.plan_file,
            },
            environment: Environment {
                account: facts.account,
                region: facts.region.unwrap_or_else(|| plan.region.clone()),
                endpoint: facts.endpoint,
                version: facts.version,
            },
            part: None,
            summary: self.tally.summary(),
            probes: Vec::new(),
            exceptions: self.exceptions.notes(),
            notes: Vec::new(),
            documents: Vec::new(),
            sentinel: None,
            calls: Vec::new(),
        }
    }
}

fn row(world: &World<'_>, probe: &Probe) -> ProbeRow {
    match &probe.kind {
        ProbeKind::Encryption { table } => encryption::row(world, probe, table),
        ProbeKind::Access {
            principal,
            action,
            table,
            index,
            expected,
        } => {
            let question = Question {
                principal,
                action: *action,
                table: table.as_deref(),
                index: index.as_deref(),
                expected: *expected,
            };
            access_row(world, probe, &question)
        }
    }
}

/// An access probe, taken apart.
struct Question<'a> {
    principal: &'a str,
    action: Action,
    table: Option<&'a str>,
    index: Option<&'a str>,
    expected: Expected,
}

fn access_row(world: &World<'_>, probe: &Probe, question: &Question<'_>) -> ProbeRow {
    let observation = world.observations.probes.get(&probe.id);
    let answer = observation.map(|observation| world.answer(question, observation));
    let ruling = access::rule(world, question, answer.as_ref(), observation);
    let role = world
        .plan
        .principals
        .get(question.principal)
        .map(|principal| &principal.role);
    ProbeRow {
        id: probe.id.clone(),
        principal: Some(question.principal.to_owned()),
        role_arn: role.map(ToString::to_string),
        action: question.action.to_string(),
        table: question.table.map(str::to_owned),
        resource: observation
            .and_then(|observation| observation.resource.clone())
            .or_else(|| world.resource(question)),
        expected: expected_row(question.expected),
        observed: observed_row(observation, answer.as_ref()),
        verdict: verdict(ruling.finding),
        finding: ruling.finding,
        reason: ruling.reason,
        cause: None,
        exception: None,
        line: Some(probe.place.line),
    }
}

fn expected_row(expected: Expected) -> ExpectedRow {
    match expected {
        Expected::Allowed => ExpectedRow {
            decision: "allowed".to_owned(),
            by: None,
            policy: None,
            key: None,
        },
        Expected::Denied { by, policy } => ExpectedRow {
            decision: "denied".to_owned(),
            by: Some(by),
            policy,
            key: None,
        },
    }
}

/// What was seen of a call, as a row of a report tells it.
#[must_use]
pub fn observed_row(observation: Option<&Observation>, answer: Option<&Answer>) -> ObservedRow {
    let nobody = Denial::default();
    let (decision, denial) = match answer {
        Some(Answer::Allowed(_)) => ("allowed", &nobody),
        Some(Answer::Denied(denial)) => ("denied", denial),
        Some(Answer::KeyUnusable(_) | Answer::Unknown(_)) | None => ("unknown", &nobody),
    };
    ObservedRow {
        decision: decision.to_owned(),
        by: denial.by,
        policy: denial.policy,
        explicit: denial.explicit,
        error_code: observation.and_then(|seen| seen.error_code.clone()),
        message: observation.and_then(|seen| seen.message.clone()),
        request_id: observation.and_then(|seen| seen.request_id.clone()),
        attempts: observation.map_or(0, |seen| seen.attempts),
        latency_ms: observation.and_then(|seen| seen.latency_ms),
        key: None,
    }
}

/// The verdict that a finding stands for; a probe without a finding passed.
fn verdict(finding: Option<Finding>) -> Verdict {
    finding.map_or(Verdict::Pass, Finding::verdict)
}

impl Summary {
    /// Counts a run's rows and says its verdict.
    #[must_use]
    pub fn of(rows: &[ProbeRow]) -> Self {
        let rows = rows.iter();
        Self::count(rows.map(|row| (row.verdict, row.exception.is_some())))
    }

    /// Counts verdicts, each with whether it is excepted.
    #[must_use]
    pub fn count(verdicts: impl IntoIterator<Item = (Verdict, bool)>) -> Self {
        let mut tally = Tally::default();
        for (verdict, excepted) in verdicts {
            tally.count(verdict, excepted);
        }
        tally.summary()
    }
}

/// What is counted of a run's rows.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    pass: usize,
    fail: usize,
    inconclusive: usize,
    excepted: usize,
    planned: usize,
}

impl Tally {
    fn add(&mut self, row: &ProbeRow) {
        self.count(row.verdict, row.exception.is_some());
    }

    fn count(&mut self, verdict: Verdict, excepted: bool) {
        self.planned += 1;
        // Only a failure can be excepted.
        match (verdict, excepted) {
            (Verdict::Pass, _) => self.pass += 1,
            (Verdict::Fail, false) => self.fail += 1,
            (Verdict::Fail, true) => self.excepted += 1,
            (Verdict::Inconclusive, _) => self.inconclusive += 1,
        }
    }

    fn summary(self) -> Summary {
        // A run of no probes found nothing out.
        let verdict = if self.fail > 0 {
            Verdict::Fail
        } else if self.inconclusive > 0 || self.planned == 0 {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        };
        Summary {
            verdict,
            pass: self.pass,
            fail: self.fail,
            inconclusive: self.inconclusive,
            excepted: self.excepted,
            planned: self.planned,
        }
    }
}

impl Question<'_> {
    /// Whether the answer could bear witness for its table.
    fn can_witness(&self) -> bool {
        self.expected == Expected::Allowed && self.action.reads_canary()
    }
}
