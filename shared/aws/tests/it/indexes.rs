// SPDX-License-Identifier: Apache-2.0
//! Queries and scans of indexes.

use std::collections::BTreeMap;

use keyproof_aws::Settings;
use keyproof_plan::Plan;
use keyproof_scripted::{Index, Layer, Reply, Rule, Script, Table, World};
use serde_json::{Value, json};

use crate::world::{KEY, canary, finding, plan_on, row, run, run_with, settings, world};

fn plan(index: &str, more: &str) -> Plan {
    let text = format!(
        "  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }}\n\
         \x20 - {{ principal: reader, on: orders, index: {index}, actions: [dynamodb:Query, dynamodb:Scan], decision: allowed }}\n"
    );
    plan_on(KEY, more, &text)
}

fn with_index(index: Index) -> World {
    let indexes = BTreeMap::from([("by-proof".to_owned(), index)]);
    world().table(
        "orders",
        Table {
            indexes,
            ..Table::encrypted(canary(), KEY)
        },
    )
}

fn index(global: bool, hash: &str, range: Option<&str>, projection: Value) -> Index {
    let mut schema = vec![json!({ "AttributeName": hash, "KeyType": "HASH" })];
    schema.extend(range.map(|range| json!({ "AttributeName": range, "KeyType": "RANGE" })));
    Index {
        global,
        key_schema: json!(schema),
        projection,
    }
}

#[tokio::test]
async fn a_global_index_is_queried_by_its_own_key_and_filtered_by_the_tables() {
    let all = json!({ "ProjectionType": "ALL" });
    let world = with_index(index(true, "proof", None, all));
    let (report, endpoint) = run(&plan("by-proof", ""), Script::new(world)).await;

    assert_eq!(report.summary.pass, report.summary.planned);
    let mut query = endpoint.requests_of("Query")[0].body.clone();
    assert_eq!(
        query["ExpressionAttributeValues"][":k0"],
        json!({ "S": "c0ffee-canary-content" })
    );
    query
        .as_object_mut()
        .unwrap()
        .remove("ExpressionAttributeValues");
    assert_eq!(
        query,
        json!({
            "TableName": "orders", "IndexName": "by-proof", "ConsistentRead": false,
            "KeyConditionExpression": "#k0 = :k0", "FilterExpression": "#f0 = :f0",
            "ExpressionAttributeNames": { "#k0": "proof", "#f0": "pk" },
        })
    );
    let scan = &endpoint.requests_of("Scan")[0].body;
    assert_eq!(
        (&scan["IndexName"], &scan["ConsistentRead"]),
        (&json!("by-proof"), &json!(false))
    );
    let row = row(&report, "reader/dynamodb:Query/orders/by-proof");
    let arn = "arn:aws:dynamodb:us-east-1:111122223333:table/orders/index/by-proof";
    assert_eq!(row.resource.as_deref(), Some(arn));
}

#[tokio::test]
async fn a_local_index_is_read_consistently() {
    let all = json!({ "ProjectionType": "ALL" });
    let world = with_index(index(false, "pk", Some("proof"), all));
    let (report, endpoint) = run(&plan("by-proof", ""), Script::new(world)).await;

    assert_eq!(report.summary.pass, report.summary.planned);
    let query = &endpoint.requests_of("Query")[0].body;
    assert_eq!(query["ConsistentRead"], true);
    assert_eq!(query["KeyConditionExpression"], "#k0 = :k0 AND #k1 = :k1");
    assert_eq!(query.get("FilterExpression"), None);
}

#[tokio::test]
async fn attributes_that_an_index_does_not_hold_are_not_missed() {
    let item = json!({ "pk": { "S": "keyproof#canary" } });
    let keys_only = json!({ "ProjectionType": "KEYS_ONLY" });
    let world = with_index(index(true, "pk", None, keys_only));
    let script = Script::new(world)
        .rule(Rule::new(Reply::Item(item.clone())).on("Query"))
        .rule(Rule::new(Reply::Item(item.clone())).on("Scan"));
    let (report, _endpoint) = run(&plan("by-proof", ""), script).await;
    assert_eq!(report.summary.pass, report.summary.planned);

    let included = json!({ "ProjectionType": "INCLUDE", "NonKeyAttributes": ["proof"] });
    let world = with_index(index(true, "pk", None, included));
    let script = Script::new(world).rule(Rule::new(Reply::Item(item)).on("Query"));
    let (report, _endpoint) = run(&plan("by-proof", ""), script).await;
    assert_eq!(
        finding(&report, "reader/dynamodb:Query/orders/by-proof"),
        "canary_missing"
    );
}

#[tokio::test]
async fn an_index_whose_key_is_not_known_is_blind_with_the_reason() {
    let id = "reader/dynamodb:Query/orders/by-proof";
    let message =
        |report: &keyproof_verdict::Report| row(report, id).observed.message.clone().unwrap();

    let (report, _endpoint) = run(&plan("by-proof", ""), Script::new(world())).await;
    assert_eq!(finding(&report, id), "blind");
    assert_eq!(message(&report), "table `orders` has no index `by-proof`");

    let all = json!({ "ProjectionType": "ALL" });
    let world = with_index(index(true, "owner", None, all));
    let (report, endpoint) = run(&plan("by-proof", ""), Script::new(world.clone())).await;
    assert_eq!(finding(&report, id), "blind");
    assert_eq!(
        message(&report),
        "the canary has no `owner`, the partition key of index `by-proof`; give its value among the canary's attributes"
    );
    assert_eq!(endpoint.requests_of("Query").len(), 0);

    let refused = Rule::new(Reply::Deny(Layer::Service, String::new())).on("DescribeTable");
    let (report, _endpoint) = run(&plan("by-proof", ""), Script::new(world).rule(refused)).await;
    assert_eq!(finding(&report, id), "blind");
}

#[tokio::test]
async fn a_scan_turns_pages_until_the_canary_is_there_and_not_for_ever() {
    let page = json!({
        "Items": [], "Count": 0, "ScannedCount": 100,
        "LastEvaluatedKey": { "pk": { "S": "another" } },
    });
    let text =
        "  - { principal: reader, on: orders, actions: [dynamodb:Scan], decision: allowed }\n";
    let plan = plan_on(KEY, "", text);
    let empty = |times| {
        Rule::new(Reply::body(&page.to_string()))
            .on("Scan")
            .times(times)
    };

    let (report, endpoint) = run(&plan, Script::new(world()).rule(empty(3))).await;
    assert_eq!(finding(&report, "reader/dynamodb:Scan/orders"), "pass");
    let scans = endpoint.requests_of("Scan");
    assert_eq!(scans.len(), 4);
    assert_eq!(scans[0].body.get("ExclusiveStartKey"), None);
    assert_eq!(
        scans[3].body["ExclusiveStartKey"],
        json!({ "pk": { "S": "another" } })
    );

    let bounded = Settings {
        scan_pages: 2,
        ..settings()
    };
    let (report, endpoint) = run_with(&plan, Script::new(world()).rule(empty(3)), &bounded).await;
    assert_eq!(
        finding(&report, "reader/dynamodb:Scan/orders"),
        "canary_missing"
    );
    assert_eq!(endpoint.requests_of("Scan").len(), 2);
}
