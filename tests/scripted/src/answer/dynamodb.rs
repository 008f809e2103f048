// SPDX-License-Identifier: Apache-2.0
//! DynamoDB: tables of one item.

use serde_json::{Map, Value, json};

use super::Refusal;
use crate::server::{State, lock};
use crate::{Request, Table};

/// The table of this name or ARN, as it is now.
pub(super) fn table(state: &State, name: &str) -> Option<Table> {
    let world = lock(&state.world);
    world.tables.get(name).or(world.any_table.as_ref()).cloned()
}

/// Answers with the table as it is.
pub(super) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    let missing = || Refusal::new("ResourceNotFoundException", "Requested resource not found");
    let found = table(state, &request.resource).ok_or_else(missing)?;
    of(state, request, &found)
}

/// Answers as if this were the table's only item.
pub(super) fn instead(
    state: &State,
    request: &Request,
    item: Option<&Value>,
) -> Result<Value, Refusal> {
    let found = table(state, &request.resource).unwrap_or_default();
    let item = item.cloned();
    of(state, request, &Table { item, ..found })
}

fn of(state: &State, request: &Request, found: &Table) -> Result<Value, Refusal> {
    let item = found.item.as_ref();
    let items: Vec<&Value> = item.into_iter().collect();
    match &*request.operation {
        "GetItem" => Ok(item.map_or_else(|| json!({}), |item| json!({ "Item": item }))),
        "Query" | "Scan" => {
            let count = items.len();
            Ok(json!({ "Items": items, "Count": count, "ScannedCount": count }))
        }
        "BatchGetItem" => {
            let named = request.body["RequestItems"]
                .as_object()
                .and_then(|all| all.keys().next());
            let mut responses = Map::new();
            responses.insert(named.cloned().unwrap_or_default(), json!(items));
            Ok(json!({ "Responses": responses, "UnprocessedKeys": {} }))
        }
        "ExecuteStatement" => Ok(json!({ "Items": items })),
        "TransactGetItems" => {
            let response = item.map_or_else(|| json!({}), |item| json!({ "Item": item }));
            Ok(json!({ "Responses": [response] }))
        }
        "DescribeTable" => Ok(json!({ "Table": describe(found, &request.resource) })),
        "PutItem" | "UpdateItem" | "DeleteItem" => write(state, request, found),
        operation => Err(Refusal::new(
            "UnknownOperationException",
            format!("`{operation}` is not scripted"),
        )),
    }
}

/// The only writes that are understood: under a condition that never holds, and the canary's own.
fn write(state: &State, request: &Request, table: &Table) -> Result<Value, Refusal> {
    let failed = Err(Refusal::new(
        "ConditionalCheckFailedException",
        "The conditional request failed",
    ));
    let body = &request.body;
    let mut world = lock(&state.world);
    match (
        &*request.operation,
        body["ConditionExpression"].as_str().unwrap_or_default(),
    ) {
        (_, "attribute_exists(#key) AND attribute_not_exists(#key)") => failed,
        ("PutItem", "attribute_not_exists(#key)") => {
            if table.item.is_some() {
                return failed;
            }
            let table = Table {
                item: Some(body["Item"].clone()),
                ..table.clone()
            };
            world.tables.insert(request.resource.clone(), table);
            Ok(json!({}))
        }
        ("DeleteItem", condition) if condition.starts_with("#a0 = :a0") => {
            let holds = condition.split(" AND ").all(|term| {
                let Some((name, value)) = term.split_once(" = ") else {
                    return false;
                };
                let name = body["ExpressionAttributeNames"][name]
                    .as_str()
                    .unwrap_or_default();
                let expected = &body["ExpressionAttributeValues"][value];
                table
                    .item
                    .as_ref()
                    .is_some_and(|item| item[name] == *expected)
            });
            if !holds {
                return failed;
            }
            let table = Table {
                item: None,
                ..table.clone()
            };
            world.tables.insert(request.resource.clone(), table);
            Ok(json!({}))
        }
        (_, condition) => Err(Refusal::new(
            "ValidationException",
            format!("condition `{condition}` is not scripted"),
        )),
    }
}

fn describe(table: &Table, name: &str) -> Value {
    let indexes = |global: bool| -> Vec<Value> {
        let indexes = table
            .indexes
            .iter()
            .filter(|(_, index)| index.global == global);
        let described = indexes.map(|(name, index)| {
            json!({
                "IndexName": name,
                "KeySchema": index.key_schema,
                "Projection": index.projection,
            })
        });
        described.collect()
    };
    let mut described = json!({
        "TableName": name,
        "TableArn": table.arn(name),
        "TableStatus": "ACTIVE",
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    });
    if let Some(sse) = &table.sse {
        described["SSEDescription"] = sse.clone();
    }
    for (field, global) in [
        ("GlobalSecondaryIndexes", true),
        ("LocalSecondaryIndexes", false),
    ] {
        let found = indexes(global);
        if !found.is_empty() {
            described[field] = Value::Array(found);
        }
    }
    described
}
