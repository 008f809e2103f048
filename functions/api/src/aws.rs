// SPDX-License-Identifier: Apache-2.0
//! The function over AWS, made of its environment.

use keyproof_store::{
    DynamoTable, S3Reports, STATE_ENDPOINT, SqsQueue, Store, connect, for_the_state,
};
use thiserror::Error;

use crate::Function;

/// The function over AWS.
pub type Aws = Function<DynamoTable, S3Reports, SqsQueue>;

/// A variable that the function needs and hasn't got.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the variable `{0}` is not set; the template sets it")]
pub struct SetupError(&'static str);

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
                .ok_or(SetupError(name))
        };
        let [table, bucket, queue] = [
            needed("KEYPROOF_STATE_TABLE")?,
            needed("KEYPROOF_REPORT_BUCKET")?,
            needed("KEYPROOF_QUEUE_URL")?,
        ];
        let config = connect().await;
        let state = for_the_state(&config, variable(STATE_ENDPOINT).as_deref());
        Ok(Self::new(
            Store::new(DynamoTable::new(&state, table)),
            S3Reports::new(&config, bucket),
            SqsQueue::new(&config, queue),
        ))
    }
}
