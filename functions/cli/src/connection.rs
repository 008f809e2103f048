// SPDX-License-Identifier: Apache-2.0
//! How a command reaches AWS, and what a template is read for.

use std::collections::BTreeMap;
use std::time::Duration;

use keyproof_aws::{Runner, RunnerError, Settings};
use keyproof_core::AccountId;

use crate::error::CliError;

/// The account that a template makes, unless a parameter says otherwise.
const EXAMPLE_ACCOUNT: &str = "111122223333";

/// The options of every command that calls AWS. What they leave open comes from where the AWS CLI
/// takes it: `AWS_*` variables, the shared configuration files, the instance.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Connection {
    /// Endpoint of every service, such as `http://127.0.0.1:8000` [default: AWS's own, or
    /// `AWS_ENDPOINT_URL`]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
    /// Region to work in [default: the plan's]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Profile to take credentials from [default: `AWS_PROFILE`, or the usual credential chain]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

impl Connection {
    /// Settings that say this much.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            endpoint_url: self.endpoint_url.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            ..Settings::default()
        }
    }

    /// Whether anything was said.
    pub(crate) const fn is_default(&self) -> bool {
        self.endpoint_url.is_none() && self.region.is_none() && self.profile.is_none()
    }
}

/// The operator's credentials, looked for before anything is run.
pub(crate) async fn runner(settings: &Settings, region: &str) -> Result<Runner, CliError> {
    Runner::load(settings, region)
        .await
        .map_err(|error| match (&settings.profile, error) {
            (
                Some(name),
                source @ (RunnerError::NoCredentials | RunnerError::Credentials { .. }),
            ) => CliError::Profile {
                name: name.clone(),
                source,
            },
            (_, other) => CliError::Runner(other),
        })
}

/// The options of every command that reads a template.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TemplateOptions {
    /// Parameter of the template, or a pseudo parameter such as `AWS::AccountId=444455556666`;
    /// repeat it for more
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    parameter: Vec<(String, String)>,
    /// Id of a key that exists already, for plans that name it by its ARN:
    /// `OrdersKey=1234abcd-12ab-34cd-56ef-1234567890ab`; repeat it for more
    #[arg(long, value_name = "LOGICAL_ID=ID", value_parser = parameter)]
    key_id: Vec<(String, String)>,
}

impl TemplateOptions {
    /// Whether anything was said.
    pub(crate) const fn is_default(&self) -> bool {
        self.parameter.is_empty() && self.key_id.is_empty()
    }

    /// Refuses what doesn't go together in a command that takes `--sandbox TEMPLATE` in AWS's place.
    pub(crate) fn with_sandbox(
        &self,
        sandbox: bool,
        connection: &Connection,
    ) -> Result<(), CliError> {
        let usage = |text: &str| Err(CliError::Usage(text.to_owned()));
        match sandbox {
            true if !connection.is_default() => usage(
                "`--sandbox` has an endpoint, a region and credentials of its own; leave out `--endpoint-url`, `--region` and `--profile`",
            ),
            false if !self.is_default() => {
                usage("`--parameter` is for the template of `--sandbox`")
            }
            true | false => Ok(()),
        }
    }

    /// The deployment that the template is read for.
    pub(crate) fn options(&self, region: &str) -> Result<keyproof_template::Options, CliError> {
        let account = example_account()?;
        let mut parameters = BTreeMap::new();
        for (name, value) in &self.parameter {
            if parameters.insert(name.clone(), value.clone()).is_some() {
                return Err(CliError::Usage(format!(
                    "`--parameter {name}` is given twice"
                )));
            }
        }
        Ok(keyproof_template::Options {
            parameters,
            key_ids: self.key_id.iter().cloned().collect(),
            ..keyproof_template::Options::new(account, region)
        })
    }
}

/// The account that is nobody's: AWS's own example.
pub(crate) fn example_account() -> Result<AccountId, CliError> {
    EXAMPLE_ACCOUNT
        .parse()
        .map_err(|error| CliError::Sandbox(format!("{error}")))
}

/// `NAME=VALUE`.
pub(crate) fn parameter(word: &str) -> Result<(String, String), String> {
    match word.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("expected `NAME=VALUE`".to_owned()),
    }
}

/// A number of seconds, in fractions too, above zero.
pub(crate) fn seconds(word: &str) -> Result<Duration, String> {
    duration(word)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a number of seconds above 0, such as `10` or `0.5`".to_owned())
}

/// A number of seconds, in fractions too, that may be zero.
pub(crate) fn seconds_or_none(word: &str) -> Result<Duration, String> {
    duration(word).ok_or_else(|| "expected a number of seconds, such as `300` or `0`".to_owned())
}

fn duration(word: &str) -> Option<Duration> {
    /// A year: what is longer was meant otherwise, and clocks overflow on it.
    const LONGEST: f64 = 365.0 * 24.0 * 3600.0;
    let seconds: f64 = word.parse().ok()?;
    (0.0..=LONGEST)
        .contains(&seconds)
        .then(|| Duration::from_secs_f64(seconds))
}
