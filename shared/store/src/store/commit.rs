// SPDX-License-Identifier: Apache-2.0
//! Commits: a run's report becomes what is known, whole or not at all.
//!
//! The state, the run, what it changed and the run's status are written in one transaction, on
//! condition that the state is still what was read. Where another run was faster, the state is read
//! again and the report applied again: nothing is lost, and no number is left out. Where the run's
//! id is done already, nothing is written: nothing is applied twice.

use std::time::Duration;

use jiff::Timestamp;
use keyproof_state::{
    Applied, Noun, Observed, PlanState, Reference, Rules, RunStage, RunStatus, apply, hex, split,
};
use keyproof_verdict::Report;

use super::{Store, TRIES};
use crate::{Condition, Reports, StoreError, Table, Write, Written};

/// What came of a commit.
#[derive(Clone, Debug, PartialEq)]
pub enum Committed {
    /// The run is committed.
    Now(Box<Applied>),
    /// A run of the same id was committed before, as this commit of its plan.
    Before(u64),
}

impl<T: Table> Store<T> {
    /// Commits a run. A report that is too large for the table goes to `reports` first.
    ///
    /// # Errors
    ///
    /// Where the table or the bucket can't be reached; then nothing of the run is written but, maybe,
    /// its report in the bucket.
    pub async fn commit(
        &self,
        report: &Report,
        observed: &Observed<'_>,
        rules: &Rules,
        reports: &impl Reports,
    ) -> Result<Committed, StoreError> {
        let asked_for = self.run_status(&report.run.id).await?;
        let requested_at = asked_for.and_then(|status| status.requested_at);
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause(&report.run.id, attempt)).await;
            }
            let known = self.state(&report.plan.name).await?;
            let applied = apply(&known, report, observed, rules)?;
            if let (Some(key), Some(text)) = (&applied.run.report_key, &applied.apart) {
                reports.put(key, text).await?;
            }
            let keys = applied.new_keys.iter().map(|arn| Reference::key(arn));
            self.refer(&known.plan, keys).await?;
            let writes = writes(&known, &applied, requested_at)?;
            let done = writes.len() - 1;
            match self.table.write(&writes).await? {
                Written::Done => return Ok(Committed::Now(Box::new(applied))),
                Written::Refused(refused) if refused.contains(&done) => {
                    let before = self.run_status(&report.run.id).await?;
                    if let Some(commit) = before.and_then(|before| before.commit) {
                        return Ok(Committed::Before(commit));
                    }
                }
                Written::Refused(_) | Written::Conflict => {}
            }
        }
        Err(StoreError::Contended {
            plan: report.plan.name.clone(),
        })
    }
}

/// How long to wait before another try: up to a quarter of a second, and not as long as others wait
/// who met at the same moment.
fn pause(run_id: &str, attempt: usize) -> Duration {
    let most: u64 = 250.min(10 << attempt.min(5));
    let seed = hex(format!("{run_id}/{attempt}").as_bytes());
    let seed = seed
        .get(..8)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok());
    Duration::from_millis(seed.unwrap_or_default() % (most + 1))
}

/// The writes of a commit; the last is that of the run's status.
fn writes(
    known: &PlanState,
    applied: &Applied,
    requested_at: Option<Timestamp>,
) -> Result<Vec<Write>, StoreError> {
    let items = split(&applied.state, known)?;
    let unchanged = match known.commit {
        0 => Condition::Absent,
        commit => Condition::Equals("commit", commit.into()),
    };
    let mut writes = vec![
        Write::Put {
            item: items.head,
            conditions: vec![unchanged],
        },
        Write::insert(applied.run.to_item()?),
    ];
    writes.extend(items.parts.into_iter().map(Write::put));
    for change in &applied.changes {
        writes.push(Write::insert(change.to_item()?));
    }
    writes.push(Write::Put {
        item: status(applied, requested_at).to_item()?,
        conditions: vec![Condition::Lacks("commit")],
    });
    Ok(writes)
}

fn status(applied: &Applied, requested_at: Option<Timestamp>) -> RunStatus {
    let run = &applied.run;
    RunStatus {
        run_id: run.run_id.clone(),
        plan: run.plan.clone(),
        status: RunStage::Done,
        trigger: run.trigger.clone(),
        requested_at,
        started_at: Some(run.started_at),
        finished_at: Some(run.finished_at),
        commit: Some(run.commit),
        verdict: Some(run.summary.verdict),
        error: None,
        expires: run.expires,
    }
}
