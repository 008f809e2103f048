// SPDX-License-Identifier: Apache-2.0
//! Tables: made, described, changed, shared with another account, tagged, deleted.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction,
    DeleteGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType,
    PointInTimeRecoverySpecification, Projection, ProjectionType, ScalarAttributeType, TableStatus,
    Tag, TimeToLiveSpecification,
};

use crate::world::{World, n, put_order, refusal, s, table};

fn definition(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(kind)
        .build()
        .unwrap()
}

fn element(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_table_is_made_used_and_deleted() {
    let world = World::new();
    let client = world.administrator();
    let create = || {
        client
            .create_table()
            .table_name("made")
            .attribute_definitions(definition("id", ScalarAttributeType::N))
            .key_schema(element("id", KeyType::Hash))
            .billing_mode(BillingMode::PayPerRequest)
            .tags(Tag::builder().key("team").value("red").build().unwrap())
            .send()
    };
    let made = create().await.unwrap().table_description.unwrap();
    assert_eq!(made.table_status, Some(TableStatus::Creating));
    assert_eq!(made.table_arn.as_deref(), Some(table("made").as_str()));
    assert_eq!(
        refusal(create().await),
        (
            "ResourceInUseException".into(),
            "Table already exists: made".into()
        )
    );

    client
        .put_item()
        .table_name("made")
        .item("id", n("1"))
        .send()
        .await
        .unwrap();
    let described = client
        .describe_table()
        .table_name("made")
        .send()
        .await
        .unwrap()
        .table
        .unwrap();
    assert_eq!(described.table_status, Some(TableStatus::Active));
    assert_eq!(
        (described.item_count, described.sse_description),
        (Some(1), None)
    );
    assert_eq!(described.table_id, made.table_id);
    let names = client
        .list_tables()
        .send()
        .await
        .unwrap()
        .table_names
        .unwrap();
    assert_eq!(names, ["control", "made", "managed", "orders"]);
    let page = client
        .list_tables()
        .limit(2)
        .exclusive_start_table_name("control")
        .send()
        .await;
    let page = page.unwrap();
    assert_eq!(page.table_names(), ["made", "managed"]);
    assert_eq!(page.last_evaluated_table_name.as_deref(), Some("managed"));

    let deleted = client
        .delete_table()
        .table_name("made")
        .send()
        .await
        .unwrap();
    assert_eq!(
        deleted.table_description.unwrap().table_status,
        Some(TableStatus::Deleting)
    );
    let gone = client.describe_table().table_name("made").send().await;
    assert_eq!(
        refusal(gone),
        (
            "ResourceNotFoundException".into(),
            "Requested resource not found: Table: made not found".into()
        )
    );
}

#[tokio::test]
async fn indexes_come_and_go() {
    let world = World::new();
    let client = world.administrator();
    let put = client
        .put_item()
        .table_name("control")
        .item("pk", s("a"))
        .item("size", n("3"));
    put.send().await.unwrap();
    let create = CreateGlobalSecondaryIndexAction::builder()
        .index_name("by-size")
        .key_schema(element("size", KeyType::Hash))
        .projection(
            Projection::builder()
                .projection_type(ProjectionType::All)
                .build(),
        )
        .build()
        .unwrap();
    client
        .update_table()
        .table_name("control")
        .attribute_definitions(definition("size", ScalarAttributeType::N))
        .global_secondary_index_updates(
            GlobalSecondaryIndexUpdate::builder().create(create).build(),
        )
        .send()
        .await
        .unwrap();
    let scan = || {
        client
            .scan()
            .table_name("control")
            .index_name("by-size")
            .send()
    };
    assert_eq!(scan().await.unwrap().count, 1);

    let delete = DeleteGlobalSecondaryIndexAction::builder()
        .index_name("by-size")
        .build()
        .unwrap();
    client
        .update_table()
        .table_name("control")
        .global_secondary_index_updates(
            GlobalSecondaryIndexUpdate::builder().delete(delete).build(),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(
        refusal(scan().await).1,
        "The table does not have the specified index: by-size"
    );
}

#[tokio::test]
async fn a_table_that_makes_no_sense_is_refused_in_the_words_of_aws() {
    let world = World::new();
    let client = world.administrator();
    let create = |name: &str| {
        client
            .create_table()
            .table_name(name)
            .attribute_definitions(definition("id", ScalarAttributeType::S))
            .billing_mode(BillingMode::PayPerRequest)
    };
    for (sent, message) in [
        (
            create("x").key_schema(element("id", KeyType::Hash)),
            "TableName must be at least 3 characters long and at most 255 characters long",
        ),
        (
            create("a b").key_schema(element("id", KeyType::Hash)),
            "1 validation error detected: Value 'a b' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            create("made").key_schema(element("id", KeyType::Range)),
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            create("made").key_schema(element("other", KeyType::Hash)),
            "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [other], AttributeDefinitions: [id]",
        ),
        (
            create("made")
                .key_schema(element("id", KeyType::Hash))
                .attribute_definitions(definition("more", ScalarAttributeType::S)),
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        ),
        (
            create("made")
                .key_schema(element("id", KeyType::Hash))
                .billing_mode(BillingMode::Provisioned),
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
    ] {
        assert_eq!(
            refusal(sent.send().await),
            ("ValidationException".into(), message.into())
        );
    }
}

#[tokio::test]
async fn a_resource_policy_lets_a_role_in_and_can_be_taken_away() {
    let world = World::new();
    let client = world.administrator();
    let nobody = world.role("nobody").await;
    let read = || {
        nobody
            .get_item()
            .table_name("control")
            .key("pk", s("a"))
            .send()
    };
    assert_eq!(refusal(read().await).0, "AccessDeniedException");
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111122223333:role/nobody"}},"Action":"dynamodb:GetItem","Resource":"{}"}}]}}"#,
        table("control")
    );
    let put = client
        .put_resource_policy()
        .resource_arn(table("control"))
        .policy(&policy);
    let revision = put.send().await.unwrap().revision_id.unwrap();
    read().await.unwrap();
    let kept = client
        .get_resource_policy()
        .resource_arn(table("control"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (kept.policy, kept.revision_id),
        (Some(policy), Some(revision))
    );
    client
        .delete_resource_policy()
        .resource_arn(table("control"))
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(read().await).0, "AccessDeniedException");
    let missing = client
        .get_resource_policy()
        .resource_arn(table("control"))
        .send()
        .await;
    assert_eq!(refusal(missing).0, "PolicyNotFoundException");
}

#[tokio::test]
async fn another_account_needs_both_sides_and_names_the_table_by_its_arn() {
    let world = World::new();
    let other = keyproof_template::Options::new("444455556666".parse().unwrap(), "us-east-1");
    let template = r"
Resources:
  Guest:
    Type: AWS::IAM::User
    Properties: { UserName: guest }
";
    let account = keyproof_template::load(template, &other).unwrap();
    let credentials = world.sandbox.add_account(&account).unwrap();
    let guest = world.client(aws_sdk_dynamodb::config::Credentials::new(
        &credentials.access_key_id,
        credentials.secret_access_key.expose(),
        None,
        None,
        "test",
    ));
    put_order(&world.administrator(), "a", 1, "red", 5).await;
    let read = |name: &str| {
        guest
            .get_item()
            .table_name(table(name))
            .key("pk", s("a"))
            .send()
    };
    assert_eq!(refusal(read("control").await).0, "AccessDeniedException");

    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::444455556666:root"}},"Action":"dynamodb:GetItem","Resource":"{}"}}]}}"#,
        table("control")
    );
    let owner = world.administrator();
    let put = owner
        .put_resource_policy()
        .resource_arn(table("control"))
        .policy(policy);
    put.send().await.unwrap();
    assert_eq!(read("control").await.unwrap().item, None);
    let own = guest
        .get_item()
        .table_name("control")
        .key("pk", s("a"))
        .send()
        .await;
    assert_eq!(refusal(own).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn tags_and_settings_are_kept() {
    let world = World::new();
    let client = world.administrator();
    let tag = |key: &str| Tag::builder().key(key).value("v").build().unwrap();
    let arn = table("control");
    client
        .tag_resource()
        .resource_arn(&arn)
        .tags(tag("a"))
        .tags(tag("b"))
        .send()
        .await
        .unwrap();
    client
        .untag_resource()
        .resource_arn(&arn)
        .tag_keys("a")
        .send()
        .await
        .unwrap();
    let tags = client
        .list_tags_of_resource()
        .resource_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags(), [tag("b")]);

    let ttl = TimeToLiveSpecification::builder()
        .enabled(true)
        .attribute_name("end")
        .build()
        .unwrap();
    let update = client
        .update_time_to_live()
        .table_name("control")
        .time_to_live_specification(ttl);
    update.send().await.unwrap();
    let ttl = client
        .describe_time_to_live()
        .table_name("control")
        .send()
        .await
        .unwrap();
    assert_eq!(
        ttl.time_to_live_description
            .unwrap()
            .attribute_name
            .as_deref(),
        Some("end")
    );

    let recovery = PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .unwrap();
    let update = client
        .update_continuous_backups()
        .table_name("control")
        .point_in_time_recovery_specification(recovery);
    let reply = update
        .send()
        .await
        .unwrap()
        .continuous_backups_description
        .unwrap();
    let status = reply
        .point_in_time_recovery_description
        .unwrap()
        .point_in_time_recovery_status;
    assert_eq!(status.unwrap().as_str(), "ENABLED");
}
