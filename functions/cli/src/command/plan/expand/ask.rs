// SPDX-License-Identifier: Apache-2.0
//! What the sources of an inventory stand for: files are read, and AWS is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use keyproof_inventory::{Answers, InFile, Inventory, listed};
use keyproof_survey::{Survey, SurveyError};

use super::Arguments;
use crate::connection;
use crate::error::CliError;
use crate::input::{Source, directory};
use crate::io::Io;
use crate::progress::Surveyed;

/// Where nothing names a region, the calls that belong to none go.
const REGION: &str = "us-east-1";

/// The sources of which nothing was found out, each with the reason.
type Lost = Vec<(String, SurveyError)>;

/// Asks each source.
pub(super) fn ask(
    inventory: &Inventory,
    arguments: &Arguments,
    io: &mut Io,
) -> Result<(Answers, Lost), CliError> {
    let here = match &arguments.inventory {
        Source::Stdin => Path::new("."),
        Source::File(path) => directory(path),
    };
    // As the user would name it.
    let at = |file: &str| -> PathBuf { here.join(file) };
    let mut texts = BTreeMap::new();
    for file in inventory.files() {
        texts.insert(file.to_owned(), Source::File(at(file)).read(io)?);
    }
    let placed = |told: InFile| {
        (
            at(&told.file).display().to_string(),
            told.place,
            told.sentence,
        )
    };
    let listed = listed(inventory, &texts)
        .map_err(|wrong| CliError::placed(wrong.into_iter().map(placed)))?;
    for note in listed.notes {
        let (file, place, note) = placed(note);
        io.stderr
            .say(format_args!("{file}:{place}: warning: {note}"));
    }
    let mut answers = listed.answers;
    if !inventory.asks_aws() {
        return Ok((answers, Lost::new()));
    }
    let terminal = io.watched.then(|| io.stderr.clone());
    let surveyed = Arc::new(Mutex::new(Surveyed::new(terminal)));
    let asked = crate::block_on(async {
        let runner = connection::runner(&arguments.connection.settings(), REGION).await?;
        let told = Arc::clone(&surveyed);
        let survey = Survey::new(&runner.service_config(None)).telling(move |step| {
            told.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .step(step);
        });
        Ok::<_, CliError>(survey.ask(inventory, &mut answers).await)
    })?;
    surveyed
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .end();
    let asked = asked?;
    if asked.wrong.is_empty() {
        return Ok((answers, asked.lost));
    }
    for (source, error) in &asked.lost {
        super::not_found_out(source, error, io);
    }
    let wrong = asked.wrong.into_iter();
    Err(CliError::placed(
        wrong.map(|told| (told.file, told.place, told.sentence)),
    ))
}
