// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan expand`: plans of an inventory.

mod against;
mod ask;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use keyproof_core::Visible;
use keyproof_inventory::{
    Expanded, Expansion, Form, Inventory, Lost, Refusal, counts, expand, preview,
};

use crate::connection::Connection;
use crate::destination::put;
use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// Make a plan of an inventory: of the accounts and tables that it lists or finds
///
/// An inventory is a plan with placeholders, and the sources of what fills them: accounts, an organization,
/// tagged tables, a CSV file, templates (docs/inventory.md). The same answers make the same bytes. What
/// can't be read ends the command with exit code 3 and without a plan. Asks AWS only where a source does,
/// and changes nothing there.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The inventory, YAML or JSON; `-` for standard input
    #[arg(value_name = "INVENTORY")]
    inventory: Source,
    /// File for the plan; `-` is standard output [default: standard output, without --summary]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Folder for plans, a file each, named for the plan
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    into: Option<PathBuf>,
    /// Form of the plan
    #[arg(long, value_name = "FORMAT", default_value = "yaml")]
    format: Format,
    /// Print what the sources were found to be, what was left out and why, and what is in each plan
    #[arg(long)]
    summary: bool,
    /// Make the plan without accounts that could not be read: each becomes a probe that is blind at every
    /// run
    #[arg(long)]
    carry_on: bool,
    /// The plan of before, or with --into the folder of plans: what is new and what is gone since is told on
    /// stderr
    #[arg(long, value_name = "PLAN")]
    against: Option<PathBuf>,
    /// End with exit code 1 where a probe of the plan of before is gone
    #[arg(long, requires = "against")]
    fail_on_removed: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Yaml,
    Json,
}

impl Format {
    const fn form(self) -> Form {
        match self {
            Self::Yaml => Form::Yaml,
            Self::Json => Form::Json,
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
        }
    }
}

/// Asks the sources, and writes the plans.
pub(super) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let on_stdout = arguments
        .output
        .as_deref()
        .is_some_and(crate::destination::is_stdout);
    if arguments.summary && on_stdout {
        return Err(CliError::Usage(
            "`--summary` and the plan can't both go to standard output; give `--output FILE`"
                .to_owned(),
        ));
    }
    let text = arguments.inventory.read(io)?;
    let wrong = |errors: &[keyproof_inventory::InventoryError]| {
        CliError::located(&arguments.inventory, errors, |error| error.place)
    };
    let inventory = Inventory::parse(&text).map_err(|errors| wrong(&errors))?;
    let earlier = against::read(arguments, io)?;
    let (answers, lost) = ask::ask(&inventory, arguments, io)?;
    for (source, error) in &lost {
        not_found_out(source, error, io);
    }
    if !lost.is_empty() {
        return Ok(without_plan(io));
    }
    let on = if arguments.carry_on {
        Lost::Blind
    } else {
        Lost::Refused
    };
    let expansion = match expand(&inventory, &answers, on, arguments.format.form()) {
        Ok(expansion) => expansion,
        Err(Refusal::Wrong(errors)) => return Err(wrong(&errors)),
        Err(Refusal::Unread(unread)) => {
            for (source, unread) in unread {
                not_found_out(&source, &unread, io);
            }
            return Ok(without_plan(io));
        }
    };
    for source in &expansion.sources {
        for unread in &source.unread {
            io.stderr.say(format_args!(
                "warning: {}: account {} in {} was not read, and is a probe that is blind: {}",
                source.source, unread.account, unread.region, unread.why
            ));
        }
    }
    let left_out = expansion.sources.iter().map(|source| source.excluded.len());
    let left_out: usize = left_out.sum();
    if left_out > 0 && !arguments.summary {
        io.stderr.say(format_args!(
            "left out, as the inventory says: {left_out}; `--summary` tells which and why"
        ));
    }
    let shrinks = earlier.tell(&expansion, io);
    write(arguments, &expansion, io)?;
    if arguments.summary {
        put(Path::new("-"), &preview(&expansion), io)?;
    }
    Ok(if shrinks && arguments.fail_on_removed {
        Outcome::Fail
    } else {
        Outcome::Pass
    })
}

fn not_found_out(source: &str, why: &impl std::fmt::Display, io: &mut Io) {
    io.stderr
        .say(format_args!("not found out: {source}: {why}"));
}

fn without_plan(io: &mut Io) -> Outcome {
    io.stderr
        .say("no plan is written: what is not in it would be taken for proven");
    Outcome::Inconclusive
}

/// Writes the plans where they belong.
fn write(arguments: &Arguments, expansion: &Expansion, io: &mut Io) -> Result<(), CliError> {
    if let Some(folder) = &arguments.into {
        return write_into(folder, arguments.format, expansion, io);
    }
    let output = match &arguments.output {
        Some(output) => output.as_path(),
        None if arguments.summary => return Ok(()),
        None => Path::new("-"),
    };
    let [Expanded { plan, text }] = expansion.plans.as_slice() else {
        let names: Vec<_> = expansion
            .plans
            .iter()
            .map(|one| one.plan.name.as_str())
            .collect();
        let shown = names.iter().take(3).map(|name| format!("`{name}`"));
        let shown: Vec<_> = shown.collect();
        let more = if names.len() > shown.len() {
            ", …"
        } else {
            ""
        };
        return Err(CliError::Usage(format!(
            "the inventory makes {} plans, {}{more}; give `--into DIR` for a file each",
            names.len(),
            shown.join(", ")
        )));
    };
    put(output, text, io)?;
    io.stderr
        .say(format_args!("{}: {}", plan.name, counts(plan)));
    Ok(())
}

/// Writes a file for each plan. A file that is there of a plan that is no more would be taken for one that
/// still is.
fn write_into(
    folder: &Path,
    format: Format,
    expansion: &Expansion,
    io: &mut Io,
) -> Result<(), CliError> {
    let name = |one: &Expanded| format!("{}.{}", one.plan.name, format.ending());
    let names: BTreeSet<String> = expansion.plans.iter().map(name).collect();
    let failed = |source| CliError::Write {
        what: format!("`{}`", folder.display()),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let strays: Vec<String> = against::plans(folder)
        .map_err(failed)?
        .into_iter()
        .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
        .filter(|file| !names.contains(file))
        .map(|file| format!("`{}`", Visible(&file)))
        .collect();
    if !strays.is_empty() {
        return Err(CliError::Usage(format!(
            "`{}` holds {}, which the inventory doesn't make (any more); remove what is no plan now, here and with \
             `keyproof plan remove`",
            folder.display(),
            strays.join(", ")
        )));
    }
    for one in &expansion.plans {
        put(&folder.join(name(one)), &one.text, io)?;
        io.stderr
            .say(format_args!("{}: {}", one.plan.name, counts(&one.plan)));
    }
    Ok(())
}
