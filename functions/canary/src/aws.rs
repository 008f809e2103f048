// SPDX-License-Identifier: Apache-2.0
//! The function over AWS, made of its environment.

use std::time::Duration;

use keyproof_aws::{CanaryOutcome, Runner, Settings, plant, remove};
use keyproof_plan::Plan;
use keyproof_store::{DynamoTable, STATE_ENDPOINT, Store, connect, for_the_state};
use thiserror::Error;

use crate::{Canaries, Service};

/// A new role is known everywhere within seconds, now and then within a minute.
const PAUSE: Duration = Duration::from_secs(5);

/// What the function works with, over AWS.
pub type Aws = Service<DynamoTable, AwsCanaries>;

/// A variable that the function needs and hasn't got.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the variable `{0}` is not set; the template sets it")]
pub struct SetupError(&'static str);

impl Aws {
    /// What the function works with, from its environment.
    ///
    /// # Errors
    ///
    /// Where a variable is missing.
    pub async fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SetupError> {
        const TABLE: &str = "KEYPROOF_STATE_TABLE";
        let table = variable(TABLE)
            .filter(|value| !value.is_empty())
            .ok_or(SetupError(TABLE))?;
        let state = for_the_state(&connect().await, variable(STATE_ENDPOINT).as_deref());
        Ok(Self {
            store: Store::new(DynamoTable::new(&state, table)),
            canaries: AwsCanaries,
            pause: PAUSE,
        })
    }
}

/// Canaries in DynamoDB, as the function's own role.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsCanaries;

impl Canaries for AwsCanaries {
    async fn plant(&self, plan: &Plan) -> Result<Vec<CanaryOutcome>, String> {
        let settings = settings();
        let runner = runner(plan, &settings).await?;
        Ok(Box::pin(plant(plan, &settings, &runner)).await)
    }

    async fn remove(&self, plan: &Plan) -> Result<Vec<CanaryOutcome>, String> {
        let settings = settings();
        let runner = runner(plan, &settings).await?;
        Ok(Box::pin(remove(plan, &settings, &runner)).await)
    }
}

fn settings() -> Settings {
    Settings {
        trigger: "deployment".to_owned(),
        ..Settings::default()
    }
}

async fn runner(plan: &Plan, settings: &Settings) -> Result<Runner, String> {
    let runner = Runner::load(settings, &plan.region).await;
    runner.map_err(|error| error.to_string())
}
