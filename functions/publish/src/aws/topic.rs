// SPDX-License-Identifier: Apache-2.0
//! SNS.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use aws_types::SdkConfig;

use super::Lazy;
use super::error::{call, failure};
use crate::sinks::{Calling, Message, PublishMessage};

/// What it needs.
pub(super) const IAM_ACTIONS: &[&str] = &["sns:Publish"];

/// A topic.
#[derive(Debug)]
pub(super) struct SnsTopic {
    client: Lazy<Client>,
    arn: String,
}

impl SnsTopic {
    pub(super) const fn new(config: SdkConfig, arn: String) -> Self {
        Self {
            client: Lazy::new(config),
            arn,
        }
    }
}

impl PublishMessage for SnsTopic {
    fn publish<'a>(&'a self, message: &'a Message) -> Calling<'a, ()> {
        const ACTION: &str = "sns:Publish";
        Box::pin(async move {
            let client = self.client.get(Client::new);
            let mut request = client
                .publish()
                .topic_arn(&self.arn)
                .subject(&message.subject)
                .message(&message.body);
            for (name, value) in &message.attributes {
                let value = MessageAttributeValue::builder()
                    .data_type("String")
                    .string_value(value)
                    .build()
                    .map_err(|error| failure(ACTION, &error))?;
                request = request.message_attributes(*name, value);
            }
            let published = request.send().await.map_err(|error| call(ACTION, &error))?;
            // Each message that SNS takes has an id; a success without one is somebody else's.
            // <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
            match published.message_id() {
                Some(id) if !id.is_empty() => Ok(()),
                _ => Err(failure(ACTION, "the reply has no id of the message")),
            }
        })
    }
}
