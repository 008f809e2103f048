// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan list`.

use std::io::Write;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::stack::{Options, Stack};

/// List the plans of a deployed stack: name, version, schedule, last run
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    stack: Options,
}

/// Prints a line for each plan.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let plans = crate::block_on(async {
        let stack = arguments.stack.connect(Stack::REGION).await?;
        let mut plans = Vec::new();
        for name in stack.store.plans().await? {
            if let Some(head) = stack.store.head(&name).await? {
                let state = stack.store.state(&name).await?;
                let verdict = state.summary().map(|summary| summary.verdict);
                plans.push((head, verdict.zip(state.last_run)));
            }
        }
        Ok::<_, CliError>(plans)
    })??;
    for (head, last) in plans {
        let every = every(head.interval_minutes);
        let last = match last {
            Some((verdict, run)) => format!("{verdict} at {:.0}", run.started_at),
            None => "not run yet".to_owned(),
        };
        writeln!(
            io.stdout,
            "{}: version {}, {every}, {last}",
            head.plan, head.version
        )
        .map_err(CliError::stdout)?;
    }
    Ok(Outcome::Pass)
}

/// How often a plan runs, in words.
pub(super) fn every(interval_minutes: Option<u32>) -> String {
    interval_minutes.map_or_else(
        || "no schedule".to_owned(),
        |minutes| format!("every {minutes} minutes"),
    )
}
