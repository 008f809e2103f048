// SPDX-License-Identifier: Apache-2.0
//! `keyproof evidence`: keys, packs and their verification.

mod export;
mod keys;
mod verify;

use clap::Subcommand;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;

/// Export and verify signed evidence
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: EvidenceCommand,
}

#[derive(Debug, Subcommand)]
enum EvidenceCommand {
    Keygen(keys::Keygen),
    PublicKey(keys::Public),
    Export(export::Arguments),
    Verify(verify::Arguments),
}

/// Makes a key, a pack, or sure of one.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    match &arguments.command {
        EvidenceCommand::Keygen(arguments) => keys::generate(arguments, io),
        EvidenceCommand::PublicKey(arguments) => keys::public(arguments, io),
        EvidenceCommand::Export(arguments) => export::run(arguments, io),
        EvidenceCommand::Verify(arguments) => verify::run(arguments, io),
    }
}
