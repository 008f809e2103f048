// SPDX-License-Identifier: Apache-2.0
//! Encrypting and decrypting, data keys, dry runs, and in which order a call is refused.

use aws_sdk_kms::operation::decrypt::builders::DecryptFluentBuilder;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, DryRunModifierType};

use crate::world::{World, coded, denied, refusal};

const WOULD: &str = "The request would have succeeded, but the DryRun option is set.";

async fn sealed(world: &World, text: &str) -> Blob {
    let encrypt = world
        .kms(&world.administrator())
        .encrypt()
        .key_id(&world.open)
        .plaintext(Blob::new(text));
    encrypt
        .encryption_context("tenant", "a")
        .send()
        .await
        .unwrap()
        .ciphertext_blob
        .unwrap()
}

fn ignoring(decrypt: DecryptFluentBuilder, key: &str) -> DecryptFluentBuilder {
    decrypt
        .key_id(key)
        .dry_run(true)
        .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext)
}

#[tokio::test]
async fn what_was_encrypted_decrypts_in_its_own_context_only() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let blob = sealed(&world, "c0ffee").await;

    let opened = kms
        .decrypt()
        .ciphertext_blob(blob.clone())
        .encryption_context("tenant", "a")
        .send()
        .await
        .unwrap();
    let other = kms
        .decrypt()
        .ciphertext_blob(blob.clone())
        .encryption_context("tenant", "b")
        .send()
        .await;
    let none = kms.decrypt().ciphertext_blob(blob.clone()).send().await;
    let more = kms
        .decrypt()
        .ciphertext_blob(blob)
        .encryption_context("tenant", "a")
        .encryption_context("x", "y");

    assert_eq!(opened.plaintext().unwrap().as_ref(), b"c0ffee");
    assert_eq!(opened.key_id(), Some(world.open.as_str()));
    for result in [other, none, more.send().await] {
        assert_eq!(refusal(result), coded("InvalidCiphertextException", ""));
    }
}

#[tokio::test]
async fn a_changed_ciphertext_does_not_open() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let blob = sealed(&world, "c0ffee").await.into_inner();

    for byte in [0, 4, blob.len() - 20, blob.len() - 1] {
        let mut changed = blob.clone();
        changed[byte] ^= 1;
        let result = kms
            .decrypt()
            .ciphertext_blob(Blob::new(changed))
            .encryption_context("tenant", "a");
        assert_eq!(
            refusal(result.send().await),
            coded("InvalidCiphertextException", ""),
            "byte {byte}"
        );
    }
    let garbage = kms
        .decrypt()
        .ciphertext_blob(Blob::new("garbage"))
        .send()
        .await;
    assert_eq!(refusal(garbage), coded("InvalidCiphertextException", ""));
}

#[tokio::test]
async fn the_wrong_key_is_named() {
    let world = World::new();
    let administrator = world.kms(&world.administrator());
    let other = administrator
        .create_key()
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    let blob = sealed(&world, "c0ffee").await;

    let result = administrator
        .decrypt()
        .ciphertext_blob(blob)
        .key_id(other.key_id())
        .encryption_context("tenant", "a");

    assert_eq!(
        refusal(result.send().await),
        coded(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this Decrypt operation."
        )
    );
}

#[tokio::test]
async fn a_key_policy_that_delegates_nothing_names_itself() {
    let world = World::new();
    let outsider = world.kms(&world.role("outsider").await);

    let result = ignoring(outsider.decrypt(), &world.key).send().await;

    assert_eq!(
        refusal(result),
        denied(
            "outsider",
            "kms:Decrypt",
            &world.key,
            "resource-based policy"
        )
    );
}

#[tokio::test]
async fn a_key_policy_that_delegates_names_the_identity_policy() {
    let world = World::new();
    let reader = world.kms(&world.role("keyproof/reader").await);

    let result = ignoring(reader.decrypt(), &world.open).send().await;

    assert_eq!(
        refusal(result),
        denied(
            "reader",
            "kms:Decrypt",
            &world.open,
            "identity-based policy"
        )
    );
}

