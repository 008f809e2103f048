// SPDX-License-Identifier: Apache-2.0
//! Marks in the state table: what has been told to whom, so that a record that comes again is told
//! to nobody twice.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use keyproof_state::{Key, Noun};
use keyproof_store::{Query, Table, Write, Written};
use serde::{Deserialize, Serialize};

use crate::image::Record;
use crate::sink::SinkError;

/// What one sink has told of one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The plan's name.
    pub plan: String,
    /// The record, as [`Record::mark`] names it.
    pub record: String,
    /// The sink's name.
    pub sink: String,
    /// The parts that it has told: entries by their index, a run as `RUN`.
    pub parts: BTreeSet<String>,
    /// When the table forgets it: with the record.
    pub expires: i64,
}

impl Noun for Mark {
    const NOUN: &'static str = "a mark of publication";

    fn key(&self) -> Key {
        Key::published(&self.plan, &self.record, &self.sink)
    }
}

impl Mark {
    /// Nothing told yet.
    #[must_use]
    pub fn none(record: &Record, sink: &str) -> Self {
        Self {
            plan: record.plan().to_owned(),
            record: record.mark(),
            sink: sink.to_owned(),
            parts: BTreeSet::new(),
            expires: record.expires(),
        }
    }
}

/// A look at marks, or their writing.
pub type Marking<'a, T> = Pin<Box<dyn Future<Output = Result<T, SinkError>> + 'a>>;

/// Where marks are kept.
pub trait Marks {
    /// The marks of a record.
    fn of<'a>(&'a self, record: &'a Record) -> Marking<'a, Vec<Mark>>;

    /// Writes a mark in the place of the one before it.
    fn write<'a>(&'a self, mark: &'a Mark) -> Marking<'a, ()>;
}

/// The state table as the place for marks.
impl<T: Table> Marks for T {
    fn of<'a>(&'a self, record: &'a Record) -> Marking<'a, Vec<Mark>> {
        Box::pin(async move {
            let Key { pk, sk } = Key::published(record.plan(), &record.mark(), "");
            let items = self.query(&Query::prefix(pk, sk)).await?;
            items
                .into_iter()
                .map(|item| Ok(Mark::from_item(item)?))
                .collect()
        })
    }

    fn write<'a>(&'a self, mark: &'a Mark) -> Marking<'a, ()> {
        Box::pin(async move { put(self, mark).await })
    }
}

/// Writes a noun, whatever is there.
pub(crate) async fn put<T: Table, N: Noun>(table: &T, noun: &N) -> Result<(), SinkError> {
    match Table::write(table, &[Write::put(noun.to_item()?)]).await? {
        Written::Done => Ok(()),
        Written::Refused(_) | Written::Conflict => Err(SinkError::Contended(N::NOUN)),
    }
}
