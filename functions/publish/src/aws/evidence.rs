// SPDX-License-Identifier: Apache-2.0
//! The bucket of evidence in S3, and the key in KMS that signs it.

use aws_types::SdkConfig;
use keyproof_evidence::{KeyId, Record, Sign, Signed};
use keyproof_vault::{EvidenceBucket, KmsKey, VaultError};
use tokio::sync::OnceCell;

use crate::SinkError;
use crate::sinks::{Calling, Seal, Vault};

impl Vault for EvidenceBucket {
    fn get<'a>(&'a self, key: &'a str) -> Calling<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(Self::get(self, key).await?) })
    }

    fn first<'a>(&'a self, prefix: &'a str) -> Calling<'a, Option<String>> {
        Box::pin(async move { Ok(Self::first(self, prefix).await?) })
    }

    fn create<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Calling<'a, bool> {
        Box::pin(async move { Ok(Self::create(self, key, body).await?) })
    }
}

/// A signing key in KMS, whose public half is asked for once.
#[derive(Debug)]
pub(super) struct EvidenceKey {
    config: SdkConfig,
    arn: String,
    key: OnceCell<KmsKey>,
}

impl EvidenceKey {
    pub(super) const fn new(config: SdkConfig, arn: String) -> Self {
        Self {
            config,
            arn,
            key: OnceCell::const_new(),
        }
    }

    async fn key(&self) -> Result<&KmsKey, SinkError> {
        let open = || KmsKey::open(&self.config, &self.arn);
        Ok(self.key.get_or_try_init(open).await?)
    }
}

impl Seal for EvidenceKey {
    fn id(&self) -> Calling<'_, KeyId> {
        Box::pin(async move { Ok(self.key().await?.public_key().id()) })
    }

    fn seal(&self, record: Record) -> Calling<'_, Signed> {
        Box::pin(async move {
            let signed = record.sign(self.key().await?).await;
            signed.map_err(|error| SinkError::Evidence(error.to_string()))
        })
    }
}

impl From<VaultError> for SinkError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Call { action, message } => Self::Call { action, message },
            other => Self::Evidence(format!("the signing key can't be used: {other}")),
        }
    }
}
