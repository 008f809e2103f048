// SPDX-License-Identifier: Apache-2.0
//! The life of a key: made, described, named, rotated, disabled, deleted.

use aws_sdk_kms::types::{KeySpec, KeyState};

use crate::world::{ACCOUNT, World, coded, refusal};

const DEFAULT_POLICY: &str = r#"{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}"#;

#[tokio::test]
async fn a_new_key_has_the_default_policy() {
    let world = World::new();
    let kms = world.kms(&world.administrator());

    let made = kms
        .create_key()
        .description("orders")
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    let described = kms
        .describe_key()
        .key_id(made.key_id())
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    let policy = kms
        .get_key_policy()
        .key_id(made.key_id())
        .send()
        .await
        .unwrap();
    let listed = kms.list_keys().send().await.unwrap();

    assert_eq!(described, made);
    assert_eq!(
        made.arn().unwrap(),
        format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{}", made.key_id())
    );
    assert_eq!(
        (made.key_state(), made.enabled(), made.description()),
        (Some(&KeyState::Enabled), true, Some("orders"))
    );
    assert_eq!(
        made.creation_date().unwrap().to_string(),
        "2026-01-01T00:00:00Z"
    );
    assert_eq!(
        (policy.policy(), policy.policy_name()),
        (Some(DEFAULT_POLICY), Some("default"))
    );
    assert_eq!(listed.keys().len(), 3);
}

#[tokio::test]
async fn a_multi_region_key_says_so() {
    let world = World::new();
    let kms = world.kms(&world.administrator());

    let made = kms
        .create_key()
        .multi_region(true)
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();

    assert!(made.key_id().starts_with("mrk-"), "{}", made.key_id());
    let primary = made
        .multi_region_configuration()
        .unwrap()
        .primary_key()
        .unwrap();
    assert_eq!(
        (made.multi_region(), primary.arn()),
        (Some(true), made.arn())
    );
}

#[tokio::test]
async fn other_kinds_of_key_are_not_pretended() {
    let world = World::new();
    let kms = world.kms(&world.administrator());

    let result = kms.create_key().key_spec(KeySpec::Rsa2048).send().await;

    assert_eq!(
        refusal(result),
        coded(
            "UnsupportedOperationException",
            "the sandbox makes symmetric encryption keys only: KeySpec is SYMMETRIC_DEFAULT, not RSA_2048"
        )
    );
}

#[tokio::test]
async fn a_key_is_found_by_id_arn_and_alias() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let id = world.open.rsplit('/').next().unwrap();

    for reference in [
        id,
        &world.open,
        "alias/open",
        "arn:aws:kms:us-east-1:111122223333:alias/open",
    ] {
        let described = kms.describe_key().key_id(reference).send().await.unwrap();
        assert_eq!(
            described.key_metadata.unwrap().arn(),
            Some(world.open.as_str()),
            "{reference}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_is_not_found() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let missing = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let describe = |reference: &str| kms.describe_key().key_id(reference).send();

    assert_eq!(
        refusal(describe(missing).await),
        coded(
            "NotFoundException",
            format!("Key 'arn:aws:kms:us-east-1:{ACCOUNT}:key/{missing}' does not exist")
        )
    );
    assert_eq!(
        refusal(describe("alias/none").await),
        coded(
            "NotFoundException",
            format!("Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/none is not found.")
        )
    );
    assert_eq!(
        refusal(describe(&world.open.replace("us-east-1", "eu-west-1")).await),
        coded("NotFoundException", "Invalid arn eu-west-1")
    );
    assert_eq!(
        refusal(describe("nonsense").await),
        coded("NotFoundException", "Invalid keyId 'nonsense'")
    );
}

#[tokio::test]
async fn a_disabled_key_is_enabled_again() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let state = || async {
        let described = kms
            .describe_key()
            .key_id(&world.open)
            .send()
            .await
            .unwrap()
            .key_metadata
            .unwrap();
        described.key_state.unwrap()
    };

    kms.disable_key().key_id(&world.open).send().await.unwrap();
    assert_eq!(state().await, KeyState::Disabled);
    kms.enable_key().key_id(&world.open).send().await.unwrap();
    assert_eq!(state().await, KeyState::Enabled);
}

