// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan pull`.

use std::io::Write;

use keyproof_plan::Plan;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::stack::{Options, Stack};

/// Print a plan of a deployed stack, byte for byte as it was pushed
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plan's name
    #[arg(value_name = "NAME")]
    name: String,
    /// The version [default: the one in force]
    #[arg(long, value_name = "NUMBER")]
    version: Option<u64>,
    #[command(flatten)]
    stack: Options,
}

/// Prints the plan.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let name = &arguments.name;
    let version = crate::block_on(async {
        let stack = arguments.stack.connect(Stack::REGION).await?;
        let head = stack.store.head(name).await?;
        let head = head.ok_or_else(|| no_plan(name))?;
        let number = match arguments.version {
            Some(number) => number,
            None if head.removed_at.is_some() => {
                return Err(CliError::Usage(format!(
                    "the plan `{name}` was removed; its last version was {0}, `--version {0}` prints it",
                    head.version
                )));
            }
            None => head.version,
        };
        let version = stack.store.version(name, number).await?;
        version.ok_or_else(|| {
            CliError::Usage(format!(
                "the plan `{name}` has no version {number}; the last is {}",
                head.version
            ))
        })
    })??;
    if keyproof_state::digest(version.text.as_bytes()) != version.digest {
        return Err(CliError::Usage(format!(
            "version {} of the plan `{name}` is not what was pushed: its bytes don't have the digest {}",
            version.version, version.digest
        )));
    }
    if Plan::parse(&version.text).is_err() {
        io.stderr.say(format_args!(
            "warning: this version of keyproof can't read the plan; `keyproof plan validate` says why"
        ));
    }
    write!(io.stdout, "{}", version.text).map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}

/// That there is no such plan, and how to see which there are.
pub(super) fn no_plan(name: &str) -> CliError {
    CliError::Usage(format!(
        "the stack has no plan `{name}`; `keyproof plan list` shows those that it has"
    ))
}
