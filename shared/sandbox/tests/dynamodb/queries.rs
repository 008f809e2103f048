// SPDX-License-Identifier: Apache-2.0
//! `Query`, `Scan` and PartiQL: order, pages, indexes, filters, and who may use an index.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use crate::world::{KMS_DENIED, World, n, put_order, refusal, s, table};

type Item = HashMap<String, AttributeValue>;

async fn orders() -> (World, Client) {
    let world = World::new();
    let client = world.administrator();
    for (pk, sk, color, weight) in [
        ("a", 10, "red", 1),
        ("a", 9, "blue", 2),
        ("a", 100, "red", 3),
        ("b", 1, "red", 4),
    ] {
        put_order(&client, pk, sk, color, weight).await;
    }
    (world, client)
}

fn numbers(items: &[Item], name: &str) -> Vec<String> {
    items
        .iter()
        .map(|item| item[name].as_n().unwrap().clone())
        .collect()
}

#[tokio::test]
async fn a_query_returns_a_partition_in_the_order_of_numbers() {
    let (_world, client) = orders().await;
    let query = client
        .query()
        .table_name("orders")
        .key_condition_expression("pk = :a")
        .expression_attribute_values(":a", s("a"));
    assert_eq!(
        numbers(query.clone().send().await.unwrap().items(), "sk"),
        ["9", "10", "100"]
    );
    let backward = query
        .clone()
        .scan_index_forward(false)
        .send()
        .await
        .unwrap();
    assert_eq!(numbers(backward.items(), "sk"), ["100", "10", "9"]);
    let range = query
        .key_condition_expression("pk = :a AND sk BETWEEN :low AND :high")
        .expression_attribute_values(":low", n("9.5"))
        .expression_attribute_values(":high", n("100"))
        .filter_expression("color = :red")
        .expression_attribute_values(":red", s("red"))
        .projection_expression("sk, weight");
    let reply = range.send().await.unwrap();
    assert_eq!((reply.count, reply.scanned_count), (2, 2));
    assert_eq!(
        reply.items()[0],
        HashMap::from([("sk".to_owned(), n("10")), ("weight".to_owned(), n("1"))])
    );
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended() {
    let (_world, client) = orders().await;
    let (mut seen, mut start) = (Vec::new(), None);
    loop {
        let page = client
            .query()
            .table_name("orders")
            .key_condition_expression("pk = :a")
            .expression_attribute_values(":a", s("a"))
            .limit(2)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        seen.extend(numbers(page.items(), "sk"));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["9", "10", "100"]);

    let mut all = Vec::new();
    for segment in 0..3 {
        let items = client
            .scan()
            .table_name("orders")
            .segment(segment)
            .total_segments(3)
            .limit(1)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .unwrap();
        all.extend(numbers(&items, "sk"));
    }
    all.sort();
    assert_eq!(all, ["1", "10", "100", "9"]);
}

#[tokio::test]
async fn indexes_return_what_they_hold() {
    let (_world, client) = orders().await;
    let global = client
        .query()
        .table_name("orders")
        .index_name("by-color")
        .key_condition_expression("color = :red")
        .expression_attribute_values(":red", s("red"));
    let reply = global.clone().send().await.unwrap();
    assert_eq!(reply.count, 3);
    let mut names: Vec<&String> = reply.items()[0].keys().collect();
    names.sort();
    assert_eq!(names, ["color", "pk", "sk"]);
    let count = global.clone().select(Select::Count).send().await.unwrap();
    assert_eq!((count.count, count.items), (3, None));
    assert_eq!(
        refusal(global.clone().projection_expression("note").send().await).1,
        "One or more parameter values were invalid: Global secondary index by-color does not project [note]"
    );
    assert_eq!(
        refusal(global.consistent_read(true).send().await).1,
        "Consistent reads are not supported on global secondary indexes"
    );

    let local = client
        .query()
        .table_name("orders")
        .index_name("by-weight")
        .key_condition_expression("pk = :a AND weight >= :two")
        .expression_attribute_values(":a", s("a"))
        .expression_attribute_values(":two", n("2"))
        .consistent_read(true);
    let reply = local.clone().send().await.unwrap();
    assert_eq!(numbers(reply.items(), "weight"), ["2", "3"]);
    assert!(!reply.items()[0].contains_key("note"));
    let whole = local.select(Select::AllAttributes).send().await.unwrap();
    assert_eq!(whole.items()[0]["note"], s("secret"));
}

#[tokio::test]
async fn an_index_is_a_resource_of_its_own() {
    let (world, _) = orders().await;
    let query = world
        .role("nobody")
        .await
        .query()
        .table_name("orders")
        .index_name("by-color")
        .key_condition_expression("color = :red")
        .expression_attribute_values(":red", s("red"));
    let (_, message) = refusal(query.send().await);
    let resource = format!(
        "dynamodb:Query on resource: {}/index/by-color ",
        table("orders")
    );
    assert!(message.contains(&resource), "{message}");
    let outsider = world.role("outsider").await;
    let scan = outsider
        .scan()
        .table_name("orders")
        .index_name("by-color")
        .send()
        .await;
    assert!(refusal(scan).1.starts_with(KMS_DENIED));
}

#[tokio::test]
async fn queries_that_make_no_sense_are_refused_in_the_words_of_aws() {
    let (_world, client) = orders().await;
    let query = |condition: &str| {
        client
            .query()
            .table_name("orders")
            .key_condition_expression(condition)
            .expression_attribute_values(":a", s("a"))
    };
    for (sent, message) in [
        (
            query("sk = :a"),
            "Query condition missed key schema element: pk",
        ),
        (query("pk > :a"), "Query key condition not supported"),
        (
            query("pk = :a AND"),
            "Invalid KeyConditionExpression: Syntax error; token: \"<EOF>\", near: \"AND\"",
        ),
        (
            query("pk = :a").index_name("none"),
            "The table does not have the specified index: none",
        ),
        (
            query("pk = :a").filter_expression("sk = :a"),
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
        ),
        (
            query("pk = :a").filter_expression("name = :a"),
            "Invalid FilterExpression: Attribute name is a reserved keyword; reserved keyword: name",
        ),
        (
            query("pk = :a").exclusive_start_key("pk", s("a")),
            "The provided starting key is invalid: The provided key element does not match the schema",
        ),
        (
            query("pk = :a")
                .exclusive_start_key("pk", s("b"))
                .exclusive_start_key("sk", n("1")),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
    ] {
        assert_eq!(
            refusal(sent.send().await),
            ("ValidationException".into(), message.into())
        );
    }
}

#[tokio::test]
async fn partiql_selects_by_key_and_by_condition() {
    let (world, client) = orders().await;
    let select = |statement: &str| client.execute_statement().statement(statement);
    let by_key = select("SELECT sk FROM \"orders\" WHERE pk = ? AND sk > ?")
        .parameters(s("a"))
        .parameters(n("9"))
        .send()
        .await
        .unwrap();
    assert_eq!(numbers(by_key.items(), "sk"), ["10", "100"]);
    let index = select("SELECT * FROM \"orders\".\"by-color\" WHERE color = 'blue'")
        .send()
        .await;
    assert_eq!(numbers(index.unwrap().items(), "sk"), ["9"]);
    let ordered = select("SELECT sk FROM orders WHERE pk = 'a' ORDER BY sk DESC").limit(2);
    let first = ordered.clone().send().await.unwrap();
    assert_eq!(numbers(first.items(), "sk"), ["100", "10"]);
    let second = ordered
        .set_next_token(first.next_token)
        .send()
        .await
        .unwrap();
    assert_eq!(numbers(second.items(), "sk"), ["9"]);

    let nobody = world.role("nobody").await;
    let (_, message) = refusal(
        nobody
            .execute_statement()
            .statement("SELECT * FROM orders")
            .send()
            .await,
    );
    assert!(
        message.contains("is not authorized to perform: dynamodb:PartiQLSelect on resource"),
        "{message}"
    );
    let outsider = world.role("outsider").await;
    let read = outsider
        .execute_statement()
        .statement("SELECT * FROM orders WHERE pk = 'a'");
    assert!(refusal(read.send().await).1.starts_with(KMS_DENIED));
    assert_eq!(
        refusal(select("SELEC * FROM orders").send().await),
        (
            "ValidationException".into(),
            "Statement wasn't well formed, can't be processed: Expected data manipulation".into()
        )
    );
}
