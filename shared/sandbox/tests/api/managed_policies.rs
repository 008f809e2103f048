// SPDX-License-Identifier: Apache-2.0
//! Managed policies, the account's own and AWS's.

use crate::iam::{DECRYPT, describes, fails, failure, ok};
use crate::world::{World, element};

#[tokio::test]
async fn a_managed_policy_counts_in_its_default_version() {
    let world = World::new();
    let arn = "arn:aws:iam::111122223333:policy/p";
    let nothing = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;

    ok(
        &world,
        "CreatePolicy",
        &[("PolicyName", "p"), ("PolicyDocument", DECRYPT)],
    )
    .await;
    ok(
        &world,
        "AttachRolePolicy",
        &[("RoleName", "reader"), ("PolicyArn", arn)],
    )
    .await;
    assert_eq!(describes(&world, "keyproof/reader").await, Ok(()));
    let version = [
        ("PolicyArn", arn),
        ("PolicyDocument", nothing),
        ("SetAsDefault", "true"),
    ];
    assert_eq!(
        element(
            &ok(&world, "CreatePolicyVersion", &version).await,
            "VersionId"
        ),
        "v2"
    );
    assert!(describes(&world, "keyproof/reader").await.is_err());
    ok(
        &world,
        "SetDefaultPolicyVersion",
        &[("PolicyArn", arn), ("VersionId", "v1")],
    )
    .await;
    assert_eq!(describes(&world, "keyproof/reader").await, Ok(()));

    let attached = ok(
        &world,
        "ListAttachedRolePolicies",
        &[("RoleName", "reader")],
    )
    .await;
    let expected =
        format!("<member><PolicyArn>{arn}</PolicyArn><PolicyName>p</PolicyName></member>");
    assert_eq!(element(&attached, "AttachedPolicies"), expected);
    assert_eq!(
        fails(&world, "DeleteRole", &[("RoleName", "reader")]).await,
        failure(
            409,
            "DeleteConflict",
            "Cannot delete entity, must detach all policies first."
        )
    );
    ok(
        &world,
        "DeletePolicyVersion",
        &[("PolicyArn", arn), ("VersionId", "v2")],
    )
    .await;
    assert_eq!(
        fails(&world, "DeletePolicy", &[("PolicyArn", arn)]).await,
        failure(
            409,
            "DeleteConflict",
            "Cannot delete a policy attached to entities."
        )
    );
    ok(
        &world,
        "DetachRolePolicy",
        &[("RoleName", "reader"), ("PolicyArn", arn)],
    )
    .await;
    ok(&world, "DeletePolicy", &[("PolicyArn", arn)]).await;
    assert!(describes(&world, "keyproof/reader").await.is_err());
}

#[tokio::test]
async fn policies_of_aws_are_known_by_name() {
    let world = World::new();
    let arn = |name: &str| format!("arn:aws:iam::aws:policy/{name}");

    let power = [
        ("RoleName", "reader"),
        ("PolicyArn", &arn("AWSKeyManagementServicePowerUser")),
    ];
    ok(&world, "AttachRolePolicy", &power).await;

    assert_eq!(
        fails(
            &world,
            "AttachRolePolicy",
            &[("RoleName", "reader"), ("PolicyArn", &arn("NoSuchAccess"))]
        )
        .await,
        failure(
            404,
            "NoSuchEntity",
            "Policy arn:aws:iam::aws:policy/NoSuchAccess does not exist or is not attachable."
        )
    );
    let kms = world.kms(&world.role("keyproof/reader").await);
    assert!(kms.list_keys().send().await.is_ok());
}

#[tokio::test]
async fn a_managed_policy_is_listed_with_its_tags() {
    let world = World::new();
    let arn = "arn:aws:iam::111122223333:policy/p";
    ok(
        &world,
        "CreatePolicy",
        &[("PolicyName", "p"), ("PolicyDocument", DECRYPT)],
    )
    .await;
    let tag = [
        ("PolicyArn", arn),
        ("Tags.member.1.Key", "team"),
        ("Tags.member.1.Value", "red"),
    ];

    ok(&world, "TagPolicy", &tag).await;
    let local = ok(&world, "ListPolicies", &[("Scope", "Local")]).await;
    let all = ok(&world, "ListPolicies", &[]).await;
    let tags = ok(&world, "ListPolicyTags", &[("PolicyArn", arn)]).await;
    ok(
        &world,
        "UntagPolicy",
        &[("PolicyArn", arn), ("TagKeys.member.1", "team")],
    )
    .await;

    assert_eq!(
        (
            local.matches("<PolicyName>").count(),
            element(&local, "Arn")
        ),
        (1, arn.to_owned())
    );
    assert!(all.contains("<Arn>arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess</Arn>"));
    assert_eq!(
        element(&tags, "Tags"),
        "<member><Key>team</Key><Value>red</Value></member>"
    );
    assert_eq!(
        element(
            &ok(&world, "ListPolicyTags", &[("PolicyArn", arn)]).await,
            "Tags"
        ),
        ""
    );
}
