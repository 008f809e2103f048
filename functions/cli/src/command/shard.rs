// SPDX-License-Identifier: Apache-2.0
//! `keyproof shard`: a large plan cut into shards, and one report made of theirs.

mod collect;
mod cut;

use clap::Subcommand;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;

/// Cut a large plan into shards, and make one report of theirs
///
/// Between the two, `keyproof verify --manifest M --shard N --run-id ID` carries each shard out,
/// wherever it likes: in the jobs of a CI matrix, on several machines, one after the other.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ShardCommand,
}

#[derive(Debug, Subcommand)]
enum ShardCommand {
    Cut(cut::Arguments),
    Collect(collect::Arguments),
}

/// Cuts a plan, or collects reports.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    match &arguments.command {
        ShardCommand::Cut(arguments) => cut::run(arguments, io),
        ShardCommand::Collect(arguments) => collect::run(arguments, io),
    }
}
