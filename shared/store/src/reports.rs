// SPDX-License-Identifier: Apache-2.0
//! Reports that are too large for the table, in S3.

use std::future::Future;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use keyproof_failure::chain;

use crate::StoreError;
use crate::error::refused;

/// What writing a report needs.
pub const PUT_ACTIONS: &[&str] = &["s3:PutObject"];
/// What reading one needs.
pub const READ_ACTIONS: &[&str] = &["s3:GetObject"];
/// What reading one needs that may not be there: without a right to list, S3 answers as if it were
/// forbidden. A look at whether it is there needs the same.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
pub const FIND_ACTIONS: &[&str] = &["s3:GetObject", "s3:ListBucket"];

/// Keeps reports.
pub trait Reports {
    /// Keeps a report. Keys are named by the report's bytes, so that the same again changes nothing.
    fn put(&self, key: &str, text: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// Keeps a report where there is none; `false` where there is one, which stays as it is.
    fn put_new(&self, key: &str, text: &str) -> impl Future<Output = Result<bool, StoreError>>;

    /// A report; `None` where there is none.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, StoreError>>;

    /// Whether there is a report: without reading it, as it may be large.
    fn exists(&self, key: &str) -> impl Future<Output = Result<bool, StoreError>>;
}

impl<R: Reports> Reports for &R {
    fn put(&self, key: &str, text: &str) -> impl Future<Output = Result<(), StoreError>> {
        R::put(self, key, text)
    }

    fn put_new(&self, key: &str, text: &str) -> impl Future<Output = Result<bool, StoreError>> {
        R::put_new(self, key, text)
    }

    fn get(&self, key: &str) -> impl Future<Output = Result<Option<String>, StoreError>> {
        R::get(self, key)
    }

    fn exists(&self, key: &str) -> impl Future<Output = Result<bool, StoreError>> {
        R::exists(self, key)
    }
}

/// A bucket in S3.
#[derive(Clone, Debug)]
pub struct S3Reports {
    client: Client,
    bucket: String,
}

impl S3Reports {
    /// The bucket of this name.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, bucket: impl Into<String>) -> Self {
        Self {
            client: s3_client(config),
            bucket: bucket.into(),
        }
    }
}

/// A client of S3. An endpoint that isn't AWS's own is asked for a bucket by path, as few emulators
/// have a host name for each.
#[must_use]
pub fn s3_client(config: &aws_types::SdkConfig) -> Client {
    let own_endpoint = config.endpoint_url().is_some();
    let config = aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint);
    Client::from_conf(config.build())
}

/// The largest object that keyproof writes, in bytes: a run has 100,000 probes at most, of a kilobyte or two.
pub const LARGEST_OBJECT: usize = 256 * 1024 * 1024;

/// Whether a success is S3's: it names the `ETag` of each object that it keeps, and nobody else does.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
///
/// # Errors
///
/// What is the matter with it, as a clause.
pub fn stored(output: &PutObjectOutput) -> Result<(), &'static str> {
    match output.e_tag() {
        Some(tag) if !tag.is_empty() => Ok(()),
        _ => Err("the reply has no ETag, which S3 gives each object that it keeps"),
    }
}

/// An object whole, in memory, unless it has more bytes than `largest`. `claimed` is the length that the reply
/// tells beforehand: it may end the reading before it begins, and is no bound.
///
/// # Errors
///
/// Why it can't be had, as a clause.
pub async fn whole_body(
    mut body: ByteStream,
    claimed: Option<i64>,
    largest: usize,
) -> Result<Vec<u8>, String> {
    let too_large = || Err(format!("the object is larger than {largest} bytes"));
    let claimed = claimed.and_then(|length| usize::try_from(length).ok());
    if claimed.is_some_and(|length| length > largest) {
        return too_large();
    }
    let mut whole = Vec::with_capacity(claimed.unwrap_or_default().min(1024 * 1024));
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|error| format!("the reply broke off: {}", chain(&error)))?;
        if whole.len() + chunk.len() > largest {
            return too_large();
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// Of an object that isn't there S3 says so only to who may list the bucket.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
const MAY_NOT_LOOK: &str = "AccessDenied, without a word more (HTTP status 403): it takes s3:GetObject, and s3:ListBucket \
                            where the object is not there yet";

impl S3Reports {
    fn write(&self, key: &str, text: &str) -> PutObjectFluentBuilder {
        let request = self.client.put_object().bucket(&self.bucket).key(key);
        request
            .content_type("application/json")
            .body(ByteStream::from(text.as_bytes().to_vec()))
    }
}

const CANNOT_WRITE: &str = "cannot write to the report bucket";

/// Whether S3 has kept it.
fn written(output: &PutObjectOutput) -> Result<(), StoreError> {
    stored(output).map_err(|why| StoreError::unanswered(CANNOT_WRITE, why))
}

impl Reports for S3Reports {
    async fn put(&self, key: &str, text: &str) -> Result<(), StoreError> {
        let sent = self.write(key, text).send().await;
        let output = sent.map_err(|error| StoreError::call(CANNOT_WRITE, &error))?;
        written(&output)
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    async fn put_new(&self, key: &str, text: &str) -> Result<bool, StoreError> {
        match self.write(key, text).if_none_match("*").send().await {
            Ok(output) => written(&output).map(|()| true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(StoreError::call(CANNOT_WRITE, &error)),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        let what = "cannot read from the report bucket";
        let sent = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        let got = match sent {
            Ok(got) => got,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(StoreError::call(what, &error)),
        };
        let cut_short = |why: String| StoreError::unanswered(what, why);
        let bytes = whole_body(got.body, got.content_length, LARGEST_OBJECT).await;
        let bytes = bytes.map_err(cut_short)?;
        String::from_utf8(bytes)
            .map(Some)
            .map_err(|error| cut_short(format!("the reply is no text: {error}")))
    }

    async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        let sent = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        match sent {
            Ok(_) => Ok(true),
            // Its answer has no body, and so no other code.
            Err(error) if error.code() == Some("NotFound") => Ok(false),
            Err(error) => {
                let what = "cannot look into the report bucket";
                let status = error.raw_response().map(|raw| raw.status().as_u16());
                Err(match status {
                    // Nor a message that names what is missing.
                    Some(403) => StoreError::Call {
                        what,
                        why: MAY_NOT_LOOK.to_owned(),
                        refused: refused(&error),
                    },
                    _ => StoreError::call(what, &error),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_stored_once_it_has_an_etag_and_not_before() {
        let of = |tag: Option<&str>| {
            let output = PutObjectOutput::builder().set_e_tag(tag.map(str::to_owned));
            stored(&output.build())
        };
        let lacking = Err("the reply has no ETag, which S3 gives each object that it keeps");

        assert_eq!(of(Some("\"9a0364b9e99bb480dd25e1f0284c8555\"")), Ok(()));
        assert_eq!(of(Some("")), lacking);
        assert_eq!(of(None), lacking);
    }

    #[tokio::test]
    async fn an_object_is_read_whole_unless_it_is_too_large_or_says_so() {
        let of = |claimed| whole_body(ByteStream::from_static(b"0123456789"), claimed, 10);
        let read = Ok(b"0123456789".to_vec());
        let too_large = Err("the object is larger than 10 bytes".to_owned());

        assert_eq!(of(Some(10)).await, read);
        assert_eq!(of(None).await, read);
        // Before anything of it is read.
        assert_eq!(of(Some(11)).await, too_large);
        let more = ByteStream::from_static(b"0123456789a");
        assert_eq!(whole_body(more, None, 10).await, too_large);
    }
}
