// SPDX-License-Identifier: Apache-2.0
//! Two accounts, and the policies of an organization.

use serde_json::json;

use crate::world::{ACCOUNT, World, account, coded, credentials, refusal};

const OTHER: &str = "444455556666";

#[tokio::test]
async fn a_stranger_does_not_learn_whether_a_key_exists() {
    let world = World::new();
    let other = world.sandbox.add_account(&account(OTHER)).unwrap();
    let kms = world.kms(&credentials(&other));
    let missing =
        format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    let alias = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/none");

    let message = format!(
        "User: arn:aws:iam::{OTHER}:user/administrator is not authorized to perform: kms:DescribeKey on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
    );
    for key in [&world.open, &missing, &alias] {
        let result = kms.describe_key().key_id(key).send().await;
        assert_eq!(
            refusal(result),
            coded("AccessDeniedException", message.clone()),
            "{key}"
        );
    }
}

#[tokio::test]
async fn across_accounts_both_sides_must_allow() {
    let world = World::new();
    let other = world.sandbox.add_account(&account(OTHER)).unwrap();
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*" },
        { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") }, "Action": "kms:DescribeKey", "Resource": "*" },
    ] });
    let put = world
        .kms(&world.administrator())
        .put_key_policy()
        .key_id(&world.open)
        .policy(policy.to_string());
    put.send().await.unwrap();
    let assumed = world
        .sts(&credentials(&other))
        .assume_role()
        .role_session_name("session");
    let assumed = assumed
        .role_arn(format!("arn:aws:iam::{OTHER}:role/outsider"))
        .send()
        .await
        .unwrap();
    let outsider = world.kms(&crate::world::session(&assumed));

    let allowed = world
        .kms(&credentials(&other))
        .describe_key()
        .key_id(&world.open)
        .send()
        .await;
    let own_side = outsider.describe_key().key_id(&world.open).send().await;

    assert!(allowed.is_ok());
    let message = format!(
        "User: arn:aws:sts::{OTHER}:assumed-role/outsider/session is not authorized to perform: kms:DescribeKey on resource: {} because no identity-based policy allows the kms:DescribeKey action",
        world.open
    );
    assert_eq!(refusal(own_side), coded("AccessDeniedException", message));
}

#[tokio::test]
async fn an_account_is_added_once() {
    let world = World::new();

    let error = world.sandbox.add_account(&account(ACCOUNT)).unwrap_err();

    assert_eq!(
        error.to_string(),
        "account `111122223333` is in the sandbox already; give each template its own account"
    );
}

#[tokio::test]
async fn a_service_control_policy_limits_the_administrator() {
    let world = World::new();
    let all = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] });
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "kms:DescribeKey", "Resource": "*" }] });
    let id = ACCOUNT.parse().unwrap();
    let kms = world.kms(&world.administrator());
    let describe = || kms.describe_key().key_id(&world.open).send();

    world
        .sandbox
        .set_service_control_policies(&id, &[vec![all], vec![deny]])
        .unwrap();
    let limited = describe().await;
    world
        .sandbox
        .set_service_control_policies(&id, &[])
        .unwrap();

    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/administrator is not authorized to perform: kms:DescribeKey on resource: {} with an explicit deny in a service control policy",
        world.open
    );
    assert_eq!(refusal(limited), coded("AccessDeniedException", message));
    assert!(describe().await.is_ok());
}

#[tokio::test]
async fn a_resource_control_policy_guards_the_key() {
    let world = World::new();
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*" }] });
    let kms = world.kms(&world.administrator());

    world
        .sandbox
        .set_resource_control_policies(&ACCOUNT.parse().unwrap(), &[vec![deny]])
        .unwrap();
    let result = kms.describe_key().key_id(&world.open).send().await;

    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:user/administrator is not authorized to perform: kms:DescribeKey on resource: {} with an explicit deny in a resource control policy",
        world.open
    );
    assert_eq!(refusal(result), coded("AccessDeniedException", message));
}

#[test]
fn what_a_template_has_and_the_sandbox_has_not_is_said() {
    let mut account = account(ACCOUNT);
    account.keys[0].spec = "RSA_2048".to_owned();
    let options = keyproof_sandbox::SandboxOptions::default();

    let sandbox = keyproof_sandbox::Sandbox::new(&account, options).unwrap();

    assert_eq!(
        sandbox.left_out(),
        [
            "key `Key` is left out: it is a RSA_2048 key for ENCRYPT_DECRYPT; the sandbox has symmetric encryption keys only"
        ]
    );
}

#[test]
fn a_key_that_signs_is_left_out_without_a_word() {
    let mut account = account(ACCOUNT);
    account.keys[0].spec = "ECC_NIST_P256".to_owned();
    account.keys[0].usage = "SIGN_VERIFY".to_owned();
    let options = keyproof_sandbox::SandboxOptions::default();

    let sandbox = keyproof_sandbox::Sandbox::new(&account, options).unwrap();

    assert_eq!(sandbox.left_out(), [""; 0]);
}
