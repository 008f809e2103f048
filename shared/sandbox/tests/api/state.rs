// SPDX-License-Identifier: Apache-2.0
//! A sandbox that is saved and goes on elsewhere.

use aws_sdk_kms::primitives::Blob;
use keyproof_sandbox::{Clock, Sandbox, SandboxOptions, StateError};

use crate::world::{START, World, coded, refusal};

fn options() -> SandboxOptions {
    SandboxOptions {
        clock: Clock::manual(START.parse().unwrap()),
        ..SandboxOptions::default()
    }
}

#[tokio::test]
async fn a_loaded_sandbox_knows_its_keys_policies_and_sessions() {
    let mut world = World::new();
    let outsider = world.role("outsider").await;
    let encrypt = world
        .kms(&outsider)
        .encrypt()
        .key_id(&world.open)
        .plaintext(Blob::new("c0ffee"));
    let blob = encrypt.send().await.unwrap().ciphertext_blob.unwrap();
    let mut saved = Vec::new();

    world.sandbox.save(&mut saved).unwrap();
    let administrator = world.sandbox.administrator();
    world.sandbox = Sandbox::load(saved.as_slice(), options()).unwrap();
    let opened = world
        .kms(&outsider)
        .decrypt()
        .ciphertext_blob(blob.clone())
        .send()
        .await
        .unwrap();
    world
        .kms(&world.administrator())
        .disable_key()
        .key_id(&world.open)
        .send()
        .await
        .unwrap();

    assert_eq!(opened.plaintext().unwrap().as_ref(), b"c0ffee");
    assert_eq!(world.sandbox.administrator(), administrator);
    let disabled = world
        .kms(&outsider)
        .decrypt()
        .ciphertext_blob(blob)
        .send()
        .await;
    assert_eq!(
        refusal(disabled),
        coded("DisabledException", format!("{} is disabled.", world.open))
    );
}

#[tokio::test]
async fn what_is_saved_twice_is_the_same() {
    let world = World::new();
    world.role("outsider").await;
    let (mut first, mut second) = (Vec::new(), Vec::new());

    world.sandbox.save(&mut first).unwrap();
    Sandbox::load(first.as_slice(), options())
        .unwrap()
        .save(&mut second)
        .unwrap();

    let read = |saved: &[u8]| serde_json::from_slice::<serde_json::Value>(saved).unwrap();
    assert_eq!(read(&first), read(&second));
}

#[test]
fn another_file_is_refused() {
    let other =
        Sandbox::load(br#"{"schema":"keyproof.sandbox/v9"}"#.as_slice(), options()).unwrap_err();
    let none = Sandbox::load(b"keys: none".as_slice(), options()).unwrap_err();

    assert_eq!(
        other.to_string(),
        format!(
            "the file has schema `keyproof.sandbox/v9`, and keyproof {} reads `keyproof.sandbox/v1`; upgrade \
             keyproof, if a newer one wrote it",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert!(matches!(none, StateError::Read(_)));
    assert_eq!(none.to_string(), "the file is not a sandbox's state");
}
