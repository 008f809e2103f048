// SPDX-License-Identifier: Apache-2.0
//! Objects in S3.

use crate::error::next;
use crate::{AskAs, Survey, SurveyError};

/// An object, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What is in it.
    pub text: String,
    /// Which version of it that is, in a bucket that keeps versions.
    pub version: Option<String>,
}

impl Survey {
    /// The keys of the objects right under a prefix, in order; those in folders below it are none of
    /// them, and neither is a folder.
    ///
    /// # Errors
    /// Where they can't be listed to their end.
    pub async fn objects(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, SurveyError> {
        let what = format!("s3:ListBucket of `s3://{bucket}/{prefix}`");
        let client = keyproof_store::s3_client(&self.config);
        let (mut keys, mut token) = (Vec::new(), None);
        loop {
            let page = client
                .list_objects_v2()
                .bucket(bucket)
                .prefix(prefix)
                .delimiter("/")
                .set_continuation_token(token.clone())
                .send()
                .await
                .map_err(|error| SurveyError::call(&what, &error))?;
            for object in page.contents.unwrap_or_default() {
                let unnamed = || SurveyError::new(&what, "the reply has an object without a key");
                keys.push(object.key.ok_or_else(unnamed)?);
            }
            let more = page.is_truncated.unwrap_or_default();
            token = next(&what, token.as_deref(), page.next_continuation_token)?;
            if token.is_none() {
                if more {
                    let why = "the reply says that there is more, and no way to it";
                    return Err(SurveyError::new(what, why));
                }
                keys.retain(|key| !key.ends_with('/'));
                return Ok(keys);
            }
        }
    }

    /// An object of at most so many bytes, which is text.
    ///
    /// # Errors
    /// Where it can't be read, is larger, or is no text.
    pub async fn object(
        &self,
        bucket: &str,
        key: &str,
        who: AskAs<'_>,
        most: usize,
    ) -> Result<Object, SurveyError> {
        let what = format!("s3:GetObject of `s3://{bucket}/{key}`");
        let config = self.session(who).await?;
        let object = keyproof_store::s3_client(&config)
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| SurveyError::call(&what, &error))?;
        let failed = |why: String| SurveyError::new(&what, why);
        let bytes = keyproof_store::whole_body(object.body, object.content_length, most).await;
        let bytes = bytes.map_err(failed)?;
        let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text".to_owned()));
        // A bucket that never kept versions tells none, one that no longer does a version `null`:
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html>
        let version = object.version_id.filter(|version| version != "null");
        Ok(Object {
            text: text?,
            version,
        })
    }
}
