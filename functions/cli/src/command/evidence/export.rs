// SPDX-License-Identifier: Apache-2.0
//! `keyproof evidence export`: a period of records as one archive.

use std::path::PathBuf;

use jiff::Timestamp;
use keyproof_evidence::pack::{Exported, PlanOfSource, Source};
use keyproof_evidence::{Folder, Period, pack};

use crate::error::CliError;
use crate::file;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::signing;

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
    /// Folder of records, as `keyproof verify --record` keeps it
    #[arg(long, value_name = "FOLDER")]
    records: PathBuf,
    /// Plan to pack; repeat it for more [default: all]
    #[arg(long, value_name = "NAME")]
    plan: Vec<String>,
    /// Minutes between two runs, as they were scheduled; without it nothing can be said about runs that
    /// were never made
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    interval: Option<u32>,
    /// Private key that signs the manifest
    #[arg(
        long,
        value_name = "FILE",
        env = "KEYPROOF_SIGNING_KEY",
        hide_env_values = true
    )]
    signing_key: PathBuf,
    /// File for the pack, a .tar.gz
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let period = Period::new(arguments.from, arguments.to)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let key = signing::private_key(&arguments.signing_key)?;
    let folder = Folder::new(&arguments.records).with_interval(arguments.interval);
    let mut bytes = Vec::new();
    let exported = crate::block_on(async {
        let plans = chosen(folder.plans().await?, &arguments.plan)?;
        let version = env!("CARGO_PKG_VERSION");
        pack::write(&folder, plans, period, version, &key, &mut bytes)
            .await
            .map_err(|source| CliError::Pack {
                name: arguments.output.display().to_string(),
                source,
            })
    })??;
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
    io.stderr.say(format_args!(
        "{} records packed to `{}`",
        exported.records,
        arguments.output.display(),
    ));
}
