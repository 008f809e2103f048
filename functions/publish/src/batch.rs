// SPDX-License-Identifier: Apache-2.0
//! The order in which records are told, and what is brought again.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::home::Home;
use crate::image::Record;
use crate::marks::{Mark, Marks};
use crate::request::StreamRecord;
use crate::run::{ReadRun, Run};
use crate::sink::{About, Sink, SinkError, Told};

/// What Lambda is told of a batch: where to go on from. Nothing, where all was told.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchAnswer {
    /// The first record that was not told to everybody, where there is one.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<Failure>,
}

/// A record to be brought again, and all after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// Its sequence number.
    #[serde(rename = "itemIdentifier")]
    pub sequence_number: String,
}

/// Who tells what to whom.
pub(crate) struct Teller<'a> {
    pub(crate) marks: &'a dyn Marks,
    pub(crate) runs: &'a dyn ReadRun,
    pub(crate) sinks: &'a [Box<dyn Sink>],
    pub(crate) home: &'a Home,
    /// What waits: all of a plan for a sink that could not be told of something before it. `None`
    /// stands for every sink.
    held: BTreeSet<(String, Option<&'static str>)>,
}

impl<'a> Teller<'a> {
    pub(crate) const fn new(
        marks: &'a dyn Marks,
        runs: &'a dyn ReadRun,
        sinks: &'a [Box<dyn Sink>],
        home: &'a Home,
    ) -> Self {
        Self {
            marks,
            runs,
            sinks,
            home,
            held: BTreeSet::new(),
        }
    }

    /// Tells a batch. Every record is tried, as far as nothing of its plan waits before it, so that
    /// one sink's failure keeps no other from being told.
    pub(crate) async fn batch(
        &mut self,
        records: &[StreamRecord],
        time_is_up: &dyn Fn() -> bool,
    ) -> BatchAnswer {
        let mut first: Option<&str> = None;
        for record in records {
            let sequence_number = record.dynamodb.sequence_number.as_str();
            if time_is_up() {
                tracing::warn!(
                    sequence_number,
                    "no time left: the rest of the batch is for later"
                );
                first.get_or_insert(sequence_number);
                break;
            }
            if !self.stream_record(record).await {
                first.get_or_insert(sequence_number);
            }
        }
        let failures = first.map(|sequence_number| Failure {
            sequence_number: sequence_number.to_owned(),
        });
        BatchAnswer {
            failures: failures.into_iter().collect(),
        }
    }

    async fn stream_record(&mut self, record: &StreamRecord) -> bool {
        // The outbox is written once; nothing else is told.
        if record.event_name != "INSERT" {
            return true;
        }
        match Record::of_image(&record.dynamodb.new_image) {
            Ok(None) => true,
            Ok(Some(record)) => self.record(&record).await,
            Err(error) => {
                let sequence_number = &record.dynamodb.sequence_number;
                tracing::error!(sequence_number, %error, "a record can't be read");
                // What it changed is unknown, and so is what may be told after it.
                if let Some(plan) = Record::plan_of_image(&record.dynamodb.new_image) {
                    self.held.insert((plan.to_owned(), None));
                }
                false
            }
        }
    }

    /// Tells a record to every sink that hasn't been told: whether all of them have been, now.
    pub(crate) async fn record(&mut self, record: &Record) -> bool {
        let (plan, name) = (record.plan(), record.mark());
        if self.held.contains(&(plan.to_owned(), None)) {
            return false;
        }
        let marks = match self.marks.of(record).await {
            Ok(marks) => marks,
            Err(error) => {
                tracing::error!(plan, record = name, %error, "nobody was told: the marks are out of reach");
                self.held.insert((plan.to_owned(), None));
                return false;
            }
        };
        let run = Run::new(record, self.runs);
        let about = About {
            record,
            run: &run,
            home: self.home,
        };
        let mut all = true;
        for sink in self.sinks {
            let holds = (plan.to_owned(), Some(sink.name()));
            if self.held.contains(&holds) {
                all = false;
                continue;
            }
            let mark = marks.iter().find(|mark| mark.sink == sink.name());
            let mark = mark
                .cloned()
                .unwrap_or_else(|| Mark::none(record, sink.name()));
            let mut told = Told::new(self.marks, mark);
            let result: Result<(), SinkError> = sink.tell(&about, &mut told).await;
            if let Err(error) = result {
                tracing::error!(plan, record = name, sink = sink.name(), %error, "not told");
                self.held.insert(holds);
                all = false;
            }
        }
        all
    }
}
