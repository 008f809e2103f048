// SPDX-License-Identifier: Apache-2.0
//! The way to a deployed stack: its state table says what else it is made of.

use aws_types::SdkConfig;
use keyproof_aws::Settings;
use keyproof_state::StackConfig;
use keyproof_store::{DynamoTable, SchedulerSchedules, Store};

use crate::connection;
use crate::error::CliError;

/// The options of every command that reaches a deployed stack.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The stack's state table
    #[arg(
        long,
        value_name = "NAME",
        env = "KEYPROOF_STATE_TABLE",
        hide_env_values = true,
        default_value = "keyproof-state"
    )]
    state_table: String,
    /// Endpoint of the stack's own services, such as `http://127.0.0.1:5000` [default: AWS's own]
    #[arg(
        long,
        value_name = "URL",
        env = "KEYPROOF_STATE_ENDPOINT_URL",
        hide_env_values = true
    )]
    state_endpoint_url: Option<String>,
    /// Region of the stack [default: `AWS_REGION`, or the profile's]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Profile to take credentials from [default: `AWS_PROFILE`, or the usual credential chain]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// A deployed stack.
pub(crate) struct Stack {
    /// What its state table says.
    pub(crate) store: Store<DynamoTable>,
    /// How its services are called.
    pub(crate) config: SdkConfig,
}

impl Options {
    /// The stack, in a region where nothing else names one.
    pub(crate) async fn connect(&self, region: &str) -> Result<Stack, CliError> {
        let settings = Settings {
            region: self.region.clone(),
            profile: self.profile.clone(),
            ..Settings::default()
        };
        let runner = connection::runner(&settings, region).await?;
        let config = runner.service_config(self.state_endpoint_url.as_deref());
        Ok(Stack {
            store: Store::new(DynamoTable::new(&config, &self.state_table)),
            config,
        })
    }
}

impl Stack {
    /// Where nothing names a region and no plan does.
    pub(crate) const REGION: &'static str = "us-east-1";

    /// What the stack is made of.
    pub(crate) async fn parts(&self) -> Result<StackConfig, CliError> {
        self.store.config().await?.ok_or_else(|| {
            CliError::Usage(format!(
                "the state table `{}` doesn't say what its stack is made of, so that no schedule can \
                 be set; was the stack deployed to its end?",
                self.store.table().name()
            ))
        })
    }

    /// The plans' schedules.
    pub(crate) async fn schedules(&self) -> Result<SchedulerSchedules, CliError> {
        Ok(SchedulerSchedules::new(&self.config, self.parts().await?))
    }

    /// Who is asking, as far as STS tells.
    pub(crate) async fn caller(&self) -> Option<String> {
        let sts = aws_sdk_sts::Client::new(&self.config);
        sts.get_caller_identity().send().await.ok()?.arn
    }
}
