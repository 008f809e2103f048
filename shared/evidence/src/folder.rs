// SPDX-License-Identifier: Apache-2.0
//! Records in a folder: what a laptop or a CI job keeps.
//!
//! One folder for each plan, with `records`, `reports` and `plans` in it. Writers take turns by a lock;
//! each file is written beside its place, synchronised and renamed. The record comes last: a run is
//! in the folder once its record is, and a crash before that leaves nothing that counts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use keyproof_verdict::Report;
use thiserror::Error;

use crate::digest::Digest;
use crate::key::Sign;
use crate::ledger::{Stored, directory_name, plan_file, record_file, record_number, report_file};
use crate::pack::{PLANS, PlanOfSource, RECORDS, REPORTS, Source};
use crate::period::Period;
use crate::record::{Record, RecordError, Signed};

const LOCK: &str = ".lock";

/// A folder of records.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
    interval_minutes: Option<u32>,
}

/// Why a folder of records can't be read or added to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file or folder can't be used.
    #[error("cannot {what} `{}`: {source}", path.display())]
    Io {
        /// Read, write, …
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A record that can't be followed by another.
    #[error(
        "`{}` is no record that another could follow: {source}; verify the folder before you go on", path.display()
    )]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RecordError,
    },
    /// A record that doesn't stand in its place.
    #[error("`{}` holds record {commit} of the plan `{plan}`", path.display())]
    Place {
        /// The file.
        path: PathBuf,
        /// The plan that it names.
        plan: String,
        /// The number that it names.
        commit: u64,
    },
    /// A report that no record can be made of.
    #[error("no record can be made of this run: {0}")]
    Report(RecordError),
}

