// SPDX-License-Identifier: Apache-2.0
//! What is done for each request. All of it can be done again without harm.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use keyproof_aws::{CanaryOutcome, CanaryState};
use keyproof_plan::Plan;
use keyproof_store::{Every, Store, Table};

use crate::properties::Properties;
use crate::{Event, RequestType};

/// Plants and removes canaries.
pub trait Canaries {
    /// Writes the plan's canaries.
    fn plant(&self, plan: &Plan) -> impl Future<Output = Vec<CanaryOutcome>>;

    /// Removes the plan's canaries.
    fn remove(&self, plan: &Plan) -> impl Future<Output = Vec<CanaryOutcome>>;
}

/// What the function works with.
#[derive(Debug)]
pub struct Service<T, C> {
    /// The state table.
    pub store: Store<T>,
    /// The tables under test.
    pub canaries: C,
    /// The wait before planting is tried again: a role that was made a moment ago is not known
    /// everywhere yet.
    pub pause: Duration,
}

impl<T: Table, C: Canaries> Service<T, C> {
    pub(crate) async fn carry_out(&self, event: &Event, time: Duration) -> Result<(), String> {
        match event.request_type {
            RequestType::Create => self.set_up(event, time).await,
            RequestType::Update => {
                self.set_up(event, time).await?;
                self.clear_former(event).await;
                Ok(())
            }
            RequestType::Delete => self.tear_down(event).await,
        }
    }

    /// Plants the canaries first: once the plan is stored, runs expect them.
    async fn set_up(&self, event: &Event, time: Duration) -> Result<(), String> {
        let properties = Properties::read(&event.resource_properties)?;
        self.plant(&properties.plan, time).await?;
        let wrong = |error: keyproof_store::StoreError| error.to_string();
        self.store
            .put_config(&properties.stack)
            .await
            .map_err(wrong)?;
        let pushed = self
            .store
            .push(
                &properties.plan,
                &properties.text,
                Every::Minutes(properties.interval_minutes),
                Some(&event.stack_id),
                Timestamp::now(),
            )
            .await
            .map_err(wrong)?;
        tracing::info!(
            plan = pushed.head.plan,
            version = pushed.head.version,
            digest = pushed.head.digest,
            new_version = pushed.new_version,
            "stored the plan"
        );
        Ok(())
    }

    /// Plants, and tries again while calls fail and there is time. An item of somebody else's is there
    /// to stay: that is told at once.
    async fn plant(&self, plan: &Plan, time: Duration) -> Result<(), String> {
        let end = Instant::now() + time / 2;
        loop {
            let outcomes = self.canaries.plant(plan).await;
            let again = outcomes
                .iter()
                .any(|outcome| matches!(outcome.state, CanaryState::Failed(_)));
            let told = told(&outcomes);
            let told = match told {
                Ok(()) => return Ok(()),
                Err(told) => told,
            };
            if !again || Instant::now() + self.pause >= end {
                return Err(told);
            }
            tracing::warn!(reason = told, "planting again");
            tokio::time::sleep(self.pause).await;
        }
    }

    /// Removes the canaries of tables that the plan no longer has. They may be gone, or out of reach by
    /// now; that holds no deployment up.
    async fn clear_former(&self, event: &Event) {
        let [former, plan] = [&event.old_resource_properties, &event.resource_properties]
            .map(|properties| Properties::plan_in(properties).ok().flatten());
        let (Some(mut former), Some(plan)) = (former, plan) else {
            return;
        };
        let kept: BTreeSet<_> = plan.tables.values().map(place).collect();
        former
            .tables
            .retain(|_, table| !kept.contains(&place(table)));
        if former.tables.is_empty() {
            return;
        }
        let removed = self.canaries.remove(&former).await;
        if let Err(reason) = told(&removed) {
            tracing::warn!(reason, "a former table's canary was left");
        }
    }

    /// Removes the canaries. The stored plan stays with its history, in a table that stays too.
    async fn tear_down(&self, event: &Event) -> Result<(), String> {
        // What was never made has nothing to remove; what can't be read was never planted.
        let Ok(Some(plan)) = Properties::plan_in(&event.resource_properties) else {
            return Ok(());
        };
        let mut outcomes = self.canaries.remove(&plan).await;
        // An item of somebody else's, and a table that is gone, hold no canary.
        outcomes.retain(|outcome| match &outcome.state {
            CanaryState::Foreign => false,
            CanaryState::Failed(seen) => {
                seen.error_code.as_deref() != Some("ResourceNotFoundException")
            }
            CanaryState::Planted
            | CanaryState::AlreadyThere
            | CanaryState::Removed
            | CanaryState::AlreadyGone => true,
        });
        told(&outcomes)
    }
}

/// Where a canary is: the table and the item's key.
fn place(table: &keyproof_plan::Table) -> (String, String) {
    let name = table.arn.as_ref().map_or(&*table.name, |arn| arn.as_str());
    (name.to_owned(), format!("{:?}", table.canary.key))
}

/// What went wrong, a clause for each table.
fn told(outcomes: &[CanaryOutcome]) -> Result<(), String> {
    let wrong: Vec<_> = outcomes
        .iter()
        .filter(|outcome| !outcome.state.is_success())
        .map(|outcome| {
            let why = match &outcome.state {
                CanaryState::Failed(seen) => {
                    let said = [seen.error_code.as_deref(), seen.message.as_deref()];
                    let said: Vec<_> = said.into_iter().flatten().collect();
                    said.join(": ")
                }
                _ => "another item has the canary's key and was left alone".to_owned(),
            };
            format!("{}: {why}", outcome.table)
        })
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}
