// SPDX-License-Identifier: Apache-2.0
//! Key policies: when they count, and which are refused.

use aws_sdk_kms::types::Tag;

use crate::world::{ACCOUNT, World, coded, denied, refusal};

#[tokio::test]
async fn a_key_policy_change_counts_at_once() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let outsider = world.kms(&world.role("outsider").await);
    let before = operator
        .get_key_policy()
        .key_id(&world.key)
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();
    let widened = before.replace(":role/keyproof/reader", ":role/outsider");
    let decrypt = || {
        let decrypt = outsider.decrypt().key_id(&world.key).dry_run(true);
        decrypt
            .dry_run_modifiers(aws_sdk_kms::types::DryRunModifierType::IgnoreCiphertext)
            .send()
    };

    assert_eq!(refusal(decrypt().await).0, "AccessDeniedException");
    operator
        .put_key_policy()
        .key_id(&world.key)
        .policy(&widened)
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(decrypt().await).0, "DryRunOperationException");
    operator
        .put_key_policy()
        .key_id(&world.key)
        .policy(&before)
        .send()
        .await
        .unwrap();
    assert_eq!(refusal(decrypt().await).0, "AccessDeniedException");
}

#[tokio::test]
async fn a_key_policy_is_refused_that_is_wrong_names_nobody_or_locks_its_author_out() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let put = |policy: &str| {
        operator
            .put_key_policy()
            .key_id(&world.key)
            .policy(policy)
            .send()
    };
    let policy = operator
        .get_key_policy()
        .key_id(&world.key)
        .send()
        .await
        .unwrap()
        .policy
        .unwrap();

    let nobody = refusal(put(&policy.replace(":role/keyproof/reader", ":role/reader")).await);
    let locked = refusal(put(&policy.replace("kms:*", "kms:Get*")).await);
    let wrong = refusal(put(&policy.replace("Action", "Actoin")).await);
    let bypass = operator
        .put_key_policy()
        .key_id(&world.key)
        .policy(policy.replace("kms:*", "kms:Get*"));
    let bypassed = bypass.bypass_policy_lockout_safety_check(true).send().await;

    let malformed = "MalformedPolicyDocumentException";
    assert_eq!(
        nobody,
        coded(
            malformed,
            "Policy contains a statement with one or more invalid principals."
        )
    );
    assert_eq!(
        locked,
        coded(
            malformed,
            "The new key policy will not allow you to update the key policy in the future."
        )
    );
    assert_eq!(wrong.0, malformed);
    assert!(wrong.1.contains("Actoin"), "{}", wrong.1);
    assert!(bypassed.is_ok());
}

#[tokio::test]
async fn not_even_the_administrator_reaches_a_key_that_delegates_nothing() {
    let world = World::new();
    let kms = world.kms(&world.administrator());

    let result = kms.describe_key().key_id(&world.key).send().await;

    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/administrator is not authorized to perform: kms:DescribeKey on resource: {} because no resource-based policy allows the kms:DescribeKey action",
        world.key
    );
    assert_eq!(refusal(result), coded("AccessDeniedException", message));
}

#[tokio::test]
async fn tags_are_conditions_of_policies() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let tag = Tag::builder()
        .tag_key("team")
        .tag_value("red")
        .build()
        .unwrap();
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:DescribeKey","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}]}"#;
    let parameters = [
        ("RoleName", "reader"),
        ("PolicyName", "red"),
        ("PolicyDocument", policy),
    ];
    world
        .iam(&world.administrator(), "PutRolePolicy", &parameters)
        .await;
    let reader = world.kms(&world.role("keyproof/reader").await);
    let describe = || reader.describe_key().key_id(&world.open).send();

    let before = describe().await;
    kms.tag_resource()
        .key_id(&world.open)
        .tags(tag.clone())
        .send()
        .await
        .unwrap();
    let tagged = describe().await;
    let listed = kms
        .list_resource_tags()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();
    kms.untag_resource()
        .key_id(&world.open)
        .tag_keys("team")
        .send()
        .await
        .unwrap();

    assert_eq!(
        refusal(before),
        denied(
            "reader",
            "kms:DescribeKey",
            &world.open,
            "identity-based policy"
        )
    );
    assert!(tagged.is_ok());
    assert_eq!(listed.tags(), [tag]);
    assert!(describe().await.is_err());
}
