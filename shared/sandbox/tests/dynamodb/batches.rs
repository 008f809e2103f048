// SPDX-License-Identifier: Apache-2.0
//! Batches and transactions: several items in one call, and denials inside a success.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    BatchStatementErrorCodeEnum, BatchStatementRequest, ConditionCheck, DeleteRequest, Get,
    KeysAndAttributes, Put, PutRequest, TransactGetItem, TransactWriteItem, Update, WriteRequest,
};

use crate::world::{KMS_DENIED, World, n, no_identity_policy, put_order, refusal, s, table};

#[tokio::test]
async fn a_batch_reads_and_writes_several_tables() {
    let world = World::new();
    let client = world.administrator();
    put_order(&client, "a", 1, "red", 5).await;
    let put = PutRequest::builder().item("pk", s("c")).build().unwrap();
    let delete = DeleteRequest::builder()
        .key("pk", s("a"))
        .key("sk", n("1"))
        .build()
        .unwrap();
    let reply = client
        .batch_write_item()
        .request_items(
            "control",
            vec![WriteRequest::builder().put_request(put).build()],
        )
        .request_items(
            "orders",
            vec![WriteRequest::builder().delete_request(delete).build()],
        )
        .send()
        .await
        .unwrap();
    assert_eq!(reply.unprocessed_items.unwrap().len(), 0);

    let control = KeysAndAttributes::builder().keys([("pk".to_owned(), s("c"))].into());
    let orders = KeysAndAttributes::builder()
        .keys([("pk".to_owned(), s("a")), ("sk".to_owned(), n("1"))].into());
    let reply = client
        .batch_get_item()
        .request_items("control", control.build().unwrap())
        .request_items("orders", orders.build().unwrap())
        .send()
        .await
        .unwrap();
    let responses = reply.responses.unwrap();
    assert_eq!(responses["control"], [[("pk".to_owned(), s("c"))].into()]);
    assert!(responses["orders"].is_empty());
}

#[tokio::test]
async fn a_batch_read_is_authorised_as_itself_and_needs_the_key() {
    let world = World::new();
    let batch = |client: aws_sdk_dynamodb::Client| {
        let keys = KeysAndAttributes::builder()
            .keys([("pk".to_owned(), s("a")), ("sk".to_owned(), n("1"))].into());
        client
            .batch_get_item()
            .request_items("orders", keys.build().unwrap())
            .send()
    };
    let (_, message) = refusal(batch(world.role("nobody").await).await);
    assert_eq!(
        message,
        no_identity_policy("nobody", "dynamodb:BatchGetItem", &table("orders"))
    );
    assert!(
        refusal(batch(world.role("outsider").await).await)
            .1
            .starts_with(KMS_DENIED)
    );
    batch(world.role("reader").await).await.unwrap();
}

#[tokio::test]
async fn a_transaction_reads_as_get_item() {
    let world = World::new();
    put_order(&world.administrator(), "a", 1, "red", 5).await;
    let transaction = |client: aws_sdk_dynamodb::Client| {
        let get = |pk: &str| {
            let get = Get::builder()
                .table_name("orders")
                .key("pk", s(pk))
                .key("sk", n("1"));
            TransactGetItem::builder().get(get.build().unwrap()).build()
        };
        client
            .transact_get_items()
            .transact_items(get("a"))
            .transact_items(get("none"))
            .send()
    };
    let (_, message) = refusal(transaction(world.role("nobody").await).await);
    assert_eq!(
        message,
        no_identity_policy("nobody", "dynamodb:GetItem", &table("orders"))
    );
    assert!(
        refusal(transaction(world.role("outsider").await).await)
            .1
            .starts_with(KMS_DENIED)
    );
    let responses = transaction(world.role("reader").await)
        .await
        .unwrap()
        .responses
        .unwrap();
    assert_eq!(responses[0].item.as_ref().unwrap()["color"], s("red"));
    assert_eq!(responses[1].item, None);
}

