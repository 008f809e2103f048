// SPDX-License-Identifier: Apache-2.0
//! `keyproof shard collect`: one report from those of the shards.

use jiff::{Timestamp, tz::TimeZone};
use keyproof_shard::Handed;
use keyproof_verdict::{Report, RunFacts};

use crate::destination::ReportOptions;
use crate::error::CliError;
use crate::input::{Source, one_stdin};
use crate::io::Io;
use crate::outcome::Outcome;

/// Make one report of the shards' JSON reports
///
/// Each planned probe stands in it once, in plan order. A shard of which no report is given is
/// blind, and then the run is no pass. Reports that are not of this plan, cut, run and place are refused,
/// a line on stderr each, and count for nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plan, YAML or JSON; `-` for standard input
    #[arg(long, value_name = "PLAN")]
    plan: Source,
    /// The manifest that `keyproof shard cut` printed
    #[arg(long, value_name = "MANIFEST")]
    manifest: Source,
    /// The id of the run, as it was given to each shard [default: that of the first report]
    #[arg(long, value_name = "ULID", value_parser = crate::command::verify::run_id)]
    run_id: Option<ulid::Ulid>,
    /// The shards' reports, as `--format json` wrote them, in any order
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<Source>,
    #[command(flatten)]
    report: ReportOptions,
}

/// Collects the reports and writes the one.
pub(super) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let destinations = arguments.report.destinations(io)?;
    let sources = [&arguments.plan, &arguments.manifest];
    one_stdin(sources.into_iter().chain(&arguments.reports))?;
    let plan = arguments.plan.plan(io)?;
    let manifest = arguments.manifest.manifest(&plan, io)?;
    let (mut reports, mut unreadable) = (Vec::new(), Vec::new());
    for source in &arguments.reports {
        // A shard that died may have left half a file, or none: that shard is blind, and the
        // others' findings are not lost for it.
        let read = source.read(io).and_then(|text| {
            Report::from_json(&text).map_err(|error| CliError::Report {
                name: source.to_string(),
                source: error,
            })
        });
        match read {
            Ok(report) => reports.push(report),
            Err(error) => {
                io.stderr.say(format_args!("warning: {error}"));
                unreadable.push(error.to_string());
            }
        }
    }
    let facts = arguments.facts(&reports)?;
    let (files, shard) = (unreadable.len(), None);
    let unread = unreadable.into_iter().map(Err);
    let handed = reports.into_iter().map(Ok).chain(unread);
    let handed = handed.map(|report| Handed { shard, report });
    let collected = keyproof_shard::collect(&plan, &manifest, handed, &facts)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    for reason in &collected.refused {
        io.stderr.say(format_args!("warning: not taken: {reason}"));
    }
    if !collected.dead.is_empty() {
        io.stderr.say(format_args!(
            "warning: no report of {} of {} shards: {} ({files} of the files could not be read)",
            collected.dead.len(),
            manifest.shards.len(),
            ranges(&collected.dead),
        ));
    }
    destinations.write(&collected.report, io)?;
    Ok(Outcome::from(collected.report.summary.verdict))
}

/// Ascending numbers in few words: `3, 5 to 9`.
fn ranges(numbers: &[usize]) -> String {
    const SHOWN: usize = 20;
    let runs: Vec<_> = numbers.chunk_by(|one, next| one + 1 == *next).collect();
    let told = runs.iter().take(SHOWN).map(|run| match run {
        [first, .., last] => format!("{first} to {last}"),
        run => run.iter().map(ToString::to_string).collect(),
    });
    let told = told.collect::<Vec<_>>().join(", ");
    match runs.get(SHOWN..).unwrap_or_default().concat().len() {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

impl Arguments {
    /// The run, as its shards tell it: from the first's start to the last's end.
    fn facts(&self, reports: &[Report]) -> Result<RunFacts, CliError> {
        let nothing = || {
            let what =
                "none of the reports can be read; give at least one, or the run's `--run-id`";
            CliError::Usage(what.to_owned())
        };
        let given = self.run_id.map(|id| id.to_string());
        let first = reports.first().map(|report| report.run.id.clone());
        let id = given.or(first).ok_or_else(nothing)?;
        let own = || reports.iter().filter(|report| report.run.id == id);
        let time = |text: &String| text.parse::<Timestamp>().ok();
        let now = Timestamp::now();
        let started_at = own()
            .filter_map(|report| time(&report.run.started_at))
            .min();
        let finished_at = own()
            .filter_map(|report| time(&report.run.finished_at))
            .max();
        let started_at = started_at.unwrap_or(now);
        Ok(RunFacts {
            trigger: own()
                .next()
                .map_or("cli", |report| &*report.run.trigger)
                .to_owned(),
            started_at,
            finished_at: finished_at.unwrap_or(now),
            account: None,
            region: None,
            endpoint: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plan_file: self.plan.file(),
            today: started_at.to_zoned_datetime(TimeZone::UTC).date(),
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn numbers_are_told_in_few_words() {
        let every_third: Vec<_> = (0..70).map(|number| number * 3).collect();

        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[7]), "7");
        assert_eq!(ranges(&[0, 1, 3, 5, 6, 7]), "0 to 1, 3, 5 to 7");
        assert_eq!(ranges(&(1..2_000).collect::<Vec<_>>()), "1 to 1999");
        assert_eq!(
            ranges(&every_third),
            "0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45, 48, 51, 54, 57 and 50 more"
        );
    }
}
