// SPDX-License-Identifier: Apache-2.0
//! One plan of an inventory: compared with what is in force, and pushed where it differs.

use jiff::Timestamp;
use keyproof_inventory::{Difference, Expanded, Form, keep};
use keyproof_plan::Plan;
use keyproof_store::{Every, Pushed, Schedule, Schedules, StoreError, Table};

use crate::{Function, Inventories, Round};

/// How often a plan is pushed that others push at the same time.
const TRIES: usize = 5;

/// A plan that is in force as its inventory has it.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) pushed: Pushed,
    /// What left the inventory and stays in the plan.
    pub(crate) kept: Option<Difference>,
}

impl<T: Table, S: Schedules, I: Inventories> Function<T, S, I> {
    /// Whether a plan is in force: pushed, and not removed.
    pub(crate) async fn in_force(&self, plan: &str) -> Result<bool, StoreError> {
        let head = self.store.head(plan).await?;
        Ok(head.is_some_and(|head| head.removed_at.is_none()))
    }

    /// Brings a plan into force, with all that it had before. What is in force already is not written
    /// again.
    pub(crate) async fn settle(
        &self,
        one: &Expanded,
        inventory: &str,
        by: &str,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Settled, String> {
        let name = &one.plan.name;
        let told = |error: &dyn std::fmt::Display| format!("the plan `{name}`: {error}");
        let wrong = |error: StoreError| told(&error);
        for _ in 0..TRIES {
            let head = self.store.head(name).await.map_err(wrong)?;
            let in_force = head.as_ref().filter(|head| head.removed_at.is_none());
            if let Some(other) = round.origins.get(name)
                && in_force.is_some()
                && other != inventory
                && round.there.contains(other)
            {
                return Err(told(&format!(
                    "it comes of `{other}`, too; give one of them another `name`"
                )));
            }
            let by_stack = |by: &str| by.contains(":cloudformation:");
            if in_force.is_some_and(|head| head.pushed_by.as_deref().is_some_and(by_stack)) {
                return Err(told(
                    &"it is the stack's own, from its template; give the inventory another `name`",
                ));
            }
            let kept = match in_force {
                Some(head) if head.digest != one.plan.digest => {
                    let version = self.store.version(name, head.version).await;
                    let version = version.map_err(wrong)?.ok_or_else(|| {
                        let version = head.version;
                        told(&format!(
                            "its version {version}, which is in force, is not in the state table; push the plan anew"
                        ))
                    })?;
                    let before = Plan::parse(&version.text).map_err(|errors| {
                        let first = errors.first().map(ToString::to_string);
                        let first = first.unwrap_or_default();
                        told(&format!("the one in force can't be read: {first}"))
                    })?;
                    keep(&before, one, Form::Yaml).map_err(|error| {
                        told(&format!(
                            "{error}; `keyproof plan push` what is meant to be in force"
                        ))
                    })?
                }
                Some(_) | None => None,
            };
            let wanted = kept.as_ref().map_or(one, |kept| &kept.expanded);
            let every = match in_force {
                Some(_) => Every::AsBefore,
                None => Every::Minutes(self.interval_minutes),
            };
            let (plan, text) = (&wanted.plan, &wanted.text);
            let pushed = self
                .store
                .push_over(head.as_ref(), plan, text, every, Some(by), now);
            let Some(pushed) = pushed.await.map_err(wrong)? else {
                continue;
            };
            // Noted last: a push that is cut off here is taken up again.
            let is_known = round.origins.get(name).is_some_and(|of| of == inventory);
            if in_force.is_none() || !is_known {
                if let Some(interval_minutes) = pushed.head.interval_minutes {
                    let plan = name.as_str();
                    let schedule = Schedule {
                        plan,
                        interval_minutes,
                    };
                    self.schedules.put(&schedule).await.map_err(wrong)?;
                }
                self.store
                    .note_origin(name, inventory)
                    .await
                    .map_err(wrong)?;
                round.origins.insert(name.clone(), inventory.to_owned());
            }
            let kept = kept.map(|kept| kept.difference);
            return Ok(Settled { pushed, kept });
        }
        let plan = name.clone();
        Err(wrong(StoreError::Contended { plan }))
    }
}
