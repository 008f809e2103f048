// SPDX-License-Identifier: Apache-2.0
//! Canaries: written and removed by the operator.
//!
//! A canary is written only where no item is, and removed only where the item is the canary and
//! nothing else: keyproof never changes somebody's data.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::ReturnValue;
use futures_util::stream::{self, StreamExt};
use keyproof_core::Service;
use keyproof_plan::{Action, Plan, Table};
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, Observation, classify_call};

use crate::calls::{Called, Calls, Reply};
use crate::failure::Failure;
use crate::item::{self, Item};
use crate::run::{Run, observation};
use crate::{Runner, Settings};

/// What planting takes. Writes to an encrypted table also need `kms:Decrypt` through DynamoDB.
pub const PLANT_ACTIONS: &[&str] = &["dynamodb:GetItem", "dynamodb:PutItem"];

/// What removing takes.
pub const REMOVE_ACTIONS: &[&str] = &["dynamodb:DeleteItem", "dynamodb:GetItem"];

/// What came of a table's canary.
#[derive(Clone, Debug, PartialEq)]
pub struct CanaryOutcome {
    /// The table's name in the plan.
    pub table: String,
    /// What came of it.
    pub state: CanaryState,
}

/// Where a canary stands after [`plant`] or [`remove`].
#[derive(Clone, Debug, PartialEq)]
pub enum CanaryState {
    /// It was written.
    Planted,
    /// It was there already, whole.
    AlreadyThere,
    /// It was removed.
    Removed,
    /// It was not there.
    AlreadyGone,
    /// Another item has the canary's key, and was left alone.
    Foreign,
    /// The call came to nothing: what was seen of it, free of secrets.
    Failed(Box<Observation>),
}

impl CanaryState {
    /// Whether the table is as it was asked to be.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        match self {
            Self::Planted | Self::AlreadyThere | Self::Removed | Self::AlreadyGone => true,
            Self::Foreign | Self::Failed(_) => false,
        }
    }
}

/// Writes the plan's canaries, as the operator. Again does no harm.
pub async fn plant(plan: &Plan, settings: &Settings, runner: &Runner) -> Vec<CanaryOutcome> {
    each_table(plan, settings, runner, plant_one).await
}

/// Removes the plan's canaries, as the operator. Again does no harm.
pub async fn remove(plan: &Plan, settings: &Settings, runner: &Runner) -> Vec<CanaryOutcome> {
    each_table(plan, settings, runner, remove_one).await
}

async fn each_table(
    plan: &Plan,
    settings: &Settings,
    runner: &Runner,
    act: impl AsyncFn(&Calls, &Client, &Table) -> Called<CanaryState>,
) -> Vec<CanaryOutcome> {
    let run = Run::start(plan, settings, runner).await;
    let client = Client::new(&run.config);
    stream::iter(&plan.tables)
        .map(|(name, table)| {
            let (act, run, client) = (&act, &run, &client);
            async move {
                let called = act(&run.calls, client, table).await;
                let state = match called.outcome {
                    Ok(state) => state,
                    Err(failure) => {
                        let called = Called {
                            outcome: Err(failure),
                            request_id: called.request_id,
                            attempts: called.attempts,
                            latency_ms: called.latency_ms,
                        };
                        let arn = table.arn.as_ref().map(ToString::to_string);
                        CanaryState::Failed(Box::new(observation(called, arn, &run.redactor)))
                    }
                };
                CanaryOutcome {
                    table: name.clone(),
                    state,
                }
            }
        })
        .buffered(settings.concurrency.max(1))
        .collect()
        .await
}

