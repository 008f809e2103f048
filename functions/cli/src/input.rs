// SPDX-License-Identifier: Apache-2.0
//! Documents that the user names: files, or `-` for standard input.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use keyproof_account::{Exported, File};
use keyproof_plan::Plan;
use keyproof_shard::Manifest;
use keyproof_template::{Account, NoteKind};
use keyproof_verdict::Report;

use crate::error::CliError;
use crate::io::Io;

/// A document's name on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Ok(if word == "-" {
            Self::Stdin
        } else {
            Self::File(word.into())
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => formatter.write_str("<stdin>"),
            Self::File(path) => write!(formatter, "{}", path.display()),
        }
    }
}

impl Source {
    /// The file's name as the user gave it, where it is a file.
    pub(crate) fn file(&self) -> Option<String> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path.display().to_string()),
        }
    }

    /// The whole text.
    pub(crate) fn read(&self, io: &mut Io) -> Result<String, CliError> {
        let unreadable = |source| CliError::Unreadable {
            name: self.to_string(),
            source,
        };
        let bytes = match self {
            Self::Stdin => {
                let mut bytes = Vec::new();
                io.stdin
                    .reader()
                    .read_to_end(&mut bytes)
                    .map_err(unreadable)?;
                bytes
            }
            Self::File(path) => fs::read(path).map_err(unreadable)?,
        };
        String::from_utf8(bytes).map_err(|error| CliError::NotUtf8 {
            name: self.to_string(),
            offset: error.utf8_error().valid_up_to(),
        })
    }

    /// The plan in it.
    pub(crate) fn plan(&self, io: &mut Io) -> Result<Plan, CliError> {
        let text = self.read(io)?;
        self.parsed_plan(&text)
    }

    /// The plan whose text was read from here.
    pub(crate) fn parsed_plan(&self, text: &str) -> Result<Plan, CliError> {
        Plan::parse(text).map_err(|errors| CliError::located(self, &errors, |error| error.place))
    }

    /// The manifest in it, held against the plan that it is of.
    pub(crate) fn manifest(&self, plan: &Plan, io: &mut Io) -> Result<Manifest, CliError> {
        let text = self.read(io)?;
        Manifest::read(&text, plan).map_err(|source| CliError::Manifest {
            name: self.to_string(),
            source,
        })
    }

    /// The report in it.
    pub(crate) fn report(&self, io: &mut Io) -> Result<Report, CliError> {
        let text = self.read(io)?;
        Report::from_json(&text).map_err(|source| CliError::Report {
            name: self.to_string(),
            source,
        })
    }

    /// The account that the template in it makes.
    pub(crate) fn template(
        &self,
        options: &keyproof_template::Options,
        io: &mut Io,
    ) -> Result<Account, CliError> {
        let text = self.read(io)?;
        self.account(&text, options, io)
    }

    /// The account that a template makes whose text was read from here.
    pub(crate) fn account(
        &self,
        text: &str,
        options: &keyproof_template::Options,
        io: &mut Io,
    ) -> Result<Account, CliError> {
        let account = keyproof_template::load(text, options)
            .map_err(|errors| CliError::located(self, &errors, |error| error.place))?;
        for note in account
            .notes
            .iter()
            .filter(|note| note.kind.may_decide_access())
        {
            io.stderr
                .say(format_args!("{self}:{}: warning: {note}", note.place));
        }
        Ok(account)
    }
}

impl Source {
    /// What AWS says of an account: a file of answers, or a folder of them, whose folders are a
    /// resource each.
    pub(crate) fn exported(&self, region: &str, io: &mut Io) -> Result<Exported, CliError> {
        let mut paths = Vec::new();
        match self {
            Self::File(path) if path.is_dir() => json_files(path, &mut paths)?,
            Self::File(path) => paths.push(path.clone()),
            Self::Stdin => {}
        }
        let mut files = Vec::new();
        for path in &paths {
            files.push(File {
                name: Some(path.display().to_string()),
                folder: directory(path).display().to_string(),
                text: Self::File(path.clone()).read(io)?,
            });
        }
        if *self == Self::Stdin {
            files.push(File {
                name: None,
                folder: String::new(),
                text: self.read(io)?,
            });
        }
        let exported = keyproof_account::load(&files, region).map_err(|errors| {
            // What is wrong with no file at all is wrong with the folder.
            let here = self.to_string();
            CliError::placed(errors.iter().map(|error| {
                let file = error.file.clone().unwrap_or_else(|| here.clone());
                (file, error.place, error.to_string())
            }))
        })?;
        for part in &exported.parts {
            let file = part.file.clone().unwrap_or_else(|| self.to_string());
            let notes = part.account.notes.iter();
            for note in notes.filter(|note| note.kind == NoteKind::Unknown) {
                io.stderr
                    .say(format_args!("{file}:{}: warning: {note}", note.place));
            }
        }
        Ok(exported)
    }
}

/// The JSON files of a folder and its folders, in the order of their names.
fn json_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), CliError> {
    let unreadable = |source| CliError::Unreadable {
        name: folder.display().to_string(),
        source,
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort_unstable();
    for path in entries {
        if path.is_dir() {
            json_files(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            found.push(path);
        }
    }
    Ok(())
}

/// Refuses a second document from standard input.
pub(crate) fn one_stdin<'a>(sources: impl IntoIterator<Item = &'a Source>) -> Result<(), CliError> {
    match sources
        .into_iter()
        .filter(|source| **source == Source::Stdin)
        .count()
    {
        0 | 1 => Ok(()),
        _ => Err(CliError::Usage(
            "only one document can come from standard input".into(),
        )),
    }
}

/// The directory that a file is in.
pub(crate) fn directory(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
