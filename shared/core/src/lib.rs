// SPDX-License-Identifier: Apache-2.0
//! AWS's own nouns, parsed at the edge and trusted inside: ARNs, account ids, services, policy types.
//!
//! Implements <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>. An [`Arn`]
//! is any well-formed ARN; [`RoleArn`], [`KeyArn`] and [`TableArn`] are the ones keyproof acts on.

mod account;
mod error;
mod policy_type;
mod service;
mod shell;
mod typed;
mod visible;

#[cfg(test)]
mod tests;

pub use account::AccountId;
pub use error::ArnError;
pub use policy_type::PolicyType;
pub use service::Service;
pub use shell::shell_word;
pub use typed::{KeyArn, RoleArn, TableArn};
pub use visible::{Visible, escape_invisible, is_invisible, shortened, show};

use std::fmt;
use std::str::FromStr;

/// A well-formed ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
///
/// The resource part keeps its own colons and slashes. Region and account may be empty, as they
/// are for IAM (no region) and S3 (neither).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arn {
    text: String,
    // INVARIANT (arn fields): the byte offsets of the five separating colons in `text`.
    colons: [usize; 5],
}

impl Arn {
    /// The whole ARN as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `aws`, `aws-cn` or `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.field(0)
    }

    /// The service's namespace, such as `kms`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.field(1)
    }

    /// The region, empty for a global service.
    #[must_use]
    pub fn region(&self) -> &str {
        self.field(2)
    }

    /// The account id, empty where the ARN names none.
    #[must_use]
    pub fn account(&self) -> &str {
        self.field(3)
    }

    /// Everything after the fifth colon: `role/team/reader`, `table/orders`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.field(4)
    }

    fn field(&self, index: usize) -> &str {
        let start = self.colons.get(index).map_or(0, |colon| colon + 1);
        let end = self
            .colons
            .get(index + 1)
            .copied()
            .unwrap_or(self.text.len());
        self.text.get(start..end).unwrap_or_default()
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let malformed = || ArnError::Malformed {
            text: text.to_owned(),
        };
        let mut colons = [0; 5];
        let mut found = text.match_indices(':').map(|(at, _)| at);
        for colon in &mut colons {
            *colon = found.next().ok_or_else(malformed)?;
        }
        let arn = Self {
            text: text.to_owned(),
            colons,
        };
        let shaped = text.starts_with("arn:")
            && !arn.partition().is_empty()
            && !arn.service().is_empty()
            && !arn.resource().is_empty()
            && !text.contains(char::is_whitespace);
        if shaped { Ok(arn) } else { Err(malformed()) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl serde::Serialize for Arn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Arn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
