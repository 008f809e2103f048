// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan init`: a first plan, from templates, an account as it is, or what was written down of
//! one.

use std::path::{Path, PathBuf};

use keyproof_check::{Circumstances, Estate, Part, Runner};
use keyproof_coverage::{Draft, draft};

use crate::account::{self, Live, REGION};
use crate::connection::{Connection, TemplateOptions};
use crate::destination::{is_stdout, put};
use crate::error::CliError;
use crate::estate::{facts, runner};
use crate::input::{Source, one_stdin};
use crate::io::Io;
use crate::outcome::Outcome;

/// Draft a first plan, from templates or from the account as it is
///
/// Tables on customer managed keys, those whom key policies and grants name, and for each table
/// somebody who reads it and somebody whom only the key keeps out. What is so becomes what must be so:
/// read the plan, and change what must not stay. What was left out is told on stderr and in comments.
/// Without --template and --account it reads the account, and changes nothing there.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// CloudFormation or SAM template; `-` for standard input. Repeat it for the templates of one
    /// account [default: the account itself]
    #[arg(long, value_name = "TEMPLATE")]
    template: Vec<Source>,
    /// What was written down of the account, by `keyproof account export` or as docs/check.md has it: a
    /// folder or a file, in place of the account; `-` for standard input
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "template")]
    account: Option<Source>,
    #[command(flatten)]
    parameters: TemplateOptions,
    #[command(flatten)]
    connection: Connection,
    /// Who would run the plan: the ARN of a role or user, or `anybody` to take every role as assumed
    /// [default: an administrator whom no policy names; of an account, whoever asks]
    #[arg(long, value_name = "ARN", value_parser = runner)]
    runner: Option<Runner>,
    /// The plan's name [default: that of its first table]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Write what the plan lacks (an outsider's role, a control table) as a CloudFormation template,
    /// and draft the plan as if that were deployed
    #[arg(long, value_name = "FILE")]
    with_roles: Option<PathBuf>,
    /// File for the plan in place of standard output; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
}

/// Drafts the plan and writes it.
pub(super) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    arguments.check()?;
    let (estate, mut circumstances, notes) = match &arguments.account {
        Some(documents) => (
            arguments.documents(documents, io)?,
            Circumstances::default(),
            Vec::new(),
        ),
        None if arguments.template.is_empty() => arguments.account()?,
        None => (
            arguments.templates(io)?,
            Circumstances::default(),
            Vec::new(),
        ),
    };
    if let Some(runner) = &arguments.runner {
        circumstances.runner = runner.clone();
    }
    let source = arguments.source(&estate);
    let facts = facts(None);
    let drafted = |estate: &Estate| {
        draft(estate, &source, &circumstances, &facts)
            .map_err(|error| CliError::Draft(error.to_string()))
    };
    let done = match &arguments.with_roles {
        None => drafted(&estate)?,
        Some(file) => {
            let missing = keyproof_coverage::missing(&estate, &source, &circumstances, &facts)
                .map_err(|error| CliError::Draft(error.to_string()))?;
            match missing {
                None => {
                    io.stderr.say(format_args!(
                        "`{}` is not written: the plan lacks no role and no table",
                        file.display()
                    ));
                    drafted(&estate)?
                }
                Some(text) => {
                    let done = drafted(&with(&estate, file, &text)?)?;
                    put(file, &text, io)?;
                    done
                }
            }
        }
    };
    tell(&notes, &done, io);
    put(&arguments.output, &done.text, io)?;
    Ok(Outcome::Pass)
}

fn tell(notes: &[String], done: &Draft, io: &mut Io) {
    for note in notes.iter().chain(&done.notes) {
        io.stderr.say(format_args!("note: {note}"));
    }
}

/// The estate with what the template in `text` adds.
fn with(estate: &Estate, file: &Path, text: &str) -> Result<Estate, CliError> {
    let account = estate.account();
    let options = keyproof_template::Options::new(account.account.clone(), account.region.clone())
        .parameter("AWS::Partition", account.partition.clone());
    let account = keyproof_template::load(text, &options).map_err(|errors| {
        let source = Source::File(file.to_owned());
        CliError::located(&source, &errors, |error| error.place)
    })?;
    let file = Some(file.display().to_string());
    let parts = estate.parts().cloned().chain([Part { file, account }]);
    let mut whole = Estate::new(parts).map_err(|error| CliError::Usage(error.to_string()))?;
    whole.grants.clone_from(&estate.grants);
    Ok(whole)
}

impl Arguments {
    fn check(&self) -> Result<(), CliError> {
        one_stdin(self.template.iter().chain(&self.account))?;
        let usage = |text: String| Err(CliError::Usage(text));
        if self.template.is_empty() && !self.parameters.is_default() {
            return usage(
                "`--parameter` and `--key-id` are for the template of `--template`".to_owned(),
            );
        }
        let connected = self.connection.endpoint_url.is_some() || self.connection.profile.is_some();
        let offline = [
            ("--template", !self.template.is_empty()),
            ("--account", self.account.is_some()),
        ];
        if let Some((option, _)) = offline.iter().find(|(_, given)| *given && connected) {
            return usage(format!(
                "`{option}` asks nobody; leave out `--endpoint-url` and `--profile`"
            ));
        }
        let outputs = [Some(&self.output), self.with_roles.as_ref()];
        for output in outputs.into_iter().flatten() {
            if !self.force && !is_stdout(output) && output.exists() {
                return Err(CliError::there_already(output));
            }
        }
        if self.with_roles.as_ref() == Some(&self.output) {
            return usage("`--output` and `--with-roles` are two files".to_owned());
        }
        Ok(())
    }

    fn source(&self, estate: &Estate) -> keyproof_coverage::Source {
        let live = self.template.is_empty();
        let from = if live {
            let account = estate.account();
            let from = format!("account {} in {}", account.account, account.region);
            match &self.account {
                Some(documents) => format!("{from}, as {documents} has it"),
                None => from,
            }
        } else {
            let names: Vec<String> = self.template.iter().map(ToString::to_string).collect();
            names.join(" and ")
        };
        let name = self.name.clone();
        keyproof_coverage::Source { name, from, live }
    }

    fn templates(&self, io: &mut Io) -> Result<Estate, CliError> {
        let region = self.connection.region.as_deref().unwrap_or(REGION);
        let mut options = self.parameters.options(region)?;
        let mut texts = Vec::new();
        for source in &self.template {
            texts.push((source, source.read(io)?));
        }
        let each = texts.iter().map(|(_, text)| text.as_str());
        options.imports = keyproof_template::exports(each, &options);
        let mut parts = Vec::new();
        for (source, text) in &texts {
            let account = source.account(text, &options, io)?;
            parts.push(Part {
                file: source.file(),
                account,
            });
        }
        Estate::new(parts).map_err(|error| CliError::Usage(error.to_string()))
    }

    fn documents(&self, source: &Source, io: &mut Io) -> Result<Estate, CliError> {
        let region = self.connection.region.as_deref().unwrap_or(REGION);
        account::estate(source.exported(region, io)?)
    }

    fn account(&self) -> Result<(Estate, Circumstances, Vec<String>), CliError> {
        let settings = self.connection.settings();
        let live = crate::block_on(account::read(&settings))??;
        let Live {
            estate,
            runner,
            notes,
        } = live;
        let circumstances = Circumstances {
            runner,
            ..Circumstances::default()
        };
        Ok((estate, circumstances, notes))
    }
}
