// SPDX-License-Identifier: Apache-2.0
//! Reports in a folder: those of `verify --format json`, of `verify --record`, and of drills.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use keyproof_drill::DrillReport;
use keyproof_verdict::Report;
use thiserror::Error;

use crate::history::History;

/// Folders in folders are read to this depth.
const DEPTH: usize = 4;
/// As many unreadable files are told.
const TOLD: usize = 20;

/// Why a folder can't be read.
#[derive(Debug, Error)]
#[error("cannot read `{}`: {source}", path.display())]
pub struct ReadError {
    path: PathBuf,
    source: io::Error,
}

/// A folder of reports, and what is known of it.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    seen: BTreeMap<PathBuf, Stamp>,
    history: History,
}

/// When a file is another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Folder {
    /// The folder at this path, not yet read.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            seen: BTreeMap::new(),
            history: History::default(),
        }
    }

    /// What is known.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Reads what is new; everything again where a file was changed, removed, or comes before others.
    /// `true` where anything is otherwise than before.
    ///
    /// # Errors
    ///
    /// Where the folder itself can't be read. A file that can't be is told in the history.
    pub fn refresh(&mut self) -> Result<bool, ReadError> {
        let mut found = BTreeMap::new();
        scan(&self.root, DEPTH, &mut found)?;
        if found == self.seen {
            return Ok(false);
        }
        let only_new = self
            .seen
            .iter()
            .all(|(path, stamp)| found.get(path) == Some(stamp));
        let new = found.keys().filter(|path| !self.seen.contains_key(*path));
        let new: Vec<PathBuf> = new.cloned().collect();
        if !(only_new && self.add(new)) {
            let version = self.history.version;
            self.history = History {
                version,
                ..History::default()
            };
            self.add(found.keys().cloned().collect());
        }
        self.history.version += 1;
        self.seen = found;
        Ok(true)
    }

    /// Adds files in the order of their runs. `false` where one comes before what is known.
    fn add(&mut self, files: Vec<PathBuf>) -> bool {
        let mut runs = Vec::new();
        for path in files {
            match read(&path) {
                Ok(Some(Document::Run(report, started))) => runs.push((started, report, path)),
                Ok(Some(Document::Drill(drill))) => self.history.drills.push(*drill),
                Ok(None) => {}
                Err(why) => {
                    if self.history.problems.len() < TOLD {
                        let name = path.display();
                        self.history.problems.push(format!("`{name}`: {why}"));
                    }
                }
            }
        }
        let drills = &mut self.history.drills;
        drills.sort_by(|one, other| one.run.started_at.cmp(&other.run.started_at));
        runs.sort_by_key(|(started, ..)| *started);
        runs.into_iter()
            .all(|(started, report, path)| self.history.add(&report, started, path))
    }
}

enum Document {
    Run(Box<Report>, Timestamp),
    Drill(Box<DrillReport>),
}

/// The document in a file; `None` where it is none of keyproof's that a history is made of.
fn read(path: &Path) -> Result<Option<Document>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    // Cheap, and before the whole is read: other JSON files may lie about.
    let start: String = text.chars().take(200).collect();
    if start.contains("keyproof.report/v1") {
        let report = Report::from_json(&text).map_err(|error| error.to_string())?;
        let started = report.run.started_at.parse();
        let started = started.map_err(|error| format!("its start is no time: {error}"))?;
        return Ok(Some(Document::Run(Box::new(report), started)));
    }
    if start.contains(DrillReport::SCHEMA) {
        let drill = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        return Ok(Some(Document::Drill(drill)));
    }
    Ok(None)
}

fn scan(
    folder: &Path,
    depth: usize,
    found: &mut BTreeMap<PathBuf, Stamp>,
) -> Result<(), ReadError> {
    let failed = |source| ReadError {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        // Half-written files, and links that lead in circles.
        let Some(name) = name.filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            continue;
        };
        if metadata.is_dir() && depth > 0 {
            scan(&path, depth - 1, found)?;
        } else if metadata.is_file() && is_json(name) {
            let stamp = Stamp {
                modified: metadata.modified().ok(),
                length: metadata.len(),
            };
            found.insert(path, stamp);
        }
    }
    Ok(())
}

fn is_json(name: &str) -> bool {
    let extension = Path::new(name).extension();
    extension.is_some_and(|extension| extension == "json") && !name.ends_with(".dsse.json")
}
