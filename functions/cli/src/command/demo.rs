// SPDX-License-Identifier: Apache-2.0
//! `keyproof demo`: the whole story on a laptop, without an AWS account.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use keyproof_plan::Plan;

use crate::connection;
use crate::demo::{self, tell::Teller};
use crate::error::CliError;
use crate::file;
use crate::input::Source;
use crate::io::Io;
use crate::outcome::Outcome;

/// What the story is played with: the repository's own deployment and its plan.
const TEMPLATE: &str = include_str!("../../../../template.yaml");
const PLAN: &str = include_str!("../../../../plans/orders.yaml");

/// Where the story's page is written, unless the user says otherwise.
const PAGE: &str = "keyproof-demo.html";

/// Play the whole story against a sandbox: a denial, a regression caught, a rollback confirmed
///
/// Needs no AWS account and no network: an AWS in this program, on a loopback port, is called over
/// HTTP as AWS would be. The story is told on stdout, and once more as a page for a browser.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// File for the page [default: keyproof-demo.html in the current directory]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Plays the story. It passes only if every act ended as it had to, by its own report.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let started = Instant::now();
    let ours = |name: &str| Source::File(name.into());
    let plan = Plan::parse(PLAN)
        .map_err(|errors| CliError::located(&ours("plans/orders.yaml"), &errors, |e| e.place))?;
    let options = keyproof_template::Options::new(connection::example_account()?, &*plan.region);
    let account = keyproof_template::load(TEMPLATE, &options)
        .map_err(|errors| CliError::located(&ours("template.yaml"), &errors, |e| e.place))?;
    let mut teller = Teller::new(io.colour, &mut io.stdout);
    let story = crate::block_on(demo::play(&plan, &account, &mut teller))??;
    teller.end(&story, started.elapsed())?;

    match story
        .page()
        .and_then(|page| save(arguments.output.as_deref(), &page))
    {
        Ok(path) => {
            writeln!(io.stdout, "{}", Teller::where_to_look(&path)).map_err(CliError::stdout)?;
        }
        Err(source) => {
            let path = arguments.output.as_deref().unwrap_or(Path::new(PAGE));
            return Err(CliError::Write {
                what: format!("`{}`", path.display()),
                source,
            });
        }
    }
    Ok(if story.held() {
        Outcome::Pass
    } else {
        Outcome::Fail
    })
}

/// Writes the page where it was asked for. Where nothing was asked and the current directory can't
/// be written to, the system's directory for temporary files has to do.
fn save(asked: Option<&Path>, page: &[u8]) -> io::Result<PathBuf> {
    let path = asked.unwrap_or(Path::new(PAGE));
    match (file::write(path, page), asked) {
        (Ok(()), _) => std::path::absolute(path),
        (Err(_), None) => {
            let path = std::env::temp_dir().join(PAGE);
            file::write(&path, page).map(|()| path)
        }
        (Err(error), Some(_)) => Err(error),
    }
}
