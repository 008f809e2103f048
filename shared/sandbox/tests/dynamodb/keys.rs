// SPDX-License-Identifier: Apache-2.0
//! The table's key: who gets at it, how long it stays cached, and what a lost key does.

use std::time::Duration;

use aws_sdk_dynamodb::types::{SseDescription, SseSpecification, SseStatus, SseType, TableStatus};

use crate::world::{
    ACCOUNT, KMS_DENIED, World, n, no_identity_policy, put_order, refusal, s, table,
};

#[tokio::test]
async fn kms_denies_a_caller_whom_dynamodb_lets_through() {
    let world = World::new();
    put_order(&world.administrator(), "a", 1, "red", 5).await;
    let outsider = world.role("outsider").await;

    let get = outsider
        .get_item()
        .table_name("orders")
        .key("pk", s("a"))
        .key("sk", n("1"));
    let (code, message) = refusal(get.send().await);
    assert_eq!(code, "AccessDeniedException");
    let sentence = no_identity_policy("outsider", "kms:Decrypt", &world.key);
    let expected = format!(
        "{KMS_DENIED}{sentence} (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: "
    );
    assert!(message.starts_with(&expected), "{message}");

    let put = outsider
        .put_item()
        .table_name("orders")
        .item("pk", s("b"))
        .item("sk", n("1"));
    assert!(refusal(put.send().await).1.starts_with(KMS_DENIED));
    let control = outsider
        .put_item()
        .table_name("control")
        .item("pk", s("a"))
        .send()
        .await;
    control.unwrap();
    let managed = outsider
        .put_item()
        .table_name("managed")
        .item("pk", s("a"))
        .send()
        .await;
    managed.unwrap();
    assert_eq!(world.decrypts(), 4);
}

#[tokio::test]
async fn dynamodb_refuses_before_kms_is_asked() {
    let world = World::new();
    let nobody = world.role("nobody").await;
    let get = nobody
        .get_item()
        .table_name("orders")
        .key("pk", s("a"))
        .key("sk", n("1"));
    let expected = no_identity_policy("nobody", "dynamodb:GetItem", &table("orders"));
    assert_eq!(
        refusal(get.send().await),
        ("AccessDeniedException".into(), expected)
    );
    assert_eq!(world.decrypts(), 0);
}

#[tokio::test]
async fn whether_a_table_exists_is_told_to_the_authorised_only() {
    let world = World::new();
    let get = |client: &aws_sdk_dynamodb::Client| {
        client.get_item().table_name("missing").key("pk", s("a"))
    };
    let denied = no_identity_policy("nobody", "dynamodb:GetItem", &table("missing"));
    let nobody = world.role("nobody").await;
    assert_eq!(
        refusal(get(&nobody).send().await),
        ("AccessDeniedException".into(), denied)
    );
    let reader = world.role("reader").await;
    assert_eq!(
        refusal(get(&reader).send().await),
        (
            "ResourceNotFoundException".into(),
            "Requested resource not found".into()
        )
    );
}

#[tokio::test]
async fn a_table_key_is_cached_for_a_session_until_five_idle_minutes_have_passed() {
    let world = World::new();
    let (first, second) = (world.role("reader").await, world.role("reader").await);
    let read = |client: &aws_sdk_dynamodb::Client| client.scan().table_name("orders").send();

    read(&first).await.unwrap();
    for _ in 0..3 {
        world.wait(299);
        read(&first).await.unwrap();
    }
    assert_eq!(world.decrypts(), 1);
    read(&second).await.unwrap();
    assert_eq!(world.decrypts(), 2);
    world.wait(300);
    read(&first).await.unwrap();
    assert_eq!(world.decrypts(), 3);
}

#[tokio::test]
async fn without_a_cache_every_read_asks_kms() {
    let world = World::with_table_key_cache(Duration::ZERO);
    let reader = world.role("reader").await;
    for _ in 0..3 {
        reader.scan().table_name("orders").send().await.unwrap();
    }
    assert_eq!(world.decrypts(), 3);
}