#[tokio::test]
async fn a_dry_run_ends_where_the_call_would_begin() {
    let world = World::new();
    let outsider = world.kms(&world.role("outsider").await);
    let blob = sealed(&world, "c0ffee").await;
    let reader = world.kms(&world.role("keyproof/reader").await);

    let plain = outsider
        .decrypt()
        .ciphertext_blob(blob.clone())
        .encryption_context("tenant", "a")
        .dry_run(true)
        .send()
        .await;
    let damaged = outsider
        .decrypt()
        .ciphertext_blob(blob)
        .dry_run(true)
        .send()
        .await;
    let ignored = ignoring(reader.decrypt(), &world.key).send().await;
    let encrypt = outsider
        .encrypt()
        .key_id("alias/open")
        .plaintext(Blob::new("x"))
        .dry_run(true)
        .send()
        .await;

    assert_eq!(refusal(plain), coded("DryRunOperationException", WOULD));
    assert_eq!(refusal(damaged), coded("InvalidCiphertextException", ""));
    assert_eq!(refusal(ignored), coded("DryRunOperationException", WOULD));
    assert_eq!(refusal(encrypt), coded("DryRunOperationException", WOULD));
}

#[tokio::test]
async fn ignoring_the_ciphertext_needs_a_dry_run_and_a_key() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let modifier = || {
        kms.decrypt()
            .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext)
    };

    let real = modifier().key_id(&world.open).send().await;
    let keyless = modifier().dry_run(true).send().await;
    let bare = kms.decrypt().key_id(&world.open).dry_run(true).send().await;

    assert_eq!(
        refusal(real),
        coded(
            "ValidationException",
            "DryRunModifiers can only be specified when DryRun is true."
        )
    );
    assert_eq!(
        refusal(keyless),
        coded(
            "ValidationException",
            "keyId is required when DryRunModifiers includes IGNORE_CIPHERTEXT."
        )
    );
    assert_eq!(
        refusal(bare),
        coded(
            "ValidationException",
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null"
        )
    );
}

#[tokio::test]
async fn re_encrypting_asks_both_keys() {
    let world = World::new();
    let administrator = world.kms(&world.administrator());
    let outsider = world.kms(&world.role("outsider").await);
    let other = administrator
        .create_key()
        .send()
        .await
        .unwrap()
        .key_metadata
        .unwrap();
    let other = other.arn().unwrap();
    let blob = sealed(&world, "c0ffee").await;
    let re_encrypt = |kms: &aws_sdk_kms::Client| {
        let re_encrypt = kms
            .re_encrypt()
            .ciphertext_blob(blob.clone())
            .source_encryption_context("tenant", "a");
        re_encrypt
            .destination_key_id(other)
            .destination_encryption_context("tenant", "b")
            .send()
    };

    let moved = re_encrypt(&administrator).await.unwrap();
    let opened = administrator
        .decrypt()
        .ciphertext_blob(moved.ciphertext_blob.clone().unwrap());
    let opened = opened
        .encryption_context("tenant", "b")
        .send()
        .await
        .unwrap();
    let dry = administrator
        .re_encrypt()
        .source_key_id(&world.open)
        .destination_key_id(other)
        .dry_run(true);
    let dry = dry
        .dry_run_modifiers(DryRunModifierType::IgnoreCiphertext)
        .send()
        .await;

    assert_eq!(
        (moved.source_key_id(), moved.key_id()),
        (Some(world.open.as_str()), Some(other))
    );
    assert_eq!(opened.plaintext().unwrap().as_ref(), b"c0ffee");
    assert_eq!(refusal(dry), coded("DryRunOperationException", WOULD));
    assert_eq!(
        refusal(re_encrypt(&outsider).await),
        denied(
            "outsider",
            "kms:ReEncryptFrom",
            &world.open,
            "identity-based policy"
        )
    );
}

