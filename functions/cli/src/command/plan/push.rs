// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan push`.

use std::io::Write;
use std::str::FromStr;

use jiff::Timestamp;
use keyproof_plan::Plan;
use keyproof_store::{Every, Schedule, Schedules};

use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::stack::Options;

/// Store a plan in a deployed stack
///
/// The plan goes by the name in it. Other bytes than those in force are a new version; the same again
/// change nothing. Runs that are under way keep the version that they began with.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plan, YAML or JSON; `-` for standard input
    #[arg(value_name = "PLAN")]
    plan: Source,
    /// Minutes between two scheduled runs, 6 or more, or `never` [default: as before; never, where the
    /// plan is new]
    #[arg(long, value_name = "MINUTES")]
    every: Option<Interval>,
    #[command(flatten)]
    stack: Options,
}

#[derive(Clone, Copy, Debug)]
enum Interval {
    Minutes(u32),
    Never,
}

impl FromStr for Interval {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word == "never" {
            return Ok(Self::Never);
        }
        let minutes = word.parse();
        let minutes = minutes.map_err(|_| "expected a whole number of minutes, or `never`")?;
        let schedule = Schedule {
            plan: "",
            interval_minutes: minutes,
        };
        schedule.check().map_err(|error| error.to_string())?;
        Ok(Self::Minutes(minutes))
    }
}

/// Stores the plan, sets its schedule, and says what came of it.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let text = arguments.plan.read(io)?;
    let plan = Plan::parse(&text)
        .map_err(|errors| CliError::located(&arguments.plan, &errors, |error| error.place))?;
    let every = match arguments.every {
        None => Every::AsBefore,
        Some(Interval::Minutes(minutes)) => Every::Minutes(minutes),
        Some(Interval::Never) => Every::Never,
    };
    let pushed = crate::block_on(async {
        let stack = arguments.stack.connect(&plan.region).await?;
        stack.expect_to_be_understood().await?;
        // Found out first: a plan without the schedule that was asked for is half a push.
        let schedules = match every {
            Every::AsBefore => None,
            Every::Minutes(_) | Every::Never => Some(stack.schedules().await?),
        };
        let by = stack.caller().await;
        let pushed = stack
            .store
            .push(&plan, &text, every, by.as_deref(), Timestamp::now())
            .await?;
        if let Some(schedules) = schedules {
            match every {
                Every::Minutes(interval_minutes) => {
                    let plan = plan.name.as_str();
                    let schedule = Schedule {
                        plan,
                        interval_minutes,
                    };
                    schedules.put(&schedule).await?;
                }
                Every::AsBefore | Every::Never => schedules.delete(&plan.name).await?,
            }
        }
        Ok::<_, CliError>(pushed)
    })??;
    let head = &pushed.head;
    let what = if pushed.new_version {
        "stored"
    } else {
        "is in force already"
    };
    let every = super::list::every(head.interval_minutes);
    writeln!(
        io.stdout,
        "{}: version {} {what}, {every}\n{}",
        head.plan, head.version, head.digest
    )
    .map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}
