// SPDX-License-Identifier: Apache-2.0
//! The function over AWS, made of its environment.

use keyproof_aws::{Runner, RunnerError, Settings};
use keyproof_store::{DynamoTable, S3Reports, SqsQueue, Store};
use thiserror::Error;

use crate::Function;

/// The function over AWS.
pub type Aws = Function<DynamoTable, S3Reports, SqsQueue>;

/// Why the function can't work.
#[derive(Debug, Error)]
pub enum SetupError {
    /// A variable that it needs and hasn't got.
    #[error("the variable `{0}` is not set; the template sets it")]
    Unset(&'static str),
    /// No credentials, or no usable endpoint.
    #[error(transparent)]
    Connection(#[from] RunnerError),
}

impl Aws {
    /// The function, from its environment.
    ///
    /// # Errors
    ///
    /// Where a variable is missing.
    pub async fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SetupError> {
        let needed = |name| {
            variable(name)
                .filter(|value| !value.is_empty())
                .ok_or(SetupError::Unset(name))
        };
        let [table, bucket, queue] = [
            needed("KEYPROOF_STATE_TABLE")?,
            needed("KEYPROOF_REPORT_BUCKET")?,
            needed("KEYPROOF_QUEUE_URL")?,
        ];
        // Lambda names the region; the default is for a laptop.
        let runner = Runner::load(&Settings::default(), "us-east-1").await?;
        let config = runner.service_config(variable("KEYPROOF_STATE_ENDPOINT_URL").as_deref());
        Ok(Self::new(
            Store::new(DynamoTable::new(&config, table)),
            S3Reports::new(&config, bucket),
            SqsQueue::new(&config, queue),
        ))
    }
}
