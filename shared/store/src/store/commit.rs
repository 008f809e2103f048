// SPDX-License-Identifier: Apache-2.0
//! Commits: a run's report becomes what is known, whole or not at all.
//!
//! The state, the run, what it changed and the run's status are written in one transaction, on
//! condition that the state is still what was read. Where another run was faster, the state is read
//! again and the report applied again: nothing is lost, and no number is left out. Where the run's
//! id is done already, nothing is written: nothing is applied twice.
//!
//! A transaction holds 4 MB and a hundred items. Of a run of very many probes, the parts of the state
//! are written before it, where nothing leads to them yet, and so is what changed, staged under the
//! run's id. Once the run is committed, what is staged becomes what changed: whoever finds it there,
//! after the one who committed was lost, sees to it.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>

use std::time::Duration;

use jiff::Timestamp;
use keyproof_state::{
    Applied, ChangeItem, Key, Noun, Observed, PlanState, Reference, Rules, RunStage, RunStatus,
    STATE, StateItems, apply, hex, left_behind, split,
};
use keyproof_verdict::Report;
use serde_json::Value;
use ulid::Ulid;

use super::{Store, TRIES};
use crate::{Condition, Query, Reports, StoreError, Table, Write, Written};

/// How many bytes of the state's parts a transaction holds.
const STATE_ROOM: usize = 1_750_000;
/// How many items of changes it holds, each of up to 300 KB.
const CHANGE_ROOM: usize = 5;
/// The attribute of a staged item that says where it is to be.
const STAGED_FOR: &str = "staged_for";

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
            let generation = Ulid::generate().to_string();
            let items = split(&applied.state, &known, &generation, STATE_ROOM)?;
            let apart = !items.ahead.is_empty() || !known.generations.is_empty();
            for part in &items.ahead {
                self.table.write(&[Write::put(part.clone())]).await?;
            }
            let (at_once, later) =
                (applied.changes).split_at(CHANGE_ROOM.min(applied.changes.len()));
            self.stage(&applied, later).await?;
            let writes = writes(&known, items, (&applied, at_once), requested_at)?;
            let done = writes.len() - 1;
            match self.table.write(&writes).await? {
                Written::Done => {
                    if !later.is_empty() {
                        self.settle(&known.plan, &report.run.id).await?;
                    }
                    if apart {
                        self.clear(&known.plan).await?;
                    }
                    return Ok(Committed::Now(Box::new(applied)));
                }
                Written::Refused(refused) if refused.contains(&done) => {
                    if let Some(commit) = self.settle(&known.plan, &report.run.id).await? {
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

    /// Brings what is left of a run's commit to its end, where the run is committed: as which commit.
    ///
    /// # Errors
    ///
    /// Where the table can't be reached; then it is to be done again.
    pub async fn settle(&self, plan: &str, run_id: &str) -> Result<Option<u64>, StoreError> {
        let status = self.run_status(run_id).await?;
        let Some(commit) = status.and_then(|status| status.commit) else {
            return Ok(None);
        };
        let prefix = Key::staged(plan, run_id, 0).sk;
        let prefix = prefix.trim_end_matches(|last: char| last.is_ascii_digit());
        for mut item in self
            .table
            .query(&Query::prefix(Key::plan(plan), prefix))
            .await?
        {
            let staged = Key {
                pk: Key::plan(plan),
                sk: text(item.get("sk")),
            };
            let place = item.remove(STAGED_FOR);
            // A try of the same run that lost has another number.
            if item.get("commit").and_then(Value::as_u64) == Some(commit) {
                item.insert("sk".to_owned(), place.unwrap_or_default());
                // Refused where it is there: somebody else saw to it.
                self.table.write(&[Write::insert(item)]).await?;
            }
            self.delete(staged).await?;
        }
        Ok(Some(commit))
    }

    /// Lays ready what the transaction has no room for.
    async fn stage(&self, applied: &Applied, later: &[ChangeItem]) -> Result<(), StoreError> {
        for (part, change) in later.iter().enumerate() {
            let mut item = change.to_item()?;
            let Key { sk, .. } = Key::staged(&change.plan, &applied.run.run_id, part);
            if let Some(place) = item.insert("sk".to_owned(), sk.into()) {
                item.insert(STAGED_FOR.to_owned(), place);
            }
            self.table.write(&[Write::put(item)]).await?;
        }
        Ok(())
    }

    /// Removes the parts of the state that no head leads to any more.
    async fn clear(&self, plan: &str) -> Result<(), StoreError> {
        let query = Query::prefix(Key::plan(plan), STATE);
        for key in left_behind(&self.table.query(&query).await?)? {
            self.delete(key).await?;
        }
        Ok(())
    }

    async fn delete(&self, key: Key) -> Result<(), StoreError> {
        let conditions = Vec::new();
        self.table
            .write(&[Write::Delete { key, conditions }])
            .await?;
        Ok(())
    }
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
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
    items: StateItems,
    (applied, changes): (&Applied, &[ChangeItem]),
    requested_at: Option<Timestamp>,
) -> Result<Vec<Write>, StoreError> {
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
    for change in changes {
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
