// SPDX-License-Identifier: Apache-2.0
//! Where the function lives.

use keyproof_core::Arn;

/// The partition, account and Region of the function, as Lambda names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// The account's id.
    pub account: String,
    /// The Region.
    pub region: String,
}

impl Home {
    /// The home of the function with this ARN; `None` where it is no ARN.
    #[must_use]
    pub fn of(function_arn: &str) -> Option<Self> {
        let arn: Arn = function_arn.parse().ok()?;
        Some(Self {
            partition: arn.partition().to_owned(),
            account: arn.account().to_owned(),
            region: arn.region().to_owned(),
        })
    }
}
