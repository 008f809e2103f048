// SPDX-License-Identifier: Apache-2.0
//! The way to a deployed stack: its state table, which says what else it is made of.

use std::env;

use aws_types::SdkConfig;
use aws_types::region::Region;
use keyproof_aws::Settings;
use keyproof_state::StackConfig;
use keyproof_store::{DynamoTable, S3Reports, SchedulerSchedules, Store, state_tables};
use keyproof_vault::EvidenceBucket;

use crate::connection;
use crate::error::CliError;

const TABLE: &str = "KEYPROOF_STATE_TABLE";
const STACK: &str = "KEYPROOF_STACK";
/// The stack that is meant where nothing names one.
const USUAL: &str = "keyproof";

/// The options of every command that reaches a deployed stack.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// The stack, as it was named at deployment; its state table is found by that [env:
    /// `KEYPROOF_STACK`] [default: `keyproof`]
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// The stack's state table by its own name [env: `KEYPROOF_STATE_TABLE`]
    #[arg(long, value_name = "TABLE", conflicts_with = "stack")]
    state_table: Option<String>,
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

/// How a stack is named.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Table(String),
    Stack(String),
}

/// A deployed stack.
pub(crate) struct Stack {
    /// What its state table says.
    pub(crate) store: Store<DynamoTable>,
    /// How its services are called.
    pub(crate) config: SdkConfig,
}

impl Options {
    /// Whether a stack, or its table, was named in words.
    pub(crate) const fn is_named(&self) -> bool {
        self.stack.is_some() || self.state_table.is_some()
    }

    /// The stack, in a region where nothing else names one.
    pub(crate) async fn connect(&self, region: &str) -> Result<Stack, CliError> {
        let config = self.config(region).await?;
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let table = match self.named(variable) {
            Named::Table(table) => table,
            Named::Stack(stack) => only(
                &stack,
                state_tables(&config, &stack).await?,
                config.region(),
            )?,
        };
        Ok(Stack {
            store: Store::new(DynamoTable::new(&config, &table)),
            config,
        })
    }

    /// How the stack's services are called.
    pub(crate) async fn config(&self, region: &str) -> Result<SdkConfig, CliError> {
        let settings = Settings {
            region: self.region.clone(),
            profile: self.profile.clone(),
            ..Settings::default()
        };
        let runner = connection::runner(&settings, region).await?;
        Ok(runner.service_config(self.state_endpoint_url.as_deref()))
    }

    /// What is said on the command line wins over the environment, and there the table over the stack.
    fn named(&self, variable: impl Fn(&str) -> Option<String>) -> Named {
        let table = self.state_table.clone().map(Named::Table);
        let stack = self.stack.clone().map(Named::Stack);
        table
            .or(stack)
            .or_else(|| variable(TABLE).map(Named::Table))
            .or_else(|| variable(STACK).map(Named::Stack))
            .unwrap_or_else(|| Named::Stack(USUAL.to_owned()))
    }
}

/// The one table of a stack. Of several, one is in use, and the others were retained when a stack of the same name
/// was taken away: which, nobody can tell from here.
fn only(stack: &str, tables: Vec<String>, region: Option<&Region>) -> Result<String, CliError> {
    let region = region.map_or_else(|| "this region".to_owned(), ToString::to_string);
    match <[String; 1]>::try_from(tables) {
        Ok([table]) => Ok(table),
        Err(none) if none.is_empty() => Err(CliError::Usage(format!(
            "there is no state table of a stack `{stack}` in {region}; `--stack` names another stack, `--region` \
             another region, and `--state-table` a table by its own name"
        ))),
        Err(tables) => Err(CliError::Usage(format!(
            "there are {} state tables of a stack `{stack}` in {region}, as tables stay when a stack is taken away: \
             {}; `--state-table` names the one in use, which is the stack's output `StateTableName`",
            tables.len(),
            tables
                .iter()
                .map(|table| format!("`{table}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

impl Stack {
    /// Where nothing names a region and no plan does.
    pub(crate) const REGION: &'static str = "us-east-1";

    /// What the stack is made of.
    pub(crate) async fn parts(&self) -> Result<StackConfig, CliError> {
        self.store.config().await?.ok_or_else(|| {
            CliError::Usage(format!(
                "the state table `{}` doesn't say what its stack is made of; was the stack deployed to its end?",
                self.store.table().name()
            ))
        })
    }

    /// Refuses to write to a stack of a version that may not understand it, or that it may not. A stack that
    /// doesn't say what it is made of has no version to hold it to.
    pub(crate) async fn expect_to_be_understood(&self) -> Result<(), CliError> {
        match self.store.config().await? {
            Some(parts) => Ok(parts.takes_writes_of(env!("CARGO_PKG_VERSION"))?),
            None => Ok(()),
        }
    }

    /// The plans' schedules.
    pub(crate) async fn schedules(&self) -> Result<SchedulerSchedules, CliError> {
        Ok(SchedulerSchedules::new(&self.config, self.parts().await?))
    }

    /// The reports that are too large for the table.
    pub(crate) async fn reports(&self) -> Result<S3Reports, CliError> {
        let bucket = self.parts().await?.report_bucket;
        Ok(S3Reports::new(&self.config, bucket))
    }

    /// The signed records of runs.
    pub(crate) async fn evidence(&self) -> Result<EvidenceBucket, CliError> {
        match self.parts().await?.evidence_bucket {
            Some(bucket) => Ok(EvidenceBucket::new(self.config.clone(), bucket)),
            None => Err(CliError::Usage(
                "the stack keeps no signed records: it was deployed without a bucket of evidence"
                    .to_owned(),
            )),
        }
    }

    /// Who is asking, as far as STS tells.
    pub(crate) async fn caller(&self) -> Option<String> {
        let sts = aws_sdk_sts::Client::new(&self.config);
        sts.get_caller_identity().send().await.ok()?.arn
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, Options, only};

    fn named(table: Option<&str>, stack: Option<&str>, environment: &[(&str, &str)]) -> Named {
        let options = Options {
            state_table: table.map(str::to_owned),
            stack: stack.map(str::to_owned),
            ..Options::default()
        };
        options.named(|name| {
            let mut all = environment.iter();
            all.find(|(other, _)| *other == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_said_wins_over_the_environment_and_the_table_over_the_stack() {
        let table = |name: &str| Named::Table(name.to_owned());
        let stack = |name: &str| Named::Stack(name.to_owned());
        let both = [("KEYPROOF_STATE_TABLE", "t"), ("KEYPROOF_STACK", "s")];

        assert_eq!(named(None, None, &[]), stack("keyproof"));
        assert_eq!(named(None, None, &both[1..]), stack("s"));
        assert_eq!(named(None, None, &both), table("t"));
        assert_eq!(named(None, Some("mine"), &both), stack("mine"));
        assert_eq!(named(Some("mine"), None, &both), table("mine"));
    }

    #[test]
    fn a_stack_without_one_table_is_told_with_its_mend() {
        let names = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect();
        let told = |all: &[&str]| only("s", names(all), None).unwrap_err().to_string();

        assert_eq!(
            only("s", names(&["s-StateTable-1A"]), None).unwrap(),
            "s-StateTable-1A"
        );
        assert_eq!(
            told(&[]),
            "there is no state table of a stack `s` in this region; `--stack` names another stack, `--region` another \
             region, and `--state-table` a table by its own name"
        );
        assert_eq!(
            told(&["a", "b"]),
            "there are 2 state tables of a stack `s` in this region, as tables stay when a stack is taken away: `a`, \
             `b`; `--state-table` names the one in use, which is the stack's output `StateTableName`"
        );
    }
}
