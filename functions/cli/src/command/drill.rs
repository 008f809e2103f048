// SPDX-License-Identifier: Apache-2.0
//! `keyproof drill`: temporary access given, seen, taken back, and seen to be gone.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use keyproof_aws::{DrillError, DrillOptions, Patience, Runner, Settings, clean_up, drill};
use keyproof_drill::{Choice, DrillReport};
use keyproof_plan::Plan;

use crate::connection;
use crate::error::CliError;
use crate::file;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::signals;
use crate::target::Target;

/// Give temporary access by a grant, see it appear, revoke it, and measure how long it stays
///
/// For a principal that the plan expects KMS to keep out. Access is really open in between, so that a
/// key has to permit it by the tag `keyproof:drill` = `allowed`; where one has not, nothing is
/// changed. The grant is for decrypting this one table's key, and is always revoked: after a failed
/// step, a deadline, SIGINT or SIGTERM too. What can't be revoked is listed with the command that
/// does it, and the exit code is never 0. What a drill that was killed left behind, the next one
/// revokes first.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Principal of the plan to give access to; repeat it for more [default: of each table, the
    /// first that the plan expects KMS to keep out]
    #[arg(long, value_name = "NAME")]
    principal: Vec<String>,
    /// Table of the plan to drill; repeat it for more [default: each that has a key]
    #[arg(long, value_name = "NAME")]
    table: Vec<String>,
    /// Only revoke what earlier drills left behind on the plan's keys
    #[arg(long, conflicts_with_all = ["principal", "table", "within", "every", "confirm", "kept_session", "sandbox"])]
    clean_up: bool,
    /// Seconds that access may take to appear, and seconds that it may take to go
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = connection::seconds)]
    within: Duration,
    /// Seconds between two reads, each by a new session over new connections
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = connection::seconds)]
    every: Duration,
    /// Reads in a row that settle an answer: a change arrives in one place of AWS before another
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..))]
    confirm: u32,
    /// Keep a session from before the revocation, and go on reading with it for so many seconds:
    /// DynamoDB keeps its table key while it is used, and for five minutes after
    #[arg(long, value_name = "SECONDS", value_parser = connection::seconds)]
    kept_session: Option<Duration>,
    /// Seconds that one attempt of a call may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = connection::seconds)]
    timeout: Duration,
    /// Seconds after which nothing new is begun; revoking is never cut short [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = connection::seconds)]
    deadline: Option<Duration>,
    /// Format of the report
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: DrillFormat,
    /// File for the report in place of standard output; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DrillFormat {
    /// For a terminal
    Text,
    /// For programs: `keyproof.drill/v1`
    Json,
}

/// Carries the drills out and writes their report.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    arguments.target.check(None)?;
    let plan = arguments.target.plan.plan(io)?;
    let settings = arguments.settings();
    let report = arguments
        .target
        .asking(&plan, &settings, io, async |runner| {
            arguments.report(&plan, &settings, runner).await
        })??;
    let written = arguments.write(&report, io);
    // Wherever the report went, nobody may miss what is open.
    for grant in &report.open {
        io.stderr.say(format_args!(
            "error: a grant is open, or may be: {}; {}",
            grant.command, grant.reason
        ));
    }
    written.map(|()| Outcome::from(report.summary.verdict))
}

impl Arguments {
    fn settings(&self) -> Settings {
        Settings {
            attempt_timeout: self.timeout,
            deadline: self.deadline,
            // Only a whole run can be made again without, where STS has no room for it.
            guard: false,
            ..self.target.settings()
        }
    }

    async fn report(
        &self,
        plan: &Plan,
        settings: &Settings,
        runner: &Runner,
    ) -> Result<DrillReport, CliError> {
        let refused = |error: DrillError| CliError::Usage(error.to_string());
        if self.clean_up {
            return Box::pin(clean_up(plan, settings, runner))
                .await
                .map_err(refused);
        }
        let options = DrillOptions {
            choice: Choice {
                principals: self.principal.clone(),
                tables: self.table.clone(),
            },
            within: self.within,
            every: self.every,
            confirmations: self.confirm,
            keep: self.kept_session,
            patience: Patience::default(),
        };
        let interrupted = signals::interrupted().map_err(CliError::Start)?;
        Box::pin(drill(plan, settings, runner, &options, interrupted))
            .await
            .map_err(refused)
    }

    fn write(&self, report: &DrillReport, io: &mut Io) -> Result<(), CliError> {
        let shown = match self.format {
            DrillFormat::Text => keyproof_drill::text(report),
            DrillFormat::Json => report.to_json().map_err(|error| CliError::Write {
                what: "the drill's report".to_owned(),
                source: error.into(),
            })?,
        };
        if self.output == Path::new("-") {
            return io
                .stdout
                .write_all(shown.as_bytes())
                .and_then(|()| io.stdout.flush())
                .map_err(CliError::stdout);
        }
        file::write(&self.output, shown.as_bytes()).map_err(|source| CliError::Write {
            what: format!("`{}`", self.output.display()),
            source,
        })
    }
}
