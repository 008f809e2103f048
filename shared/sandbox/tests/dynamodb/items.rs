// SPDX-License-Identifier: Apache-2.0
//! One item at a time: what is written comes back, conditions, return values, refusals.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};

use crate::world::{World, n, put_order, refusal, s};

#[tokio::test]
async fn an_item_of_every_type_comes_back_as_it_was_written() {
    let world = World::new();
    let client = world.administrator();
    let item = HashMap::from([
        ("pk".to_owned(), s("all")),
        ("s".to_owned(), s("")),
        ("n".to_owned(), n("-12.5")),
        ("b".to_owned(), AttributeValue::B(Blob::new([0, 255]))),
        ("yes".to_owned(), AttributeValue::Bool(true)),
        ("null".to_owned(), AttributeValue::Null(true)),
        (
            "ss".to_owned(),
            AttributeValue::Ss(vec!["a".into(), "b".into()]),
        ),
        (
            "ns".to_owned(),
            AttributeValue::Ns(vec!["1".into(), "2".into()]),
        ),
        ("bs".to_owned(), AttributeValue::Bs(vec![Blob::new([1])])),
        (
            "l".to_owned(),
            AttributeValue::L(vec![s("x"), AttributeValue::L(vec![])]),
        ),
        (
            "m".to_owned(),
            AttributeValue::M(HashMap::from([("k".to_owned(), n("1"))])),
        ),
    ]);
    let put = client
        .put_item()
        .table_name("control")
        .set_item(Some(item.clone()));
    put.send().await.unwrap();
    let get = client
        .get_item()
        .table_name("control")
        .key("pk", s("all"))
        .consistent_read(true)
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let reply = get.send().await.unwrap();
    assert_eq!(reply.item, Some(item));
    assert_eq!(reply.consumed_capacity.unwrap().capacity_units, Some(1.0));

    let missing = client
        .get_item()
        .table_name("control")
        .key("pk", s("none"))
        .send()
        .await;
    assert_eq!(missing.unwrap().item, None);
}

#[tokio::test]
async fn a_failed_condition_changes_nothing_and_returns_the_item_if_asked() {
    let world = World::new();
    let client = world.administrator();
    put_order(&client, "a", 1, "red", 5).await;
    let put = client
        .put_item()
        .table_name("orders")
        .item("pk", s("a"))
        .item("sk", n("1.0"))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let Err(SdkError::ServiceError(error)) = put.send().await else {
        panic!("not refused")
    };
    let PutItemError::ConditionalCheckFailedException(failed) = error.into_err() else {
        panic!("another error")
    };
    assert_eq!(
        failed.message.as_deref(),
        Some("The conditional request failed")
    );
    assert_eq!(failed.item.unwrap()["color"], s("red"));
    assert_eq!(
        client
            .scan()
            .table_name("orders")
            .send()
            .await
            .unwrap()
            .items()[0]["color"],
        s("red")
    );
}

#[tokio::test]
async fn a_caller_without_the_key_never_reaches_the_condition() {
    let world = World::new();
    put_order(&world.administrator(), "a", 1, "red", 5).await;
    let delete = |client: aws_sdk_dynamodb::Client| {
        client
            .delete_item()
            .table_name("orders")
            .key("pk", s("a"))
            .key("sk", n("1"))
            .condition_expression("attribute_not_exists(pk)")
            .send()
    };
    assert_eq!(
        refusal(delete(world.role("nobody").await).await).0,
        "AccessDeniedException"
    );
    assert_eq!(
        refusal(delete(world.role("outsider").await).await).0,
        "AccessDeniedException"
    );
    let reader = refusal(delete(world.role("reader").await).await).0;
    assert_eq!(reader, "ConditionalCheckFailedException");
}

