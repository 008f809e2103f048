// SPDX-License-Identifier: Apache-2.0
//! A run from start to report.

use std::future::pending;
use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::{Either, FusedFuture, select};
use jiff::{Timestamp, tz::TimeZone};
use keyproof_plan::{Plan, Units};
use keyproof_verdict::{CallRow, Judge, NoteRow, Report, RunFacts};

use crate::cut::Cut;
use crate::observe::{Seen, observe};
use crate::rows::{AllRows, Rows};
use crate::run::Run;
use crate::{Runner, Settings};

/// Carries out the plan's probes and judges what they saw.
///
/// There is no error: what could not be found out stands in the report, each planned probe once.
/// The future is to be run where it is (`block_on`, a `LocalSet`): it is not `Send`.
pub async fn verify(plan: &Plan, settings: &Settings, runner: &Runner) -> Report {
    verify_until(plan, settings, runner, pending()).await
}

/// The same, until `interrupted` is ready: what has no answer by then is blind, and the report is as
/// whole as any.
pub async fn verify_until(
    plan: &Plan,
    settings: &Settings,
    runner: &Runner,
    interrupted: impl Future<Output = ()>,
) -> Report {
    let mut all = AllRows::default();
    // It takes every row, and never fails.
    let (mut report, _) = verify_into(plan, settings, runner, None, interrupted, &mut all).await;
    report.complete(all.into_rows());
    report
}

/// The same, and each row goes into `rows` as soon as it is judged, so that memory doesn't grow with
/// the plan. The report has none.
///
/// Where an `earlier` part of the run is given, it is gone on from: its rows are kept, and what they
/// don't tell is asked.
///
/// The result beside the report tells of the first row that could not be taken: there the run ended.
pub async fn verify_into(
    plan: &Plan,
    settings: &Settings,
    runner: &Runner,
    earlier: Option<&Cut<'_>>,
    interrupted: impl Future<Output = ()>,
    rows: &mut impl Rows,
) -> (Report, io::Result<()>) {
    let mut interrupted = pin!(interrupted.fuse());
    let started = Instant::now();
    let settings = &Settings {
        run_id: earlier.map_or(settings.run_id, |earlier| Some(earlier.id)),
        ..settings.clone()
    };
    let run = Run::start(plan, settings, runner).await;
    tracing::info!(run_id = %run.id, plan = plan.name, "run started");
    let started_at = earlier.map_or(run.started_at, |earlier| earlier.started_at);
    let facts = RunFacts {
        id: run.id.to_string(),
        trigger: settings.trigger.clone(),
        started_at,
        finished_at: started_at,
        account: None,
        region: Some(run.region.to_owned()),
        endpoint: runner.endpoint().map(str::to_owned),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_file: settings.plan_file.clone(),
        // Of this part, and not of the first: an exception may have expired in between.
        today: run.started_at.to_zoned_datetime(TimeZone::UTC).date(),
    };
    let mut units = plan.units();
    if let Some(earlier) = earlier {
        let all = plan.units();
        units.all.retain(|unit| !earlier.kept.has_unit(&all, unit));
    }
    let mut part = Part::new(plan, facts, rows, earlier);
    part.written = part.keep();
    if part.written.is_ok() {
        part.observe(&run, &units, interrupted.as_mut()).await;
    }
    let mut calls = run.calls.counted();
    let mut notes = Vec::new();
    if run.guard_refused.load(Ordering::Relaxed) && part.written.is_ok() {
        tracing::warn!(run_id = %run.id, "STS would not take the sessions' guard: once more without");
        // All of it: what some sessions lack, the others must lack too (`session::guard`).
        let again = Settings {
            guard: false,
            run_id: Some(run.id),
            deadline: settings
                .deadline
                .map(|bound| bound.saturating_sub(started.elapsed())),
            ..settings.clone()
        };
        let bare = Run::start(plan, &again, runner).await;
        part.written = part.again();
        if part.written.is_ok() {
            part.observe(&bare, &units, interrupted.as_mut()).await;
        }
        CallRow::add(&mut calls, bare.calls.counted());
        notes.push(unguarded());
    }
    let Part {
        judge,
        written,
        mut facts,
        ..
    } = part;
    facts.finished_at = Timestamp::now();
    if interrupted.is_terminated() {
        notes.push(cut_off(facts.finished_at));
    }
    let mut report = judge.report(facts);
    report.notes = notes;
    report.calls = calls;
    if let Some(earlier) = earlier {
        earlier.add_to(&mut report, run.started_at);
    }
    tracing::info!(
        run_id = %run.id,
        verdict = ?report.summary.verdict,
        planned = report.summary.planned,
        "run finished"
    );
    (report, written)
}

