// SPDX-License-Identifier: Apache-2.0
//! The topic: pages, for people.

use super::Calling;
use crate::Record;
use crate::page::Page;
use crate::run::Archive;
use crate::sink::{About, Sink, Telling, Told};

/// A message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line of ASCII, shorter than 100 characters.
    pub subject: String,
    /// The text.
    pub body: String,
    /// What a subscription's filter policy can match: `plan`, `kind`, `finding`, `id`.
    pub attributes: Vec<(&'static str, String)>,
}

/// Publishes a message.
pub trait PublishMessage {
    /// One call.
    fn publish<'a>(&'a self, message: &'a Message) -> Calling<'a, ()>;
}

/// The sink.
#[derive(Debug)]
pub struct Topic<Port> {
    port: Port,
    archive: Archive,
}

impl<Port: PublishMessage> Topic<Port> {
    /// The topic behind `port`; its messages say that reports are in `archive`.
    pub const fn new(port: Port, archive: Archive) -> Self {
        Self { port, archive }
    }
}

impl<Port: PublishMessage> Sink for Topic<Port> {
    fn name(&self) -> &'static str {
        "topic"
    }

    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a> {
        Box::pin(async move {
            let Record::Change(change) = about.record else {
                return Ok(());
            };
            for page in Page::all(change) {
                // A page is told whole: its first entry stands for all of them.
                if page.parts().all(|part| told.has(part)) {
                    continue;
                }
                let run = about.run.whole().await?;
                let command = self.archive.command(&self.archive.location(&run.item));
                let message = Message {
                    subject: page.subject(),
                    body: page.body(&run.report, &command),
                    attributes: vec![
                        ("plan", change.plan.clone()),
                        ("kind", page.kind.as_str().to_owned()),
                        ("finding", page.finding.as_str().to_owned()),
                        ("id", page.id().to_owned()),
                    ],
                };
                self.port.publish(&message).await?;
                told.mark(page.parts()).await?;
            }
            Ok(())
        })
    }
}
