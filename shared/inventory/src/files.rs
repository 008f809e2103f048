// SPDX-License-Identifier: Apache-2.0
//! What sources stand for that nobody has to be asked for: what the inventory lists itself, and what is in
//! its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use keyproof_core::Visible;
use keyproof_plan::Place;
use keyproof_template::Options;

use crate::answer::{Account, Answers, Found};
use crate::csv;
use crate::model::{Inventory, Location, Places, Source, Template};
use crate::template::tables;

/// What was found without asking anybody.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// By source; those that AWS has to be asked for are not in it.
    pub answers: Answers,
    /// What of a template is not read and could decide access.
    pub notes: Vec<InFile>,
}

/// One sentence about a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFile {
    /// The file, as the inventory names it.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// What there is to say.
    pub sentence: String,
}

impl fmt::Display for InFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, sentence) = (Visible(&self.file), Visible(&self.sentence));
        write!(formatter, "{file}:{}: {sentence}", self.place)
    }
}

impl Inventory {
    /// The files that sources name, from the inventory's own folder.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let mut files = BTreeSet::new();
        for source in self.sources.values() {
            match source {
                Source::Csv(Location::File(file)) => drop(files.insert(file.as_str())),
                Source::Template(template) => {
                    files.extend(template.files.iter().map(String::as_str));
                }
                Source::Accounts(_)
                | Source::Organization(_)
                | Source::Tagged(_)
                | Source::Csv(Location::S3 { .. }) => {}
            }
        }
        files
    }

    /// Whether AWS has to be asked for a source.
    #[must_use]
    pub fn asks_aws(&self) -> bool {
        let asks = |source: &Source| match source {
            Source::Organization(_) | Source::Tagged(_) | Source::Csv(Location::S3 { .. }) => true,
            Source::Accounts(_) | Source::Csv(Location::File(_)) | Source::Template(_) => false,
        };
        self.sources.values().any(asks)
    }
}

/// What the inventory lists itself, and what is in its files, whose texts are given by name.
///
/// # Errors
/// Everything that is wrong in the files.
pub fn listed(
    inventory: &Inventory,
    texts: &BTreeMap<String, String>,
) -> Result<Listed, Vec<InFile>> {
    let (mut listed, mut wrong) = (Listed::default(), Vec::new());
    for (name, source) in &inventory.sources {
        let found = match source {
            Source::Accounts(places) => Ok(accounts(places)),
            Source::Csv(Location::File(file)) => {
                text(texts, file).and_then(|text| rows(file, text))
            }
            Source::Template(template) => templates(template, texts, &mut listed.notes),
            Source::Organization(_) | Source::Tagged(_) | Source::Csv(Location::S3 { .. }) => {
                continue;
            }
        };
        match found {
            Ok(found) => drop(listed.answers.insert(name.clone(), found)),
            Err(errors) => wrong.extend(errors),
        }
    }
    if wrong.is_empty() {
        Ok(listed)
    } else {
        Err(wrong)
    }
}

/// The tables in the rows of a CSV file.
///
/// # Errors
/// Everything that is wrong in it.
pub fn rows(file: &str, text: &str) -> Result<Found, Vec<InFile>> {
    let tables = csv::read(text).map_err(|errors| told(file, &errors, |error| error.place))?;
    Ok(Found {
        tables,
        ..Found::default()
    })
}

fn accounts(places: &Places) -> Found {
    let accounts = places.accounts.iter().map(|id| Account {
        id: id.clone(),
        tags: BTreeMap::new(),
    });
    Found {
        accounts: accounts.collect(),
        ..Found::default()
    }
}

fn templates(
    template: &Template,
    texts: &BTreeMap<String, String>,
    notes: &mut Vec<InFile>,
) -> Result<Found, Vec<InFile>> {
    let mut options = Options::new(template.account.clone(), &template.region);
    options.parameters.clone_from(&template.parameters);
    let mut files = Vec::new();
    for file in &template.files {
        files.push((file, text(texts, file)?));
    }
    if files.len() > 1 {
        let texts = files.iter().map(|(_, text)| *text);
        options.imports = keyproof_template::exports(texts, &options);
    }
    let mut accounts = Vec::new();
    for (file, text) in files {
        let account = keyproof_template::load(text, &options)
            .map_err(|errors| told(file, &errors, |error| error.place))?;
        let unread = account.notes.iter();
        let unread: Vec<_> = unread
            .filter(|note| note.kind.may_decide_access())
            .collect();
        notes.extend(told(file, &unread, |note| note.place));
        accounts.push(account);
    }
    Ok(tables(template, &accounts))
}

/// What somebody else read.
fn text<'t>(texts: &'t BTreeMap<String, String>, file: &str) -> Result<&'t str, Vec<InFile>> {
    texts.get(file).map(String::as_str).ok_or_else(|| {
        vec![InFile {
            file: file.to_owned(),
            place: Place::START,
            sentence: "the file was not read".to_owned(),
        }]
    })
}

fn told<E: fmt::Display>(file: &str, errors: &[E], place: impl Fn(&E) -> Place) -> Vec<InFile> {
    let errors = errors.iter().map(|error| InFile {
        file: file.to_owned(),
        place: place(error),
        sentence: error.to_string(),
    });
    errors.collect()
}
