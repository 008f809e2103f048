// SPDX-License-Identifier: Apache-2.0
//! What a run must never do: change anything.

use keyproof_scripted::Script;
use serde_json::{Value, json};

use crate::world::{KEY, canary, finding, plan, run, world};

/// Every action there is, by the reader.
const EVERYTHING: &str = "
  - principal: reader
    on: orders
    decision: allowed
    actions:
      - dynamodb:GetItem
      - dynamodb:Query
      - dynamodb:Scan
      - dynamodb:BatchGetItem
      - dynamodb:PartiQLSelect
      - dynamodb:TransactGetItems
      - dynamodb:PutItem
      - dynamodb:UpdateItem
      - dynamodb:DeleteItem
      - kms:Decrypt
      - kms:Encrypt
      - kms:GenerateDataKey
      - kms:GenerateDataKeyWithoutPlaintext
      - kms:ReEncrypt
      - kms:CreateGrant
      - kms:RevokeGrant
      - kms:RetireGrant
      - kms:DescribeKey
      - kms:GetKeyPolicy
      - kms:ListGrants
  - { principal: reader, actions: [sts:AssumeRole], decision: allowed }
";

#[tokio::test]
async fn every_action_is_asked_and_passes() {
    let (report, endpoint) = run(&plan(EVERYTHING), Script::new(world())).await;

    let found: Vec<_> = report
        .probes
        .iter()
        .filter(|row| row.finding.is_some())
        .map(|row| &row.reason)
        .collect();
    assert_eq!(found, Vec::<&String>::new());
    assert_eq!(endpoint.item("orders"), Some(canary()));
}

#[tokio::test]
async fn a_run_makes_no_call_but_these() {
    let (_, endpoint) = run(&plan(EVERYTHING), Script::new(world())).await;

    let mut calls: Vec<String> = endpoint
        .requests()
        .iter()
        .map(|request| {
            format!(
                "{} {}:{}",
                request.caller, request.service, request.operation
            )
        })
        .collect();
    calls.sort();
    assert_eq!(
        calls,
        [
            "reader dynamodb:BatchGetItem",
            "reader dynamodb:DeleteItem",
            "reader dynamodb:ExecuteStatement",
            "reader dynamodb:GetItem",
            "reader dynamodb:PutItem",
            "reader dynamodb:Query",
            "reader dynamodb:Scan",
            "reader dynamodb:TransactGetItems",
            "reader dynamodb:UpdateItem",
            "reader kms:CreateGrant",
            "reader kms:Decrypt",
            "reader kms:DescribeKey",
            "reader kms:Encrypt",
            "reader kms:GenerateDataKey",
            "reader kms:GenerateDataKeyWithoutPlaintext",
            "reader kms:GetKeyPolicy",
            "reader kms:ListGrants",
            "reader kms:ReEncrypt",
            "reader kms:RetireGrant",
            "reader kms:RevokeGrant",
            "runner dynamodb:DescribeTable",
            "runner dynamodb:DescribeTable",
            "runner kms:DescribeKey",
            "runner sts:AssumeRole",
            "runner sts:GetCallerIdentity",
        ]
    );
}

#[tokio::test]
async fn no_kms_call_but_dry_runs_and_reads() {
    let (_, endpoint) = run(&plan(EVERYTHING), Script::new(world())).await;

    let reads = ["DescribeKey", "GetKeyPolicy", "ListGrants"];
    for request in endpoint
        .requests()
        .iter()
        .filter(|request| request.service == "kms")
    {
        if !reads.contains(&&*request.operation) {
            assert_eq!(request.body["DryRun"], json!(true), "{}", request.operation);
        }
    }
}

#[tokio::test]
async fn no_write_without_a_condition_that_cannot_hold() {
    let (_, endpoint) = run(&plan(EVERYTHING), Script::new(world())).await;

    for operation in ["PutItem", "UpdateItem", "DeleteItem"] {
        let [request] = &endpoint.requests_of(operation)[..] else {
            panic!("one {operation}")
        };
        assert_eq!(
            request.body["ConditionExpression"],
            "attribute_exists(#key) AND attribute_not_exists(#key)"
        );
        assert_eq!(request.body["ExpressionAttributeNames"]["#key"], "pk");
    }
    // Should an endpoint disregard the condition, the canary stays what it is.
    assert_eq!(endpoint.requests_of("PutItem")[0].body["Item"], canary());
    let update = &endpoint.requests_of("UpdateItem")[0].body;
    assert_eq!(update["UpdateExpression"], "REMOVE #never");
}

