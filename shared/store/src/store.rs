// SPDX-License-Identifier: Apache-2.0
//! What is said to the state table, whichever it is.

mod commit;
mod marks;
mod plans;
mod runs;

use std::collections::BTreeSet;

use keyproof_state::{Item, Key, Noun, PlanState, Reference, STATE, StackConfig, join};
use serde_json::Value;

pub use commit::Committed;
pub use marks::Taken;
pub use plans::{Every, Pushed, Started};
pub use runs::Claim;

use crate::{Query, StoreError, Table, Write, Written};

/// How often a state is read that others write at the same time.
const READS: usize = 5;
/// How often a write is tried whose conditions others break: all tries of a commit together take no
/// more than the few seconds that a run leaves for it.
const TRIES: usize = 30;
/// The most writes of a transaction.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
const MOST_WRITES: usize = 100;

/// The state table, as the functions and the command line know it.
#[derive(Clone, Debug)]
pub struct Store<T> {
    table: T,
}

impl<T: Table> Store<T> {
    /// The store in a table.
    pub const fn new(table: T) -> Self {
        Self { table }
    }

    /// The table.
    pub const fn table(&self) -> &T {
        &self.table
    }

    /// What the stack is made of; `None` where no stack has said so.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn config(&self) -> Result<Option<StackConfig>, StoreError> {
        self.noun(&Key::config()).await
    }

    /// Notes what the stack is made of.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn put_config(&self, config: &StackConfig) -> Result<(), StoreError> {
        self.put(config).await
    }

    /// What is known of a plan.
    ///
    /// # Errors
    ///
    /// Where the table can't be read, or a newer version wrote it.
    pub async fn state(&self, plan: &str) -> Result<PlanState, StoreError> {
        let query = Query::prefix(Key::plan(plan), STATE);
        for _ in 0..READS {
            let items = self.table.query(&query).await?;
            if let Some(state) = join(plan, items)? {
                return Ok(state);
            }
        }
        Err(StoreError::Contended {
            plan: plan.to_owned(),
        })
    }

    /// The plans that mention any of these.
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn plans_that_mention(
        &self,
        references: &BTreeSet<Reference>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let mut plans = BTreeSet::new();
        for reference in references {
            let query = Query::prefix(Key::reference(reference), Key::PLAN_PREFIX);
            for item in self.table.query(&query).await? {
                let sk = item.get("sk").and_then(Value::as_str);
                let plan = sk.and_then(|sk| sk.strip_prefix(Key::PLAN_PREFIX));
                plans.extend(plan.map(str::to_owned));
            }
        }
        Ok(plans)
    }

    /// Notes that a plan is about these, beside what it mentions.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn refer(
        &self,
        plan: &str,
        references: impl IntoIterator<Item = Reference>,
    ) -> Result<(), StoreError> {
        let put = |reference: Reference| Write::put(reference_item(&reference, plan));
        self.write_all(plan, references.into_iter().map(put)).await
    }

    /// Writes things of a plan that need not be written together, many at a time.
    async fn write_all(
        &self,
        plan: &str,
        writes: impl IntoIterator<Item = Write>,
    ) -> Result<(), StoreError> {
        let writes: Vec<_> = writes.into_iter().collect();
        for some in writes.chunks(MOST_WRITES) {
            if self.table.write(some).await? != Written::Done {
                let plan = plan.to_owned();
                return Err(StoreError::Contended { plan });
            }
        }
        Ok(())
    }

    async fn noun<N: Noun>(&self, key: &Key) -> Result<Option<N>, StoreError> {
        let item = self.table.get(key).await?;
        Ok(item.map(N::from_item).transpose()?)
    }

    async fn put<N: Noun>(&self, noun: &N) -> Result<(), StoreError> {
        match self.table.write(&[Write::put(noun.to_item()?)]).await? {
            Written::Done => Ok(()),
            Written::Refused(_) | Written::Conflict => Err(StoreError::Contended {
                plan: noun.key().to_string(),
            }),
        }
    }
}

/// The item that leads from something to a plan that mentions it.
fn reference_item(reference: &Reference, plan: &str) -> Item {
    let Key { pk, sk } = reference_key(reference, plan);
    let mut item = Item::new();
    item.insert("pk".to_owned(), pk.into());
    item.insert("sk".to_owned(), sk.into());
    item
}

fn reference_key(reference: &Reference, plan: &str) -> Key {
    Key {
        pk: Key::reference(reference),
        sk: Key::plan(plan),
    }
}
