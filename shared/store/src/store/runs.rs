// SPDX-License-Identifier: Apache-2.0
//! Runs, by their ids and in their plan's order.

use keyproof_state::{ChangeItem, Item, Key, Noun, RunItem, RunStage, RunStatus};

use super::Store;
use crate::{Condition, Query, Range, StoreError, Table, Write, Written};

/// The last number that keys have room for.
const LAST: u64 = 999_999_999_999;

/// Whether a run may be carried out under an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It may.
    Free,
    /// It was committed before, as this commit of its plan: its request arrived twice.
    Done(u64),
    /// The id is that of a run of another plan.
    OtherPlan(String),
}

impl<T: Table> Store<T> {
    /// What became of a run.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn run_status(&self, run_id: &str) -> Result<Option<RunStatus>, StoreError> {
        self.noun(&Key::run_status(run_id)).await
    }

    /// Notes that a run was asked for, so that somebody can ask after it.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn note_request(&self, status: &RunStatus) -> Result<(), StoreError> {
        self.put_unless_done(status).await?;
        Ok(())
    }

    /// Notes that a run is under way, unless one of its id is done. `status` says `running`.
    ///
    /// # Errors
    ///
    /// Where the table can't be read or written to.
    pub async fn claim(&self, status: &RunStatus) -> Result<Claim, StoreError> {
        let before = self.run_status(&status.run_id).await?;
        let mut status = status.clone();
        if let Some(before) = before {
            if before.plan != status.plan {
                return Ok(Claim::OtherPlan(before.plan));
            }
            if let Some(commit) = before.commit {
                return Ok(Claim::Done(commit));
            }
            status.requested_at = before.requested_at;
        }
        if self.put_unless_done(&status).await? {
            return Ok(Claim::Free);
        }
        let now = self.run_status(&status.run_id).await?;
        Ok(now
            .and_then(|now| now.commit)
            .map_or(Claim::Free, Claim::Done))
    }

    /// Notes that a run was not carried out, and never will be.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn fail(&self, status: &RunStatus, error: &str) -> Result<(), StoreError> {
        let before = self.run_status(&status.run_id).await?;
        self.put_unless_done(&RunStatus {
            status: RunStage::Failed,
            error: Some(error.to_owned()),
            requested_at: before.and_then(|before| before.requested_at),
            ..status.clone()
        })
        .await?;
        Ok(())
    }

    async fn put_unless_done(&self, status: &RunStatus) -> Result<bool, StoreError> {
        let put = Write::Put {
            item: status.to_item()?,
            conditions: vec![Condition::Lacks("commit")],
        };
        Ok(self.table.write(&[put]).await? == Written::Done)
    }

    /// A committed run.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn run(&self, plan: &str, commit: u64) -> Result<Option<RunItem>, StoreError> {
        self.noun(&Key::run(plan, commit)).await
    }

    /// The newest committed runs of a plan, newest first: those before a commit, where one is given.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn runs(
        &self,
        plan: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RunItem>, StoreError> {
        let last = before.map_or(LAST, |before| before.saturating_sub(1));
        let query = Query {
            range: Range::Between(Key::run(plan, 0).sk, Key::run(plan, last).sk),
            backwards: true,
            limit: Some(limit),
            ..Query::partition(Key::plan(plan))
        };
        let items = self.table.query(&query).await?;
        nouns(items)
    }

    /// As [`runs`](Self::runs), without the reports' texts, which may be most of what there is.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn runs_in_short(
        &self,
        plan: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<RunItem>, StoreError> {
        let last = before.map_or(LAST, |before| before.saturating_sub(1));
        self.short(plan, 0, last, true, Some(limit)).await
    }

    /// The runs of a plan that were committed after one, in order, without the reports' texts.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn runs_after(&self, plan: &str, commit: u64) -> Result<Vec<RunItem>, StoreError> {
        self.short(plan, commit + 1, LAST, false, None).await
    }

    async fn short(
        &self,
        plan: &str,
        from: u64,
        to: u64,
        backwards: bool,
        limit: Option<usize>,
    ) -> Result<Vec<RunItem>, StoreError> {
        let query = Query {
            range: Range::Between(Key::run(plan, from).sk, Key::run(plan, to).sk),
            backwards,
            limit,
            fields: Some(RunItem::in_short().map(str::to_owned).collect()),
            ..Query::partition(Key::plan(plan))
        };
        nouns(self.table.query(&query).await?)
    }

    /// What the runs of a plan changed that were committed from one on, in order.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn changes_from(
        &self,
        plan: &str,
        commit: u64,
    ) -> Result<Vec<ChangeItem>, StoreError> {
        let from = Key::change(plan, commit, 1).sk;
        // Beyond the last run's parts.
        let to = format!("{}~", Key::change(plan, LAST, 1).sk);
        let query = Query {
            range: Range::Between(from, to),
            ..Query::partition(Key::plan(plan))
        };
        nouns(self.table.query(&query).await?)
    }

    /// What a committed run changed, in order; empty where nothing.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn changes(&self, plan: &str, commit: u64) -> Result<Vec<ChangeItem>, StoreError> {
        let first = Key::change(plan, commit, 1).sk;
        let items = self
            .table
            .query(&Query::prefix(Key::plan(plan), first))
            .await?;
        nouns(items)
    }
}

fn nouns<N: Noun>(items: Vec<Item>) -> Result<Vec<N>, StoreError> {
    let nouns = items.into_iter().map(N::from_item);
    Ok(nouns.collect::<Result<_, _>>()?)
}
