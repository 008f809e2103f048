// SPDX-License-Identifier: Apache-2.0
//! What the function is invoked with.
//!
//! - a batch of the state table's stream: `{"Records": […]}`;
//! - `{"sweep": TIME}`, from a schedule, with the time for which it was scheduled;
//! - `{"publish": {"plan": NAME, "commit": N}}`: that commit again, for whom its stream records did
//!   not reach.
//!
//! What keyproof defines is read strictly, what AWS defines leniently.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::HandlerError;

#[cfg(test)]
mod tests;

/// What the function is invoked with.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// A batch of stream records.
    Batch(Vec<StreamRecord>),
    /// A look at every plan.
    Sweep {
        /// The time for which it was scheduled. What is due is due by the clock.
        scheduled_at: Timestamp,
    },
    /// One commit again.
    Publish {
        /// The plan's name.
        plan: String,
        /// The commit.
        commit: u64,
    },
}

/// A record of the stream.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StreamRecord {
    /// `INSERT`, `MODIFY` or `REMOVE`.
    #[serde(rename = "eventName")]
    pub event_name: String,
    /// What changed.
    pub dynamodb: StreamChange,
}

/// What a stream record says.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct StreamChange {
    /// Its place in the stream, by which Lambda brings it again.
    #[serde(rename = "SequenceNumber")]
    pub sequence_number: String,
    /// The item as it is now.
    #[serde(rename = "NewImage", default)]
    pub new_image: Value,
}

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<StreamRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Written {
    Sweep(Timestamp),
    Publish(Commit),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    plan: String,
    commit: u64,
}

impl Request {
    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// Where it is none of the forms, with what is wrong.
    pub fn read(payload: &Value) -> Result<Self, HandlerError> {
        let invalid = |error: serde_json::Error| HandlerError::InvalidRequest(error.to_string());
        if payload.get("Records").is_some() {
            let batch = Batch::deserialize(payload).map_err(invalid)?;
            return Ok(Self::Batch(batch.records));
        }
        match Written::deserialize(payload).map_err(invalid)? {
            Written::Sweep(scheduled_at) => Ok(Self::Sweep { scheduled_at }),
            Written::Publish(Commit { plan, commit }) => Ok(Self::Publish { plan, commit }),
        }
    }
}