impl Folder {
    /// The folder at this path, whether it is there yet or not.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            interval_minutes: None,
        }
    }

    /// Its plans were to run this often. A folder doesn't know.
    #[must_use]
    pub fn with_interval(mut self, minutes: Option<u32>) -> Self {
        self.interval_minutes = minutes;
        self
    }

    /// Adds a run: its plan, its report as it is to be stored, and its record, which is returned.
    ///
    /// # Errors
    ///
    /// Where the folder can't be written to, its last record can't be followed, or the signer can't
    /// sign. Then the run is not in the folder.
    pub async fn append(
        &self,
        plan_text: &[u8],
        report: &Report,
        stored: &[u8],
        signer: &impl Sign,
    ) -> Result<Signed, FolderError> {
        let plan = self.root.join(directory_name(&report.plan.name));
        for kind in [RECORDS, REPORTS, PLANS] {
            let path = plan.join(kind);
            fs::create_dir_all(&path).map_err(failed("create", &path))?;
        }
        // Held until the file is closed, at the latest when the process ends.
        let _lock = lock(&plan.join(LOCK))?;
        let records = plan.join(RECORDS);
        let last = numbers(&records)?.pop();
        let (commit, previous) = match last {
            None => (1, None),
            Some(last) => (last + 1, Some(followed(&records, last, report)?)),
        };
        let record = Record::of(report, stored, commit, previous, signer.public_key().id())
            .map_err(FolderError::Report)?;
        let digest = record.plan.digest;
        let stored_record = record
            .sign(signer)
            .await
            .map_err(|error| FolderError::Report(error.into()))?;
        put(&plan.join(PLANS), &plan_file(&digest), plan_text)?;
        put(&plan.join(REPORTS), &report_file(commit), stored)?;
        put(&records, &record_file(commit), &stored_record.bytes)?;
        Ok(stored_record)
    }

    /// A run of a plan, where it is there.
    ///
    /// # Errors
    ///
    /// Where a file is there but can't be read.
    pub fn run(&self, plan: &str, commit: u64) -> Result<Option<Stored>, FolderError> {
        let directory = self.root.join(directory_name(plan));
        let Some(record) = read(&directory.join(RECORDS).join(record_file(commit)))? else {
            return Ok(None);
        };
        Ok(Some(Stored {
            commit,
            record,
            report: read(&directory.join(REPORTS).join(report_file(commit)))?,
        }))
    }

    /// The numbers of a plan's runs, in order.
    ///
    /// # Errors
    ///
    /// Where the folder can't be read.
    pub fn runs(&self, plan: &str) -> Result<Vec<u64>, FolderError> {
        let records = self.root.join(directory_name(plan)).join(RECORDS);
        numbers(&records)
    }

    /// The names of the plans, as their latest records have them, in order.
    ///
    /// # Errors
    ///
    /// Where the folder or a latest record can't be read.
    pub fn names(&self) -> Result<Vec<String>, FolderError> {
        let mut names = Vec::new();
        let entries = fs::read_dir(&self.root).map_err(failed("read", &self.root))?;
        for entry in entries {
            let path = entry.map_err(failed("read", &self.root))?.path();
            let records = path.join(RECORDS);
            if !records.is_dir() {
                continue;
            }
            // The first that can be read: any one of them knows the plan's name.
            let mut unread = None;
            for commit in numbers(&records)?.into_iter().rev() {
                match named(&records, commit) {
                    Ok(record) => {
                        names.push(record.plan.name);
                        unread = None;
                        break;
                    }
                    Err(error) => unread = unread.or(Some(error)),
                }
            }
            if let Some(error) = unread {
                return Err(error);
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

impl Source for Folder {
    type Error = FolderError;

    async fn plans(&self) -> Result<Vec<PlanOfSource>, FolderError> {
        let names = self.names()?.into_iter();
        Ok(names
            .map(|name| PlanOfSource {
                name,
                interval_minutes: self.interval_minutes,
                runs: Vec::new(),
            })
            .collect())
    }

    async fn records(
        &self,
        plan: &str,
        _period: &Period,
    ) -> Result<Vec<(u64, Vec<u8>)>, FolderError> {
        let records = self.root.join(directory_name(plan)).join(RECORDS);
        let mut found = Vec::new();
        for commit in numbers(&records)? {
            let path = records.join(record_file(commit));
            let bytes = fs::read(&path).map_err(failed("read", &path))?;
            found.push((commit, bytes));
        }
        Ok(found)
    }

    async fn report(&self, plan: &str, commit: u64) -> Result<Option<Vec<u8>>, FolderError> {
        let directory = self.root.join(directory_name(plan));
        read(&directory.join(REPORTS).join(report_file(commit)))
    }

    async fn plan(&self, plan: &str, digest: &Digest) -> Result<Option<Vec<u8>>, FolderError> {
        let directory = self.root.join(directory_name(plan));
        read(&directory.join(PLANS).join(plan_file(digest)))
    }
}

fn failed(what: &'static str, path: &Path) -> impl Fn(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Io {
        what,
        path: path.clone(),
        source,
    }
}

/// The digest of the last record, once it is seen to be one that this run's can follow.
fn followed(records: &Path, last: u64, report: &Report) -> Result<Digest, FolderError> {
    let record = named(records, last)?;
    if record.plan.name != report.plan.name || record.run.commit != last {
        return Err(FolderError::Place {
            path: records.join(record_file(last)),
            plan: record.plan.name,
            commit: record.run.commit,
        });
    }
    let path = records.join(record_file(last));
    let bytes = fs::read(&path).map_err(failed("read", &path))?;
    Ok(Digest::of(&bytes))
}

fn named(records: &Path, commit: u64) -> Result<Record, FolderError> {
    let path = records.join(record_file(commit));
    let bytes = fs::read(&path).map_err(failed("read", &path))?;
    Record::read(&bytes).map_err(|source| FolderError::Record { path, source })
}

/// The numbers that files in a folder are named by, in order. Others, such as a writer's unfinished
/// ones, are passed over.
fn numbers(folder: &Path) -> Result<Vec<u64>, FolderError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let name = entry.map_err(failed("read", folder))?.file_name();
        found.extend(name.to_str().and_then(record_number));
    }
    found.sort_unstable();
    Ok(found)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, FolderError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

fn lock(path: &Path) -> Result<File, FolderError> {
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .map_err(failed("open", path))?;
    file.lock().map_err(failed("lock", path))?;
    Ok(file)
}

/// Puts a file in its place, whole or not at all. The lock makes the name beside it ours.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
    let path = folder.join(name);
    let beside = folder.join(format!(".{name}.tmp"));
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        synchronise(folder)
    });
    written.map_err(failed("write", &path))
}

/// The rename itself reaches the disk with the folder.
#[cfg(unix)]
fn synchronise(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Folders can't be synchronised here.
#[cfg(not(unix))]
fn synchronise(_: &Path) -> io::Result<()> {
    Ok(())
}
