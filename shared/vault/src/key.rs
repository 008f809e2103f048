// SPDX-License-Identifier: Apache-2.0
//! A signing key that never leaves KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, KeyUsageType, MessageType, SigningAlgorithmSpec};
use aws_types::SdkConfig;
use keyproof_evidence::{Digest, PublicKey, Sign, SignError};

use crate::VaultError;

/// What signing needs.
pub const SIGN_ACTIONS: &[&str] = &["kms:GetPublicKey", "kms:Sign"];

/// An asymmetric key in KMS, with its public half at hand.
#[derive(Clone, Debug)]
pub struct KmsKey {
    client: Client,
    name: String,
    public: PublicKey,
}

impl KmsKey {
    /// Asks KMS for the public half of a key: an id, an ARN, or an alias with `alias/` in front.
    ///
    /// # Errors
    ///
    /// Where KMS refuses, or the key is of another kind than evidence is signed with.
    pub async fn open(config: &SdkConfig, name: impl Into<String>) -> Result<Self, VaultError> {
        let (client, name) = (Client::new(config), name.into());
        let sent = client.get_public_key().key_id(&name).send().await;
        let got = sent.map_err(|error| VaultError::call("kms:GetPublicKey", &error))?;
        // An answer without them is an emulator's; then the bytes of the key decide.
        let spec = got.key_spec().unwrap_or(&KeySpec::EccNistP256);
        let usage = got.key_usage().unwrap_or(&KeyUsageType::SignVerify);
        if (spec, usage) != (&KeySpec::EccNistP256, &KeyUsageType::SignVerify) {
            let found = format!("`{}` for `{}`", spec.as_str(), usage.as_str());
            return Err(VaultError::Kind { found });
        }
        let der = got.public_key().map(Blob::as_ref).unwrap_or_default();
        match PublicKey::from_der(der) {
            Ok(public) => Ok(Self {
                client,
                name,
                public,
            }),
            Err(_) => Err(VaultError::Kind {
                found: "no key on the curve P-256".to_owned(),
            }),
        }
    }
}

impl Sign for KmsKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>
    async fn sign(&self, digest: Digest) -> Result<Vec<u8>, SignError> {
        let sent = self
            .client
            .sign()
            .key_id(&self.name)
            .message(Blob::new(digest.as_bytes().as_slice()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await;
        let got =
            sent.map_err(|error| SignError::Key(VaultError::call("kms:Sign", &error).to_string()))?;
        Ok(got
            .signature()
            .map(|blob| blob.as_ref().to_vec())
            .unwrap_or_default())
    }
}
