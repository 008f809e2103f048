// SPDX-License-Identifier: Apache-2.0
//! The command line's words.

use clap::{CommandFactory, Parser, Subcommand};

use crate::command::{
    account, canary, check, coverage, dashboard, demo, doctor, drill, evidence, plan, redrive,
    report, sandbox, shard, simulate, verify,
};
use crate::outcome::Outcome;

/// Proves, again and again, that your encryption keys keep the wrong people out and let the right
/// ones in.
///
/// keyproof takes the place of each role in a plan, tries the calls for real, and compares what AWS
/// answers with what the plan expects. Without a command it plays the demo.
#[derive(Debug, Parser)]
#[command(name = "keyproof", version, after_help = Outcome::TABLE, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Say on stderr what is being done; repeat it for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 900)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Arguments),
    Verify(verify::Arguments),
    Check(check::Arguments),
    Coverage(coverage::Arguments),
    Doctor(doctor::Arguments),
    Simulate(simulate::Arguments),
    Drill(drill::Arguments),
    Sandbox(sandbox::Arguments),
    Canary(canary::Arguments),
    Plan(plan::Arguments),
    Account(account::Arguments),
    Redrive(redrive::Arguments),
    Report(report::Arguments),
    Shard(shard::Arguments),
    Evidence(evidence::Arguments),
    Dashboard(dashboard::Arguments),
}

/// The definition of every command and option, as `--help` shows it. Each command has the table of
/// exit codes.
#[must_use]
pub fn command() -> clap::Command {
    with_exit_codes(Arguments::command())
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    command
        .after_help(Outcome::TABLE)
        .mut_subcommands(with_exit_codes)
}
