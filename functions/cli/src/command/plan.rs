// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan`: check a plan, print the format.

use std::io::Write;

use clap::Subcommand;

use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Check a plan, or print the format of plans
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: PlanCommand,
}

#[derive(Debug, Subcommand)]
enum PlanCommand {
    /// Check a plan
    ///
    /// Every error is told at once on stderr, as `FILE:LINE:COLUMN: sentence`. A valid plan is summed
    /// up in a line on stdout.
    Validate {
        /// The plan, YAML or JSON; `-` for standard input
        #[arg(value_name = "PLAN")]
        plan: Source,
    },
    /// Print the JSON Schema of plans, for editors
    Schema,
}

/// Checks a plan or prints the schema.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let line = match &arguments.command {
        PlanCommand::Validate { plan } => {
            let plan = plan.plan(io)?;
            let counts = [
                counted(plan.probes().len(), "probe"),
                counted(plan.tables.len(), "table"),
                counted(plan.principals.len(), "principal"),
            ];
            format!("{}: {}", plan.name, counts.join(", "))
        }
        PlanCommand::Schema => format!("{:#}", keyproof_plan::schema()),
    };
    writeln!(io.stdout, "{line}").map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}

/// `1 probe`, `2 probes`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
