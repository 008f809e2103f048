// SPDX-License-Identifier: Apache-2.0
//! `keyproof dashboard`: the history in a browser, on this machine.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use keyproof_dashboard::{Folder, Source, serve};
use tokio::net::TcpListener;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::stack::{self, Stack};
use crate::{signals, world};

/// Serve the history of the deployed service, or of a folder of reports, on loopback, for a browser
///
/// Prints the address, then `ready`, and serves until interrupted: the timeline of each probe,
/// failures with their cause, time to detect and to recover, drills, plans, the next run. What is new
/// is shown while the page is open. A view is its address. Nothing is written, and no other origin is
/// let in.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of JSON reports, of `verify --record`, of `--format json --output`, of drills [default: the
    /// deployed service]
    #[arg(value_name = "FOLDER", conflicts_with_all = ["stack", "state_table", "drills"])]
    folder: Option<PathBuf>,
    /// Folder of reports of drills, beside the deployed service, which makes none
    #[arg(long, value_name = "FOLDER")]
    drills: Option<PathBuf>,
    /// Minutes between two runs, as they are scheduled, to tell when the next is due [default: as the deployed
    /// service has it]
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..))]
    interval: Option<u32>,
    /// Port on 127.0.0.1 [default: any free one]
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        hide_default_value = true
    )]
    port: u16,
    #[command(flatten)]
    stack: stack::Options,
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    crate::block_on(async {
        let interval = arguments.interval;
        if let Some(folder) = &arguments.folder {
            let mut folder = Folder::new(folder).with_interval(interval);
            folder.refresh().await.map_err(CliError::History)?;
            return show(folder, arguments.port, io).await;
        }
        let stack = arguments.stack.connect(Stack::REGION).await?;
        let reports = stack.reports().await?;
        let mut service = keyproof_dashboard::Stack::new(stack.store, reports)
            .with_interval(interval)
            .with_drills(arguments.drills.as_ref().map(Folder::new));
        service.refresh().await.map_err(CliError::Service)?;
        show(service, arguments.port, io).await
    })?
}

async fn show(source: impl Source, port: u16, io: &mut Io) -> Result<Outcome, CliError> {
    for problem in &source.history().problems {
        io.stderr.say(format_args!("warning: {problem}"));
    }
    let address = (Ipv4Addr::LOCALHOST, port);
    let listener = TcpListener::bind(address).await.map_err(CliError::Start)?;
    // Before the address is told: who reads `ready` may already send a signal.
    let interrupted = signals::interrupted().map_err(CliError::Start)?;
    let address = world::endpoint(&listener)?;
    writeln!(io.stdout, "{address}\nready")
        .and_then(|()| io.stdout.flush())
        .map_err(CliError::stdout)?;
    serve(source, listener, interrupted)
        .await
        .map_err(CliError::Start)?;
    Ok(Outcome::Pass)
}
