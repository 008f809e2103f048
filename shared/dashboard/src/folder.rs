// SPDX-License-Identifier: Apache-2.0
//! Reports in a folder: those of `verify --format json`, of `verify --record`, and of drills.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use keyproof_drill::DrillReport;
use keyproof_verdict::Report;
use thiserror::Error;

use crate::history::{History, Place, RunRow, Schedule};
use crate::source::Source;

/// What keeps runs in a folder.
const HINT: &str = "<code>keyproof verify --record FOLDER</code> keeps runs, and so does <code>--format json --output \
                    FOLDER/run.json</code>.";

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
    interval_minutes: Option<u32>,
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
            interval_minutes: None,
            seen: BTreeMap::new(),
            history: nothing(0),
        }
    }

    /// Its plans are run this often. A folder doesn't know.
    #[must_use]
    pub fn with_interval(mut self, minutes: Option<u32>) -> Self {
        self.interval_minutes = minutes;
        self
    }

    /// Reads what is new; everything again where a file was changed, removed, or comes before others.
    /// `true` where anything is otherwise than before. A file that can't be read is told in the history.
    fn read(&mut self) -> Result<bool, ReadError> {
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
            self.history = nothing(self.history.version);
            self.add(found.keys().cloned().collect());
        }
        for plan in self.history.plans.values_mut() {
            plan.schedule = Schedule {
                interval_minutes: self.interval_minutes,
                ..Schedule::default()
            };
        }
        self.history.version += 1;
        self.seen = found;
        Ok(true)
    }

    /// Adds files in the order of their runs. `false` where one comes before what is known.
    fn add(&mut self, files: Vec<PathBuf>) -> bool {
        let mut runs = Vec::new();
        for path in files {
            match document(&path) {
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

/// A history of nothing.
fn nothing(version: u64) -> History {
    History {
        hint: HINT,
        version,
        ..History::default()
    }
}

impl Source for Folder {
    type Error = ReadError;

    const REFRESH: Duration = Duration::from_secs(2);

    fn history(&self) -> &History {
        &self.history
    }

    /// Apart from the pages, which are answered meanwhile.
    async fn refresh(&mut self) -> Result<bool, ReadError> {
        let empty = Self::new(&self.root).with_interval(self.interval_minutes);
        let mut folder = std::mem::replace(self, empty);
        let read = tokio::task::spawn_blocking(move || {
            let read = folder.read();
            (folder, read)
        });
        let (folder, read) = read.await.map_err(|error| ReadError {
            path: self.root.clone(),
            source: io::Error::other(error),
        })?;
        *self = folder;
        read
    }

    async fn report(&mut self, _plan: &str, run: &RunRow) -> Option<Report> {
        let Place::File(file) = &run.place else {
            return None;
        };
        let text = fs::read_to_string(file).ok()?;
        Report::from_json(&text)
            .ok()
            .filter(|report| report.run.id == run.id)
    }
}

enum Document {
    Run(Box<Report>, Timestamp),
    Drill(Box<DrillReport>),
}

/// The document in a file; `None` where it is none of keyproof's that a history is made of.
fn document(path: &Path) -> Result<Option<Document>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    // Cheap, and before the whole is read: other JSON files may lie about.
    let start: String = text.chars().take(200).collect();
    // Of any version: a newer one is told, and not passed over.
    if start.contains("keyproof.report/") {
        let report = Report::from_json(&text).map_err(|error| error.to_string())?;
        let started = report.run.started_at.parse();
        let started = started.map_err(|error| format!("its start is no time: {error}"))?;
        return Ok(Some(Document::Run(Box::new(report), started)));
    }
    if start.contains("keyproof.drill/") {
        let drill = DrillReport::from_json(&text).map_err(|error| error.to_string())?;
        return Ok(Some(Document::Drill(Box::new(drill))));
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
