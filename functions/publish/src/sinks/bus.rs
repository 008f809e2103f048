// SPDX-License-Identifier: Apache-2.0
//! The event bus: every run and every entry, an event each.

use super::Calling;
use crate::Record;
use crate::event::{Event, of_entry, run_completed};
use crate::run::Archive;
use crate::sink::{About, Sink, SinkError, Telling, Told};

/// Why an entry was refused: code and sentence.
pub type Refused = String;

/// Puts events onto the bus.
pub trait PutEvents {
    /// One call: at most [`EventBus::MOST_ENTRIES`] events of at most [`EventBus::MOST_BYTES`]
    /// together. For each event, in order, whether it was refused.
    fn put<'a>(&'a self, events: &'a [Event]) -> Calling<'a, Vec<Option<Refused>>>;
}

/// The sink.
#[derive(Debug)]
pub struct EventBus<Port> {
    port: Port,
    archive: Archive,
}

impl<Port: PutEvents> EventBus<Port> {
    /// How many events a call takes.
    /// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
    pub const MOST_ENTRIES: usize = 10;
    /// How many bytes.
    pub const MOST_BYTES: usize = 256 * 1024;

    /// The bus behind `port`; its events say that reports are in `archive`.
    pub const fn new(port: Port, archive: Archive) -> Self {
        Self { port, archive }
    }

    async fn events(&self, about: &About<'_>, told: &Told<'_>) -> Result<Vec<Event>, SinkError> {
        match about.record {
            Record::Run(run) if !told.has(Self::RUN) => {
                Ok(vec![run_completed(run, self.archive.location(run))?])
            }
            Record::Run(_) => Ok(Vec::new()),
            Record::Change(change) => {
                let untold = change.entries.iter();
                let mut untold = untold
                    .filter(|entry| !told.has(crate::event::part(entry)))
                    .peekable();
                if untold.peek().is_none() {
                    return Ok(Vec::new());
                }
                let run = &about.run.whole().await?.item;
                let location = self.archive.location(run);
                untold
                    .map(|entry| {
                        Ok(of_entry(
                            change,
                            entry,
                            &run.report_digest,
                            location.clone(),
                        )?)
                    })
                    .collect()
            }
        }
    }

    const RUN: &'static str = "RUN";
}

impl<Port: PutEvents> Sink for EventBus<Port> {
    fn name(&self) -> &'static str {
        "events"
    }

    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a> {
        Box::pin(async move {
            let events = self.events(about, told).await?;
            for call in calls(&events, Self::MOST_ENTRIES, Self::MOST_BYTES) {
                let refused = self.port.put(call).await?;
                let answers = || call.iter().zip(&refused);
                let taken: Vec<_> = answers()
                    .filter_map(|(event, refused)| refused.is_none().then_some(&event.part))
                    .collect();
                let count = taken.len();
                // What was taken is marked, so that only what was refused is put again.
                told.mark(taken).await?;
                if count < call.len() {
                    let first = answers().find_map(|(_, refused)| refused.clone());
                    return Err(SinkError::Partly {
                        action: "events:PutEvents",
                        taken: count,
                        all: call.len(),
                        message: first.unwrap_or_else(|| "no answer for it".to_owned()),
                    });
                }
            }
            Ok(())
        })
    }
}

/// The events in as few calls as may be, in order.
fn calls(events: &[Event], most: usize, bytes: usize) -> Vec<&[Event]> {
    let mut calls = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (index, event) in events.iter().enumerate() {
        let full = index - start >= most || size + event.size() > bytes;
        if full && index > start {
            calls.extend(events.get(start..index));
            (start, size) = (index, 0);
        }
        size += event.size();
    }
    calls.extend(events.get(start..).filter(|rest| !rest.is_empty()));
    calls
}
