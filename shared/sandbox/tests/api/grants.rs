// SPDX-License-Identifier: Apache-2.0
//! Grants: what they allow, to whom, and how they end.

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::create_grant::CreateGrantOutput;
use aws_sdk_kms::types::{DryRunModifierType, GrantConstraints, GrantOperation};
use keyproof_sandbox::SandboxOptions;

use crate::world::{World, coded, denied, refusal, role_arn};

pub(crate) async fn decrypts(
    kms: &Client,
    key: &str,
    token: Option<&str>,
    tenant: Option<&str>,
) -> bool {
    let mut decrypt = kms
        .decrypt()
        .key_id(key)
        .dry_run(true)
        .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext);
    if let Some(token) = token {
        decrypt = decrypt.grant_tokens(token);
    }
    if let Some(tenant) = tenant {
        decrypt = decrypt.encryption_context("tenant", tenant);
    }
    refusal(decrypt.send().await).0 == "DryRunOperationException"
}

async fn grant(world: &World, operations: &[GrantOperation]) -> CreateGrantOutput {
    let operator = world.kms(&world.operator().await);
    let grant = operator
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(role_arn("outsider"));
    grant
        .set_operations(Some(operations.to_vec()))
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_grant_opens_and_its_revocation_closes() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let outsider = world.kms(&world.role("outsider").await);

    assert!(!decrypts(&outsider, &world.key, None, None).await);
    let made = operator
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(role_arn("outsider"));
    let made = made
        .operations(GrantOperation::Decrypt)
        .name("drill")
        .send()
        .await
        .unwrap();
    assert!(decrypts(&outsider, &world.key, None, None).await);
    let listed = operator
        .list_grants()
        .key_id(&world.key)
        .send()
        .await
        .unwrap();
    operator
        .revoke_grant()
        .key_id(&world.key)
        .grant_id(made.grant_id().unwrap())
        .send()
        .await
        .unwrap();
    assert!(!decrypts(&outsider, &world.key, None, None).await);

    let entry = &listed.grants()[0];
    assert_eq!(listed.grants().len(), 1);
    assert_eq!(
        (entry.grant_id(), entry.name()),
        (made.grant_id(), Some("drill"))
    );
    assert_eq!(
        entry.grantee_principal(),
        Some(role_arn("outsider").as_str())
    );
    assert_eq!(
        (entry.operations(), entry.key_id()),
        (
            [GrantOperation::Decrypt].as_slice(),
            Some(world.key.as_str())
        )
    );
    assert_eq!(
        entry.issuing_account(),
        Some("arn:aws:iam::111122223333:root")
    );
    assert_eq!(
        operator
            .list_grants()
            .key_id(&world.key)
            .send()
            .await
            .unwrap()
            .grants(),
        []
    );
}

#[tokio::test]
async fn a_grant_holds_in_its_encryption_context_only() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let outsider = world.kms(&world.role("outsider").await);
    let constraints = GrantConstraints::builder()
        .encryption_context_subset("tenant", "a")
        .build();

    let made = operator
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(role_arn("outsider"));
    made.operations(GrantOperation::Decrypt)
        .constraints(constraints)
        .send()
        .await
        .unwrap();

    assert!(decrypts(&outsider, &world.key, None, Some("a")).await);
    assert!(!decrypts(&outsider, &world.key, None, Some("b")).await);
    assert!(!decrypts(&outsider, &world.key, None, None).await);
}

#[tokio::test]
async fn an_explicit_deny_wins_over_a_grant() {
    let world = World::new();
    grant(&world, &[GrantOperation::Decrypt]).await;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}]}"#;
    let parameters = [
        ("RoleName", "outsider"),
        ("PolicyName", "deny"),
        ("PolicyDocument", deny),
    ];
    world
        .iam(&world.administrator(), "PutRolePolicy", &parameters)
        .await;
    let outsider = world.kms(&world.role("outsider").await);

    let result = outsider.decrypt().key_id(&world.key).dry_run(true);
    let result = result
        .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext)
        .send()
        .await;

    let message = format!(
        "User: arn:aws:sts::111122223333:assumed-role/outsider/session is not authorized to perform: kms:Decrypt on resource: {} with an explicit deny in an identity-based policy",
        world.key
    );
    assert_eq!(refusal(result), coded("AccessDeniedException", message));
}

