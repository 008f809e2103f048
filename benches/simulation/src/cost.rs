// SPDX-License-Identifier: Apache-2.0
//! What a run costs, by AWS's list prices in us-east-1.

use crate::{Outcome, Scenario};

/// A line of a bill.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Of what.
    pub what: &'static str,
    /// In US dollars.
    pub dollars: f64,
    /// AWS's page.
    pub source: &'static str,
}

/// The function's memory, in GB.
const MEMORY: f64 = 2.0;

impl Cost {
    /// The lines of a run's bill.
    #[must_use]
    pub fn of(scenario: &Scenario, outcome: &Outcome) -> Vec<Self> {
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let shards = number(scenario.accounts);
        let tries = f64::from(u32::try_from(outcome.tries).unwrap_or(u32::MAX));
        let reads = shards * number(scenario.tables * scenario.reads);
        let line = |what, dollars, source| Self {
            what,
            dollars,
            source,
        };
        vec![
            line(
                "Lambda: 2 GB for as long as the shards take, and their requests",
                outcome.function_seconds * MEMORY * 0.000_013_333_4 + tries * 0.000_000_2,
                "https://aws.amazon.com/lambda/pricing/",
            ),
            line(
                "Step Functions: two transitions a shard, one more a further try",
                (shards + tries) * 0.000_025,
                "https://aws.amazon.com/step-functions/pricing/",
            ),
            line(
                "S3: a part and a report written and read for each shard",
                shards * 2.0 * (0.000_005 + 0.000_000_4),
                "https://aws.amazon.com/s3/pricing/",
            ),
            line(
                "KMS: a request for each read, on the safe side",
                reads * 0.000_003,
                "https://aws.amazon.com/kms/pricing/",
            ),
            line(
                "DynamoDB: a read request unit for each read that is let in, half of them",
                reads / 2.0 * 0.000_000_125,
                "https://aws.amazon.com/dynamodb/pricing/on-demand/",
            ),
        ]
    }
}
