// SPDX-License-Identifier: Apache-2.0
//! What a plan is carried out on: AWS, or a sandbox in its place.

use keyproof_aws::{Runner, Settings};
use keyproof_plan::Plan;
use keyproof_template::Account;

use crate::connection::{self, Connection, TemplateOptions};
use crate::error::CliError;
use crate::input::{Source, one_stdin};
use crate::io::{Io, Messages};
use crate::world::World;

/// The options of every command that carries a plan out.
#[derive(Debug, clap::Args)]
pub(crate) struct Target {
    /// The plan, YAML or JSON; `-` for standard input
    #[arg(long, value_name = "PLAN")]
    pub(crate) plan: Source,
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Ask a sandbox made from this CloudFormation or SAM template, with the canaries planted, in place
    /// of AWS; `-` for standard input
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) sandbox: Option<Source>,
    #[command(flatten)]
    parameters: TemplateOptions,
}

impl Target {
    /// Refuses what doesn't go together; `also` is what else is read.
    pub(crate) fn check(&self, also: Option<&Source>) -> Result<(), CliError> {
        let read = [Some(&self.plan), self.sandbox.as_ref(), also];
        one_stdin(read.into_iter().flatten())?;
        self.parameters
            .with_sandbox(self.sandbox.is_some(), &self.connection)
    }

    /// What the connection says, of this plan's file.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            plan_file: self.plan.file(),
            ..self.connection.settings()
        }
    }

    /// The account that the sandbox is made from, where there is one.
    pub(crate) fn account(&self, plan: &Plan, io: &mut Io) -> Result<Option<Account>, CliError> {
        let Some(template) = &self.sandbox else {
            return Ok(None);
        };
        let options = self.parameters.options(&plan.region)?;
        template.template(&options, io).map(Some)
    }

    /// Asks as the operator, or as the administrator of the sandbox.
    pub(crate) fn asking<T>(
        &self,
        plan: &Plan,
        settings: &Settings,
        io: &mut Io,
        ask: impl AsyncFnOnce(&Runner) -> T,
    ) -> Result<T, CliError> {
        let account = self.account(plan, io)?;
        let stderr = &mut io.stderr;
        crate::block_on(async {
            if let Some(account) = &account {
                let world = world(account, plan, stderr).await?;
                return Ok(ask(&world.administrator).await);
            }
            let runner = connection::runner(settings, &plan.region).await?;
            Ok(ask(&runner).await)
        })?
    }
}

/// A sandbox with the plan's canaries; what it lacks is told, and is not the end: the answers say what a
/// missing resource or canary means for each probe.
pub(crate) async fn world(
    account: &Account,
    plan: &Plan,
    stderr: &mut Messages,
) -> Result<World, CliError> {
    let world = World::start(account).await?;
    for warning in world.left_out().into_iter().chain(world.plant(plan)) {
        stderr.say(format_args!("warning: {warning}"));
    }
    Ok(world)
}