#[tokio::test]
async fn a_slow_grant_works_at_once_with_its_token() {
    let world = World::with(SandboxOptions {
        grant_propagation: Duration::from_mins(3),
        ..SandboxOptions::default()
    });
    let outsider = world.kms(&world.role("outsider").await);
    let operator = world.kms(&world.operator().await);

    let made = grant(&world, &[GrantOperation::Decrypt]).await;
    let token = made.grant_token();
    assert!(!decrypts(&outsider, &world.key, None, None).await);
    assert!(decrypts(&outsider, &world.key, token, None).await);
    world.wait(180);
    assert!(decrypts(&outsider, &world.key, None, None).await);

    operator
        .revoke_grant()
        .key_id(&world.key)
        .grant_id(made.grant_id().unwrap())
        .send()
        .await
        .unwrap();
    assert!(decrypts(&outsider, &world.key, None, None).await);
    assert_eq!(
        operator
            .list_grants()
            .key_id(&world.key)
            .send()
            .await
            .unwrap()
            .grants(),
        []
    );
    world.wait(180);
    assert!(!decrypts(&outsider, &world.key, token, None).await);
}

#[tokio::test]
async fn a_named_grant_is_made_once() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let create = |name: &str| {
        let grant = operator
            .create_grant()
            .key_id(&world.key)
            .grantee_principal(role_arn("outsider"));
        grant.operations(GrantOperation::Decrypt).name(name).send()
    };

    let (first, second, other) = (
        create("a").await.unwrap(),
        create("a").await.unwrap(),
        create("b").await.unwrap(),
    );

    assert_eq!(first.grant_id(), second.grant_id());
    assert_ne!(first.grant_id(), other.grant_id());
}

#[tokio::test]
async fn who_holds_a_grant_passes_on_no_more_than_it_gives() {
    let world = World::new();
    grant(
        &world,
        &[GrantOperation::Decrypt, GrantOperation::CreateGrant],
    )
    .await;
    let outsider = world.kms(&world.role("outsider").await);
    let pass_on = |operation: GrantOperation| {
        let grant = outsider
            .create_grant()
            .key_id(&world.key)
            .grantee_principal(role_arn("keyproof/reader"));
        grant.operations(operation).dry_run(true).send()
    };

    assert_eq!(
        refusal(pass_on(GrantOperation::Decrypt).await).0,
        "DryRunOperationException"
    );
    assert_eq!(
        refusal(pass_on(GrantOperation::Encrypt).await).0,
        "AccessDeniedException"
    );
}

#[tokio::test]
async fn a_dry_run_makes_and_revokes_nothing() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let reader = world.kms(&world.role("keyproof/reader").await);
    let made = grant(&world, &[GrantOperation::Decrypt]).await;

    let create = |kms: &Client| {
        let grant = kms
            .create_grant()
            .key_id(&world.key)
            .grantee_principal(role_arn("outsider"));
        grant
            .operations(GrantOperation::Decrypt)
            .dry_run(true)
            .send()
    };
    let revoke = |kms: &Client| {
        kms.revoke_grant()
            .key_id(&world.key)
            .grant_id(made.grant_id().unwrap())
            .dry_run(true)
            .send()
    };

    assert_eq!(
        refusal(create(&operator).await).0,
        "DryRunOperationException"
    );
    assert_eq!(
        refusal(revoke(&operator).await).0,
        "DryRunOperationException"
    );
    assert_eq!(
        refusal(create(&reader).await),
        denied(
            "reader",
            "kms:CreateGrant",
            &world.key,
            "resource-based policy"
        )
    );
    assert_eq!(
        refusal(revoke(&reader).await),
        denied(
            "reader",
            "kms:RevokeGrant",
            &world.key,
            "resource-based policy"
        )
    );
    assert_eq!(
        operator
            .list_grants()
            .key_id(&world.key)
            .send()
            .await
            .unwrap()
            .grants()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_grant_needs_a_principal_and_an_operation_that_exist() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let nobody = operator
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(role_arn("nobody"));
    let sign = operator
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(role_arn("outsider"));

    let nobody = nobody.operations(GrantOperation::Decrypt).send().await;
    let sign = sign.operations(GrantOperation::Sign).send().await;
    let revoke = operator
        .revoke_grant()
        .key_id(&world.key)
        .grant_id("0123")
        .send()
        .await;

    assert_eq!(
        refusal(nobody),
        coded(
            "InvalidArnException",
            format!(
                "ARN does not refer to a valid principal: {}",
                role_arn("nobody")
            )
        )
    );
    assert_eq!(refusal(sign).0, "ValidationException");
    assert_eq!(
        refusal(revoke),
        coded(
            "NotFoundException",
            format!("Grant ID 0123 not found for key {}", world.key)
        )
    );
}