#[tokio::test]
async fn reads_are_consistent_and_name_the_canary() {
    let (_, endpoint) = run(&plan(EVERYTHING), Script::new(world())).await;

    let body = |operation: &str| endpoint.requests_of(operation)[0].body.clone();
    let key = json!({ "pk": { "S": "keyproof#canary" } });
    assert_eq!(
        body("GetItem"),
        json!({ "TableName": "orders", "Key": key, "ConsistentRead": true })
    );
    assert_eq!(
        body("Query"),
        json!({
            "TableName": "orders", "ConsistentRead": true,
            "KeyConditionExpression": "#k0 = :k0",
            "ExpressionAttributeNames": { "#k0": "pk" },
            "ExpressionAttributeValues": { ":k0": { "S": "keyproof#canary" } },
        })
    );
    assert_eq!(
        body("Scan"),
        json!({
            "TableName": "orders", "ConsistentRead": true, "FilterExpression": "#k0 = :k0",
            "ExpressionAttributeNames": { "#k0": "pk" },
            "ExpressionAttributeValues": { ":k0": { "S": "keyproof#canary" } },
        })
    );
    assert_eq!(
        body("BatchGetItem"),
        json!({ "RequestItems": { "orders": { "Keys": [key], "ConsistentRead": true } } })
    );
    assert_eq!(
        body("ExecuteStatement"),
        json!({
            "Statement": "SELECT * FROM \"orders\" WHERE \"pk\" = ?",
            "Parameters": [{ "S": "keyproof#canary" }], "ConsistentRead": true,
        })
    );
    assert_eq!(
        body("TransactGetItems"),
        json!({ "TransactItems": [{ "Get": { "TableName": "orders", "Key": key } }] })
    );
}

#[tokio::test]
async fn dry_runs_carry_the_key_and_the_context_of_the_table() {
    let (_, endpoint) = run(&plan(EVERYTHING), Script::new(world())).await;

    let body = |operation: &str| endpoint.requests_of(operation)[0].body.clone();
    let context = json!({
        "aws:dynamodb:tableName": "orders", "aws:dynamodb:subscriberId": "111122223333",
    });
    assert_eq!(
        body("Decrypt"),
        json!({
            "KeyId": KEY, "EncryptionContext": context, "DryRun": true,
            "DryRunModifiers": ["IGNORE_CIPHERTEXT"],
        })
    );
    assert_eq!(
        body("ReEncrypt"),
        json!({
            "SourceKeyId": KEY, "SourceEncryptionContext": context, "DestinationKeyId": KEY,
            "DestinationEncryptionContext": context, "DryRun": true,
            "DryRunModifiers": ["IGNORE_CIPHERTEXT"],
        })
    );
    for operation in [
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
    ] {
        let sent = body(operation);
        assert_eq!(
            (&sent["KeyId"], &sent["EncryptionContext"]),
            (&json!(KEY), &context)
        );
    }
    assert_eq!(
        body("CreateGrant"),
        json!({
            "KeyId": KEY, "Operations": ["Decrypt"], "DryRun": true,
            "GranteePrincipal": "arn:aws:iam::111122223333:role/keyproof/reader",
        })
    );
    for operation in ["RevokeGrant", "RetireGrant"] {
        let sent = body(operation);
        let id = sent["GrantId"].as_str().unwrap();
        assert_eq!(sent["KeyId"], KEY);
        assert!(
            id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
    }
    assert_eq!(body("ListGrants"), json!({ "KeyId": KEY, "Limit": 1 }));
}

#[tokio::test]
async fn what_describes_a_key_stays_out_of_the_report() {
    let (report, _endpoint) = run(&plan(EVERYTHING), Script::new(world())).await;

    let json = serde_json::to_string(&report).unwrap();
    assert!(!json.contains("content-of"));
    assert_eq!(finding(&report, "reader/kms:GetKeyPolicy/orders"), "pass");
    let _: Value = serde_json::from_str(&json).unwrap();
}
