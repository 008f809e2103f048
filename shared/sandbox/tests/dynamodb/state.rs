// SPDX-License-Identifier: Apache-2.0
//! What of DynamoDB is saved with the sandbox's state.

use crate::world::{World, put_order, s};

#[tokio::test]
async fn tables_and_items_survive_saving_and_cached_table_keys_do_not() {
    let world = World::new();
    let client = world.administrator();
    put_order(&client, "a", 1, "red", 5).await;
    let mut state = Vec::new();
    world.sandbox.save(&mut state).unwrap();

    let loaded = world.loaded(&state);
    let query = loaded
        .administrator()
        .query()
        .table_name("orders")
        .index_name("by-color")
        .key_condition_expression("color = :red")
        .expression_attribute_values(":red", s("red"));
    assert_eq!(query.send().await.unwrap().count, 1);
    assert_eq!(loaded.decrypts(), 1);
    let describe =
        |client: aws_sdk_dynamodb::Client| client.describe_table().table_name("orders").send();
    assert_eq!(
        describe(client).await.unwrap().table,
        describe(loaded.administrator()).await.unwrap().table
    );
}
