// SPDX-License-Identifier: Apache-2.0
//! The table in DynamoDB: the same operations, and commits from many sides at once.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use keyproof_aws::Runner;
use keyproof_store::{DynamoTable, Store, TableError};
use keyproof_verdict::Finding;

use crate::commits::{check, commit_all};
use crate::conformance::conforms;

async fn config() -> aws_types::SdkConfig {
    let endpoint = std::env::var("KEYPROOF_TEST_ENDPOINT").unwrap();
    let credentials = Credentials::new(
        "AKIAIOSFODNN7EXAMPLE",
        "an-example-secret",
        None,
        None,
        "test",
    );
    let runner = Runner::with_credentials(credentials, &endpoint, "us-east-1")
        .await
        .unwrap();
    runner.service_config(None)
}

/// A new table of this name.
async fn table(name: &str) -> DynamoTable {
    let config = config().await;
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, kind| {
        let key = KeySchemaElement::builder().attribute_name(name);
        key.key_type(kind).build().unwrap()
    };
    Client::new(&config)
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .send()
        .await
        .unwrap();
    DynamoTable::new(&config, name)
}

#[tokio::test]
#[ignore = "needs a DynamoDB: tests/interop/test_store.py"]
async fn dynamodb_conforms() {
    conforms(&table("conformance").await).await;
}

#[tokio::test]
#[ignore = "needs a DynamoDB: tests/interop/test_store.py"]
async fn commits_from_many_sides_lose_and_repeat_nothing() {
    let store = Store::new(table("commits").await);
    let reads = [
        None,
        Some(Finding::Exposed),
        Some(Finding::Blind),
        None,
        Some(Finding::LockedOut),
    ];
    let mut runs: Vec<_> = (1..=10).zip(reads.into_iter().cycle()).collect();
    runs.reverse();

    let committed = commit_all(&store, &runs, &[2; 10]).await;

    check(&store, &runs, &committed).await;
}

#[tokio::test]
#[ignore = "needs a DynamoDB: tests/interop/test_store.py"]
async fn a_table_that_is_not_there_is_named() {
    let store = Store::new(DynamoTable::new(&config().await, "nowhere"));

    let error = store.state("orders").await.unwrap_err();

    assert_eq!(
        error.to_string(),
        "there is no state table `nowhere` in us-east-1; is the stack deployed there, and is this its table?"
    );
    assert!(!error.is_retryable());
    assert!(matches!(
        error,
        keyproof_store::StoreError::Table(TableError::NoTable { .. })
    ));
}
