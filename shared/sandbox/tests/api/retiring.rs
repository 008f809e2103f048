// SPDX-License-Identifier: Apache-2.0
//! Who may retire a grant: the grant says so, and IAM policies; no key policy and no RCP.

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::create_grant::CreateGrantOutput;
use aws_sdk_kms::operation::retire_grant::{RetireGrantError, RetireGrantOutput};
use aws_sdk_kms::types::GrantOperation;
use keyproof_sandbox::SandboxOptions;

use crate::grants::decrypts;
use crate::world::{ACCOUNT, World, coded, denied, refusal, role_arn};

/// A grant to the outsider, of these operations, that this role may retire.
async fn grant(world: &World, operations: &[GrantOperation], retiring: &str) -> CreateGrantOutput {
    let operator = world.kms(&world.operator().await);
    let grant = operator
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(role_arn("outsider"))
        .retiring_principal(role_arn(retiring));
    grant
        .set_operations(Some(operations.to_vec()))
        .send()
        .await
        .unwrap()
}

type Retired = Result<RetireGrantOutput, aws_sdk_kms::error::SdkError<RetireGrantError>>;

async fn retire(world: &World, kms: &Client, grant: &CreateGrantOutput) -> Retired {
    kms.retire_grant()
        .key_id(&world.key)
        .grant_id(grant.grant_id().unwrap())
        .send()
        .await
}

/// Gives a role a policy about `kms:RetireGrant`.
async fn rule(world: &World, role: &str, effect: &str) {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"{effect}","Action":"kms:RetireGrant","Resource":"*"}}]}}"#
    );
    let parameters = [
        ("RoleName", role),
        ("PolicyName", "retire"),
        ("PolicyDocument", policy.as_str()),
    ];
    let (status, reply) = world
        .iam(&world.administrator(), "PutRolePolicy", &parameters)
        .await;
    assert_eq!(status, 200, "{reply}");
}

#[tokio::test]
async fn a_grant_is_retired_by_whom_it_says() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let reader = world.kms(&world.role("keyproof/reader").await);
    let outsider = world.kms(&world.role("outsider").await);
    let made = operator
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(role_arn("outsider"));
    let made = made
        .operations(GrantOperation::Decrypt)
        .retiring_principal(role_arn("keyproof/reader"))
        .send()
        .await
        .unwrap();
    let retire = |kms: &Client| {
        kms.retire_grant()
            .grant_token(made.grant_token().unwrap())
            .send()
    };

    let grantee = retire(&outsider).await;
    let dry = reader
        .retire_grant()
        .key_id(&world.key)
        .grant_id(made.grant_id().unwrap())
        .dry_run(true)
        .send()
        .await;
    retire(&reader).await.unwrap();

    assert_eq!(refusal(grantee).0, "AccessDeniedException");
    assert_eq!(refusal(dry).0, "DryRunOperationException");
    assert!(!decrypts(&outsider, &world.key, None, None).await);
    assert_eq!(
        refusal(retire(&reader).await).0,
        "InvalidGrantTokenException"
    );
}

/// The operator may do everything by the key policy, which has no say.
#[tokio::test]
async fn a_key_policy_lets_nobody_retire_a_grant() {
    let world = World::new();
    let operator = world.kms(&world.operator().await);
    let made = grant(&world, &[GrantOperation::Decrypt], "guarded").await;

    let refused = refusal(retire(&world, &operator, &made).await);

    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/operator is not authorized to perform: kms:RetireGrant on resource: {} because no identity-based policy allows the kms:RetireGrant action",
        world.key
    );
    assert_eq!(refused, coded("AccessDeniedException", message));
}

/// Neither the policy of `key`, which delegates nothing to IAM, nor an RCP has a say.
#[tokio::test]
async fn an_identity_policy_lets_a_role_of_the_key_s_account_retire_it() {
    let world = World::new();
    let everything = serde_json::json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}]});
    let reader = world.kms(&world.role("keyproof/reader").await);
    let outsider = world.kms(&world.role("outsider").await);
    let made = grant(&world, &[GrantOperation::Decrypt], "guarded").await;
    let account = ACCOUNT.parse().unwrap();
    let levels = [vec![everything]];
    world
        .sandbox
        .set_resource_control_policies(&account, &levels)
        .unwrap();

    let before = refusal(retire(&world, &reader, &made).await);
    rule(&world, "reader", "Allow").await;
    retire(&world, &reader, &made).await.unwrap();

    let reason = "identity-based policy";
    assert_eq!(
        before,
        denied("reader", "kms:RetireGrant", &world.key, reason)
    );
    world
        .sandbox
        .set_resource_control_policies(&account, &[])
        .unwrap();
    assert!(!decrypts(&outsider, &world.key, None, None).await);
}

#[tokio::test]
async fn an_explicit_deny_keeps_whom_the_grant_names_from_retiring_it() {
    let world = World::new();
    let operations = [GrantOperation::Decrypt, GrantOperation::RetireGrant];
    let made = grant(&world, &operations, "keyproof/reader").await;
    for role in ["reader", "outsider"] {
        rule(&world, role, "Deny").await;
    }

    for path in ["keyproof/reader", "outsider"] {
        let kms = world.kms(&world.role(path).await);
        let role = path.rsplit('/').next().unwrap();
        let message = format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session is not authorized to perform: kms:RetireGrant on resource: {} with an explicit deny in an identity-based policy",
            world.key
        );
        let refused = refusal(retire(&world, &kms, &made).await);
        assert_eq!(refused, coded("AccessDeniedException", message));
    }
}

#[tokio::test]
async fn a_grant_says_nothing_of_who_may_retire_another() {
    let world = World::new();
    let operations = [GrantOperation::Decrypt, GrantOperation::RetireGrant];
    let own = grant(&world, &operations, "guarded").await;
    let other = grant(&world, &[GrantOperation::Decrypt], "guarded").await;
    let outsider = world.kms(&world.role("outsider").await);

    let refused = refusal(retire(&world, &outsider, &other).await);
    retire(&world, &outsider, &own).await.unwrap();

    let reason = "identity-based policy";
    assert_eq!(
        refused,
        denied("outsider", "kms:RetireGrant", &world.key, reason)
    );
    assert!(decrypts(&outsider, &world.key, None, None).await);
}

#[tokio::test]
async fn a_grant_can_be_retired_before_it_is_seen() {
    let world = World::with(SandboxOptions {
        grant_propagation: std::time::Duration::from_mins(3),
        ..SandboxOptions::default()
    });
    let made = grant(&world, &[GrantOperation::Decrypt], "keyproof/reader").await;
    let reader = world.kms(&world.role("keyproof/reader").await);

    let token = made.grant_token().unwrap();
    reader
        .retire_grant()
        .grant_token(token)
        .send()
        .await
        .unwrap();

    let outsider = world.kms(&world.role("outsider").await);
    world.wait(180);
    assert!(!decrypts(&outsider, &world.key, None, None).await);
}