#[tokio::test]
async fn a_disabled_key_is_noticed_when_the_cached_table_key_is_gone() {
    let world = World::new();
    let reader = world.role("reader").await;
    let read = || reader.scan().table_name("orders").send();
    read().await.unwrap();
    world
        .kms()
        .disable_key()
        .key_id(&world.key)
        .send()
        .await
        .unwrap();
    read().await.unwrap();

    world.wait(301);
    let (code, message) = refusal(read().await);
    assert_eq!(code, "ValidationException");
    let expected = format!(
        "KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: {} is disabled.",
        world.key
    );
    assert!(message.starts_with(&expected), "{message}");

    world
        .kms()
        .enable_key()
        .key_id(&world.key)
        .send()
        .await
        .unwrap();
    read().await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_pending_deletion_refuses_everybody() {
    let world = World::new();
    world
        .kms()
        .schedule_key_deletion()
        .key_id(&world.key)
        .send()
        .await
        .unwrap();
    let (code, message) = refusal(
        world
            .administrator()
            .scan()
            .table_name("orders")
            .send()
            .await,
    );
    let expected = format!(
        "KMS validation error: com.amazonaws.services.kms.model.KMSInvalidStateException: {} is pending deletion.",
        world.key
    );
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with(&expected), "{message}");
}

#[tokio::test]
async fn describe_table_notices_a_lost_key_after_twelve_minutes() {
    let world = World::new();
    let administrator = world.administrator();
    let describe = || async {
        let reply = administrator
            .describe_table()
            .table_name("orders")
            .send()
            .await
            .unwrap();
        let table = reply.table.unwrap();
        (table.table_status.unwrap(), table.sse_description.unwrap())
    };
    let encrypted = SseDescription::builder()
        .status(SseStatus::Enabled)
        .sse_type(SseType::Kms)
        .kms_master_key_arn(&world.key);
    world
        .kms()
        .disable_key()
        .key_id(&world.key)
        .send()
        .await
        .unwrap();
    let disabled =
        aws_sdk_dynamodb::primitives::DateTime::from_secs(world.sandbox.clock().now().as_second());
    world.wait(719);
    assert_eq!(
        describe().await,
        (TableStatus::Active, encrypted.clone().build())
    );

    world.wait(1);
    let noticed = aws_sdk_dynamodb::primitives::DateTime::from_secs(disabled.secs() + 720);
    assert_eq!(
        describe().await,
        (
            TableStatus::InaccessibleEncryptionCredentials,
            encrypted
                .clone()
                .inaccessible_encryption_date_time(noticed)
                .build()
        )
    );

    world
        .kms()
        .enable_key()
        .key_id(&world.key)
        .send()
        .await
        .unwrap();
    assert_eq!(describe().await, (TableStatus::Active, encrypted.build()));
}

#[tokio::test]
async fn a_table_can_change_its_key() {
    let world = World::new();
    let administrator = world.administrator();
    put_order(&administrator, "a", 1, "red", 5).await;
    let change = |specification: SseSpecification| {
        administrator
            .update_table()
            .table_name("orders")
            .sse_specification(specification)
            .send()
    };
    let key = SseSpecification::builder()
        .enabled(true)
        .sse_type(SseType::Kms);
    let outsider = world.role("outsider").await;
    let read = || outsider.scan().table_name("orders").send();

    let reply = change(key.clone().kms_master_key_id(&world.other_key).build())
        .await
        .unwrap();
    let described = reply.table_description.unwrap();
    assert_eq!(described.table_status, Some(TableStatus::Updating));
    assert_eq!(
        described
            .sse_description
            .unwrap()
            .kms_master_key_arn
            .as_deref(),
        Some(world.other_key.as_str())
    );
    assert!(refusal(read().await).1.contains(&world.other_key));
    let again = change(key.clone().kms_master_key_id(&world.other_key).build()).await;
    assert_eq!(
        refusal(again),
        (
            "ValidationException".into(),
            "One or more parameter values were invalid: Table is already encrypted by given KMSMasterKeyId".into()
        )
    );

    let reply = change(key.build()).await.unwrap();
    let managed = reply.table_description.unwrap().sse_description.unwrap();
    assert_ne!(
        managed.kms_master_key_arn.as_deref(),
        Some(world.other_key.as_str())
    );
    assert_eq!(read().await.unwrap().count, 1);

    let reply = change(SseSpecification::builder().enabled(false).build())
        .await
        .unwrap();
    assert_eq!(reply.table_description.unwrap().sse_description, None);
    assert_eq!(read().await.unwrap().count, 1);
}

