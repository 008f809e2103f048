// SPDX-License-Identifier: Apache-2.0
//! The AWS services whose answers keyproof judges.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A service that can refuse a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// AWS Key Management Service.
    Kms,
    /// Amazon DynamoDB.
    DynamoDb,
    /// AWS Security Token Service.
    Sts,
}

impl Service {
    /// Every service, in the order of the plan's documentation.
    pub const ALL: [Self; 3] = [Self::Kms, Self::DynamoDb, Self::Sts];

    /// The service's namespace in ARNs and actions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kms => "kms",
            Self::DynamoDb => "dynamodb",
            Self::Sts => "sts",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
