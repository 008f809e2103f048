// SPDX-License-Identifier: Apache-2.0
//! A run that was cut off, to be gone on from.

use std::fmt;
use std::io;

use jiff::Timestamp;
use keyproof_verdict::{CallRow, Kept, NoteRow, ProbeRow, Report, Sentinel};
use ulid::Ulid;

use crate::verify::note;

/// The rows of an earlier part of a run, read when they are asked for.
pub type EarlierRows<'a> = Box<dyn Iterator<Item = io::Result<(usize, ProbeRow)>> + 'a>;

/// An earlier part of a run.
pub struct Cut<'a> {
    /// The run's id, which stays.
    pub id: Ulid,
    /// When the run began.
    pub started_at: Timestamp,
    /// The account under test, where it was known.
    pub account: Option<String>,
    /// The probes that are not asked again.
    pub kept: Kept,
    /// All rows of the part, kept or not, with their places in plan order. Read more than once where the
    /// run has to begin again.
    pub rows: Box<dyn Fn() -> io::Result<EarlierRows<'a>> + 'a>,
    /// The calls that it made, as far as it lived to count them.
    pub calls: Vec<CallRow>,
    /// Its notes.
    pub notes: Vec<NoteRow>,
    /// Its sentinel.
    pub sentinel: Option<Sentinel>,
}

impl fmt::Debug for Cut<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Cut")
            .field("id", &self.id)
            .field("started_at", &self.started_at)
            .finish_non_exhaustive()
    }
}

impl Cut<'_> {
    /// Adds to the run's report what only the earlier part knows, and says that there was one.
    pub(crate) fn add_to(&self, report: &mut Report, resumed_at: Timestamp) {
        let began = format!(
            "the run began at {:.3} and was cut off; it was resumed at {resumed_at:.3}, when {} of {} \
             probes were kept as they had been found",
            self.started_at,
            self.kept.count(),
            report.summary.planned,
        );
        let mut notes: Vec<_> = self
            .notes
            .iter()
            .filter(|note| note.kind != "interrupted")
            .cloned()
            .collect();
        notes.push(note("resumed", began));
        for own in std::mem::take(&mut report.notes) {
            if !notes.contains(&own) {
                notes.push(own);
            }
        }
        report.notes = notes;
        CallRow::add(&mut report.calls, self.calls.iter().cloned());
        // A part that was asleep kept no pass: its rows are blind, and asked again.
        let earlier = self.sentinel.clone().filter(|sentinel| sentinel.awake);
        let parts = report.sentinel.take().into_iter().chain(earlier);
        report.sentinel = Some(Sentinel::merged(parts));
    }
}
