// SPDX-License-Identifier: Apache-2.0
//! `keyproof sandbox`: an AWS on loopback that denies like AWS.

use std::io::Write;
use std::time::Duration;

use keyproof_sandbox::{Sandbox, SandboxOptions};

use crate::connection::{self, TemplateOptions};
use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::signals;
use crate::world;

/// The region of a sandbox, unless something says otherwise.
const REGION: &str = "us-east-1";

/// Serve STS, IAM, KMS and DynamoDB on loopback until interrupted
///
/// Prints the variables that point any AWS SDK or the AWS CLI to it, then `ready`. The credentials
/// are an administrator's. Signatures are verified and every call is authorised as AWS would;
/// nothing is kept when it ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// CloudFormation or SAM template to start from; `-` for standard input [default: an empty
    /// account]
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<Source>,
    #[command(flatten)]
    parameters: TemplateOptions,
    /// Port on 127.0.0.1 [default: any free one]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    port: u16,
    /// Region to be in
    #[arg(long, value_name = "REGION", default_value = REGION)]
    region: String,
    /// Seconds of inactivity after which DynamoDB asks KMS again for a caller's table key; 0 asks
    /// every time
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = connection::seconds_or_none)]
    table_key_cache: Duration,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let options = arguments.parameters.options(&arguments.region)?;
    let sandbox_options = SandboxOptions {
        table_key_cache: arguments.table_key_cache,
        ..SandboxOptions::default()
    };
    let (sandbox, region) = match &arguments.template {
        Some(template) => {
            let account = template.template(&options, io)?;
            (world::build(&account, sandbox_options)?, account.region)
        }
        None if arguments.parameters.is_default() => (
            Sandbox::empty(&options.account, sandbox_options),
            arguments.region.clone(),
        ),
        None => {
            return Err(CliError::Usage(
                "`--parameter` is for a `--template`".to_owned(),
            ));
        }
    };
    for left_out in sandbox.left_out() {
        io.stderr.say(format_args!("warning: {left_out}"));
    }
    crate::block_on(async {
        let listener = world::listen(arguments.port).await?;
        // Before the ports are told: who reads `ready` may already send a signal.
        let interrupted = signals::interrupted().map_err(CliError::Start)?;
        let administrator = sandbox.administrator();
        let lines = [
            format!("export AWS_ENDPOINT_URL={}", world::endpoint(&listener)?),
            format!("export AWS_ACCESS_KEY_ID={}", administrator.access_key_id),
            format!(
                "export AWS_SECRET_ACCESS_KEY={}",
                administrator.secret_access_key.expose()
            ),
            format!("export AWS_REGION={region}"),
            "ready".to_owned(),
        ];
        writeln!(io.stdout, "{}", lines.join("\n"))
            .and_then(|()| io.stdout.flush())
            .map_err(CliError::stdout)?;
        sandbox
            .serve(listener, interrupted)
            .await
            .map_err(|error| CliError::Sandbox(error.to_string()))
    })??;
    Ok(Outcome::Pass)
}
