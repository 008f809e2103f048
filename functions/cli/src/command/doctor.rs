// SPDX-License-Identifier: Apache-2.0
//! `keyproof doctor`: what a run of a plan needs, asked for before the run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use jiff::{Timestamp, tz::TimeZone};
use keyproof_aws::{RunnerError, Settings, examine, resolve};
use keyproof_diagnose::{Aws, ReadDocuments};
use keyproof_doctor::{
    Circumstances, Diagnosis, Known, RunnerPolicy, State, diagnose, render, runner_policy,
};
use keyproof_plan::Plan;
use keyproof_verdict::RunFacts;

use crate::connection;
use crate::destination;
use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::target::Target;

/// Ask for everything that a run of a plan needs, and say what is missing, each with the mend
///
/// Who the runner is, what its clock says, whether each role can be assumed, each table, key and index
/// looked at, each canary read by a witness: asked for, not guessed. Where roles may be read, whom each
/// trust policy lets in, and which condition stands in the runner's way. Nothing is changed. Then the
/// least-privilege policy that the runner needs for this plan; with --policy that alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Minutes between two runs, where something runs the plan again and again
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    interval: Option<u32>,
    /// Print only the policy that the runner needs. Aliases are looked up, where there are credentials
    #[arg(long, value_name = "FORMAT", value_enum, conflicts_with_all = ["format", "interval"])]
    policy: Option<PolicyFormat>,
    /// Ask nobody: with --policy, print what the plan alone says
    #[arg(long, requires = "policy", conflicts_with_all = ["sandbox", "endpoint_url", "profile"])]
    offline: bool,
    /// Seconds that one attempt of a call may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = connection::seconds)]
    timeout: Duration,
    /// Format of the diagnosis
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: DoctorFormat,
    /// File for it in place of standard output; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DoctorFormat {
    /// For a terminal: what is missing first, each with its mend
    Text,
    /// For programs: `keyproof.doctor/v1`
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PolicyFormat {
    /// An IAM policy document
    Json,
    /// A template that gives the policy to a role
    Cloudformation,
}

/// Asks, and writes the diagnosis or the policy.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    arguments.target.check(None)?;
    let plan = arguments.target.plan.plan(io)?;
    if let Some(format) = arguments.policy {
        let policy = arguments.policy(&plan, io)?;
        for note in &policy.notes {
            io.stderr.say(format_args!("note: {note}"));
        }
        let text = match format {
            PolicyFormat::Json => format!("{:#}\n", policy.to_json()),
            PolicyFormat::Cloudformation => policy.to_cloudformation(),
        };
        destination::put(&arguments.output, &text, io)?;
        return Ok(Outcome::Pass);
    }
    let diagnosis = arguments.diagnosis(&plan, io)?;
    let to_stdout = destination::is_stdout(&arguments.output);
    let text = match arguments.format {
        DoctorFormat::Text => render(&diagnosis, io.colour && to_stdout),
        DoctorFormat::Json => diagnosis.to_json().map_err(|error| CliError::Write {
            what: "the diagnosis".to_owned(),
            source: error.into(),
        })?,
    };
    destination::put(&arguments.output, &text, io)?;
    Ok(outcome(diagnosis.summary.state))
}

/// Something missing is a failure, and what could not be asked is not well.
const fn outcome(state: State) -> Outcome {
    match state {
        State::Ok => Outcome::Pass,
        State::Problem => Outcome::Fail,
        State::Unknown => Outcome::Inconclusive,
    }
}

impl Arguments {
    fn settings(&self) -> Settings {
        Settings {
            attempt_timeout: self.timeout,
            ..self.target.settings()
        }
    }

    fn diagnosis(&self, plan: &Plan, io: &mut Io) -> Result<Diagnosis, CliError> {
        let settings = self.settings();
        self.target.asking(plan, &settings, io, async |runner| {
            let started_at = Timestamp::now();
            let found = examine(plan, &settings, runner).await;
            let finished_at = Timestamp::now();
            let facts = RunFacts {
                id: ulid::Ulid::generate().to_string(),
                trigger: "doctor".to_owned(),
                started_at,
                finished_at,
                account: None,
                region: Some(found.region.clone()),
                endpoint: runner.endpoint().map(str::to_owned),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                plan_file: settings.plan_file.clone(),
                today: started_at.to_zoned_datetime(TimeZone::UTC).date(),
            };
            let aws = Aws::new(runner.service_config(None), &found.region);
            let mut circumstances = Circumstances {
                interval_minutes: self.interval,
                runner: aws.caller().await.ok(),
                ..Circumstances::default()
            };
            // No run needs to read them: where it may not, STS's own answer has to do.
            for (name, principal) in &plan.principals {
                match aws.trust(&principal.role).await {
                    Ok(policy) => {
                        circumstances.trust.insert(name.clone(), policy);
                    }
                    Err(why) => tracing::info!(principal = name, why, "no trust policy was read"),
                }
            }
            diagnose(plan, &found, &circumstances, facts)
        })
    }

    fn policy(&self, plan: &Plan, io: &mut Io) -> Result<RunnerPolicy, CliError> {
        let alone = Known {
            region: self.target.connection.region.clone(),
            ..Known::default()
        };
        if self.offline {
            return Ok(runner_policy(plan, &alone));
        }
        let settings = self.settings();
        let asked = self.target.asking(plan, &settings, io, async |runner| {
            resolve(plan, &settings, runner).await
        });
        let (caller, keys): (Option<String>, BTreeMap<String, String>) = match asked {
            Ok(known) => known,
            // Whoever asks for the policy may have nothing yet. A profile that was named is meant.
            Err(CliError::Runner(
                error @ (RunnerError::NoCredentials | RunnerError::Credentials { .. }),
            )) => {
                tracing::debug!(%error, "no credentials");
                io.stderr
                    .say("note: no AWS credentials were found, so nobody was asked: this is what the plan alone says");
                return Ok(runner_policy(plan, &alone));
            }
            Err(error) => return Err(error),
        };
        let account = caller.and_then(|arn| arn.split(':').nth(4).map(str::to_owned));
        Ok(runner_policy(
            plan,
            &Known {
                account,
                keys,
                ..alone
            },
        ))
    }
}
