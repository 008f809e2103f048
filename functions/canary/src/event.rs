// SPDX-License-Identifier: Apache-2.0
//! CloudFormation's requests. Read leniently, as AWS adds fields when it likes; the properties, which
//! the template wrote, are read strictly where they are used.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html>

use serde::Deserialize;
use serde_json::Value;

use crate::AnswerError;

/// What is to happen to the resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum RequestType {
    /// It is made.
    Create,
    /// Its properties are others.
    Update,
    /// It goes.
    Delete,
}

/// A request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Event {
    /// What is to happen.
    pub request_type: RequestType,
    /// Where the answer goes: whoever has it can answer, so it is in no log.
    #[serde(rename = "ResponseURL")]
    pub response_url: String,
    /// The stack.
    pub stack_id: String,
    /// This request.
    pub request_id: String,
    /// The resource in the template.
    pub logical_resource_id: String,
    /// The resource's id, once it has one.
    pub physical_resource_id: Option<String>,
    /// The properties as they are to be.
    #[serde(default)]
    pub resource_properties: Value,
    /// The properties as they were.
    #[serde(default)]
    pub old_resource_properties: Value,
}

impl Event {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// Where the payload is none: then there is nobody to answer.
    pub fn read(payload: &Value) -> Result<Self, AnswerError> {
        Self::deserialize(payload).map_err(AnswerError::NoRequest)
    }

    /// The resource's id. It stays the same for the life of the stack: a new one would make
    /// CloudFormation delete the old one, and its canaries with it.
    #[must_use]
    pub fn physical_id(&self) -> String {
        if let Some(id) = &self.physical_resource_id {
            return id.clone();
        }
        // The stack's name and the resource's; CloudFormation takes up to 1 KB.
        let stack = self.stack_id.split('/').nth(1).unwrap_or("stack");
        format!("{stack}-{}", self.logical_resource_id)
    }
}