#[tokio::test]
async fn a_transaction_writes_all_or_nothing() {
    let world = World::new();
    let client = world.administrator();
    put_order(&client, "a", 1, "red", 5).await;
    let put = || {
        let put = Put::builder()
            .table_name("control")
            .item("pk", s("t"))
            .build()
            .unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    let check = |condition: &str| {
        let check = ConditionCheck::builder()
            .table_name("orders")
            .key("pk", s("a"))
            .key("sk", n("1"))
            .condition_expression(condition);
        TransactWriteItem::builder()
            .condition_check(check.build().unwrap())
            .build()
    };
    let failed = client
        .transact_write_items()
        .transact_items(put())
        .transact_items(check("attribute_not_exists(pk)"))
        .send()
        .await;
    let Err(SdkError::ServiceError(error)) = failed else {
        panic!("not refused: {failed:?}")
    };
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.into_err() else {
        panic!("another error")
    };
    assert_eq!(
        cancelled.message.as_deref(),
        Some(
            "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]"
        )
    );
    let codes: Vec<_> = cancelled
        .cancellation_reasons()
        .iter()
        .map(|reason| reason.code().unwrap())
        .collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(
        client
            .scan()
            .table_name("control")
            .send()
            .await
            .unwrap()
            .count,
        0
    );

    let update = Update::builder()
        .table_name("orders")
        .key("pk", s("b"))
        .key("sk", n("1"))
        .update_expression("ADD weight :one")
        .expression_attribute_values(":one", n("1"));
    let update = TransactWriteItem::builder()
        .update(update.build().unwrap())
        .build();
    let send = || {
        client
            .transact_write_items()
            .client_request_token("once")
            .transact_items(put())
            .transact_items(update.clone())
            .transact_items(check("attribute_exists(pk)"))
            .send()
    };
    send().await.unwrap();
    send().await.unwrap();
    let get = client
        .get_item()
        .table_name("orders")
        .key("pk", s("b"))
        .key("sk", n("1"));
    assert_eq!(get.send().await.unwrap().item.unwrap()["weight"], n("1"));
    let other = client
        .transact_write_items()
        .client_request_token("once")
        .transact_items(put());
    assert_eq!(
        refusal(other.send().await).0,
        "IdempotentParameterMismatchException"
    );
}

#[tokio::test]
async fn a_batch_of_statements_succeeds_with_denials_inside() {
    let world = World::new();
    let administrator = world.administrator();
    put_order(&administrator, "a", 1, "red", 5).await;
    let put = administrator
        .put_item()
        .table_name("control")
        .item("pk", s("c"));
    put.send().await.unwrap();
    let statement = |text: &str| {
        BatchStatementRequest::builder()
            .statement(text)
            .build()
            .unwrap()
    };
    let batch = |client: aws_sdk_dynamodb::Client| {
        client
            .batch_execute_statement()
            .statements(statement(
                "SELECT color FROM orders WHERE pk = 'a' AND sk = 1",
            ))
            .statements(statement("SELECT * FROM control WHERE pk = 'c'"))
            .statements(statement("SELECT * FROM missing WHERE pk = 'c'"))
            .statements(statement("SELECT * FROM orders WHERE pk = 'a'"))
            .send()
    };

    let replies = batch(world.role("outsider").await)
        .await
        .unwrap()
        .responses
        .unwrap();
    let error = replies[0].error.as_ref().unwrap();
    assert_eq!(error.code, Some(BatchStatementErrorCodeEnum::AccessDenied));
    assert!(error.message.as_ref().unwrap().starts_with(KMS_DENIED));
    assert_eq!(replies[1].item, Some([("pk".to_owned(), s("c"))].into()));
    let codes: Vec<_> = replies
        .iter()
        .skip(2)
        .map(|reply| reply.error.clone().unwrap().code.unwrap())
        .collect();
    assert_eq!(
        codes,
        [
            BatchStatementErrorCodeEnum::ResourceNotFound,
            BatchStatementErrorCodeEnum::ValidationError
        ]
    );

    let replies = batch(world.role("reader").await)
        .await
        .unwrap()
        .responses
        .unwrap();
    assert_eq!(
        replies[0].item,
        Some([("color".to_owned(), s("red"))].into())
    );
    let replies = batch(world.role("nobody").await)
        .await
        .unwrap()
        .responses
        .unwrap();
    let error = replies[1].error.as_ref().unwrap();
    assert_eq!(error.code, Some(BatchStatementErrorCodeEnum::AccessDenied));
    assert_eq!(
        error.message.as_deref(),
        Some(no_identity_policy("nobody", "dynamodb:PartiQLSelect", &table("control")).as_str())
    );
}
