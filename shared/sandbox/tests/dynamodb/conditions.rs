// SPDX-License-Identifier: Apache-2.0
//! DynamoDB's condition keys: which items, attributes and scans a policy lets through.

use aws_sdk_dynamodb::types::{Get, TransactGetItem};

use crate::world::{World, n, put_order, refusal, s, table};

#[tokio::test]
async fn leading_keys_confine_a_tenant_to_its_items() {
    let world = World::new();
    let administrator = world.administrator();
    put_order(&administrator, "mine", 1, "red", 5).await;
    put_order(&administrator, "theirs", 1, "red", 5).await;
    let tenant = world.role("tenant").await;

    let get = |pk: &str| {
        tenant
            .get_item()
            .table_name("orders")
            .key("pk", s(pk))
            .key("sk", n("1"))
            .send()
    };
    assert_eq!(get("mine").await.unwrap().item.unwrap()["color"], s("red"));
    assert_eq!(refusal(get("theirs").await).0, "AccessDeniedException");
    let query = |pk: &str| {
        tenant
            .query()
            .table_name("orders")
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(pk))
            .send()
    };
    assert_eq!(query("mine").await.unwrap().count, 1);
    assert_eq!(refusal(query("theirs").await).0, "AccessDeniedException");
    let put = |pk: &str| {
        tenant
            .put_item()
            .table_name("orders")
            .item("pk", s(pk))
            .item("sk", n("2"))
            .send()
    };
    put("mine").await.unwrap();
    assert_eq!(refusal(put("theirs").await).0, "AccessDeniedException");
}

#[tokio::test]
async fn a_full_table_scan_through_partiql_can_be_denied() {
    let world = World::new();
    put_order(&world.administrator(), "mine", 1, "red", 5).await;
    let tenant = world.role("tenant").await;
    let select = |clause: &str| {
        let statement = format!("SELECT * FROM orders WHERE {clause}");
        tenant.execute_statement().statement(statement).send()
    };
    assert_eq!(select("pk = 'mine'").await.unwrap().items().len(), 1);
    assert_eq!(
        refusal(select("pk IN ['mine', 'theirs']").await).0,
        "AccessDeniedException"
    );
    let (_, message) = refusal(select("color = 'red'").await);
    assert!(
        message.contains("with an explicit deny in an identity-based policy"),
        "{message}"
    );
}

#[tokio::test]
async fn every_key_of_a_batch_counts() {
    let world = World::new();
    let tenant = world.role("tenant").await;
    let batch = |keys: &[&str]| {
        let keys = keys.iter().fold(
            aws_sdk_dynamodb::types::KeysAndAttributes::builder(),
            |keys, pk| keys.keys([("pk".to_owned(), s(pk)), ("sk".to_owned(), n("1"))].into()),
        );
        tenant
            .batch_get_item()
            .request_items("orders", keys.build().unwrap())
            .send()
    };
    batch(&["mine"]).await.unwrap();
    assert_eq!(
        refusal(batch(&["mine", "theirs"]).await).0,
        "AccessDeniedException"
    );
}

/// `dynamodb:EnclosingOperation` has one value, so that it needs no set operator.
#[tokio::test]
async fn reads_in_a_transaction_can_be_denied_by_themselves() {
    let world = World::new();
    put_order(&world.administrator(), "mine", 1, "red", 5).await;
    let statement = serde_json::json!({
        "Effect": "Deny", "Principal": "*", "Action": "dynamodb:GetItem", "Resource": table("orders"),
        "Condition": {"StringEquals": {"dynamodb:EnclosingOperation": "TransactGetItems"}},
    });
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [statement]});
    let put = world.administrator().put_resource_policy();
    put.resource_arn(table("orders"))
        .policy(policy.to_string())
        .send()
        .await
        .unwrap();
    let reader = world.role("reader").await;

    let key = [("pk".to_owned(), s("mine")), ("sk".to_owned(), n("1"))];
    let get = Get::builder()
        .table_name("orders")
        .set_key(Some(key.clone().into()));
    let item = TransactGetItem::builder().get(get.build().unwrap()).build();
    let transaction = reader
        .transact_get_items()
        .transact_items(item)
        .send()
        .await;
    let alone = reader
        .get_item()
        .table_name("orders")
        .set_key(Some(key.into()))
        .send()
        .await;

    let (code, message) = refusal(transaction);
    assert_eq!(code, "AccessDeniedException");
    assert!(
        message.ends_with("with an explicit deny in a resource-based policy"),
        "{message}"
    );
    assert_eq!(alone.unwrap().item.unwrap()["color"], s("red"));
}
