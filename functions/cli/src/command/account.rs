// SPDX-License-Identifier: Apache-2.0
//! `keyproof account`: what AWS says of an account, in a file.

use std::path::PathBuf;

use clap::Subcommand;
use keyproof_diagnose::export::{self, Export};

use crate::account::{REGION, reader};
use crate::connection::Connection;
use crate::destination::{is_stdout, put_private};
use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Write down what decides access in an account, for check, coverage and plan init
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    Export(ExportArguments),
}

/// Write the account's own documents into a file for --account
///
/// Users, groups, roles and policies, tables with their keys, aliases, grants and tags, of one region,
/// as AWS answers. It reads with your own credentials, and changes nothing. With --plan only what the
/// plan is about, which takes fewer permissions. What could not be read is told on stderr, and the exit
/// code is 3.
#[derive(Debug, clap::Args)]
struct ExportArguments {
    /// Only what this plan is about; `-` for standard input [default: the whole account]
    #[arg(long, value_name = "PLAN")]
    plan: Option<Source>,
    #[command(flatten)]
    connection: Connection,
    /// File for the documents in place of standard output; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
}

/// Carries out what was asked for.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let AccountCommand::Export(arguments) = &arguments.command;
    let output = &arguments.output;
    if !arguments.force && !is_stdout(output) && output.exists() {
        return Err(CliError::there_already(output));
    }
    let plan = match &arguments.plan {
        Some(source) => Some(source.plan(io)?),
        None => None,
    };
    let settings = arguments.connection.settings();
    let region = plan.as_ref().map_or(REGION, |plan| plan.region.as_str());
    let Export { text, notes } = crate::block_on(async {
        let (aws, _) = reader(&settings, region).await?;
        match &plan {
            Some(plan) => Ok(export::of_plan(plan, &aws).await),
            None => export::of_account(&aws).await.map_err(CliError::Account),
        }
    })??;
    // It says who can get in where.
    put_private(output, &text, io)?;
    for note in &notes {
        io.stderr
            .say(format_args!("warning: the export lacks {note}"));
    }
    // Whoever takes it for whole would be wrong.
    Ok(if notes.is_empty() {
        Outcome::Pass
    } else {
        Outcome::Inconclusive
    })
}
