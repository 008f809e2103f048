// SPDX-License-Identifier: Apache-2.0
//! `keyproof report`: stored reports, rendered again.

use clap::Subcommand;
use keyproof_verdict::Report;

use crate::destination::ReportOptions;
use crate::error::CliError;
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
}

/// Renders a stored report.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let ReportCommand::Render {
        report: source,
        options,
    } = &arguments.command;
    let destinations = options.destinations()?;
    let text = source.read(io)?;
    let report = Report::from_json(&text).map_err(|error| CliError::Report {
        name: source.to_string(),
        source: error,
    })?;
    destinations.write(&report, io)?;
    Ok(Outcome::from(report.summary.verdict))
}
