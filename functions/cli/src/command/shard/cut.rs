// SPDX-License-Identifier: Apache-2.0
//! `keyproof shard cut`: the manifest of a plan's shards.

use std::io::Write;
use std::num::NonZeroUsize;

use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Cut a plan into shards and print the manifest
///
/// A table stays whole, with everybody who must and must not read it: the witness of a denial is
/// always in the same shard. No shard is of two accounts, and what shares principals comes
/// together, so that each is assumed by as few shards as may be.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plan, YAML or JSON; `-` for standard input
    #[arg(long, value_name = "PLAN")]
    plan: Source,
    /// Probes of a shard at most; a table with more is a shard of its own
    #[arg(long, value_name = "N", default_value = "5000")]
    most: NonZeroUsize,
}

/// Prints the manifest.
pub(super) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let plan = arguments.plan.plan(io)?;
    let manifest = keyproof_shard::cut(&plan, arguments.most);
    serde_json::to_writer_pretty(&mut io.stdout, &manifest)
        .map_err(std::io::Error::from)
        .and_then(|()| writeln!(io.stdout))
        .map_err(CliError::stdout)?;
    let count = manifest.shards.len();
    io.stderr.say(format_args!(
        "{}: {count} shard{}; each runs as `keyproof verify --plan {} --manifest MANIFEST --shard N --run-id ID`, all with the same id",
        plan.name,
        if count == 1 { "" } else { "s" },
        arguments.plan
    ));
    Ok(Outcome::Pass)
}
