// SPDX-License-Identifier: Apache-2.0
//! AWS, asked what the sources of an inventory stand for: accounts of an organization, tables with tags,
//! objects in S3. Read-only.
//!
//! Every answer is read to its end, and what can't be is told: an account that is missing without a word
//! would be one that nobody proves anything about.

mod ask;
mod error;
mod object;
mod organization;
mod session;
mod step;
mod tagged;

#[cfg(test)]
mod tests;

pub use ask::Asked;
pub use error::SurveyError;
pub use object::Object;
pub use session::AskAs;
pub use step::Step;

use aws_sdk_sts::config::retry::RetryConfig;
use aws_types::SdkConfig;

/// What each source takes of whoever asks, or of the role that is asked as.
pub mod iam_actions {
    /// Of an organization, in its management account or a delegated administrator's; the last where tags are
    /// asked for.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html>
    pub const ORGANIZATION: &[&str] = &[
        "organizations:ListAccountsForParent",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListTagsForResource",
    ];
    /// Of tagged tables, in each account.
    /// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html>
    pub const TAGGED: &[&str] = &["tag:GetResources"];
    /// Of an object in S3.
    pub const OBJECT: &[&str] = &["s3:GetObject"];
    /// Of the objects under a prefix.
    pub const OBJECTS: &[&str] = &["s3:ListBucket"];
    /// On the roles that are asked as.
    pub const ASSUME: &[&str] = &["sts:AssumeRole"];
}

/// How many accounts are asked at once. Each has quotas of its own.
const ACCOUNTS_AT_ONCE: usize = 16;
/// How many questions about one organization are under way at once: all are metered together.
const TAGS_AT_ONCE: usize = 4;
/// How often a call is tried: an organization of many accounts is throttled for a while.
const ATTEMPTS: u32 = 8;

/// Asks as whoever the configuration's credentials are.
#[derive(Clone, Debug)]
pub struct Survey {
    config: SdkConfig,
    told: step::Told,
}

impl Survey {
    /// Asks with this configuration.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
        let config = config.to_builder().retry_config(retries).build();
        Self {
            config,
            told: step::Told::default(),
        }
    }

    /// Tells how far it has come: at each root and unit of an organization, at each account's tags, and at each
    /// account's tables.
    #[must_use]
    pub fn telling(mut self, tell: impl Fn(Step) + Send + Sync + 'static) -> Self {
        self.told = step::Told::new(tell);
        self
    }
}
