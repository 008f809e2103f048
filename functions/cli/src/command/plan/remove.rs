// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan remove`.

use std::io::Write;

use jiff::Timestamp;
use keyproof_store::Schedules;

use super::pull::no_plan;
use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::stack::{Options, Stack};

/// Remove a plan from a deployed stack
///
/// Its schedule is deleted and it never runs again. Its versions and its history stay; pushed again, it
/// goes on from there.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plan's name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    stack: Options,
}

/// Removes the plan.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let name = &arguments.name;
    let head = crate::block_on(async {
        let stack = arguments.stack.connect(Stack::REGION).await?;
        stack.expect_to_be_understood().await?;
        let head = stack.store.head(name).await?;
        let head = head.filter(|head| head.removed_at.is_none());
        let head = head.ok_or_else(|| no_plan(name))?;
        // The schedule first: one that is left behind would ask for runs of nothing.
        if head.interval_minutes.is_some() {
            stack.schedules().await?.delete(name).await?;
        }
        stack.store.remove(name, Timestamp::now()).await?;
        Ok::<_, CliError>(head)
    })??;
    writeln!(
        io.stdout,
        "{name}: removed, its last version is {}",
        head.version
    )
    .map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}
