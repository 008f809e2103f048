// SPDX-License-Identifier: Apache-2.0
//! The account that templates make, for the commands that evaluate instead of calling.

use jiff::{Timestamp, tz::TimeZone};
use keyproof_check::{Circumstances, Estate, Part, Runner};
use keyproof_plan::Plan;
use keyproof_verdict::RunFacts;

use crate::connection::TemplateOptions;
use crate::error::CliError;
use crate::input::{Source, one_stdin};
use crate::io::Io;

/// The options of every command that holds a plan against templates.
#[derive(Debug, clap::Args)]
pub(crate) struct EstateOptions {
    /// The plan, YAML or JSON; `-` for standard input
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Source,
    /// CloudFormation or SAM template; `-` for standard input. Repeat it for the templates of one
    /// account: they may import what others of them export
    #[arg(long, value_name = "TEMPLATE", required_unless_present = "account")]
    template: Vec<Source>,
    /// What AWS says of the account: a folder, or a file, of the AWS CLI's answers (see
    /// docs/check.md); `-` for standard input. It stands beside the templates, which come first
    /// where both speak of the same thing
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<Source>,
    #[command(flatten)]
    parameters: TemplateOptions,
    /// Who would run the plan: the ARN of a role or user, or `anybody` to take every role as assumed
    /// [default: an administrator of the account whom no policy names]
    #[arg(long, value_name = "ARN", value_parser = runner)]
    runner: Option<Runner>,
    /// Condition key that every call has and no template says, such as
    /// `aws:PrincipalOrgID=o-example`; repeat it for more
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::connection::parameter)]
    context: Vec<(String, String)>,
}

/// A plan, and what it is held against.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) plan: Plan,
    pub(crate) estate: Estate,
    pub(crate) circumstances: Circumstances,
}

impl EstateOptions {
    /// Reads the plan and the templates; the plan's text comes with them.
    pub(crate) fn case(&self, io: &mut Io) -> Result<(String, Case), CliError> {
        one_stdin(
            std::iter::once(&self.plan)
                .chain(&self.template)
                .chain(&self.account),
        )?;
        let text = self.plan.read(io)?;
        let plan = Plan::parse(&text)
            .map_err(|errors| CliError::located(&self.plan, &errors, |error| error.place))?;
        let case = Case {
            estate: self.estate(&plan, io)?,
            circumstances: Circumstances {
                runner: self.runner.clone().unwrap_or_default(),
                context: self.context.iter().cloned().collect(),
            },
            plan,
        };
        Ok((text, case))
    }

    fn estate(&self, plan: &Plan, io: &mut Io) -> Result<Estate, CliError> {
        let mut options = self.parameters.options(&plan.region)?;
        let exported = match &self.account {
            Some(source) => Some(source.exported(&plan.region, io)?),
            None => None,
        };
        // Templates are for the account that they stand beside.
        if let Some(part) = exported.iter().flat_map(|one| &one.parts).next() {
            options.account = part.account.account.clone();
        }
        let mut texts = Vec::new();
        for source in &self.template {
            texts.push((source, source.read(io)?));
        }
        if texts.len() > 1 {
            // What one exports another imports, in whatever order they are given.
            let each = texts.iter().map(|(_, text)| text.as_str());
            options.imports = keyproof_template::exports(each, &options);
        }
        let mut parts = Vec::new();
        for (source, text) in &texts {
            parts.push(Part {
                file: source.file(),
                account: source.account(text, &options, io)?,
            });
        }
        // The documents make an account of their own; grants are theirs alone.
        let documents = match exported {
            Some(exported) => Some(crate::account::estate(exported)?),
            None => None,
        };
        parts.extend(documents.iter().flat_map(Estate::parts).cloned());
        let mut estate = Estate::new(parts).map_err(|error| CliError::Usage(error.to_string()))?;
        estate.grants = documents.map_or_else(Vec::new, |documents| documents.grants);
        Ok(estate)
    }

    /// What a report says of a run that was none.
    pub(crate) fn facts(&self) -> RunFacts {
        facts(self.plan.file())
    }
}

/// What a report says of a run that was none, of the plan in this file.
pub(crate) fn facts(plan_file: Option<String>) -> RunFacts {
    let now = Timestamp::now();
    RunFacts {
        id: ulid::Ulid::generate().to_string(),
        trigger: keyproof_check::TRIGGER.to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plan_file,
        today: now.to_zoned_datetime(TimeZone::UTC).date(),
    }
}

pub(crate) fn runner(word: &str) -> Result<Runner, String> {
    match word {
        "anybody" => Ok(Runner::Anybody),
        arn if arn.starts_with("arn:") && arn.contains(":iam::") => {
            Ok(Runner::Arn(arn.to_owned()))
        }
        _ => Err(
            "expected the ARN of a role or user, such as `arn:aws:iam::111122223333:role/ci`, or `anybody`"
                .to_owned(),
        ),
    }
}
