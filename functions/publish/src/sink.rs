// SPDX-License-Identifier: Apache-2.0
//! Who is told: a sink takes a record, and marks each part of it that it has told.
//!
//! A mark is set after the telling and never before: what is lost between the two is told again, as
//! a message too many is better than none. Each message carries the id of what it tells, by which a
//! consumer drops the second.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use keyproof_state::ItemError;
use keyproof_store::{StoreError, TableError};
use thiserror::Error;

use crate::home::Home;
use crate::image::Record;
use crate::marks::{Mark, Marks};
use crate::run::Run;

/// A sink's work on one record.
pub type Telling<'a> = Pin<Box<dyn Future<Output = Result<(), SinkError>> + 'a>>;

/// Somebody who is told of what the state table learnt: a bus, a topic, a hub, an archive.
///
/// The function gives each sink a plan's records in the order in which they were committed, and
/// gives it none of a plan while an earlier one of that plan is untold.
pub trait Sink {
    /// Its name in marks and in the log; it never changes, or everything is told again.
    fn name(&self) -> &'static str;

    /// Tells what of the record is untold, and marks each part as soon as it is told.
    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a>;
}

impl<S: Sink> Sink for Rc<S> {
    fn name(&self) -> &'static str {
        S::name(self)
    }

    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a> {
        S::tell(self, about, told)
    }
}

/// A record, and the way to the run that it came from.
pub struct About<'a> {
    /// The record.
    pub record: &'a Record,
    /// The run and its report, read when somebody asks for it.
    pub run: &'a Run<'a>,
    /// Where the function lives.
    pub home: &'a Home,
}

impl std::fmt::Debug for About<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("About")
            .field("record", &self.record.mark())
            .finish_non_exhaustive()
    }
}

/// What of one record a sink has told already.
pub struct Told<'a> {
    marks: &'a dyn Marks,
    mark: Mark,
}

impl std::fmt::Debug for Told<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Told")
            .field("mark", &self.mark)
            .finish_non_exhaustive()
    }
}

impl<'a> Told<'a> {
    /// What `mark` says has been told.
    pub(crate) const fn new(marks: &'a dyn Marks, mark: Mark) -> Self {
        Self { marks, mark }
    }

    /// Whether this part has been told.
    #[must_use]
    pub fn has(&self, part: &str) -> bool {
        self.mark.parts.contains(part)
    }

    /// Marks parts as told.
    ///
    /// # Errors
    ///
    /// Where the mark can't be written: the parts will be told again.
    pub async fn mark(
        &mut self,
        parts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<(), SinkError> {
        let before = self.mark.parts.len();
        self.mark.parts.extend(parts.into_iter().map(Into::into));
        if self.mark.parts.len() == before {
            return Ok(());
        }
        self.marks.write(&self.mark).await
    }
}

/// Why somebody was not told. Lambda brings the record again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SinkError {
    /// AWS refused a call, or didn't answer.
    #[error("{action} failed: {message}")]
    Call {
        /// The action, as IAM names it.
        action: &'static str,
        /// AWS's code and sentence.
        message: String,
    },
    /// AWS took the call, and refused a part of it.
    #[error("{action} took {taken} of {all}; the first that it refused: {message}")]
    Partly {
        /// The action, as IAM names it.
        action: &'static str,
        /// How many it took.
        taken: usize,
        /// Of how many.
        all: usize,
        /// The first refusal.
        message: String,
    },
    /// The state table or the report bucket is out of reach, or holds what this version can't read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody else writes the same item.
    #[error("{0} in the state table is being written by somebody else")]
    Contended(&'static str),
    /// The run of a change can't be read.
    #[error("the report of the run is out of reach: {0}")]
    NoReport(String),
    /// A commit that a sweep found untold, and could not tell.
    #[error("commit {0} is not told to everybody")]
    CommitUntold(u64),
    /// A record of evidence that can't be made, or stands where another should.
    #[error("no evidence of the run: {0}")]
    Evidence(String),
    /// A log that can't be written to.
    #[error("the log can't be written: {0}")]
    Log(#[from] std::io::Error),
    /// A message that can't be put into words of JSON.
    #[error("a message can't be written: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<TableError> for SinkError {
    fn from(error: TableError) -> Self {
        Self::Store(error.into())
    }
}

impl From<ItemError> for SinkError {
    fn from(error: ItemError) -> Self {
        Self::Store(error.into())
    }
}
