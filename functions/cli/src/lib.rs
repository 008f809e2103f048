// SPDX-License-Identifier: Apache-2.0
//! The command line: arguments in, reports on stdout, everything else on stderr, a verdict as exit
//! code.
//!
//! The program is this library with the process's own streams, so that a test can run a command and
//! look at each stream. One command is one file under `command`.

mod account;
mod arguments;
mod command;
mod connection;
mod cost;
mod demo;
mod destination;
mod error;
mod estate;
mod file;
mod format;
mod input;
pub mod io;
mod log;
mod outcome;
mod progress;
mod recording;
mod resume;
mod signals;
mod signing;
mod stack;
mod stream;
mod target;
mod world;

use std::ffi::OsString;
use std::io::Write;

use clap::FromArgMatches;

pub use arguments::command;
pub use error::CliError;
pub use io::Io;
pub use outcome::Outcome;

use arguments::Arguments;

/// Runs one command line, program name first. Errors are told on stderr.
pub fn run(words: impl IntoIterator<Item = OsString>, io: &mut Io) -> Outcome {
    let parsed = command()
        .try_get_matches_from(words)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(answer) => return explain(&answer, io),
    };
    let log = log::to(&io.stderr, arguments.verbose);
    let done = tracing::dispatcher::with_default(&log, || command::run(&arguments, io));
    let flushed = io.stdout.flush().map_err(CliError::stdout);
    match done.and_then(|outcome| flushed.map(|()| outcome)) {
        Ok(outcome) => outcome,
        Err(error) => {
            io.stderr.say(error.message());
            Outcome::NotCarriedOut
        }
    }
}

/// Help and version on stdout, as they were asked for; usage errors on stderr.
fn explain(answer: &clap::Error, io: &mut Io) -> Outcome {
    if answer.use_stderr() {
        io.stderr.say(answer.render().to_string().trim_end());
        return Outcome::NotCarriedOut;
    }
    let text = answer.render();
    let written = if io.colour {
        write!(io.stdout, "{}", text.ansi())
    } else {
        write!(io.stdout, "{text}")
    };
    match written.and_then(|()| io.stdout.flush()) {
        Ok(()) => Outcome::Pass,
        Err(source) => {
            io.stderr.say(CliError::stdout(source).message());
            Outcome::NotCarriedOut
        }
    }
}

/// Runs a future to its end on this thread.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::Start)?;
    Ok(runtime.block_on(future))
}
