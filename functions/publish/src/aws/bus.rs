// SPDX-License-Identifier: Apache-2.0
//! `EventBridge`.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_types::SdkConfig;

use super::Lazy;
use super::error::call;
use crate::event::{Event, SOURCE};
use crate::sinks::{Calling, PutEvents, Refused};

/// What it needs.
pub(super) const IAM_ACTIONS: &[&str] = &["events:PutEvents"];

/// A bus.
#[derive(Debug)]
pub(super) struct Bus {
    client: Lazy<Client>,
    name: String,
}

impl Bus {
    pub(super) const fn new(config: SdkConfig, name: String) -> Self {
        Self {
            client: Lazy::new(config),
            name,
        }
    }

    fn entry(&self, event: &Event) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.detail_type)
            .time(DateTime::from_millis(event.time.as_millisecond()))
            .set_resources(Some(event.resources.clone()))
            .detail(&event.detail)
            .build()
    }
}

impl PutEvents for Bus {
    fn put<'a>(&'a self, events: &'a [Event]) -> Calling<'a, Vec<Option<Refused>>> {
        Box::pin(async move {
            let entries = events.iter().map(|event| self.entry(event)).collect();
            let call_it = self.client.get(Client::new).put_events();
            let sent = call_it.set_entries(Some(entries)).send().await;
            let answer = sent.map_err(|error| call("events:PutEvents", &error))?;
            // An entry without an answer was not taken, as far as anybody knows.
            let mut answers = answer.entries().iter();
            Ok(events
                .iter()
                .map(|_| match answers.next() {
                    Some(answer) => answer.error_code().map(|code| {
                        format!("{code}: {}", answer.error_message().unwrap_or_default())
                    }),
                    None => Some("no answer for it".to_owned()),
                })
                .collect())
        })
    }
}
