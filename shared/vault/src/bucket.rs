// SPDX-License-Identifier: Apache-2.0
//! A bucket with Object Lock, whose objects are written once.

use std::sync::OnceLock;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;
use jiff::Timestamp;
use keyproof_store::{LARGEST_OBJECT, stored, whole_body};

use crate::VaultError;

/// What the bucket needs. Without the list, nobody knows where a chain begins, and S3 says of an object that is
/// not there that it may not be read: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
pub const BUCKET_ACTIONS: &[&str] = &["s3:GetObject", "s3:ListBucket", "s3:PutObject"];

/// What all objects of evidence are below. From there on they are named as the files of a folder of evidence.
pub const ROOT: &str = "evidence";

/// The bucket of evidence.
#[derive(Debug)]
pub struct EvidenceBucket {
    config: SdkConfig,
    client: OnceLock<Client>,
    name: String,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its key, below the prefix that was asked for.
    pub(crate) name: String,
    /// When it was written.
    pub(crate) modified: Option<Timestamp>,
}

impl EvidenceBucket {
    /// The bucket of this name. A client is built by the first call.
    #[must_use]
    pub const fn new(config: SdkConfig, name: String) -> Self {
        Self {
            config,
            client: OnceLock::new(),
            name,
        }
    }

    fn client(&self) -> &Client {
        self.client
            .get_or_init(|| keyproof_store::s3_client(&self.config))
    }

    /// An object; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where S3 refuses, or doesn't answer.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, VaultError> {
        let request = self.client().get_object().bucket(&self.name).key(key);
        let got = match request.send().await {
            Ok(got) => got,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(VaultError::call("s3:GetObject", &error)),
        };
        let body = whole_body(got.body, got.content_length, LARGEST_OBJECT).await;
        body.map(Some).map_err(|message| VaultError::Call {
            action: "s3:GetObject",
            message,
        })
    }

    /// Writes an object that is not there yet; `false` where it is.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    ///
    /// # Errors
    ///
    /// Where S3 refuses, or doesn't answer.
    pub async fn create(&self, key: &str, body: Vec<u8>) -> Result<bool, VaultError> {
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
            Ok(output) => match stored(&output) {
                Ok(()) => Ok(true),
                Err(why) => Err(VaultError::Call {
                    action: "s3:PutObject",
                    message: why.to_owned(),
                }),
            },
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(VaultError::call("s3:PutObject", &error)),
        }
    }

    /// The key of the first object below a prefix, in the order of their names; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where S3 refuses, doesn't answer, or the answer is none about this prefix.
    pub async fn first(&self, prefix: &str) -> Result<Option<String>, VaultError> {
        const ACTION: &str = "s3:ListBucket";
        let request = self.client().list_objects_v2().bucket(&self.name);
        let sent = request.prefix(prefix).max_keys(1).send().await;
        let page = sent.map_err(|error| VaultError::call(ACTION, &error))?;
        // An empty success must not look like an empty bucket:
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
        if page.prefix() != Some(prefix) {
            return Err(VaultError::Call {
                action: ACTION,
                message: "the reply is no listing of what was asked for".to_owned(),
            });
        }
        let first = page.contents().first();
        Ok(first.and_then(|object| object.key()).map(str::to_owned))
    }

    /// The objects below a prefix, in the order of their names, over as many pages as it takes.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<Listed>, VaultError> {
        let request = self
            .client()
            .list_objects_v2()
            .bucket(&self.name)
            .prefix(prefix);
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let page = request.clone().set_continuation_token(token).send().await;
            let page = page.map_err(|error| VaultError::call("s3:ListBucket", &error))?;
            found.extend(page.contents().iter().filter_map(|object| {
                let modified = object.last_modified();
                Some(Listed {
                    name: object.key()?.strip_prefix(prefix)?.to_owned(),
                    modified: modified
                        .and_then(|moment| Timestamp::from_second(moment.secs()).ok()),
                })
            }));
            token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() {
                return Ok(found);
            }
        }
    }
}