#[tokio::test]
async fn a_data_key_comes_open_and_sealed() {
    let world = World::new();
    let kms = world.kms(&world.administrator());

    let made = kms
        .generate_data_key()
        .key_id("alias/open")
        .key_spec(DataKeySpec::Aes256)
        .send()
        .await
        .unwrap();
    let opened = kms
        .decrypt()
        .ciphertext_blob(made.ciphertext_blob.clone().unwrap())
        .send()
        .await
        .unwrap();
    let sealed = kms
        .generate_data_key_without_plaintext()
        .key_id("alias/open")
        .number_of_bytes(7)
        .send()
        .await
        .unwrap();
    let opened_later = kms
        .decrypt()
        .ciphertext_blob(sealed.ciphertext_blob.unwrap())
        .send()
        .await
        .unwrap();
    let both = kms
        .generate_data_key()
        .key_id("alias/open")
        .key_spec(DataKeySpec::Aes128)
        .number_of_bytes(7)
        .send()
        .await;

    assert_eq!(made.plaintext().unwrap().as_ref().len(), 32);
    assert_eq!(opened.plaintext(), made.plaintext());
    assert_eq!(opened_later.plaintext().unwrap().as_ref().len(), 7);
    assert_eq!(
        refusal(both),
        coded(
            "ValidationException",
            "Please specify either number of bytes or key spec."
        )
    );
}

#[tokio::test]
async fn the_right_is_asked_before_the_state_and_the_state_before_the_ciphertext() {
    let world = World::new();
    let administrator = world.kms(&world.administrator());
    let reader = world.kms(&world.role("keyproof/reader").await);
    let outsider = world.kms(&world.role("outsider").await);
    let blob = sealed(&world, "c0ffee").await;

    administrator
        .disable_key()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();
    let unauthorised = reader.decrypt().ciphertext_blob(blob.clone()).send().await;
    let disabled = outsider
        .decrypt()
        .ciphertext_blob(blob.clone())
        .send()
        .await;
    administrator
        .schedule_key_deletion()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();
    let pending = ignoring(outsider.decrypt(), &world.open).send().await;

    assert_eq!(
        refusal(unauthorised),
        denied(
            "reader",
            "kms:Decrypt",
            &world.open,
            "identity-based policy"
        )
    );
    assert_eq!(
        refusal(disabled),
        coded("DisabledException", format!("{} is disabled.", world.open))
    );
    assert_eq!(
        refusal(pending),
        coded(
            "KMSInvalidStateException",
            format!("{} is pending deletion.", world.open)
        )
    );
}

#[tokio::test]
async fn rotated_keys_open_what_older_material_sealed() {
    let world = World::new();
    let kms = world.kms(&world.administrator());
    let blob = sealed(&world, "c0ffee").await;

    kms.rotate_key_on_demand()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();
    let newer = sealed(&world, "c0ffee").await;
    let open = |blob: Blob| {
        kms.decrypt()
            .ciphertext_blob(blob)
            .encryption_context("tenant", "a")
            .send()
    };
    let (old, new) = (open(blob).await.unwrap(), open(newer).await.unwrap());
    let rotations = kms
        .list_key_rotations()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();

    assert_eq!(
        (old.plaintext(), new.plaintext()),
        (Some(&Blob::new("c0ffee")), Some(&Blob::new("c0ffee")))
    );
    assert_ne!(old.key_material_id(), new.key_material_id());
    assert_eq!(rotations.rotations().len(), 1);
    assert_eq!(
        rotations.rotations()[0].key_material_id(),
        new.key_material_id()
    );
}

#[tokio::test]
async fn what_a_recipient_would_decrypt_is_not_pretended() {
    let world = World::new();
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.GenerateDataKey"),
    ];
    let body = format!(
        r#"{{"KeyId":"{}","KeySpec":"AES_256","Recipient":{{}}}}"#,
        world.open
    );

    let reply = world
        .send(world.signed(&world.administrator(), "kms", &headers, &body))
        .await;

    assert_eq!(
        reply,
        (400, r#"{"__type":"ValidationException","message":"the sandbox doesn't know the parameter `Recipient` of kms:GenerateDataKey"}"#.to_owned())
    );
}
