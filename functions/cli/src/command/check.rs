// SPDX-License-Identifier: Apache-2.0
//! `keyproof check`: a plan against templates, before they are deployed.

use jiff::Timestamp;

use crate::destination::ReportOptions;
use crate::error::CliError;
use crate::estate::EstateOptions;
use crate::io::Io;
use crate::outcome::Outcome;

/// Hold a plan against CloudFormation or SAM templates, before they are deployed
///
/// Evaluates every policy of the templates as AWS would, for each probe of the plan: no network, no
/// credentials, no sandbox. A failed probe names the statement behind it, with its file and line.
/// Where an answer hangs on something that no template says, the probe is inconclusive and says on
/// what.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    estate: EstateOptions,
    #[command(flatten)]
    report: ReportOptions,
}

/// Evaluates the plan and writes its report.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let destinations = arguments.report.destinations(io)?;
    let facts = arguments.estate.facts();
    let (_, case) = arguments.estate.case(io)?;
    let started_at = facts.started_at;
    let mut report = keyproof_check::check(&case.plan, &case.estate, &case.circumstances, facts);
    let finished_at = Timestamp::now();
    report.run.finished_at = format!("{finished_at:.3}");
    let milliseconds = finished_at.as_millisecond() - started_at.as_millisecond();
    report.run.duration_ms = u64::try_from(milliseconds).unwrap_or(0);
    destinations.write(&report, io)?;
    Ok(Outcome::from(report.summary.verdict))
}
