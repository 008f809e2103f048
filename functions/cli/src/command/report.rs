// SPDX-License-Identifier: Apache-2.0
//! `keyproof report`: stored reports, rendered again.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use keyproof_report::{BadgeStanding, badge};
use keyproof_verdict::Verdict;

use crate::destination::ReportOptions;
use crate::error::CliError;
use crate::file;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Render a stored report
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Render a stored JSON report in any format
    ///
    /// The exit code is that of the report's verdict, as it was when the report was made.
    Render {
        /// The report, as `--format json` wrote it; `-` for standard input
        #[arg(value_name = "REPORT")]
        report: Source,
        #[command(flatten)]
        options: ReportOptions,
    },
    /// Draw a stored report's badge for a README or a wiki, as SVG
    ///
    /// It is green for one thing alone: a pass of the whole plan that is young enough. An older one says
    /// `stale`, one of a part or a shard says `part`, and both are inconclusive, as nobody knows what holds
    /// now, or of the rest; the exit code is that of what the badge says.
    Badge {
        /// The report, as `--format json` wrote it; `-` for standard input
        #[arg(value_name = "REPORT")]
        report: Source,
        /// Hours after its start up to which a pass counts
        #[arg(long, value_name = "HOURS", default_value = "24", value_parser = clap::value_parser!(u16).range(1..))]
        max_age: u16,
        /// File for the badge in place of standard output; `-` is standard output
        #[arg(long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
    },
}

/// Renders a stored report.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    match &arguments.command {
        ReportCommand::Render {
            report: source,
            options,
        } => {
            let destinations = options.destinations(io)?;
            let report = source.report(io)?;
            destinations.write(&report, io)?;
            Ok(Outcome::from(report.summary.verdict))
        }
        ReportCommand::Badge {
            report: source,
            max_age,
            output,
        } => {
            let report = source.report(io)?;
            let (now, age) = (
                Timestamp::now(),
                SignedDuration::from_hours((*max_age).into()),
            );
            let svg = badge(&report.plan.name, Some(&report), now, age);
            if output.as_os_str() == "-" {
                let written = io.stdout.write_all(svg.as_bytes());
                let written = written.and_then(|()| io.stdout.flush());
                written.map_err(CliError::stdout)?;
            } else {
                file::write(output, svg.as_bytes()).map_err(|source| CliError::Write {
                    what: format!("`{}`", output.display()),
                    source,
                })?;
            }
            Ok(Outcome::from(
                match BadgeStanding::of(Some(&report), now, age) {
                    BadgeStanding::Pass => Verdict::Pass,
                    BadgeStanding::Fail => Verdict::Fail,
                    BadgeStanding::Inconclusive
                    | BadgeStanding::Stale
                    | BadgeStanding::Part
                    | BadgeStanding::Unknown => Verdict::Inconclusive,
                },
            ))
        }
    }
}
