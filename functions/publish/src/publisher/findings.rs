// SPDX-License-Identifier: Apache-2.0
//! Findings that no run touches: those that Security Hub would forget, passes of plans that are silent, and all
//! those of plans that were removed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use keyproof_report::is_young;
use keyproof_state::{HUB, Key, Noun, PlanHead, PlanState};
use keyproof_store::{Query, Reports, RunQueue, Table};
use serde::{Deserialize, Serialize};

use super::{Invocation, Publisher, Swept};
use crate::marks::put;
use crate::sink::SinkError;
use crate::sinks::{Renew, Renewal};

/// How often what the hub has of a plan is looked through, where nothing asks for it before.
const BETWEEN_RENEWALS: SignedDuration = SignedDuration::from_hours(24);

/// A plan of which the hub has been told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    plan: String,
    /// Whether all of it was taken back, as the plan was removed.
    taken_back: bool,
}

impl Noun for Known {
    const NOUN: &'static str = "a note of a plan's findings";

    fn key(&self) -> Key {
        Key::in_hub(&self.plan)
    }
}

impl<T: Table, R: Reports, Q: RunQueue> Publisher<T, R, Q> {
    /// Tells the hub what of a plan no run tells it: once a day, and when the plan falls silent or runs again.
    pub(super) async fn renew(
        &self,
        head: &PlanHead,
        state: &PlanState,
        swept: &mut Swept,
        now: Timestamp,
    ) -> Result<(), SinkError> {
        let Some(hub) = &self.renew else {
            return Ok(());
        };
        let newest = state.last_run.as_ref().map(|run| run.started_at);
        let since = newest.unwrap_or_else(|| head.awaited_since(None));
        // A pass is one here for as long as it is on a badge.
        let silent = !is_young(now.duration_since(since), head.pass_lasts());
        let recently = |at: Timestamp| now.duration_since(at) < BETWEEN_RENEWALS;
        if swept.renewed_at.is_some_and(recently) && swept.silent == silent {
            return Ok(());
        }
        let renewal = Renewal {
            now,
            oldest: now - self.times.renew_after,
            silent_since: silent.then_some(since),
            removed: false,
        };
        hub.renew(state, renewal).await?;
        (swept.renewed_at, swept.silent) = (Some(now), silent);
        Ok(())
    }

    /// Takes back, once, what the hub has of plans that were removed. Of how many it could not.
    pub(super) async fn take_back(
        &self,
        plans: &[String],
        invocation: &Invocation<'_>,
    ) -> Result<usize, SinkError> {
        let Some(hub) = &self.renew else {
            return Ok(0);
        };
        let items = self.store.table().query(&Query::partition(HUB)).await?;
        let known = items.into_iter().map(Known::from_item);
        let known: Vec<Known> = known.collect::<Result<_, _>>()?;
        let mut failed = 0;
        let in_force: BTreeSet<&str> = plans.iter().map(String::as_str).collect();
        let noted: BTreeMap<&str, bool> = known
            .iter()
            .map(|known| (known.plan.as_str(), known.taken_back))
            .collect();
        for plan in in_force.iter().copied() {
            if noted.get(plan) != Some(&false) {
                let (plan, taken_back) = (plan.to_owned(), false);
                put(self.store.table(), &Known { plan, taken_back }).await?;
            }
        }
        for (plan, _) in noted.iter().filter(|(_, taken_back)| !**taken_back) {
            if in_force.contains(plan) {
                continue;
            }
            if (invocation.time_is_up)() {
                break;
            }
            if let Err(error) = self.take_back_of(&**hub, plan, invocation.now).await {
                tracing::error!(plan, %error, "the findings of a plan that was removed are not taken back");
                failed += 1;
            }
        }
        Ok(failed)
    }

    async fn take_back_of(
        &self,
        hub: &dyn Renew,
        plan: &str,
        now: Timestamp,
    ) -> Result<(), SinkError> {
        let head = self.store.head(plan).await?;
        // A run that was under way when the plan was removed is committed and told yet.
        let young = |at: Timestamp| now.duration_since(at) < self.times.told_after;
        if head.and_then(|head| head.removed_at).is_none_or(young) {
            return Ok(());
        }
        let renewal = Renewal {
            now,
            oldest: now - self.times.renew_after,
            silent_since: None,
            removed: true,
        };
        let nothing = PlanState::new(plan);
        hub.renew(&nothing, renewal).await?;
        // Where the plan comes back, so do its findings: at once.
        let item = self.store.table().get(&Swept::at(plan)).await?;
        if let Some(swept) = item.map(Swept::from_item).transpose()? {
            let renewed_at = None;
            put(
                self.store.table(),
                &Swept {
                    renewed_at,
                    ..swept
                },
            )
            .await?;
        }
        let (plan, taken_back) = (plan.to_owned(), true);
        put(self.store.table(), &Known { plan, taken_back }).await
    }
}
