// SPDX-License-Identifier: Apache-2.0
//! `keyproof dashboard`: the history in a browser, on this machine.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use keyproof_dashboard::{Folder, REFRESH, serve};
use tokio::net::TcpListener;

use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::{signals, world};

/// Serve the history of a folder of reports on loopback, for a browser
///
/// Prints the address, then `ready`, and serves until interrupted: the timeline of each probe,
/// failures with their cause, time to detect and to recover, drills, plans. What is added to the folder
/// is shown while the page is open. A view is its address. Nothing is written, and no other origin is
/// let in.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder of JSON reports: of `verify --record`, of `--format json --output`, of drills
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// Minutes between two runs, as they are scheduled, to tell when the next is due
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
}

/// Serves until SIGINT or SIGTERM.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let mut folder = Folder::new(&arguments.folder);
    folder.refresh().map_err(CliError::History)?;
    for problem in &folder.history().problems {
        io.stderr.say(format_args!("warning: {problem}"));
    }
    crate::block_on(async {
        let address = (Ipv4Addr::LOCALHOST, arguments.port);
        let listener = TcpListener::bind(address).await.map_err(CliError::Start)?;
        // Before the address is told: who reads `ready` may already send a signal.
        let interrupted = signals::interrupted().map_err(CliError::Start)?;
        let address = world::endpoint(&listener)?;
        writeln!(io.stdout, "{address}\nready")
            .and_then(|()| io.stdout.flush())
            .map_err(CliError::stdout)?;
        serve(folder, arguments.interval, REFRESH, listener, interrupted)
            .await
            .map_err(CliError::Start)
    })??;
    Ok(Outcome::Pass)
}
