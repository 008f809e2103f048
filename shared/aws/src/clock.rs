// SPDX-License-Identifier: Apache-2.0
//! This machine's clock beside the services': every reply says when it was made.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use keyproof_core::Service;

/// What one service's `Date` says of this machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The service.
    pub service: Service,
    /// How many seconds this machine is ahead of it; behind where negative.
    pub ahead_seconds: i64,
}

/// Reads the `Date` of every reply that passes through.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<Mutex<BTreeMap<&'static str, Sample>>>);

/// The reading of the quickest reply: the longer one was under way, the less it tells.
#[derive(Clone, Copy)]
struct Sample {
    reading: ClockReading,
    round_trip_ms: i64,
}

impl Watch {
    /// The same configuration, its replies looked at.
    pub(crate) fn over(&self, config: &SdkConfig) -> SdkConfig {
        let Some(inner) = config.http_client() else {
            return config.clone();
        };
        let watched = Watched {
            inner,
            watch: self.clone(),
        };
        let mut builder = config.to_builder();
        builder.set_http_client(Some(SharedHttpClient::new(watched)));
        builder.build()
    }

    /// One reading for each service that answered.
    pub(crate) fn readings(&self) -> Vec<ClockReading> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        samples.values().map(|sample| sample.reading).collect()
    }

    fn note(&self, service: Service, date: &str, sent: Timestamp, received: Timestamp) {
        let Ok(date) = DateTimeParser::new().parse_timestamp(date) else {
            return;
        };
        let (sent, received) = (sent.as_millisecond(), received.as_millisecond());
        let round_trip_ms = received.saturating_sub(sent);
        // A `Date` has no fractions: on average half a second is missing.
        let theirs = date.as_millisecond().saturating_add(500);
        let ahead = sent.midpoint(received).saturating_sub(theirs);
        let sample = Sample {
            reading: ClockReading {
                service,
                // Rounded to whole seconds.
                ahead_seconds: ahead.saturating_add(500).div_euclid(1000),
            },
            round_trip_ms,
        };
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = samples.get(service.as_str());
        if known.is_none_or(|known| known.round_trip_ms > round_trip_ms) {
            samples.insert(service.as_str(), sample);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Watch")
    }
}

#[derive(Debug)]
struct Watched {
    inner: SharedHttpClient,
    watch: Watch,
}

#[derive(Debug)]
struct WatchedConnector {
    inner: SharedHttpConnector,
    watch: Watch,
}

impl HttpClient for Watched {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(WatchedConnector {
            inner: self.inner.http_connector(settings, components),
            watch: self.watch.clone(),
        })
    }
}

impl HttpConnector for WatchedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = service(&request);
        let watch = self.watch.clone();
        let sent = Timestamp::now();
        let reply = self.inner.call(request);
        HttpConnectorFuture::new(async move {
            let reply = reply.await?;
            if let Some(date) = reply.headers().get("date") {
                watch.note(service, date, sent, Timestamp::now());
            }
            Ok(reply)
        })
    }
}

/// STS, alone of the three, speaks the query protocol, which has no target.
fn service(request: &HttpRequest) -> Service {
    match request.headers().get("x-amz-target") {
        Some(target) if target.starts_with("DynamoDB_") => Service::DynamoDb,
        Some(_) => Service::Kms,
        None => Service::Sts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply made at 12:00:00 that came within a second, read by a clock that says `ours`.
    fn reading(date: &str, ours: &str) -> Vec<ClockReading> {
        let watch = Watch::default();
        let sent: Timestamp = ours.parse().unwrap();
        let received = sent
            .checked_add(jiff::SignedDuration::from_secs(1))
            .unwrap();
        watch.note(Service::Kms, date, sent, received);
        watch.readings()
    }

    #[test]
    fn a_clock_is_held_against_the_date_of_a_reply() {
        let date = "Thu, 01 Oct 2026 12:00:00 GMT";
        for (ours, ahead_seconds) in [
            ("2026-10-01T12:00:00Z", 0),
            ("2026-10-01T12:05:00Z", 300),
            ("2026-10-01T11:52:00Z", -480),
        ] {
            let service = Service::Kms;
            assert_eq!(
                reading(date, ours),
                [ClockReading {
                    service,
                    ahead_seconds
                }],
                "{ours}"
            );
        }
    }

    #[test]
    fn what_is_no_date_tells_nothing() {
        assert_eq!(reading("yesterday", "2026-10-01T12:00:00Z"), []);
    }

    #[test]
    fn the_quickest_reply_counts() {
        let watch = Watch::default();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let date = "Thu, 01 Oct 2026 12:00:00 GMT";
        let start = at("2026-10-01T12:00:00Z");
        watch.note(Service::Sts, date, start, at("2026-10-01T12:00:40Z"));
        watch.note(Service::Sts, date, start, at("2026-10-01T12:00:01Z"));
        watch.note(Service::Sts, date, start, at("2026-10-01T12:01:00Z"));

        let ahead: Vec<i64> = watch
            .readings()
            .iter()
            .map(|one| one.ahead_seconds)
            .collect();

        assert_eq!(ahead, [0]);
    }
}
