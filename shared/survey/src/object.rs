// SPDX-License-Identifier: Apache-2.0
//! An object in S3.

use crate::{Survey, SurveyError};

impl Survey {
    /// The text of an object of at most so many bytes.
    ///
    /// # Errors
    /// Where it can't be read, is larger, or is no text.
    pub async fn object(
        &self,
        bucket: &str,
        key: &str,
        role: Option<&str>,
        most: usize,
    ) -> Result<String, SurveyError> {
        let what = format!("s3:GetObject of `s3://{bucket}/{key}`");
        let config = self.session(role).await?;
        let mut object = keyproof_store::s3_client(&config)
            .get_object()
            .bucket(bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| SurveyError::call(&what, &error))?;
        let failed = |why: String| SurveyError::new(&what, why);
        let mut bytes = Vec::new();
        // What a header says of the length is no bound.
        while let Some(chunk) = object.body.next().await {
            let chunk = chunk.map_err(|error| failed(error.to_string()))?;
            if bytes.len() + chunk.len() > most {
                return Err(failed(format!("it is larger than {most} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8 text".to_owned()))
    }
}