#[tokio::test]
async fn a_deletion_can_be_cancelled_until_it_happens() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let schedule = || {
        kms.schedule_key_deletion()
            .key_id(&world.open)
            .pending_window_in_days(7)
            .send()
    };

    let scheduled = schedule().await.unwrap();
    let again = schedule().await;
    kms.cancel_key_deletion()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();
    let cancelled = kms
        .describe_key()
        .key_id(&world.open)
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    let twice = kms.cancel_key_deletion().key_id(&world.open).send().await;
    schedule().await.unwrap();
    world.wait(7 * 24 * 3600);
    let gone = kms.describe_key().key_id(&world.open).send().await;
    let alias = kms.list_aliases().send().await.unwrap();

    assert_eq!(
        scheduled.deletion_date().unwrap().to_string(),
        "2026-01-08T00:00:00Z"
    );
    assert_eq!(scheduled.key_state(), Some(&KeyState::PendingDeletion));
    assert_eq!(
        refusal(again),
        coded(
            "KMSInvalidStateException",
            format!("{} is pending deletion.", world.open)
        )
    );
    assert_eq!(cancelled.key_state(), Some(&KeyState::Disabled));
    assert_eq!(
        refusal(twice),
        coded(
            "KMSInvalidStateException",
            format!("{} is not pending deletion.", world.open)
        )
    );
    assert_eq!(
        refusal(gone),
        coded(
            "NotFoundException",
            format!("Key '{}' does not exist", world.open)
        )
    );
    assert_eq!(alias.aliases(), []);
}

#[tokio::test]
async fn an_alias_is_made_moved_and_deleted() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let other = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let named = || async { kms.describe_key().key_id("alias/new").send().await };

    kms.create_alias()
        .alias_name("alias/new")
        .target_key_id(&world.open)
        .send()
        .await
        .unwrap();
    let twice = kms
        .create_alias()
        .alias_name("alias/new")
        .target_key_id(&world.open)
        .send()
        .await;
    let first = named().await.unwrap().key_metadata.unwrap();
    kms.update_alias()
        .alias_name("alias/new")
        .target_key_id(other.key_id())
        .send()
        .await
        .unwrap();
    let second = named().await.unwrap().key_metadata.unwrap();
    let listed = kms
        .list_aliases()
        .key_id(other.key_id())
        .send()
        .await
        .unwrap();
    kms.delete_alias()
        .alias_name("alias/new")
        .send()
        .await
        .unwrap();
    let reserved = kms
        .create_alias()
        .alias_name("alias/aws/mine")
        .target_key_id(&world.open)
        .send()
        .await;

    assert_eq!(
        (first.arn(), second.arn()),
        (Some(world.open.as_str()), other.arn())
    );
    assert_eq!(
        listed
            .aliases()
            .iter()
            .map(|alias| alias.alias_name().unwrap())
            .collect::<Vec<_>>(),
        ["alias/new"]
    );
    assert_eq!(
        refusal(twice),
        coded(
            "AlreadyExistsException",
            format!(
                "An alias with the name arn:aws:kms:us-east-1:{ACCOUNT}:alias/new already exists"
            )
        )
    );
    assert_eq!(refusal(named().await).0, "NotFoundException");
    assert_eq!(
        refusal(reserved),
        coded(
            "NotAuthorizedException",
            "alias/aws/mine is reserved for AWS managed keys"
        )
    );
}

#[tokio::test]
async fn rotation_is_turned_on_and_off() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let status = || async {
        kms.get_key_rotation_status()
            .key_id(&world.open)
            .send()
            .await
            .unwrap()
    };

    assert!(!status().await.key_rotation_enabled());
    kms.enable_key_rotation()
        .key_id(&world.open)
        .rotation_period_in_days(90)
        .send()
        .await
        .unwrap();
    let on = status().await;
    assert_eq!(
        (on.key_rotation_enabled(), on.rotation_period_in_days()),
        (true, Some(90))
    );
    assert_eq!(
        on.next_rotation_date().unwrap().to_string(),
        "2026-04-01T00:00:00Z"
    );
    kms.disable_key_rotation()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();
    assert!(!status().await.key_rotation_enabled());
}

#[tokio::test]
async fn the_managed_key_of_dynamodb_appears_when_it_is_named_and_can_not_be_changed() {
    let world = World::new();
    let kms = world.kms(&world.administrator());

    let described = kms
        .describe_key()
        .key_id("alias/aws/dynamodb")
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    let disabled = kms.disable_key().key_id(described.key_id()).send().await;

    assert_eq!(described.key_manager().unwrap().as_str(), "AWS");
    assert_eq!(refusal(disabled).0, "AccessDeniedException");
}

#[tokio::test]
async fn an_operation_that_is_missing_says_so() {
    let world = World::new();

    let result = world
        .kms(&world.administrator())
        .generate_random()
        .number_of_bytes(1)
        .send()
        .await;

    assert_eq!(
        refusal(result),
        coded(
            "UnknownOperationException",
            "the sandbox doesn't simulate kms:GenerateRandom"
        )
    );
}
