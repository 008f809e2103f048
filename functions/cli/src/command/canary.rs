// SPDX-License-Identifier: Apache-2.0
//! `keyproof canary`: the items that prove a decrypted read.

use std::io::Write;

use clap::Subcommand;
use keyproof_aws::{CanaryOutcome, CanaryState, plant, remove};
use keyproof_verdict::Observation;

use crate::connection::{self, Connection};
use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Write or remove a plan's canary items, with your own credentials
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: CanaryCommand,
}

#[derive(Debug, Subcommand)]
enum CanaryCommand {
    /// Write each table's canary, where no item is yet
    ///
    /// An item of somebody else at the canary's key is left alone.
    Plant(Options),
    /// Remove each table's canary, where the item is the canary and nothing else
    Remove(Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// The plan, YAML or JSON; `-` for standard input
    #[arg(long, value_name = "PLAN")]
    plan: Source,
    #[command(flatten)]
    connection: Connection,
}

/// Plants or removes, and says a line for each table.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let (options, done) = match &arguments.command {
        CanaryCommand::Plant(options) => (options, "planted"),
        CanaryCommand::Remove(options) => (options, "removed"),
    };
    let plan = options.plan.plan(io)?;
    let settings = options.connection.settings();
    let outcomes = crate::block_on(async {
        let runner = connection::runner(&settings, &plan.region).await?;
        Ok::<_, CliError>(match &arguments.command {
            CanaryCommand::Plant(_) => plant(&plan, &settings, &runner).await,
            CanaryCommand::Remove(_) => remove(&plan, &settings, &runner).await,
        })
    })??;
    for outcome in &outcomes {
        let line = sentence(outcome);
        if outcome.state.is_success() {
            writeln!(io.stdout, "{line}").map_err(CliError::stdout)?;
        } else {
            io.stderr.say(format_args!("error: {line}"));
        }
    }
    match outcomes
        .iter()
        .filter(|outcome| !outcome.state.is_success())
        .count()
    {
        0 => Ok(Outcome::Pass),
        failed => Err(CliError::Canaries {
            failed,
            total: outcomes.len(),
            done,
        }),
    }
}

/// What came of a table's canary, for a person.
pub(crate) fn sentence(outcome: &CanaryOutcome) -> String {
    let what = match &outcome.state {
        CanaryState::Planted => "canary planted".to_owned(),
        CanaryState::AlreadyThere => "canary was there already".to_owned(),
        CanaryState::Removed => "canary removed".to_owned(),
        CanaryState::AlreadyGone => "canary was not there".to_owned(),
        CanaryState::Foreign => {
            "another item has the canary's key; it was left alone, choose another key in the plan"
                .to_owned()
        }
        CanaryState::Failed(seen) => failure(seen),
    };
    format!("{}: {what}", outcome.table)
}

fn failure(seen: &Observation) -> String {
    match (&seen.error_code, &seen.message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => "no answer".to_owned(),
    }
}
