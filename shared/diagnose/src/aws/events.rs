// SPDX-License-Identifier: Apache-2.0
//! CloudTrail's events.

use std::time::Duration;

use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use aws_types::region::Region;
use serde_json::Value;

use super::{Aws, answer};
use crate::port::{Event, LookUpEvents};

/// Pages of events: 50 a page, two calls a second. A call that comes too soon is tried again.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>
const MOST_EVENT_PAGES: usize = 6;
const BETWEEN_LOOK_UPS: Duration = Duration::from_millis(600);

impl LookUpEvents for Aws {
    async fn look_up(&self, region: &str, resource: &str) -> Result<Vec<Event>, String> {
        let config = self
            .config
            .to_builder()
            .region(Region::new(region.to_owned()))
            .build();
        let client = aws_sdk_cloudtrail::Client::new(&config);
        let attribute = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::ResourceName)
            .attribute_value(resource)
            .build()
            .map_err(|error| error.to_string())?;
        let mut events = Vec::new();
        let mut token: Option<String> = None;
        for page in 0..MOST_EVENT_PAGES {
            if page > 0 {
                tokio::time::sleep(BETWEEN_LOOK_UPS).await;
            }
            let request = client.lookup_events().lookup_attributes(attribute.clone());
            let request = request.set_next_token(token.take()).send();
            let found = match answer("cloudtrail:LookupEvents", resource, request).await {
                Ok(found) => found,
                // An emulator without a trail has no events to tell of.
                Err(failed) if failed.code.as_deref().is_some_and(is_unknown) => break,
                Err(failed) => return Err(failed.into()),
            };
            events.extend(found.events().iter().filter_map(event));
            match found.next_token() {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
        // Newest come first, so that what was not looked through is older.
        Ok(events)
    }
}

fn is_unknown(code: &str) -> bool {
    matches!(code, "InvalidAction" | "UnknownOperationException")
}

fn event(found: &aws_sdk_cloudtrail::types::Event) -> Option<Event> {
    let record: Value = serde_json::from_str(found.cloud_trail_event()?).ok()?;
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Event {
        name: text("eventName").or_else(|| found.event_name().map(str::to_owned))?,
        id: text("eventID").or_else(|| found.event_id().map(str::to_owned))?,
        at: text("eventTime")?,
        record,
    })
}
