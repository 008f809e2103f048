// SPDX-License-Identifier: Apache-2.0
//! The function over AWS, made of its environment.

use std::time::Duration;

use keyproof_aws::{CanaryOutcome, Runner, RunnerError, Settings, plant, remove};
use keyproof_plan::Plan;
use keyproof_store::{DynamoTable, Store};
use thiserror::Error;

use crate::{Canaries, Service};

/// A new role is known everywhere within seconds, now and then within a minute.
const PAUSE: Duration = Duration::from_secs(5);

/// What the function works with, over AWS.
pub type Aws = Service<DynamoTable, AwsCanaries>;

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
    /// What the function works with, from its environment.
    ///
    /// # Errors
    ///
    /// Where a variable is missing, or there are no credentials.
    pub async fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SetupError> {
        const TABLE: &str = "KEYPROOF_STATE_TABLE";
        let table = variable(TABLE)
            .filter(|value| !value.is_empty())
            .ok_or(SetupError::Unset(TABLE))?;
        // Lambda names the region; the default is for a laptop.
        let runner = Runner::load(&settings(), "us-east-1").await?;
        let state = runner.service_config(variable("KEYPROOF_STATE_ENDPOINT_URL").as_deref());
        Ok(Self {
            store: Store::new(DynamoTable::new(&state, table)),
            canaries: AwsCanaries { runner },
            pause: PAUSE,
        })
    }
}

/// Canaries in DynamoDB, as the function's own role.
#[derive(Clone, Debug)]
pub struct AwsCanaries {
    runner: Runner,
}

impl Canaries for AwsCanaries {
    async fn plant(&self, plan: &Plan) -> Vec<CanaryOutcome> {
        Box::pin(plant(plan, &settings(), &self.runner)).await
    }

    async fn remove(&self, plan: &Plan) -> Vec<CanaryOutcome> {
        Box::pin(remove(plan, &settings(), &self.runner)).await
    }
}

fn settings() -> Settings {
    Settings {
        trigger: "deployment".to_owned(),
        ..Settings::default()
    }
}
