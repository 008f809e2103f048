// SPDX-License-Identifier: Apache-2.0
//! The commands, one file each.

pub(crate) mod account;
pub(crate) mod canary;
pub(crate) mod check;
pub(crate) mod coverage;
pub(crate) mod dashboard;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod drill;
pub(crate) mod evidence;
pub(crate) mod plan;
pub(crate) mod redrive;
pub(crate) mod report;
pub(crate) mod sandbox;
pub(crate) mod shard;
pub(crate) mod simulate;
pub(crate) mod verify;

use crate::arguments::{Arguments, Command};
use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;

/// Carries out what was asked for; the demo where nothing was.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    match &arguments.command {
        None => demo::run(&demo::Arguments::default(), io),
        Some(Command::Demo(arguments)) => demo::run(arguments, io),
        Some(Command::Verify(arguments)) => verify::run(arguments, io),
        Some(Command::Check(arguments)) => check::run(arguments, io),
        Some(Command::Coverage(arguments)) => coverage::run(arguments, io),
        Some(Command::Doctor(arguments)) => doctor::run(arguments, io),
        Some(Command::Simulate(arguments)) => simulate::run(arguments, io),
        Some(Command::Drill(arguments)) => drill::run(arguments, io),
        Some(Command::Sandbox(arguments)) => sandbox::run(arguments, io),
        Some(Command::Canary(arguments)) => canary::run(arguments, io),
        Some(Command::Account(arguments)) => account::run(arguments, io),
        Some(Command::Plan(arguments)) => plan::run(arguments, io),
        Some(Command::Redrive(arguments)) => redrive::run(arguments, io),
        Some(Command::Report(arguments)) => report::run(arguments, io),
        Some(Command::Shard(arguments)) => shard::run(arguments, io),
        Some(Command::Evidence(arguments)) => evidence::run(arguments, io),
        Some(Command::Dashboard(arguments)) => dashboard::run(arguments, io),
    }
}
