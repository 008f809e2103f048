// SPDX-License-Identifier: Apache-2.0
//! Temporary-access drills: a grant made, seen to work, revoked, and seen to be gone.
//!
//! INVARIANT (never left open): from before a grant is asked for until it is known to be revoked,
//! nothing is awaited that an interruption, a deadline or a panic could end; what may be ended runs
//! inside of [`Drill::unless_ended`], which comes back here. A grant that can't be revoked stands in
//! the report with the command that does it.
//!
//! Nothing is changed before every key of the run is known to be tagged for drills, and the operator
//! to be allowed to make grants on it and to revoke them.

mod grants;
mod options;
mod prepare;
mod watch;

use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};

use futures_util::FutureExt;
use futures_util::future::{Either, join, select};
use jiff::Timestamp;
use keyproof_drill::{
    DrillReport, DrillRow, GrantRow, GrantState, NoTargetError, OpenGrant, Passage, Seen, Target,
    grant_name, targets,
};
use keyproof_plan::Plan;
use keyproof_verdict::{Environment, PlanRow, Run as RunRow};
use tokio::time::Instant;

use crate::run::Run;
use crate::{Runner, Settings};

pub use options::{DrillOptions, Patience};

use grants::{Grants, Made, NotMade, Revoked};
use prepare::{Key, prepare};
use watch::{Wanted, Watch};

/// What a drill takes of the operator, on the key: beyond assuming the principals' roles and looking
/// at the tables.
pub const IAM_ACTIONS: &[&str] = &[
    "kms:CreateGrant",
    "kms:ListGrants",
    "kms:ListResourceTags",
    "kms:RevokeGrant",
];

/// Why no drill was made. Nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrillError {
    /// The plan lets nobody be tried.
    #[error(transparent)]
    NoTarget(#[from] NoTargetError),
    /// What keeps a key from being drilled, a sentence each.
    #[error("no drill was made, and nothing was changed:\n  {}", .0.join("\n  "))]
    Refused(Vec<String>),
}

/// Carries out drills, one after the other, until `interrupted` is ready.
///
/// # Errors
///
/// Where nobody can be tried, or a key may not be drilled: then nothing was changed.
pub async fn drill(
    plan: &Plan,
    settings: &Settings,
    runner: &Runner,
    options: &DrillOptions,
    interrupted: impl Future<Output = ()>,
) -> Result<DrillReport, DrillError> {
    let targets = targets(plan, &options.choice)?;
    let run = Run::start(plan, settings, runner).await;
    let mut interrupted = Box::pin(interrupted);
    let keys = match select(
        pin!(prepare(&run, &targets, &options.patience)),
        &mut interrupted,
    )
    .await
    {
        Either::Left((keys, _)) => keys,
        Either::Right(((), _)) => Err(vec!["it was interrupted".to_owned()]),
    };
    let keys = keys.map_err(DrillError::Refused)?;
    let mut drill = Drill {
        run: &run,
        grants: Grants::new(&run, &options.patience),
        options,
        interrupted,
        ended: None,
        reads: 0,
        open: Vec::new(),
    };
    let mut arns: Vec<&str> = keys.iter().map(|key| key.arn.as_str()).collect();
    arns.sort_unstable();
    arns.dedup();
    let leftovers = drill.clean_up(&arns).await.map_err(DrillError::Refused)?;
    let mut rows = Vec::new();
    for (number, (target, key)) in targets.iter().zip(&keys).enumerate() {
        let row = if drill.open.is_empty() {
            Box::pin(drill.one(number, target, key)).await
        } else {
            // Nothing is opened while something can't be closed.
            let seen = Seen {
                ended: Some("another grant is open and has to be revoked first".to_owned()),
                ..Seen::default()
            };
            drill.row(target, key, &seen)
        };
        rows.push(row);
    }
    Ok(drill.report(rows, leftovers))
}

