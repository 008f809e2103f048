// SPDX-License-Identifier: Apache-2.0
//! `TransactGetItems` and `TransactWriteItems`: all or nothing.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>. Each
//! part is authorised as the operation that it stands for.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::get_item::Get;
use super::reply;
use super::write::{Change, Outcome, Write, WriteError};
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit, unlock};
use crate::dynamodb::attribute;
use crate::dynamodb::capacity::{Capacity, Weight};
use crate::dynamodb::input::{
    self, Expressions, OnFailure, RawAttributes, ReturnConsumedCapacity,
    ReturnItemCollectionMetrics,
};
use crate::error::AwsError;
use crate::world::World;

/// The most parts of one transaction.
const MAXIMUM_PARTS: usize = 100;
/// How long a `ClientRequestToken` stands for its transaction.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct TransactGetItems {
    transact_items: Vec<TransactGetItem>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TransactGetItem {
    get: GetPart,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetPart {
    table_name: String,
    key: RawAttributes,
    #[serde(default)]
    projection_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
}

pub(super) fn get_items(
    world: &mut World,
    call: &Call,
    input: &TransactGetItems,
) -> Result<Value, AwsError> {
    check_count(input.transact_items.len())?;
    let mut parts = Vec::new();
    for TransactGetItem { get: part } in &input.transact_items {
        let get = Get::read(
            &part.key,
            part.projection_expression.as_deref(),
            part.expression_attribute_names.as_ref(),
        )?;
        parts.push((&part.table_name, Target::of(call, &part.table_name)?, get));
    }
    for (_, target, get) in &parts {
        let mut deed = Deed::default().with("dynamodb:EnclosingOperation", "TransactGetItems");
        if let Some(asked) = input.return_consumed_capacity {
            deed = deed.with("dynamodb:ReturnConsumedCapacity", asked.word());
        }
        get.describe(&mut deed, world, target);
        permit(world, call, "GetItem", target, None, &deed)?;
    }
    for (position, (_, target, get)) in parts.iter().enumerate() {
        get.check(target.table(world)?)?;
        let mut earlier = parts.iter().take(position);
        if earlier.any(|(_, other, earlier)| other == target && earlier.key() == get.key()) {
            return Err(repeated());
        }
    }
    for (_, target, _) in &parts {
        unlock(world, call, target)?;
    }

    let mut responses = Vec::new();
    let mut capacities: BTreeMap<&str, Capacity> = BTreeMap::new();
    for (reference, target, get) in &parts {
        let capacity = capacities.entry(reference).or_default();
        let item = get.find(target.table(world)?, capacity, Weight::Transaction);
        responses.push(reply([(
            "Item",
            item.map(|item| attribute::to_json(&item)),
        )]));
    }
    let consumed = report(&capacities, input.return_consumed_capacity);
    Ok(reply([
        ("Responses", Some(responses.into())),
        ("ConsumedCapacity", consumed),
    ]))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TransactWriteItems {
    transact_items: Vec<TransactWriteItem>,
    #[serde(default)]
    client_request_token: Option<String>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    return_item_collection_metrics: Option<ReturnItemCollectionMetrics>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TransactWriteItem {
    #[serde(default)]
    condition_check: Option<WritePart>,
    #[serde(default)]
    put: Option<WritePart>,
    #[serde(default)]
    delete: Option<WritePart>,
    #[serde(default)]
    update: Option<WritePart>,
}

/// The parameters of all four kinds; which of them a kind takes is checked afterwards.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct WritePart {
    table_name: String,
    #[serde(default)]
    item: Option<RawAttributes>,
    #[serde(default)]
    key: Option<RawAttributes>,
    #[serde(default)]
    update_expression: Option<String>,
    #[serde(default)]
    condition_expression: Option<String>,
    #[serde(default)]
    expression_attribute_names: Option<IndexMap<String, String>>,
    #[serde(default)]
    expression_attribute_values: Option<RawAttributes>,
    #[serde(default)]
    return_values_on_condition_check_failure: Option<OnFailure>,
}

pub(super) fn write_items(world: &mut World, call: &Call, raw: &Value) -> Result<Value, AwsError> {
    let input: TransactWriteItems = input::read("TransactWriteItems", raw)?;
    check_count(input.transact_items.len())?;
    let parts = input.transact_items.iter().map(|part| part.read(call));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    for (_, target, write) in &parts {
        let mut deed = Deed::default().with("dynamodb:EnclosingOperation", "TransactWriteItems");
        if let Some(asked) = input.return_consumed_capacity {
            deed = deed.with("dynamodb:ReturnConsumedCapacity", asked.word());
        }
        write.describe(&mut deed, world, target);
        permit(world, call, write.change.action(), target, None, &deed)?;
    }
    let mut keys = Vec::new();
    for (_, target, write) in &parts {
        let table = target.table(world)?;
        write.check(table)?;
        let key = (target, table.definition.keys.key_of(write.change.key()));
        if keys.contains(&key) {
            return Err(repeated());
        }
        keys.push(key);
    }
    for (_, target, _) in &parts {
        unlock(world, call, target)?;
    }
    if let Some(token) = &input.client_request_token
        && !remember(world, call, token, raw)?
    {
        return Ok(json!({}));
    }

    let outcomes: Vec<Result<Outcome, WriteError>> = parts
        .iter()
        .map(|(_, target, write)| write.evaluate(target.table(world)?))
        .collect();
    if outcomes.iter().any(Result::is_err) {
        // A cancelled transaction may be tried again with its token.
        if let Some(token) = &input.client_request_token {
            world
                .tables
                .tokens
                .remove(&(call.caller.account.clone(), token.clone()));
        }
        return Err(cancelled(outcomes));
    }
    let mut capacities: BTreeMap<&str, Capacity> = BTreeMap::new();
    for ((reference, target, _), outcome) in parts.iter().zip(outcomes.iter().flatten()) {
        outcome.commit(target.described(world)?);
        capacities
            .entry(reference)
            .or_default()
            .write(outcome.size(), Weight::Transaction);
    }
    let metrics = match input.return_item_collection_metrics.unwrap_or_default() {
        ReturnItemCollectionMetrics::Size => Some(json!({})),
        ReturnItemCollectionMetrics::None => None,
    };
    let consumed = report(&capacities, input.return_consumed_capacity);
    Ok(reply([
        ("ConsumedCapacity", consumed),
        ("ItemCollectionMetrics", metrics),
    ]))
}

impl TransactWriteItem {
    fn read(&self, call: &Call) -> Result<(&str, Target, Write), AwsError> {
        let given = [&self.condition_check, &self.put, &self.delete, &self.update];
        let mut given = given.into_iter().flatten();
        let (Some(part), None) = (given.next(), given.next()) else {
            return Err(AwsError::validation(
                "TransactItems can only contain one of Check, Put, Update or Delete",
            ));
        };
        let missing = |member: &str| {
            AwsError::validation(format!(
                "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            ))
        };
        let parsed = Expressions {
            names: part.expression_attribute_names.as_ref(),
            values: part.expression_attribute_values.as_ref(),
            update: part.update_expression.as_deref(),
            condition: part.condition_expression.as_deref(),
            ..Expressions::default()
        }
        .parse(&["ConditionExpression"])?;
        let stray = if self.put.is_some() {
            part.key.is_some()
        } else {
            part.item.is_some()
        };
        if stray || (self.update.is_none() && part.update_expression.is_some()) {
            return Err(AwsError::validation(
                "a part of the transaction has a parameter that its kind doesn't take",
            ));
        }
        let attributes = if self.put.is_some() {
            input::attributes(part.item.as_ref().ok_or_else(|| missing("item"))?)?
        } else {
            input::attributes(part.key.as_ref().ok_or_else(|| missing("key"))?)?
        };
        let change = if self.put.is_some() {
            Change::Put(attributes)
        } else if self.update.is_some() {
            Change::Update(
                attributes,
                Some(parsed.update.ok_or_else(|| missing("updateExpression"))?),
            )
        } else if self.delete.is_some() {
            Change::Delete(attributes)
        } else {
            if parsed.condition.is_none() {
                return Err(missing("conditionExpression"));
            }
            Change::Check(attributes)
        };
        let return_on_failure =
            part.return_values_on_condition_check_failure == Some(OnFailure::AllOld);
        let write = Write {
            change,
            condition: parsed.condition,
            return_on_failure,
        };
        Ok((&part.table_name, Target::of(call, &part.table_name)?, write))
    }
}

/// Remembers a transaction by its token; `false` if it has been carried out already.
fn remember(world: &mut World, call: &Call, token: &str, input: &Value) -> Result<bool, AwsError> {
    let tokens = &mut world.tables.tokens;
    tokens.retain(|_, (_, at)| call.now.duration_since(*at) < TOKEN_LIFE);
    // The same parameters may come in another order: SDKs keep maps unordered.
    let mut sorted = input.clone();
    sorted.sort_all_objects();
    let digest: Vec<u8> = Sha256::digest(sorted.to_string()).iter().copied().collect();
    let key = (call.caller.account.clone(), token.to_owned());
    match tokens.get(&key) {
        Some((known, _)) if *known == digest => Ok(false),
        Some(_) => Err(AwsError::client(
            "IdempotentParameterMismatchException",
            "Idempotent parameters mismatch: the request token was used with other parameters",
        )),
        None => {
            tokens.insert(key, (digest, call.now));
            Ok(true)
        }
    }
}

fn cancelled(outcomes: Vec<Result<Outcome, WriteError>>) -> AwsError {
    let (mut codes, mut reasons) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let (code, message, item) = match outcome {
            Ok(_) => ("None", None, None),
            Err(WriteError::Condition(item)) => (
                "ConditionalCheckFailed",
                Some("The conditional request failed".to_owned()),
                item.map(|item| attribute::to_json(&item)),
            ),
            Err(WriteError::Other(error)) => ("ValidationError", Some(error.message), None),
        };
        codes.push(code);
        reasons.push(reply([
            ("Code", Some(code.into())),
            ("Message", message.map(Value::from)),
            ("Item", item),
        ]));
    }
    AwsError::client(
        "TransactionCanceledException",
        format!(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
            codes.join(", ")
        ),
    )
    .with("CancellationReasons", reasons.into())
}

fn report(
    capacities: &BTreeMap<&str, Capacity>,
    asked: Option<ReturnConsumedCapacity>,
) -> Option<Value> {
    let asked = asked.unwrap_or_default();
    let reports: Vec<Value> = capacities
        .iter()
        .filter_map(|(table, capacity)| capacity.report(asked, table, None, true))
        .collect();
    (!reports.is_empty()).then_some(reports.into())
}

fn check_count(count: usize) -> Result<(), AwsError> {
    let constraint = match count {
        0 => "Member must have length greater than or equal to 1",
        count if count > MAXIMUM_PARTS => "Member must have length less than or equal to 100",
        _ => return Ok(()),
    };
    Err(AwsError::validation(format!(
        "1 validation error detected: Value at 'transactItems' failed to satisfy constraint: {constraint}"
    )))
}

fn repeated() -> AwsError {
    AwsError::validation("Transaction request cannot include multiple operations on one item")
}
