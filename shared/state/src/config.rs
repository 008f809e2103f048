// SPDX-License-Identifier: Apache-2.0
//! What a program outside of the stack needs to know of it.

use serde::{Deserialize, Serialize};

use crate::{Key, Noun};

/// The parts of a deployed stack. Written at deployment, read by the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackConfig {
    /// The stack's name.
    pub stack: String,
    /// The version of keyproof that was deployed.
    pub version: String,
    /// The URL of the run queue.
    pub queue_url: String,
    /// Its ARN.
    pub queue_arn: String,
    /// The URLs of the dead-letter queues, by the name of what they catch: `runs`, `stream`, ….
    #[serde(default)]
    pub dead_letter_queues: std::collections::BTreeMap<String, String>,
    /// The bucket of reports that are too large for the table.
    pub report_bucket: String,
    /// The bucket of signed evidence, where the stack signs.
    #[serde(default)]
    pub evidence_bucket: Option<String>,
    /// The key that signs the evidence.
    #[serde(default)]
    pub signing_key: Option<String>,
    /// The schedule group of the plans' schedules.
    pub schedule_group: String,
    /// The role in which the Scheduler sends to the queue.
    pub scheduler_role_arn: String,
    /// The ARN of the queue that takes what the Scheduler could not deliver.
    #[serde(default)]
    pub scheduler_dead_letter_arn: Option<String>,
    /// The URL of the HTTP API.
    #[serde(default)]
    pub api_url: Option<String>,
}

impl Noun for StackConfig {
    const NOUN: &'static str = "the stack's description";

    fn key(&self) -> Key {
        Key::config()
    }
}
