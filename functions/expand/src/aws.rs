// SPDX-License-Identifier: Apache-2.0
//! The function over AWS, made of its environment.

use keyproof_aws::{Runner, Settings};
use keyproof_inventory::{Answers, Inventory};
use keyproof_store::{DynamoTable, SchedulerSchedules, Store};
use keyproof_survey::{AskAs, Asked, Object, Survey, SurveyError};

use crate::{Function, HandlerError, Inventories};

/// The function over AWS.
pub type Aws = Function<DynamoTable, SchedulerSchedules, S3Inventories>;

/// Inventories in S3, right under a prefix.
#[derive(Clone, Debug)]
pub struct S3Inventories {
    survey: Survey,
    bucket: String,
    prefix: String,
}

impl Inventories for S3Inventories {
    fn address(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    fn prefix(&self) -> &str {
        &self.prefix
    }

    async fn list(&self) -> Result<Vec<String>, SurveyError> {
        self.survey.objects(&self.bucket, &self.prefix).await
    }

    async fn read(&self, key: &str, most: usize) -> Result<Object, SurveyError> {
        self.survey
            .object(&self.bucket, key, AskAs::default(), most)
            .await
    }

    async fn ask(&self, inventory: &Inventory, answers: &mut Answers) -> Asked {
        self.survey.ask(inventory, answers).await
    }
}

impl Aws {
    /// The function, from its environment.
    ///
    /// # Errors
    ///
    /// Where a variable is missing, there are no credentials, or the state table doesn't say what the
    /// stack is made of.
    pub async fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, HandlerError> {
        let needed = |name: &str| {
            let value = variable(name).filter(|value| !value.is_empty());
            value.ok_or_else(|| {
                HandlerError::CannotRun(format!(
                    "the variable `{name}` is not set; the template sets it"
                ))
            })
        };
        let table = needed("KEYPROOF_STATE_TABLE")?;
        let bucket = needed("KEYPROOF_INVENTORY_BUCKET")?;
        let prefix = needed("KEYPROOF_INVENTORY_PREFIX")?;
        let interval = needed("KEYPROOF_INVENTORY_INTERVAL_MINUTES")?;
        let interval_minutes = interval.parse().map_err(|_| {
            HandlerError::CannotRun(format!(
                "`KEYPROOF_INVENTORY_INTERVAL_MINUTES` is `{interval}`; expected a number of minutes"
            ))
        })?;
        // Lambda names the region; the default is for a laptop.
        let runner = Runner::load(&Settings::default(), "us-east-1").await?;
        let state = runner.service_config(variable("KEYPROOF_STATE_ENDPOINT_URL").as_deref());
        let store = Store::new(DynamoTable::new(&state, table));
        let stack = store.config().await?.ok_or_else(|| {
            HandlerError::CannotRun(
                "the state table doesn't say what its stack is made of; was the stack deployed to its end?"
                    .to_owned(),
            )
        })?;
        Ok(Self {
            store,
            schedules: SchedulerSchedules::new(&state, stack),
            inventories: S3Inventories {
                survey: Survey::new(&runner.service_config(None)),
                bucket,
                prefix,
            },
            interval_minutes,
        })
    }
}
