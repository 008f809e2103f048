// SPDX-License-Identifier: Apache-2.0
//! The real sinks: AWS, as the function's own role. Each adapter declares the actions that it needs.
//!
//! A client is built by the first call that needs it.

mod build;
mod bus;
mod error;
mod evidence;
mod hub;
mod objects;
mod topic;

pub use build::{Aws, Settings};

use std::cell::OnceCell;

use aws_types::SdkConfig;

/// What the function's code calls, on what: the variable of its environment that names it.
pub const PERMISSIONS: &[(&str, &[&str])] = &[
    ("KEYPROOF_STATE_TABLE", keyproof_store::iam_actions::READ),
    // What was told is marked; nothing is altered or removed.
    ("KEYPROOF_STATE_TABLE", &["dynamodb:PutItem"]),
    (
        "KEYPROOF_REPORT_BUCKET",
        keyproof_store::iam_actions::READ_REPORT,
    ),
    ("KEYPROOF_REPORT_BUCKET", objects::IAM_ACTIONS),
    ("KEYPROOF_QUEUE_URL", keyproof_store::iam_actions::SEND),
    ("KEYPROOF_EVENT_BUS", bus::IAM_ACTIONS),
    ("KEYPROOF_TOPIC_ARN", topic::IAM_ACTIONS),
    ("KEYPROOF_EVIDENCE_BUCKET", keyproof_vault::BUCKET_ACTIONS),
    ("KEYPROOF_SIGNING_KEY", keyproof_vault::SIGN_ACTIONS),
    ("security hub product", hub::IMPORT_ACTIONS),
    ("security hub", hub::UPDATE_ACTIONS),
];

/// A client of a service, built when it is first asked for.
#[derive(Debug)]
pub(crate) struct Lazy<Client> {
    config: SdkConfig,
    client: OnceCell<Client>,
}

impl<Client> Lazy<Client> {
    pub(crate) const fn new(config: SdkConfig) -> Self {
        Self {
            config,
            client: OnceCell::new(),
        }
    }

    pub(crate) fn get(&self, build: impl FnOnce(&SdkConfig) -> Client) -> &Client {
        self.client.get_or_init(|| build(&self.config))
    }
}
