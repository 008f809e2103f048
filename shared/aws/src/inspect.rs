// SPDX-License-Identifier: Apache-2.0
//! Looks at a table's encryption, its indexes, and at the plan's key: each once in a run.

mod read;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use keyproof_core::Service;
use keyproof_plan::{Table, TableKey};
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, Encryption, Evidence, KeyState, classify_call};
use tokio::sync::OnceCell;

use crate::calls::{Called, Reply};
use crate::failure::Failure;
use crate::run::Run;

/// What looking takes of whoever looks: the operator, or the principal of `inspect_as`.
pub const IAM_ACTIONS: &[&str] = &["dynamodb:DescribeTable", "kms:DescribeKey"];

/// The clients of whoever looks.
#[derive(Clone, Debug)]
pub(crate) struct Inspector {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) kms: aws_sdk_kms::Client,
}

/// What `DescribeTable` tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TableFacts {
    /// The table's ARN.
    pub(crate) arn: Option<String>,
    /// What it is encrypted with; a failure where that is changing or can't be read.
    pub(crate) encryption: Result<Encryption, Failure>,
    /// Its indexes, by name.
    pub(crate) indexes: HashMap<String, Index>,
    /// `ACTIVE`, `CREATING`, …
    pub(crate) status: Option<String>,
    /// Its key attributes, partition key first, each with its type (`S`, `N`, `B`).
    pub(crate) key: Vec<(String, Option<String>)>,
}

/// An index: what a query of it needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) partition_key: String,
    pub(crate) sort_key: Option<String>,
    /// Whether it is a global secondary index.
    pub(crate) global: bool,
    /// The attributes it holds; all where `None`.
    pub(crate) holds: Option<BTreeSet<String>>,
}

impl Index {
    /// Whether the index holds the attribute.
    pub(crate) fn holds(&self, attribute: &str) -> bool {
        self.holds
            .as_ref()
            .is_none_or(|held| held.contains(attribute))
    }
}

/// What `DescribeKey` tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeyFacts {
    pub(crate) arn: String,
    pub(crate) state: KeyState,
    /// Whether AWS manages it: `aws/dynamodb`.
    pub(crate) aws_managed: bool,
}

/// A table, looked at.
#[derive(Clone, Debug)]
pub(crate) struct Inspection {
    pub(crate) table: Called<TableFacts>,
    /// The plan's key; `None` for a control table.
    pub(crate) key: Option<Arc<Called<KeyFacts>>>,
}

impl Inspection {
    /// Nobody could look.
    pub(crate) fn failed(failure: Failure) -> Self {
        Self {
            table: Called::unsent(failure),
            key: None,
        }
    }

    /// The ARN of the plan's key: as the plan has it, or the alias resolved.
    pub(crate) fn key_arn<'a>(&'a self, table: &'a Table) -> Option<&'a str> {
        match &table.key {
            TableKey::Key(arn) => Some(arn.as_str()),
            TableKey::Alias(_) => Some(&self.key.as_ref()?.outcome.as_ref().ok()?.arn),
            TableKey::AwsOwned => None,
        }
    }

    /// Why nothing can be asked about the key behind the alias, which could not be resolved.
    pub(crate) fn unresolved(&self, alias: &str) -> Failure {
        let failure = match &self.key {
            Some(key) => key.outcome.as_ref().err(),
            None => self.table.outcome.as_ref().err(),
        };
        let blindness = match failure.map(|failure| &failure.answer) {
            Some(Answer::Unknown(blindness)) => blindness.clone(),
            Some(Answer::Denied(_) | Answer::KeyUnusable(_) | Answer::Allowed(_)) | None => {
                Blindness::MayNotLook
            }
        };
        let message =
            format!("which key `{alias}` is of is not known: `DescribeKey` brought no answer");
        Failure::blind(blindness, message)
    }

    /// The look that the table's own probe reports: what failed first, of what it needs.
    pub(crate) fn look(&self, table: &Table) -> Called<Answer> {
        let seen = |_| Ok(Answer::Allowed(Evidence::Succeeded));
        let look = self
            .table
            .clone()
            .and_then(|facts| facts.encryption)
            .and_then(seen);
        match (&look.outcome, &table.key, &self.key) {
            // A table says which key it has, not whose: that of AWS must not pass for the customer's.
            (Ok(_), TableKey::Key(_) | TableKey::Alias(_), Some(key)) if key.outcome.is_err() => {
                Called::clone(key).and_then(|_| Ok(Answer::Allowed(Evidence::Succeeded)))
            }
            _ => look,
        }
    }
}

/// The keys of a run, each described once for whoever asks, however many tables share it.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    // The lock is held to find the cell, never while a call is under way.
    cells: std::sync::Mutex<HashMap<(Option<String>, String), KeyCell>>,
}

type KeyCell = Arc<OnceCell<Arc<Called<KeyFacts>>>>;

impl Keys {
    async fn describe(
        &self,
        run: &Run<'_>,
        inspector: &Inspector,
        by: Option<&str>,
        key: &str,
    ) -> Arc<Called<KeyFacts>> {
        let cell = {
            let place = (by.map(str::to_owned), key.to_owned());
            let mut cells = self
                .cells
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            Arc::clone(cells.entry(place).or_default())
        };
        let described =
            cell.get_or_init(async || Arc::new(describe_key(run, inspector, key).await));
        Arc::clone(described.await)
    }
}

/// Looks at a table and the key that the plan gives it, both at once.
pub(crate) async fn inspect(run: &Run<'_>, inspector: &Inspector, table: &Table) -> Inspection {
    let by = table.inspect_as.as_deref();
    let key = async {
        let key = match &table.key {
            TableKey::Key(arn) => arn.as_str(),
            TableKey::Alias(alias) => alias,
            TableKey::AwsOwned => return None,
        };
        Some(run.keys.describe(run, inspector, by, key).await)
    };
    let (table, key) = futures_util::future::join(describe_table(run, inspector, table), key).await;
    Inspection { table, key }
}

async fn describe_table(run: &Run<'_>, inspector: &Inspector, table: &Table) -> Called<TableFacts> {
    let name = table.arn.as_ref().map_or(&*table.name, |arn| arn.as_str());
    let called = run.calls.look(Operation::DESCRIBE_TABLE, async || {
        let result = inspector
            .dynamodb
            .describe_table()
            .table_name(name)
            .send()
            .await;
        let reply = Reply::new(result, |code, message| {
            classify_call(Service::DynamoDb, code, message)
        });
        reply.and_then(|output| read::table(table, output.table()))
    });
    called.await
}

pub(crate) async fn describe_key(
    run: &Run<'_>,
    inspector: &Inspector,
    key: &str,
) -> Called<KeyFacts> {
    let called = run.calls.look(Operation::DESCRIBE_KEY, async || {
        let result = inspector.kms.describe_key().key_id(key).send().await;
        let reply = Reply::new(result, |code, message| {
            classify_call(Service::Kms, code, message)
        });
        reply.and_then(|output| read::key(key, output.key_metadata()))
    });
    called.await
}

fn unreadable(message: String) -> Failure {
    Failure::blind(Blindness::Unreadable, message)
}
