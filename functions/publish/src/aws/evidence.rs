// SPDX-License-Identifier: Apache-2.0
//! The bucket of evidence in S3, and the key in KMS that signs it.

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;
use keyproof_evidence::{Digest, KeyId, PublicKey, Record, Sign, SignError, Signed};
use tokio::sync::OnceCell;

use super::Lazy;
use super::error::call;
use crate::SinkError;
use crate::sinks::{Calling, Seal, Vault};

/// What the bucket needs. Without the list, S3 says of an object that is not there that it may not be
/// read: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub(super) const VAULT_ACTIONS: &[&str] = &["s3:GetObject", "s3:ListBucket", "s3:PutObject"];
/// What the key needs.
pub(super) const SEAL_ACTIONS: &[&str] = &["kms:GetPublicKey", "kms:Sign"];

/// A bucket with Object Lock.
#[derive(Debug)]
pub(super) struct EvidenceBucket {
    client: Lazy<aws_sdk_s3::Client>,
    name: String,
}

impl EvidenceBucket {
    pub(super) const fn new(config: SdkConfig, name: String) -> Self {
        Self {
            client: Lazy::new(config),
            name,
        }
    }

    fn client(&self) -> &aws_sdk_s3::Client {
        self.client.get(|config| {
            // Few emulators have a host name for each bucket.
            let own_endpoint = config.endpoint_url().is_some();
            let config = aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint);
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }
}

impl Vault for EvidenceBucket {
    fn get<'a>(&'a self, key: &'a str) -> Calling<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let sent = self
                .client()
                .get_object()
                .bucket(&self.name)
                .key(key)
                .send()
                .await;
            let got = match sent {
                Ok(got) => got,
                Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
                Err(error) => return Err(call("s3:GetObject", &error)),
            };
            let bytes = got.body.collect().await.map_err(|error| SinkError::Call {
                action: "s3:GetObject",
                message: error.to_string(),
            })?;
            Ok(Some(bytes.to_vec()))
        })
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    fn create<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Calling<'a, bool> {
        Box::pin(async move {
            let sent = self
                .client()
                .put_object()
                .bucket(&self.name)
                .key(key)
                .if_none_match("*")
                .body(ByteStream::from(body))
                .send()
                .await;
            match sent {
                Ok(_) => Ok(true),
                Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
                Err(error) => Err(call("s3:PutObject", &error)),
            }
        })
    }
}

/// A signing key in KMS.
#[derive(Debug)]
pub(super) struct EvidenceKey {
    client: aws_sdk_kms::Client,
    arn: String,
    public: OnceCell<PublicKey>,
}

impl EvidenceKey {
    pub(super) fn new(config: &SdkConfig, arn: String) -> Self {
        Self {
            client: aws_sdk_kms::Client::new(config),
            arn,
            public: OnceCell::new(),
        }
    }

    async fn public(&self) -> Result<&PublicKey, SinkError> {
        self.public
            .get_or_try_init(|| async {
                let sent = self.client.get_public_key().key_id(&self.arn).send().await;
                let got = sent.map_err(|error| call("kms:GetPublicKey", &error))?;
                let der = got.public_key().map(Blob::as_ref).unwrap_or_default();
                PublicKey::from_der(der).map_err(|error| {
                    SinkError::Evidence(format!("the key `{}` can't be used: {error}", self.arn))
                })
            })
            .await
    }
}

impl Seal for EvidenceKey {
    fn id(&self) -> Calling<'_, KeyId> {
        Box::pin(async move { Ok(self.public().await?.id()) })
    }

    fn seal(&self, record: Record) -> Calling<'_, Signed> {
        Box::pin(async move {
            let signer = Signer {
                client: &self.client,
                arn: &self.arn,
                public: self.public().await?,
            };
            record
                .sign(&signer)
                .await
                .map_err(|error| SinkError::Evidence(error.to_string()))
        })
    }
}

struct Signer<'a> {
    client: &'a aws_sdk_kms::Client,
    arn: &'a str,
    public: &'a PublicKey,
}

impl Sign for Signer<'_> {
    fn public_key(&self) -> &PublicKey {
        self.public
    }

    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>
    async fn sign(&self, digest: Digest) -> Result<Vec<u8>, SignError> {
        let sent = self
            .client
            .sign()
            .key_id(self.arn)
            .message(Blob::new(digest.as_bytes().as_slice()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await;
        let got = sent.map_err(|error| SignError::Key(call("kms:Sign", &error).to_string()))?;
        Ok(got
            .signature()
            .map(|blob| blob.as_ref().to_vec())
            .unwrap_or_default())
    }
}
