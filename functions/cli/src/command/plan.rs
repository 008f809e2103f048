// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan`: check a plan, draft a first one, make plans of an inventory, print the format, keep
//! plans in a deployed stack.

mod cost;
mod expand;
mod init;
mod list;
mod pull;
mod push;
mod remove;

use std::io::Write;

use clap::Subcommand;

use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Check a plan, draft a first one, make plans of an inventory, print the format of plans, or keep plans in
/// a deployed stack
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
    Schema {
        /// The one of inventories
        #[arg(long)]
        inventory: bool,
    },
    Init(Box<init::Arguments>),
    Expand(expand::Arguments),
    Cost(cost::Arguments),
    Push(push::Arguments),
    Pull(pull::Arguments),
    List(list::Arguments),
    Remove(remove::Arguments),
}

/// Carries out what was asked for.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let line = match &arguments.command {
        PlanCommand::Validate { plan } => {
            let plan = plan.plan(io)?;
            let counts = [
                counted(plan.planned(), "probe"),
                counted(plan.tables.len(), "table"),
                counted(plan.principals.len(), "principal"),
            ];
            format!("{}: {}", plan.name, counts.join(", "))
        }
        PlanCommand::Init(arguments) => return init::run(arguments, io),
        PlanCommand::Schema { inventory: false } => format!("{:#}", keyproof_plan::schema()),
        PlanCommand::Schema { inventory: true } => format!("{:#}", keyproof_inventory::schema()),
        PlanCommand::Expand(arguments) => return expand::run(arguments, io),
        PlanCommand::Cost(arguments) => return cost::run(arguments, io),
        PlanCommand::Push(arguments) => return push::run(arguments, io),
        PlanCommand::Pull(arguments) => return pull::run(arguments, io),
        PlanCommand::List(arguments) => return list::run(arguments, io),
        PlanCommand::Remove(arguments) => return remove::run(arguments, io),
    };
    writeln!(io.stdout, "{line}").map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}

/// `1 probe`, `2 probes`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
