// SPDX-License-Identifier: Apache-2.0
//! `keyproof evidence export`: a period of records as one archive.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use keyproof_evidence::pack::{Exported, PackError, PlanOfSource, Source};
use keyproof_evidence::{Folder, Period, PlanCompleteness, pack};
use keyproof_vault::BucketSource;

use crate::command::plan::counted;
use crate::error::CliError;
use crate::file;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::signing::{Signer, SigningKey};
use crate::stack::{self, Stack};

/// Pack the records of a period for an auditor
///
/// Writes one .tar.gz with the records, reports and plans of the period, what they say about controls
/// and completeness, and a signed manifest. Exit code 1 when records or reports in the source are
/// missing or altered: the pack is written all the same, and verifying it will find the same.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// First moment of the period: `2026-01-01` (its midnight in UTC) or `2026-01-01T12:00:00Z`
    #[arg(long, value_name = "MOMENT", value_parser = Period::moment)]
    from: Timestamp,
    /// First moment after the period
    #[arg(long, value_name = "MOMENT", value_parser = Period::moment)]
    to: Timestamp,
    /// Folder of records, as `keyproof verify --record` keeps it [default: the deployed service's bucket of
    /// evidence]
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["stack", "state_table"])]
    records: Option<PathBuf>,
    /// Plan to pack; repeat it for more [default: all]
    #[arg(long, value_name = "NAME")]
    plan: Vec<String>,
    /// Minutes between two runs, as they were scheduled [default: as the deployed service has it now]; for a
    /// folder, nothing can be said without it about runs that were never made
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    interval: Option<u32>,
    /// Key that signs the manifest: a file, or a key in KMS, by its ARN or `alias/NAME`
    #[arg(
        long,
        value_name = "KEY",
        env = "KEYPROOF_SIGNING_KEY",
        hide_env_values = true,
        value_parser = SigningKey::parser()
    )]
    signing_key: SigningKey,
    /// File for the pack, a .tar.gz
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    stack: stack::Options,
}

pub(super) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let period = Period::new(arguments.from, arguments.to)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let exported = crate::block_on(async {
        let config = || arguments.stack.config(Stack::REGION);
        let key = arguments.signing_key.open(config).await?;
        if let Some(records) = &arguments.records {
            let folder = Folder::new(records).with_interval(arguments.interval);
            pack(arguments, &folder, period, &key).await
        } else {
            let stack = arguments.stack.connect(Stack::REGION).await?;
            let plans = deployed(&stack, &period, arguments.interval).await?;
            let source = BucketSource::new(stack.evidence().await?, plans);
            pack(arguments, &source, period, &key).await
        }
    })??;
    let (bytes, exported) = exported;
    file::write(&arguments.output, &bytes).map_err(|source| CliError::Write {
        what: format!("`{}`", arguments.output.display()),
        source,
    })?;
    tell(arguments, &exported, io);
    Ok(if exported.problems.is_empty() {
        Outcome::Pass
    } else {
        Outcome::Fail
    })
}

async fn pack<S: Source>(
    arguments: &Arguments,
    source: &S,
    period: Period,
    key: &Signer,
) -> Result<(Vec<u8>, Exported), CliError> {
    let failed = |source| CliError::Pack {
        name: arguments.output.display().to_string(),
        source,
    };
    let known = source.plans().await;
    let known = known.map_err(|error| failed(PackError::Source(Box::new(error))))?;
    let plans = chosen(known, &arguments.plan)?;
    let mut bytes = Vec::new();
    let version = env!("CARGO_PKG_VERSION");
    let exported = pack::write(source, plans, period, version, key, &mut bytes).await;
    Ok((bytes, exported.map_err(failed)?))
}

/// The plans of a stack, with what its table knows of their runs: a record that is gone is missed by that.
async fn deployed(
    stack: &Stack,
    period: &Period,
    interval: Option<u32>,
) -> Result<Vec<PlanOfSource>, CliError> {
    /// Runs that are read at a time.
    const PAGE: usize = 200;
    /// Commits are nearly in the order of starts: a run takes a quarter of an hour at most.
    const MARGIN: SignedDuration = SignedDuration::from_hours(24);
    let since = period.from.checked_sub(MARGIN).unwrap_or(period.from);
    let mut plans = Vec::new();
    for name in stack.store.plans().await? {
        let Some(head) = stack.store.head(&name).await? else {
            continue;
        };
        let mut runs = Vec::new();
        let mut before = None;
        loop {
            let page = stack.store.runs_in_short(&name, before, PAGE).await?;
            let within = page.iter().filter(|run| period.contains(run.started_at));
            runs.extend(within.map(|run| run.commit));
            match page.last() {
                Some(last) if last.started_at >= since => before = Some(last.commit),
                Some(_) | None => break,
            }
        }
        runs.reverse();
        plans.push(PlanOfSource {
            name,
            interval_minutes: interval.or(head.interval_minutes),
            runs,
        });
    }
    Ok(plans)
}

/// The plans that were asked for. One that there is nothing of is a mistake, not an empty pack.
fn chosen(known: Vec<PlanOfSource>, asked: &[String]) -> Result<Vec<PlanOfSource>, CliError> {
    if known.is_empty() {
        return Err(CliError::Usage("there are no records to pack".to_owned()));
    }
    let stranger = asked
        .iter()
        .find(|name| known.iter().all(|plan| plan.name != **name));
    if let Some(name) = stranger {
        let names: Vec<_> = known
            .iter()
            .map(|plan| format!("`{}`", plan.name))
            .collect();
        return Err(CliError::Usage(format!(
            "there are no records of the plan `{name}`; there are of {}",
            names.join(", ")
        )));
    }
    let wanted = |plan: &PlanOfSource| asked.is_empty() || asked.contains(&plan.name);
    Ok(known.into_iter().filter(wanted).collect())
}

fn tell(arguments: &Arguments, exported: &Exported, io: &mut Io) {
    for problem in &exported.problems {
        io.stderr.say(format_args!("warning: {problem}"));
    }
    for plan in &exported.completeness.plans {
        io.stderr.say(super::verify::completeness(plan));
    }
    let scheduled = |plan: &PlanCompleteness| plan.interval_minutes.is_some();
    let now = Timestamp::now();
    if arguments.to > now && exported.completeness.plans.iter().any(scheduled) {
        io.stderr.say(format_args!(
            "warning: the period ends in the future: runs that are not due yet are among the missing; \
             `--to {now:.0}` ends it now"
        ));
    }
    io.stderr.say(format_args!(
        "{} packed to `{}`",
        counted(
            usize::try_from(exported.records).unwrap_or(usize::MAX),
            "record"
        ),
        arguments.output.display(),
    ));
}