async fn plant_one(calls: &Calls, client: &Client, table: &Table) -> Called<CanaryState> {
    let whole = item::whole(&table.canary);
    let put = calls
        .send(Operation::of(Action::PutItem), async || {
            let result = client
                .put_item()
                .table_name(name(table))
                .set_item(Some(whole.clone()))
                .condition_expression("attribute_not_exists(#key)")
                .expression_attribute_names("#key", key_name(table))
                .send()
                .await;
            // The condition tells that an item is there: not which.
            let occupied =
                is_condition_failed(result.as_ref().err().and_then(|error| error.code()));
            let reply = Reply::new(result, read);
            if occupied {
                return Reply {
                    outcome: Ok(false),
                    request_id: reply.request_id,
                };
            }
            reply.and_then(|_| Ok(true))
        })
        .await;
    match put.outcome {
        Ok(true) => put.and_then(|_| Ok(CanaryState::Planted)),
        Ok(false) => found(calls, client, table)
            .await
            .and_then(|found| match found {
                Some(found) if item::is_canary(&table.canary, &found) => {
                    Ok(CanaryState::AlreadyThere)
                }
                Some(_) => Ok(CanaryState::Foreign),
                None => {
                    let message = "the item at the canary's key came and went; plant again";
                    Err(Failure::blind(Blindness::Conflict, message))
                }
            }),
        Err(_) => put.and_then(|_| Ok(CanaryState::Planted)),
    }
}

async fn remove_one(calls: &Calls, client: &Client, table: &Table) -> Called<CanaryState> {
    let looked = found(calls, client, table).await;
    match &looked.outcome {
        Ok(Some(found)) => {
            let nothing_else = found.len() == item::whole(&table.canary).len();
            if !nothing_else || !item::is_canary(&table.canary, found) {
                return looked.and_then(|_| Ok(CanaryState::Foreign));
            }
        }
        Ok(None) => return looked.and_then(|_| Ok(CanaryState::AlreadyGone)),
        Err(_) => return looked.and_then(|_| Ok(CanaryState::AlreadyGone)),
    }
    let whole = item::whole(&table.canary);
    let terms: Vec<_> = whole.into_iter().enumerate().collect();
    let condition: Vec<_> = terms
        .iter()
        .map(|(n, _)| format!("#a{n} = :a{n}"))
        .collect();
    let condition = condition.join(" AND ");
    calls
        .send(Operation::of(Action::DeleteItem), async || {
            let names = terms
                .iter()
                .map(|(n, (name, _))| (format!("#a{n}"), name.clone()));
            let values = terms
                .iter()
                .map(|(n, (_, value))| (format!(":a{n}"), value.clone()));
            let result = client
                .delete_item()
                .table_name(name(table))
                .set_key(Some(item::key(&table.canary)))
                .condition_expression(&condition)
                .set_expression_attribute_names(Some(names.collect()))
                .set_expression_attribute_values(Some(values.collect()))
                .return_values(ReturnValue::None)
                .send()
                .await;
            let changed = is_condition_failed(result.as_ref().err().and_then(|error| error.code()));
            let reply = Reply::new(result, read);
            if changed {
                return Reply {
                    outcome: Ok(CanaryState::Foreign),
                    request_id: reply.request_id,
                };
            }
            reply.and_then(|_| Ok(CanaryState::Removed))
        })
        .await
}

/// The item at the canary's key.
async fn found(calls: &Calls, client: &Client, table: &Table) -> Called<Option<Item>> {
    calls
        .send(Operation::of(Action::GetItem), async || {
            let request = client.get_item().table_name(name(table));
            let request = request
                .set_key(Some(item::key(&table.canary)))
                .consistent_read(true);
            let reply = Reply::new(request.send().await, read);
            reply.and_then(|output| Ok(output.item))
        })
        .await
}

fn read(code: Option<&str>, message: Option<&str>) -> Answer {
    classify_call(Service::DynamoDb, code, message)
}

fn is_condition_failed(code: Option<&str>) -> bool {
    code == Some("ConditionalCheckFailedException")
}

fn name(table: &Table) -> &str {
    table.arn.as_ref().map_or(&*table.name, |arn| arn.as_str())
}

fn key_name(table: &Table) -> &str {
    table.canary.key.keys().next().map_or("pk", String::as_str)
}
