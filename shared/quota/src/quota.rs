// SPDX-License-Identifier: Apache-2.0
//! What AWS allows an account and region in a second, by default. Each number has its page.

#[cfg(test)]
mod tests;

use keyproof_core::Service;

use crate::Operation;

/// The share of a quota that a run takes where nobody says otherwise, in percent: the rest is for those
/// whose account it is.
pub const DEFAULT_SHARE: u8 = 25;

const KMS: &str = "https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html";
const STS: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html";
const DYNAMODB: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-control-plane.html";

/// A bound on requests that count together, for an account and region. An account may have been given
/// more.
#[derive(Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name, for a person.
    pub name: &'static str,
    service: Service,
    /// What counts. Empty for all that the service's other rows don't have.
    operations: &'static [&'static str],
    /// Requests a second.
    per_second: u32,
    /// Regions where it is another number.
    elsewhere: &'static [(&'static str, u32)],
    /// AWS's page.
    pub source: &'static str,
}

const fn of_one(name: &'static str, operations: &'static [&'static str], per_second: u32) -> Quota {
    Quota {
        name,
        service: Service::Kms,
        operations,
        per_second,
        elsewhere: &[],
        source: KMS,
    }
}

const CRYPTOGRAPHY: Quota = Quota {
    name: "KMS cryptographic operations (symmetric)",
    service: Service::Kms,
    operations: &[
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncrypt",
    ],
    per_second: 10_000,
    elsewhere: &[
        ("us-east-2", 20_000),
        ("ap-southeast-1", 20_000),
        ("ap-southeast-2", 20_000),
        ("ap-northeast-1", 20_000),
        ("eu-central-1", 20_000),
        ("eu-west-2", 20_000),
        ("us-east-1", 100_000),
        ("us-west-2", 100_000),
        ("eu-west-1", 100_000),
    ],
    source: KMS,
};

impl Quota {
    /// Every quota that a run meets.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "STS requests",
            service: Service::Sts,
            operations: &["AssumeRole", "GetCallerIdentity"],
            per_second: 600,
            elsewhere: &[],
            source: STS,
        },
        CRYPTOGRAPHY,
        of_one("KMS DescribeKey", &["DescribeKey"], 2_000),
        of_one("KMS GetKeyPolicy", &["GetKeyPolicy"], 1_000),
        of_one("KMS ListGrants", &["ListGrants"], 100),
        of_one("KMS CreateGrant", &["CreateGrant"], 50),
        of_one("KMS RevokeGrant", &["RevokeGrant"], 50),
        of_one("KMS RetireGrant", &["RetireGrant"], 50),
        of_one("KMS ListResourceTags", &["ListResourceTags"], 2_000),
        Self {
            name: "DynamoDB control plane",
            service: Service::DynamoDb,
            operations: &["DescribeTable"],
            per_second: 2_500,
            elsewhere: &[],
            source: DYNAMODB,
        },
    ];

    /// The quota that an operation counts towards. Reads and writes of items count as the KMS request
    /// that DynamoDB makes for them in the caller's name, on the safe side: one for each, though those
    /// that are let in share a table key
    /// (<https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html#rps-from-service>).
    #[must_use]
    pub fn of(operation: Operation) -> Option<&'static Self> {
        let counts = |quota: &&Self| {
            quota.service == operation.service && quota.operations.contains(&operation.name)
        };
        let own = Self::ALL.iter().find(counts);
        let behind = (operation.service == Service::DynamoDb).then_some(&CRYPTOGRAPHY);
        own.or_else(|| Self::ALL.iter().find(|quota| Some(*quota) == behind))
    }

    /// Requests a second in a region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> u32 {
        let here = self.elsewhere.iter().find(|(name, _)| *name == region);
        here.map_or(self.per_second, |&(_, per_second)| per_second)
    }

    /// Requests a second of a share in percent.
    #[must_use]
    pub fn share(&self, region: &str, percent: u8) -> f64 {
        f64::from(self.in_region(region)) * f64::from(percent) / 100.0
    }
}