/// Revokes what earlier drills left behind on the plan's keys, tagged or not: nothing else of a
/// drill can be cleaned up.
///
/// # Errors
///
/// Where a key can't be found or its grants can't be listed.
pub async fn clean_up(
    plan: &Plan,
    settings: &Settings,
    runner: &Runner,
) -> Result<DrillReport, DrillError> {
    let run = Run::start(plan, settings, runner).await;
    let keys = prepare::keys_of_plan(&run)
        .await
        .map_err(DrillError::Refused)?;
    let options = DrillOptions::default();
    let mut drill = Drill {
        run: &run,
        grants: Grants::new(&run, &options.patience),
        options: &options,
        interrupted: Box::pin(std::future::pending()),
        ended: None,
        reads: 0,
        open: Vec::new(),
    };
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let leftovers = drill.clean_up(&keys).await.map_err(DrillError::Refused)?;
    Ok(drill.report(Vec::new(), leftovers))
}

/// A run of drills.
struct Drill<'r, 'a> {
    run: &'r Run<'a>,
    grants: Grants<'r, 'a>,
    options: &'r DrillOptions,
    interrupted: Pin<Box<dyn Future<Output = ()> + 'r>>,
    /// What ended the run early.
    ended: Option<&'static str>,
    /// Sessions made for reads: each has a name of its own.
    reads: u32,
    open: Vec<OpenGrant>,
}

impl Drill<'_, '_> {
    async fn clean_up(&mut self, keys: &[&str]) -> Result<Vec<GrantRow>, Vec<String>> {
        let mut found = Vec::new();
        let mut unlisted = Vec::new();
        for key in keys {
            match self.grants.of_drills(key).await {
                Ok(grants) => found.extend(grants),
                Err(why) => unlisted.push(why),
            }
        }
        if !unlisted.is_empty() {
            return Err(unlisted);
        }
        let mut rows = Vec::new();
        for (key, name, id) in found {
            let made = Made::known(key, name, id);
            rows.push(self.close(&made).await);
        }
        Ok(rows)
    }

    async fn one(&mut self, number: usize, target: &Target, key: &Key) -> DrillRow {
        let mut seen = Seen::default();
        let before = {
            let watch = self.watch(target);
            self.unless_ended(watch, async |watch| Box::pin(watch.read()).await.0)
                .await
        };
        seen.before = before;
        let denied = seen
            .before
            .as_ref()
            .is_some_and(|before| Wanted::Denied.is_met(&before.answer));
        if self.ended.is_some() || !denied {
            return self.row(target, key, &seen);
        }
        let name = grant_name(self.run.id, number + 1);
        tracing::info!(grant = name, key = key.arn, "making the grant");
        let asked = AssertUnwindSafe(self.grants.create(key, &name)).catch_unwind();
        let made = match asked.await {
            Ok(Ok(made)) => made,
            // It may have been made all the same.
            Ok(Err(NotMade { why, perhaps })) => {
                let grant = self.close(&perhaps).await;
                seen.open = grant.state == GrantState::Open;
                let there = seen.open || grant.id.is_some();
                seen.refused = Some(if there && !seen.open {
                    format!("{why}; it had been made all the same, and was revoked")
                } else {
                    why
                });
                let mut row = self.row(target, key, &seen);
                row.grant = there.then_some(grant);
                return row;
            }
            Err(_) => Made::unknown(key, &name, self.options.patience.search),
        };
        let since = Instant::now();
        let kept = if made.id.is_some() {
            let watch = self.watch(target);
            let within = self.options.within;
            let done = self
                .unless_ended(watch, async |watch| {
                    watch.until(Wanted::Allowed, since, within).await
                })
                .await;
            done.map(|(passage, session)| {
                seen.appeared = Some(passage);
                session
            })
        } else {
            None
        };
        tracing::info!(grant = name, "revoking the grant");
        let grant = self.close(&made).await;
        seen.open = grant.state == GrantState::Open;
        let since = Instant::now();
        // Access that never came can't go.
        let came = seen.appeared.as_ref().is_some_and(Passage::is_settled);
        if !seen.open && self.ended.is_none() && came {
            let watch = self.watch(target);
            let (within, keep) = (self.options.within, self.options.keep);
            let kept = kept.flatten();
            let done = self
                .unless_ended(watch, async |watch| {
                    let mut other = watch.beside();
                    let gone = watch.until(Wanted::Denied, since, within);
                    let kept = other.keep(kept, since, keep);
                    join(gone, kept).await
                })
                .await;
            if let Some(((passage, _), kept)) = done {
                seen.disappeared = Some(passage);
                seen.kept = kept;
            }
        }
        let mut row = self.row(target, key, &seen);
        row.grant = Some(grant);
        row
    }

