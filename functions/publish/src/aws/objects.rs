// SPDX-License-Identifier: Apache-2.0
//! S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_types::SdkConfig;

use super::Lazy;
use super::error::{call, failure};
use crate::sinks::{Calling, PutObject};

/// What it needs.
pub(super) const IAM_ACTIONS: &[&str] = &["s3:PutObject"];

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    client: Lazy<Client>,
    name: String,
}

impl Bucket {
    pub(super) const fn new(config: SdkConfig, name: String) -> Self {
        Self {
            client: Lazy::new(config),
            name,
        }
    }
}

impl PutObject for Bucket {
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>) -> Calling<'a, ()> {
        const ACTION: &str = "s3:PutObject";
        Box::pin(async move {
            let client = self.client.get(keyproof_store::s3_client);
            let sent = client
                .put_object()
                .bucket(&self.name)
                .key(key)
                .content_type("application/x-ndjson")
                .body(ByteStream::from(body))
                .send()
                .await;
            let stored = sent.map_err(|error| call(ACTION, &error))?;
            keyproof_store::stored(&stored).map_err(|why| failure(ACTION, why))
        })
    }
}