/// A run's way from what was seen to its rows.
struct Part<'p, 'c, R> {
    plan: &'p Plan,
    facts: RunFacts,
    rows: &'p mut R,
    earlier: Option<&'p Cut<'c>>,
    judge: Judge<'p>,
    begun: bool,
    written: io::Result<()>,
}

impl<'p, 'c, R: Rows> Part<'p, 'c, R> {
    fn new(plan: &'p Plan, facts: RunFacts, rows: &'p mut R, earlier: Option<&'p Cut<'c>>) -> Self {
        Self {
            plan,
            judge: Judge::new(plan, facts.today),
            facts,
            rows,
            earlier,
            begun: false,
            written: Ok(()),
        }
    }

    /// Forgets what was judged, but for what an earlier part found out.
    fn again(&mut self) -> io::Result<()> {
        self.judge = Judge::new(self.plan, self.facts.today);
        if self.begun {
            self.rows.again()?;
        }
        self.keep()
    }

    fn begin(&mut self) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let frame = Judge::new(self.plan, self.facts.today).report(self.facts.clone());
        self.rows.begin(&frame)
    }

    /// Keeps the rows of the earlier part.
    fn keep(&mut self) -> io::Result<()> {
        let Some(earlier) = self.earlier else {
            return Ok(());
        };
        self.facts.account.clone_from(&earlier.account);
        self.begin()?;
        for found in (earlier.rows)()? {
            let (place, mut row) = found?;
            if earlier.kept.has(place) {
                self.judge.keep(&mut row);
                self.rows.take(vec![(place, row)])?;
            }
        }
        Ok(())
    }

    /// Asks, judges and writes, unit after unit. Once the run is interrupted, nothing is waited for
    /// any more.
    async fn observe(
        &mut self,
        run: &Run<'_>,
        units: &Units<'_>,
        interrupted: impl FusedFuture<Output = ()> + Unpin,
    ) {
        if interrupted.is_terminated() {
            run.calls.stop();
        }
        let seen = observe(run, units, |seen| {
            // A run that is made once more has nothing more to say.
            if run.guard_refused.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            self.written = self.take(seen);
            match self.written {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        // Boxed: laid out in place, the whole is deeper than compilers of callers follow.
        let account = match select(Box::pin(seen), interrupted).await {
            Either::Left((account, _)) => account,
            Either::Right(((), rest)) => {
                tracing::warn!(run_id = %run.id, "interrupted: what has no answer yet is left at that");
                run.calls.stop();
                rest.await
            }
        };
        self.facts.account = account.or_else(|| self.facts.account.take());
    }

    fn take(&mut self, seen: Seen) -> io::Result<()> {
        let then = self.earlier.and_then(|earlier| earlier.account.as_ref());
        if let (Some(then), Some(now)) = (then, &seen.account)
            && then != now
        {
            let message = format!(
                "the run began with credentials of account {then}, and can't be resumed with those of {now}"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        if let Some(account) = seen.account {
            self.facts.account = Some(account);
        }
        self.begin()?;
        let rows = self
            .judge
            .rows(&seen.probes, &seen.observations, &self.facts);
        self.rows.take(rows)
    }
}

/// INVARIANT (said aloud): a report of which somebody ended the run says so.
fn cut_off(at: Timestamp) -> NoteRow {
    note(
        "interrupted",
        format!(
            "the run was interrupted at {at:.3}: what had no answer by then is blind; `keyproof verify \
             --resume` goes on from its report"
        ),
    )
}

fn unguarded() -> NoteRow {
    let text = "STS had no room for the policy that keeps the sessions to the calls of the plan beside \
                their tags, so that they had none: give a principal fewer or shorter tags";
    note("unguarded", text.to_owned())
}

pub(crate) fn note(kind: &str, text: String) -> NoteRow {
    NoteRow {
        kind: kind.to_owned(),
        text,
        file: None,
        line: None,
    }
}
