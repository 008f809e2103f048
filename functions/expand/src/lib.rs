// SPDX-License-Identifier: Apache-2.0
//! The expand function: what the inventories in a bucket come to is in force, without anybody's doing.
//!
//! Every inventory is read, its sources are asked, and the plans that come of it are pushed, as `keyproof plan
//! expand` and `keyproof plan push` do. What is not found out leaves the plans as they are and fails the
//! invocation; what leaves an inventory stays in its plan until somebody pushes one without it. One inventory
//! never hinders another.

mod aws;
mod error;
mod expand;
mod request;
mod settle;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use keyproof_inventory::{Answers, Inventory};
use keyproof_store::{Schedules, Store, Table};
use keyproof_survey::{Asked, Object, SurveyError};
use serde::Serialize;
use serde_json::Value;

pub use aws::{Aws, S3Inventories};
pub use error::{Failed, HandlerError};

/// What the function's code calls, on what: the variable of its environment that names it, or what it stands
/// for.
pub const PERMISSIONS: &[(&str, &[&str])] = &[
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::READ),
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::WRITE),
    ("plan schedules", keyproof_store::iam_actions::PUT_SCHEDULE),
    ("inventories", keyproof_survey::iam_actions::OBJECT),
    ("inventories", keyproof_survey::iam_actions::OBJECTS),
    // By S3, where the bucket is encrypted with a key of somebody's own.
    ("the inventories' key", &["kms:Decrypt"]),
    ("inventory roles", keyproof_survey::iam_actions::ASSUME),
    (
        "the organization",
        keyproof_survey::iam_actions::ORGANIZATION,
    ),
    ("own tagged tables", keyproof_survey::iam_actions::TAGGED),
];

/// What is kept of Lambda's time to say what went wrong.
const MARGIN: Duration = Duration::from_secs(10);

/// The inventories, and what their sources stand for.
pub trait Inventories {
    /// An object's address, for people.
    fn address(&self, key: &str) -> String;

    /// Under what the inventories are.
    fn prefix(&self) -> &str;

    /// The keys of the inventories, in order.
    fn list(&self) -> impl Future<Output = Result<Vec<String>, SurveyError>>;

    /// An inventory, or a file of one, of at most so many bytes.
    fn read(&self, key: &str, most: usize) -> impl Future<Output = Result<Object, SurveyError>>;

    /// Asks the sources that are not in files.
    fn ask(&self, inventory: &Inventory, answers: &mut Answers) -> impl Future<Output = Asked>;
}

/// The function, over its ports.
#[derive(Debug)]
pub struct Function<T, S, I> {
    /// The state table.
    pub store: Store<T>,
    /// The plans' schedules.
    pub schedules: S,
    /// The inventories.
    pub inventories: I,
    /// Minutes between two runs of a plan that is new.
    pub interval_minutes: u32,
}

/// What is different at each invocation.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// The time.
    pub now: Timestamp,
    /// What is left until Lambda ends the function.
    pub remaining: Duration,
}

/// What came of an invocation in which everything was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// How many inventories there are.
    pub inventories: usize,
    /// How many plans come of them.
    pub plans: usize,
    /// Of which plans there is a new version.
    pub stored: BTreeSet<String>,
    /// Which plans keep what their inventory no longer has.
    pub kept: BTreeSet<String>,
    /// Which plans are in force of which their inventory has nothing any more.
    pub left: BTreeSet<String>,
}

impl<T: Table, S: Schedules, I: Inventories> Function<T, S, I> {
    /// Expands every inventory.
    ///
    /// # Errors
    ///
    /// Where not everything was found out, or could be stored. All else is.
    pub async fn handle(
        &self,
        payload: &Value,
        invocation: &Invocation,
    ) -> Result<Answer, HandlerError> {
        let scheduled_at = request::read(payload)?;
        let end = tokio::time::Instant::now() + invocation.remaining.saturating_sub(MARGIN);
        let keys = self.inventories.list().await?;
        let origins = self.store.origins().await?;
        let mut round = Round::new(
            origins,
            keys.iter().map(|key| self.inventories.address(key)),
        );
        for (index, key) in keys.iter().enumerate() {
            // What one doesn't take is for those after it.
            let left = u32::try_from(keys.len() - index).unwrap_or(u32::MAX);
            let share = end.saturating_duration_since(tokio::time::Instant::now()) / left;
            let work = self.expand(key, &mut round, invocation.now);
            let why = match tokio::time::timeout(share, work).await {
                Ok(why) => why,
                Err(_) => vec![format!(
                    "there was no time left after {} s of it; name fewer accounts in one inventory, or give the \
                     function more time",
                    share.as_secs()
                )],
            };
            round.fail(self.inventories.address(key), why);
        }
        self.gone(&mut round).await?;
        if keys.is_empty() {
            let prefix = self.inventories.address(self.inventories.prefix());
            let why = "there is no inventory right under it, and what is empty proves nothing; put one there, or \
                       deploy the stack without `InventoryBucket`";
            round.fail(prefix, vec![why.to_owned()]);
        }
        let Round { answer, failed, .. } = round;
        tracing::info!(
            %scheduled_at,
            inventories = keys.len(),
            failed = failed.len(),
            plans = answer.plans,
            stored = answer.stored.len(),
            "expanded"
        );
        if failed.is_empty() {
            let inventories = keys.len();
            Ok(Answer {
                inventories,
                ..answer
            })
        } else {
            Err(HandlerError::NotExpanded(failed))
        }
    }

    /// Tells of plans in force whose inventory is no longer there: nobody looks for what is new in them.
    async fn gone(&self, round: &mut Round) -> Result<(), HandlerError> {
        let mut plans_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (plan, inventory) in &round.origins {
            if !round.there.contains(inventory) && self.in_force(plan).await? {
                let plans = plans_of.entry(inventory.clone()).or_default();
                plans.push(format!("`{plan}`"));
            }
        }
        for (inventory, plans) in plans_of {
            let why = format!(
                "it is gone, and {} came of it, which runs on and gets nothing new; put the inventory back, or take \
                 the plan away with `keyproof plan remove`",
                plans.join(", ")
            );
            round.fail(inventory, vec![why]);
        }
        Ok(())
    }
}

/// What is known in the course of an invocation.
#[derive(Debug, Default)]
struct Round {
    /// Of which inventory each plan comes.
    origins: BTreeMap<String, String>,
    /// The inventories that there are.
    there: BTreeSet<String>,
    answer: Answer,
    failed: Vec<Failed>,
}

impl Round {
    fn new(origins: BTreeMap<String, String>, there: impl Iterator<Item = String>) -> Self {
        Self {
            origins,
            there: there.collect(),
            ..Self::default()
        }
    }

    fn fail(&mut self, inventory: String, why: Vec<String>) {
        for sentence in &why {
            tracing::error!(
                inventory,
                error_message = sentence,
                "an inventory is not expanded; its plans stay as they are"
            );
        }
        if !why.is_empty() {
            self.failed.push(Failed { inventory, why });
        }
    }
}
