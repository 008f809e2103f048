// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan cost`: what a plan costs in a month.

use std::io::Write;

use clap::ValueEnum;
use keyproof_quota::DEFAULT_SHARE;
use keyproof_store::SHORTEST_INTERVAL;

use crate::cost::{Estimate, Line, OneRun, PriceList, cost};
use crate::error::CliError;
use crate::input::{Source, one_stdin};
use crate::io::Io;
use crate::outcome::Outcome;

/// Say how long a run takes and what a plan costs in a month: each call that it makes, what the deployed service does for a run,
/// and what the stack costs anyway
///
/// Every line says how its number comes about and where its price is from. List prices of us-east-1,
/// without free tiers, unless you give others.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The plan, YAML or JSON; `-` for standard input
    #[arg(long, value_name = "PLAN")]
    plan: Source,
    /// Minutes between two runs
    #[arg(long, value_name = "MINUTES", default_value_t = 15, value_parser = clap::value_parser!(u32).range(i64::from(SHORTEST_INTERVAL)..))]
    every: u32,
    /// Share of AWS's request quotas that a run takes, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = DEFAULT_SHARE, value_parser = clap::value_parser!(u8).range(1..=100))]
    quota_share: u8,
    /// Calls of a run under way at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Milliseconds that a call takes
    #[arg(long, value_name = "MS", default_value_t = 50)]
    latency_ms: u16,
    /// Table of prices in place of the one of us-east-1: JSON of the same form
    #[arg(long, value_name = "FILE")]
    prices: Option<Source>,
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Counts and prints.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    one_stdin([&arguments.plan].into_iter().chain(&arguments.prices))?;
    let plan = arguments.plan.plan(io)?;
    let prices = match &arguments.prices {
        Some(source) => {
            let text = source.read(io)?;
            PriceList::read(&text).map_err(|error| CliError::Usage(format!("{source}: {error}")))?
        }
        None => PriceList::of_us_east_1().map_err(CliError::Usage)?,
    };
    let one_run = OneRun::of(
        &plan,
        arguments.quota_share,
        arguments.concurrency,
        arguments.latency_ms,
    );
    let cost = cost(&plan, arguments.every, &prices, one_run);
    let text = match arguments.format {
        Format::Text => text(&cost),
        Format::Json => serde_json::to_string_pretty(&cost)
            .map_err(|error| CliError::Usage(error.to_string()))?,
    };
    writeln!(io.stdout, "{text}").map_err(CliError::stdout)?;
    Ok(Outcome::Pass)
}

fn text(cost: &Estimate) -> String {
    let mut out = vec![format!(
        "plan {}, every {} minutes: {:.0} runs in a month of 730 hours",
        cost.plan, cost.every_minutes, cost.runs_in_a_month
    )];
    out.push(one_run(&cost.one_run));
    let anyway = "What the stack costs anyway, for all plans together";
    for (of, title, sum) in [
        ("run", "What its runs cost", cost.runs_cost),
        ("stack", anyway, cost.stack_cost),
    ] {
        out.push(format!("\n{title}: {} {sum:.2} a month", cost.currency));
        out.extend(cost.lines.iter().filter(|line| line.of == of).map(row));
    }
    out.push(format!(
        "\n{} as of {} in {}: {}",
        cost.currency, cost.prices_as_of, cost.region, cost.note
    ));
    out.join("\n")
}

fn one_run(run: &OneRun) -> String {
    let bound = run.bound_by.map_or_else(
        || "as its calls take".to_owned(),
        |quota| format!("as its share of the quota `{quota}` allows"),
    );
    format!(
        "one run: at least {} calls in {:.2} s, {bound} ({} at once, {} ms each, {} % of each quota)",
        run.calls, run.seconds, run.concurrency, run.latency_ms, run.quota_share
    )
}

fn row(line: &Line) -> String {
    let each = line
        .each_run
        .map_or_else(String::new, |each| format!("{} a run, ", number(each)));
    format!(
        "  {:>9.4}  {}: {each}{} {}\n             {}",
        line.cost,
        line.what,
        number(line.in_a_month),
        line.unit,
        line.how
    )
}

/// As many digits as tell something.
fn number(value: f64) -> String {
    if value == 0.0 || value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if value >= 0.01 {
        format!("{value:.2}")
    } else {
        format!("{value:.2e}")
    }
}