#[tokio::test]
async fn updates_return_what_was_asked_for() {
    let world = World::new();
    let client = world.administrator();
    put_order(&client, "a", 1, "red", 5).await;
    let update = |values: ReturnValue| {
        client
            .update_item()
            .table_name("orders")
            .key("pk", s("a"))
            .key("sk", n("1"))
            .update_expression("SET weight = weight + :one REMOVE note")
            .expression_attribute_values(":one", n("1"))
            .return_values(values)
            .send()
    };
    let old = update(ReturnValue::UpdatedOld)
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(
        old,
        HashMap::from([("weight".into(), n("5")), ("note".into(), s("secret"))])
    );
    let new = update(ReturnValue::UpdatedNew)
        .await
        .unwrap()
        .attributes
        .unwrap();
    assert_eq!(new, HashMap::from([("weight".into(), n("7"))]));
    let all = update(ReturnValue::AllNew)
        .await
        .unwrap()
        .attributes
        .unwrap();
    let expected = [
        ("pk", s("a")),
        ("sk", n("1")),
        ("color", s("red")),
        ("weight", n("8")),
    ];
    assert_eq!(
        all,
        expected
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    );
    assert_eq!(update(ReturnValue::None).await.unwrap().attributes, None);

    let delete = client
        .delete_item()
        .table_name("orders")
        .key("pk", s("a"))
        .key("sk", n("1"));
    let gone = delete
        .return_values(ReturnValue::AllOld)
        .send()
        .await
        .unwrap();
    assert_eq!(gone.attributes.unwrap()["weight"], n("9"));
}

#[tokio::test]
async fn what_does_not_fit_the_table_is_refused_in_the_words_of_aws() {
    let world = World::new();
    let client = world.administrator();
    let put = |item: &[(&str, AttributeValue)]| {
        let item = item
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        client
            .put_item()
            .table_name("orders")
            .set_item(Some(item))
            .send()
    };
    let invalid = |sentence: &str| ("ValidationException".to_owned(), sentence.to_owned());
    assert_eq!(
        refusal(put(&[("pk", s("a"))]).await),
        invalid("One or more parameter values were invalid: Missing the key sk in the item")
    );
    assert_eq!(
        refusal(put(&[("pk", s("a")), ("sk", s("1"))]).await),
        invalid(
            "One or more parameter values were invalid: Type mismatch for key sk expected: N actual: S"
        )
    );
    assert_eq!(
        refusal(put(&[("pk", s("a")), ("sk", n("1")), ("color", n("1"))]).await),
        invalid(
            "One or more parameter values were invalid: Type mismatch for Index Key color Expected: S Actual: N IndexName: by-color"
        )
    );
    assert_eq!(
        refusal(
            put(&[
                ("pk", s("a")),
                ("sk", n("1")),
                ("big", s(&"x".repeat(409_600)))
            ])
            .await
        ),
        invalid("Item size has exceeded the maximum allowed size")
    );
    let get = client
        .get_item()
        .table_name("orders")
        .key("pk", s("a"))
        .send()
        .await;
    assert_eq!(
        refusal(get),
        invalid("The provided key element does not match the schema")
    );
    let update = client
        .update_item()
        .table_name("orders")
        .key("pk", s("a"))
        .key("sk", n("1"))
        .update_expression("SET sk = :two")
        .expression_attribute_values(":two", n("2"));
    assert_eq!(
        refusal(update.send().await),
        invalid(
            "One or more parameter values were invalid: Cannot update attribute sk. This attribute is part of the key"
        )
    );
    let unused = client
        .get_item()
        .table_name("orders")
        .key("pk", s("a"))
        .key("sk", n("1"))
        .projection_expression("color")
        .expression_attribute_names("#n", "note");
    assert_eq!(
        refusal(unused.send().await),
        invalid("Value provided in ExpressionAttributeNames unused in expressions: keys: {#n}")
    );
}

#[tokio::test]
async fn what_the_sandbox_does_not_know_is_never_a_success() {
    let world = World::new();
    let client = world.administrator();
    let legacy = client
        .get_item()
        .table_name("control")
        .key("pk", s("a"))
        .attributes_to_get("pk")
        .send()
        .await;
    assert_eq!(
        refusal(legacy),
        (
            "ValidationException".into(),
            "the sandbox doesn't know the parameter `AttributesToGet` of dynamodb:GetItem".into()
        )
    );
    let unknown = client.list_backups().send().await;
    assert_eq!(
        refusal(unknown),
        (
            "UnknownOperationException".into(),
            "the sandbox doesn't simulate dynamodb:ListBackups".into()
        )
    );
}
