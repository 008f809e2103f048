// SPDX-License-Identifier: Apache-2.0
//! `keyproof coverage`: a plan against broken variants of its templates.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use keyproof_coverage::{Coverage, Survivor, amend, cover};

use crate::destination;
use crate::error::CliError;
use crate::estate::EstateOptions;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Break the templates in every way there is, one at a time, and say what the plan doesn't notice
///
/// Each statement is dropped, turned round, widened and narrowed, each condition dropped, inverted
/// and loosened; users, grants and broad policies are added, boundaries detached, keys exchanged and
/// disabled. What changes no decision for any role is left out. Exit code 1 where a variant goes
/// unnoticed; each comes with an expectation that would notice it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    estate: EstateOptions,
    /// Write the plan with the expectations that were found missing
    #[arg(long)]
    fix: bool,
    /// Format of what was found
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: CoverageFormat,
    /// File for it in place of standard output; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CoverageFormat {
    /// For a terminal
    Text,
    /// For programs: `keyproof.coverage/v1`
    Json,
}

/// Finds out what the plan would not notice.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let facts = arguments.estate.facts();
    let (text, case) = arguments.estate.case(io)?;
    let coverage = cover(&case.plan, &case.estate, &case.circumstances, &facts);
    if coverage.plan.verdict != "pass" {
        io.stderr.say(format_args!(
            "warning: with nothing broken the plan's verdict is {}; a probe that doesn't pass notices little (see `keyproof check`)",
            coverage.plan.verdict
        ));
    }
    let shown = match arguments.format {
        CoverageFormat::Text => in_words(&coverage),
        CoverageFormat::Json => coverage.to_json().map_err(|error| CliError::Write {
            what: "the coverage".to_owned(),
            source: error.into(),
        })?,
    };
    destination::put(&arguments.output, &shown, io)?;
    if arguments.fix && !coverage.survivors.is_empty() {
        fix(&arguments.estate.plan, &text, &coverage, io)?;
    }
    Ok(if coverage.survivors.is_empty() {
        Outcome::Pass
    } else {
        Outcome::Fail
    })
}

fn fix(plan: &Source, text: &str, coverage: &Coverage, io: &mut Io) -> Result<(), CliError> {
    let Source::File(path) = plan else {
        return Err(CliError::Usage(
            "`--fix` writes the plan's file, and this plan came from standard input".to_owned(),
        ));
    };
    let amended = amend(text, &coverage.survivors).map_err(|error| {
        CliError::Usage(format!("`{}` was left as it is: {error}", path.display()))
    })?;
    destination::put(path, &amended.text, io)?;
    io.stderr.say(format_args!(
        "{} expectation{} added to `{}`",
        amended.added,
        if amended.added == 1 { "" } else { "s" },
        path.display()
    ));
    Ok(())
}

fn in_words(coverage: &Coverage) -> String {
    let mut text = String::new();
    let survivors = coverage.survivors.len();
    // Writing to a string can't fail.
    let _ = match survivors {
        0 => writeln!(
            text,
            "✓ all of {} broken variants are noticed",
            coverage.mutants
        ),
        _ => writeln!(
            text,
            "✗ {survivors} of {} broken variants go unnoticed",
            coverage.mutants
        ),
    };
    let _ = writeln!(
        text,
        "plan {}; {} variants change nothing for anybody, {} nothing that a plan can ask about",
        coverage.plan.name,
        coverage.equivalent,
        coverage.out_of_reach.len()
    );
    for survivor in &coverage.survivors {
        text.push('\n');
        text.push_str(&told(survivor));
    }
    text
}

fn told(survivor: &Survivor) -> String {
    let place = match (&survivor.file, survivor.line) {
        (Some(file), Some(line)) => format!("{file}:{line}: {}", survivor.place),
        _ => survivor.place.clone(),
    };
    let mut needs = String::new();
    let expectations = survivor.add.iter().chain(&survivor.needs.witness);
    for add in expectations {
        let _ = writeln!(needs, "  add: {add}");
    }
    for (what, all) in [
        ("principals", &survivor.needs.principals),
        ("tables", &survivor.needs.tables),
    ] {
        for (name, one) in all {
            let _ = writeln!(needs, "  add to `{what}`: {{{name:?}: {one}}}");
        }
    }
    format!(
        "{}\n  {}\n  {}\n  {}\n{needs}",
        survivor.id, survivor.change, survivor.effect, place
    )
}