    /// Revokes a grant; what can't be is open.
    async fn close(&mut self, made: &Made) -> GrantRow {
        let revoked = AssertUnwindSafe(self.grants.revoke(made)).catch_unwind();
        let (id, why) = match revoked.await {
            Ok(Revoked::Gone { id }) => (id, None),
            Ok(Revoked::Open { id, why }) => (id, Some(why)),
            Err(_) => (
                made.id.clone(),
                Some("keyproof itself failed, which is a bug".to_owned()),
            ),
        };
        let state = if why.is_some() {
            GrantState::Open
        } else {
            GrantState::Revoked
        };
        if let Some(why) = why {
            tracing::error!(grant = made.name, key = made.key, why, "the grant is open");
            self.open
                .push(OpenGrant::new(&made.key, &made.name, id.as_deref(), why));
        }
        GrantRow {
            key: made.key.clone(),
            name: made.name.clone(),
            id,
            state,
        }
    }

    fn watch<'w>(&self, target: &'w Target) -> Watch<'w>
    where
        Self: 'w,
    {
        Watch::new(self.run, self.options, target, self.reads)
    }

    /// Does what may be ended early: by an interruption, the run's deadline or a panic.
    async fn unless_ended<'w, T>(
        &mut self,
        mut watch: Watch<'w>,
        work: impl AsyncFnOnce(&mut Watch<'w>) -> T,
    ) -> Option<T> {
        if self.ended.is_some() {
            return None;
        }
        let done = {
            let work = AssertUnwindSafe(work(&mut watch)).catch_unwind();
            let work = pin!(self.run.calls.before_deadline(work));
            match select(work, &mut self.interrupted).await {
                Either::Left((Some(Ok(done)), _)) => Ok(done),
                Either::Left((Some(Err(_)), _)) => Err("keyproof itself failed, which is a bug"),
                Either::Left((None, _)) => Err("the deadline passed"),
                Either::Right(((), _)) => Err("it was interrupted"),
            }
        };
        self.reads = watch.reads();
        match done {
            Ok(done) => Some(done),
            Err(why) => {
                self.ended = Some(why);
                None
            }
        }
    }

    fn row(&self, target: &Target, key: &Key, seen: &Seen) -> DrillRow {
        let ended = seen.ended.clone().or_else(|| self.ended.map(str::to_owned));
        let seen = Seen {
            ended,
            ..seen.clone()
        };
        DrillRow::new(target, &key.role, Some(&key.arn), &seen)
    }

    fn report(self, rows: Vec<DrillRow>, leftovers: Vec<GrantRow>) -> DrillReport {
        let run = self.run;
        let finished_at = Timestamp::now();
        let milliseconds = finished_at.as_millisecond() - run.started_at.as_millisecond();
        let key = leftovers.first().map(|grant| grant.key.as_str());
        let key = key.or_else(|| rows.first().and_then(|row| row.key.as_deref()));
        DrillReport::new(
            RunRow {
                id: run.id.to_string(),
                trigger: run.settings.trigger.clone(),
                started_at: format!("{:.3}", run.started_at),
                finished_at: format!("{finished_at:.3}"),
                duration_ms: u64::try_from(milliseconds).unwrap_or(0),
            },
            PlanRow {
                name: run.plan.name.clone(),
                digest: run.plan.digest.clone(),
                file: run.settings.plan_file.clone(),
            },
            Environment {
                account: key.and_then(|arn| arn.split(':').nth(4)).map(str::to_owned),
                region: run.region.to_owned(),
                endpoint: run.runner.endpoint().map(str::to_owned),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            rows,
            leftovers,
            self.open,
        )
    }
}
