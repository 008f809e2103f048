// SPDX-License-Identifier: Apache-2.0
//! The function as it is deployed, put together from its environment.

use std::collections::BTreeMap;
use std::io::Stdout;
use std::rc::Rc;

use aws_config::BehaviorVersion;
use jiff::SignedDuration;
use keyproof_store::{DynamoTable, S3Reports, SqsQueue, Store};
use keyproof_vault::EvidenceBucket;

use super::bus::Bus;
use super::evidence::EvidenceKey;
use super::hub::SecurityHub;
use super::objects::Bucket;
use super::topic::SnsTopic;
use crate::error::HandlerError;
use crate::publisher::Publisher;
use crate::run::Archive;
use crate::sink::Sink;
use crate::sinks::{Archives, EventBus, EvidenceVault, Hub, Log, Renew, Topic};
use crate::sweep::Times;

/// The function with AWS behind it.
pub type Aws = Publisher<DynamoTable, S3Reports, SqsQueue>;

/// The function's environment, read. A sink that isn't named isn't told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `KEYPROOF_STATE_TABLE`.
    pub state_table: String,
    /// `KEYPROOF_STATE_ENDPOINT_URL`: where the state table is, if not where all else is.
    pub state_endpoint: Option<String>,
    /// `KEYPROOF_REPORT_BUCKET`: reports that are too large for the table, and what changed as OCSF.
    pub report_bucket: Option<String>,
    /// `KEYPROOF_QUEUE_URL`: runs that are due.
    pub queue_url: Option<String>,
    /// `KEYPROOF_EVENT_BUS`, else the default bus.
    pub event_bus: String,
    /// `KEYPROOF_TOPIC_ARN`: people.
    pub topic_arn: Option<String>,
    /// `KEYPROOF_EVIDENCE_BUCKET` and `KEYPROOF_SIGNING_KEY`: where signed records of runs are kept, and
    /// the key's ARN.
    pub evidence: Option<(String, String)>,
    /// `KEYPROOF_SECURITY_HUB`: `on` or `off`.
    pub security_hub: bool,
    /// `KEYPROOF_REMINDER_HOURS`.
    pub remind_after: SignedDuration,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Where a variable is missing or unusable: all of them.
    pub fn read(
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, HandlerError> {
        let mut all: BTreeMap<_, _> = environment.into_iter().collect();
        // The template gives a part that is left out the empty string.
        let mut take = |name: &str| all.remove(name).filter(|value| !value.is_empty());
        let mut wrong = Vec::new();
        let state_table = take("KEYPROOF_STATE_TABLE").unwrap_or_else(|| {
            wrong.push("`KEYPROOF_STATE_TABLE` is not set".to_owned());
            String::new()
        });
        let security_hub = match take("KEYPROOF_SECURITY_HUB").as_deref() {
            None | Some("off") => false,
            Some("on") => true,
            Some(other) => {
                wrong.push(format!(
                    "`KEYPROOF_SECURITY_HUB` is `{other}`; expected `on` or `off`"
                ));
                false
            }
        };
        let evidence = match (
            take("KEYPROOF_EVIDENCE_BUCKET"),
            take("KEYPROOF_SIGNING_KEY"),
        ) {
            (Some(bucket), Some(key)) => Some((bucket, key)),
            (None, None) => None,
            _ => {
                wrong.push(
                    "of `KEYPROOF_EVIDENCE_BUCKET` and `KEYPROOF_SIGNING_KEY` one is not set; evidence needs both"
                        .to_owned(),
                );
                None
            }
        };
        let remind_after = match take("KEYPROOF_REMINDER_HOURS") {
            None => Times::default().remind_after,
            Some(text) => {
                let hours = text.parse().ok().filter(|hours| (1..=8760).contains(hours));
                if hours.is_none() {
                    wrong.push(format!(
                        "`KEYPROOF_REMINDER_HOURS` is `{text}`; expected a number from 1 to 8760"
                    ));
                }
                SignedDuration::from_hours(hours.unwrap_or_default())
            }
        };
        let settings = Self {
            state_table,
            state_endpoint: take("KEYPROOF_STATE_ENDPOINT_URL"),
            report_bucket: take("KEYPROOF_REPORT_BUCKET"),
            queue_url: take("KEYPROOF_QUEUE_URL"),
            event_bus: take("KEYPROOF_EVENT_BUS").unwrap_or_else(|| "default".to_owned()),
            topic_arn: take("KEYPROOF_TOPIC_ARN"),
            evidence,
            security_hub,
            remind_after,
        };
        if wrong.is_empty() {
            Ok(settings)
        } else {
            Err(HandlerError::Configuration(wrong.join("; ")))
        }
    }

    /// The function, with clients that are built at their first call.
    ///
    /// # Errors
    ///
    /// Where no Region is known.
    pub async fn build(self) -> Result<Aws, HandlerError> {
        let config = sdk_config().await;
        let region = config
            .region()
            .map(ToString::to_string)
            .ok_or_else(|| HandlerError::Configuration("`AWS_REGION` is not set".to_owned()))?;
        let archive = Archive {
            table: self.state_table.clone(),
            bucket: self.report_bucket.clone(),
            region,
        };
        let table = match &self.state_endpoint {
            Some(url) => {
                let own = config.to_builder().endpoint_url(url).build();
                DynamoTable::new(&own, &self.state_table)
            }
            None => DynamoTable::new(&config, &self.state_table),
        };
        let ledger = Rc::new(table.clone());
        // The pages first: whoever must get up is told before any machine.
        let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
        if let Some(arn) = self.topic_arn {
            let topic = SnsTopic::new(config.clone(), arn);
            sinks.push(Box::new(Topic::new(topic, archive.clone())));
        }
        let bus = Bus::new(config.clone(), self.event_bus);
        sinks.push(Box::new(EventBus::new(bus, archive)));
        sinks.push(Box::new(Log::<Stdout>::new(std::io::stdout())));
        let mut renew: Option<Box<dyn Renew>> = None;
        if self.security_hub {
            let hub = Hub::new(SecurityHub::new(config.clone()), Rc::clone(&ledger));
            let hub = Rc::new(hub);
            renew = Some(Box::new(Rc::clone(&hub)));
            sinks.push(Box::new(hub));
        }
        if let Some(name) = &self.report_bucket {
            let bucket = Bucket::new(config.clone(), name.clone());
            sinks.push(Box::new(Archives::new(bucket, ledger)));
        }
        if let Some((bucket, key)) = self.evidence {
            let bucket = EvidenceBucket::new(config.clone(), bucket);
            let key = EvidenceKey::new(config.clone(), key);
            let plans = Store::new(table.clone());
            sinks.push(Box::new(EvidenceVault::new(bucket, key, plans)));
        }
        Ok(Publisher {
            store: Store::new(table),
            reports: self
                .report_bucket
                .map(|bucket| S3Reports::new(&config, bucket)),
            queue: self.queue_url.map(|url| SqsQueue::new(&config, url)),
            sinks,
            renew,
            times: Times {
                remind_after: self.remind_after,
                ..Times::default()
            },
        })
    }
}

/// Everything from the environment and the function's own role, as the SDK finds it.
async fn sdk_config() -> aws_types::SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(keyproof_aws::service_http_client())
        .timeout_config(keyproof_aws::service_timeouts())
        .load()
        .await
}
