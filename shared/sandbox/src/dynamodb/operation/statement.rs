// SPDX-License-Identifier: Apache-2.0
//! `ExecuteStatement` and `BatchExecuteStatement`.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html>. Reads
//! are authorised as `dynamodb:PartiQLSelect`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::page::{Found, Page, Shape, Source, limit, selected};
use super::reply;
use crate::caller::Call;
use crate::dynamodb::access::{Deed, Target, permit, unlock};
use crate::dynamodb::attribute::{self, AttributeValue, Attributes};
use crate::dynamodb::capacity::{Capacity, Weight};
use crate::dynamodb::expression::Condition;
use crate::dynamodb::input::{OnFailure, ReturnConsumedCapacity, invalid};
use crate::dynamodb::key::KeyValue;
use crate::dynamodb::partiql::{self, Select};
use crate::error::AwsError;
use crate::world::World;

/// The most statements of one batch.
const MAXIMUM_STATEMENTS: usize = 25;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ExecuteStatement {
    statement: String,
    #[serde(default)]
    parameters: Option<Vec<Value>>,
    #[serde(default)]
    consistent_read: Option<bool>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
    #[serde(default)]
    limit: Option<usize>,
    #[serde(default)]
    #[expect(dead_code, reason = "a SELECT has no condition check")]
    return_values_on_condition_check_failure: Option<OnFailure>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct BatchExecuteStatement {
    statements: Vec<BatchStatement>,
    #[serde(default)]
    return_consumed_capacity: Option<ReturnConsumedCapacity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct BatchStatement {
    statement: String,
    #[serde(default)]
    parameters: Option<Vec<Value>>,
    #[serde(default)]
    consistent_read: Option<bool>,
    #[serde(default)]
    #[expect(dead_code, reason = "a SELECT has no condition check")]
    return_values_on_condition_check_failure: Option<OnFailure>,
}

pub(super) fn execute(
    world: &mut World,
    call: &Call,
    input: &ExecuteStatement,
) -> Result<Value, AwsError> {
    let select = read(&input.statement, input.parameters.as_deref())?;
    let limit = limit(input.limit)?;
    let start = input.next_token.as_deref().map(token_key).transpose()?;
    let target = Target::of(call, &select.table)?;
    let consistent = input.consistent_read.unwrap_or(false);
    let shape = admit(world, call, &target, &select, consistent)?;
    unlock(world, call, &target)?;

    let source = Source::of(target.table(world)?, select.index.as_deref())?;
    let page = Page {
        source,
        filter: select.condition.as_ref(),
        shape: &shape,
        limit,
        weight: Weight::of_read(consistent),
    };
    let found = run(&page, &select, start.as_ref())?;
    let last = found.last.as_ref().map(attribute::to_json);
    let token = last.as_ref().map(|last| STANDARD.encode(last.to_string()));
    let asked = input.return_consumed_capacity.unwrap_or_default();
    Ok(reply([
        ("Items", Some(found.items.into())),
        ("NextToken", token.map(Value::from)),
        ("LastEvaluatedKey", last),
        (
            "ConsumedCapacity",
            found
                .capacity
                .report(asked, &select.table, source.index_kind(), false),
        ),
    ]))
}

/// Runs up to 25 statements. One that is refused says so in its place; the others are not
/// concerned, and the reply is a success.
pub(super) fn batch(
    world: &mut World,
    call: &Call,
    input: BatchExecuteStatement,
) -> Result<Value, AwsError> {
    if !(1..=MAXIMUM_STATEMENTS).contains(&input.statements.len()) {
        return Err(AwsError::validation(
            "1 validation error detected: Value at 'statements' failed to satisfy constraint: Member must have length between 1 and 25",
        ));
    }
    let asked = input.return_consumed_capacity.unwrap_or_default();
    let (mut responses, mut consumed) = (Vec::new(), Vec::new());
    for statement in input.statements {
        let select = match read(&statement.statement, statement.parameters.as_deref()) {
            Ok(select) => select,
            Err(error) => {
                responses.push(reply([("Error", Some(batch_error(&error)))]));
                continue;
            }
        };
        let consistent = statement.consistent_read.unwrap_or(false);
        let (item, error) = match single(world, call, &select, consistent) {
            Ok((item, capacity)) => {
                consumed.extend(capacity.report(asked, &select.table, None, false));
                (item, None)
            }
            Err(error) => (None, Some(batch_error(&error))),
        };
        responses.push(reply([
            ("Error", error),
            ("TableName", Some(select.table.into())),
            ("Item", item),
        ]));
    }
    Ok(reply([
        ("Responses", Some(responses.into())),
        (
            "ConsumedCapacity",
            (!consumed.is_empty()).then_some(consumed.into()),
        ),
    ]))
}

/// A statement of a batch: one item by its whole primary key.
fn single(
    world: &mut World,
    call: &Call,
    select: &Select,
    consistent: bool,
) -> Result<(Option<Value>, Capacity), AwsError> {
    let target = Target::of(call, &select.table)?;
    let shape = admit(world, call, &target, select, consistent)?;
    let keys = &target.table(world)?.definition.keys;
    let fixed = |name: &str| {
        let condition = select.condition.as_ref()?;
        partiql::partitions(condition, name).filter(|values| values.len() == 1)
    };
    if select.index.is_some() || keys.attributes().any(|(name, _)| fixed(name).is_none()) {
        return Err(AwsError::validation(
            "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
        ));
    }
    unlock(world, call, &target)?;
    let page = Page {
        source: Source::of(target.table(world)?, None)?,
        filter: select.condition.as_ref(),
        shape: &shape,
        limit: None,
        weight: Weight::of_read(consistent),
    };
    let found = run(&page, select, None)?;
    Ok((found.items.into_iter().next(), found.capacity))
}

/// An error as a batch's reply words it.
fn batch_error(error: &AwsError) -> Value {
    let code = match error.code.as_ref() {
        "ValidationException" => "ValidationError",
        other => other.strip_suffix("Exception").unwrap_or(other),
    };
    reply([
        ("Code", Some(code.into())),
        ("Message", Some(error.message.clone().into())),
    ])
}

fn read(statement: &str, parameters: Option<&[Value]>) -> Result<Select, AwsError> {
    let parameters = parameters
        .unwrap_or_default()
        .iter()
        .map(AttributeValue::from_json);
    let parameters = parameters.collect::<Result<Vec<_>, _>>()?;
    partiql::parse(statement, &parameters).map_err(invalid)
}

/// Permission, then what the table says to the statement.
fn admit(
    world: &World,
    call: &Call,
    target: &Target,
    select: &Select,
    consistent: bool,
) -> Result<Shape, AwsError> {
    let source = target
        .table(world)
        .and_then(|table| Source::of(table, select.index.as_deref()));
    let selection = selected(None, select.paths.is_some(), select.index.is_some()).word();
    let mut deed = Deed::default().with("dynamodb:Select", selection);
    deed.paths(select.paths.iter().flatten());
    if let Some(condition) = &select.condition {
        let mut paths = Vec::new();
        condition.each_path(&mut |path| paths.push(path));
        deed.paths(paths);
    }
    if let Ok(source) = &source {
        let partitions = partitions(source, select.condition.as_ref());
        deed = deed.with("dynamodb:FullTableScan", partitions.is_none().to_string());
        for value in partitions.iter().flatten() {
            deed.leading_key(value);
        }
    }
    permit(
        world,
        call,
        "PartiQLSelect",
        target,
        select.index.as_deref(),
        &deed,
    )?;
    let source = source?;
    source.check_consistency(consistent)?;
    let shape = Shape::of(&source, None, select.paths.clone())?;
    check_order(&source, select)?;
    Ok(shape)
}

fn partitions(source: &Source<'_>, condition: Option<&Condition>) -> Option<Vec<AttributeValue>> {
    partiql::partitions(condition?, &source.keys().partition.0)
}

fn check_order(source: &Source<'_>, select: &Select) -> Result<(), AwsError> {
    if select.order.is_empty() {
        return Ok(());
    }
    if partitions(source, select.condition.as_ref()).is_none() {
        return Err(AwsError::validation(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.",
        ));
    }
    match select
        .order
        .iter()
        .find(|(name, _)| !source.keys().has(name))
    {
        Some((name, _)) => Err(AwsError::validation(format!(
            "Variable reference {name} in ORDER BY clause must be part of the primary key"
        ))),
        None => Ok(()),
    }
}

/// Reads the partitions that the statement names, or everything.
fn run(page: &Page<'_>, select: &Select, start: Option<&Attributes>) -> Result<Found, AwsError> {
    let source = page.source;
    let (keys, index) = (source.keys(), source.index_name());
    let start = start.map(|start| source.start(start)).transpose()?;
    let Some(values) = partitions(&source, select.condition.as_ref()) else {
        let items = source.table.store().scan(index, start.as_ref());
        return Ok(page.read(items.map(|(_, item)| item)));
    };
    let descending = |name: &str| {
        select
            .order
            .iter()
            .find(|(ordered, _)| ordered == name)
            .map(|(_, descending)| *descending)
    };
    // A value of another type than the key's is in no item.
    let read = values
        .iter()
        .filter_map(|value| KeyValue::of(value, keys.partition.1));
    let mut partitions: Vec<KeyValue> = read.collect();
    partitions.sort();
    partitions.dedup();
    if descending(&keys.partition.0) == Some(true) {
        partitions.reverse();
    }
    let sort = keys.sort.as_ref().and_then(|(name, _)| descending(name));
    let begun = start.as_ref().map(|start| start.partition.clone());
    let items = partitions
        .into_iter()
        .skip_while(|partition| begun.as_ref().is_some_and(|begun| begun != partition))
        .flat_map(|partition| {
            let after = start.as_ref().filter(|start| start.partition == partition);
            source
                .table
                .store()
                .partition(index, partition, sort != Some(true), after)
        });
    Ok(page.read(items))
}

/// The key that a `NextToken` stands for.
fn token_key(token: &str) -> Result<Attributes, AwsError> {
    let wrong = || AwsError::validation("Invalid NextToken");
    let bytes = STANDARD.decode(token).map_err(|_| wrong())?;
    let key: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    attribute::attributes(&key).map_err(|_| wrong())
}