#[tokio::test]
async fn a_table_on_a_key_needs_a_caller_who_may_have_dynamodb_use_it() {
    let world = World::new();
    let outsider = world.role("outsider").await;
    let definition = aws_sdk_dynamodb::types::AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(aws_sdk_dynamodb::types::ScalarAttributeType::S)
        .build()
        .unwrap();
    let element = aws_sdk_dynamodb::types::KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(aws_sdk_dynamodb::types::KeyType::Hash)
        .build()
        .unwrap();
    let create = |client: &aws_sdk_dynamodb::Client| {
        client
            .create_table()
            .table_name("made")
            .attribute_definitions(definition.clone())
            .key_schema(element.clone())
            .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest)
            .sse_specification(
                SseSpecification::builder()
                    .enabled(true)
                    .kms_master_key_id(&world.key)
                    .build(),
            )
            .send()
    };
    let (code, message) = refusal(create(&outsider).await);
    assert_eq!(code, "AccessDeniedException");
    assert!(
        message.contains("is not authorized to perform: kms:DescribeKey"),
        "{message}"
    );
    let made = create(&world.administrator())
        .await
        .unwrap()
        .table_description
        .unwrap();
    assert_eq!(made.table_status, Some(TableStatus::Creating));
}

#[tokio::test]
async fn an_rcp_is_over_no_key_that_aws_manages() {
    let world = World::new();
    let administrator = world.administrator();
    put_order(&administrator, "a", 1, "red", 5).await;
    let statement = serde_json::json!({"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
    let levels = [vec![
        serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}),
    ]];
    let account = ACCOUNT.parse().unwrap();
    world
        .sandbox
        .set_resource_control_policies(&account, &levels)
        .unwrap();
    let reader = world.role("reader").await;

    let customers = reader
        .get_item()
        .table_name("orders")
        .key("pk", s("a"))
        .key("sk", n("1"));
    let (_, message) = refusal(customers.send().await);
    let managed = reader.get_item().table_name("managed").key("pk", s("a"));
    managed.send().await.unwrap();

    let reason = "with an explicit deny in a resource control policy";
    assert!(message.contains(reason), "{message}");
}

/// It says whether an AWS service calls, not whether the grant is a service's: nobody calls here in
/// somebody's name.
#[tokio::test]
async fn a_service_s_grant_is_listed_and_revoked_for_no_service() {
    let world = World::new();
    let kms = world.kms();
    let grants = kms.list_grants().key_id(&world.key).send().await.unwrap();
    let grant = grants.grants()[0].clone();
    assert_eq!(
        grant.grantee_principal(),
        Some("dynamodb.us-east-1.amazonaws.com")
    );
    let delegating = serde_json::json!({"Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}});
    let deny = async |told: &str| {
        let deny = serde_json::json!({"Effect": "Deny", "Principal": "*", "Resource": "*",
            "Action": ["kms:ListGrants", "kms:RevokeGrant"],
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": told}}});
        let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [delegating, deny]})
            .to_string();
        let put = kms.put_key_policy().key_id(&world.key).policy(policy);
        put.send().await.unwrap();
    };
    let list = || kms.list_grants().key_id(&world.key).send();
    let revoke = || {
        let revoke = kms.revoke_grant().key_id(&world.key).dry_run(true);
        revoke.grant_id(grant.grant_id().unwrap()).send()
    };

    deny("false").await;
    let (listed, revoked) = (refusal(list().await).0, refusal(revoke().await).0);
    deny("true").await;

    assert_eq!(
        [listed.as_str(), revoked.as_str()],
        ["AccessDeniedException"; 2]
    );
    assert_eq!(list().await.unwrap().grants().len(), 1);
    assert_eq!(refusal(revoke().await).0, "DryRunOperationException");
}
