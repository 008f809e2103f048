// SPDX-License-Identifier: Apache-2.0
//! Everything that the sandbox knows, behind one lock.

mod organization;
mod random;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

pub(crate) use organization::Organization;
pub(crate) use random::uuid;

use crate::credentials::AccessKey;
use crate::dynamodb::Tables;
use crate::iam::Account;
use crate::kms::{Alias, Key};
use crate::policy::StoredPolicy;

/// The partition of every ARN that the sandbox makes.
pub(crate) const PARTITION: &str = "aws";

/// The state of the embedded AWS.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct World {
    /// What was chosen when the sandbox was made.
    pub(crate) options: WorldOptions,
    /// IAM, by account id.
    pub(crate) accounts: BTreeMap<String, Account>,
    /// AWS's managed policies that somebody attached, by ARN.
    pub(crate) aws_managed: BTreeMap<String, StoredPolicy>,
    /// The organization's policies.
    pub(crate) organization: Organization,
    /// Every access key, by its id.
    pub(crate) access_keys: HashMap<String, AccessKey>,
    /// KMS keys by ARN.
    pub(crate) keys: BTreeMap<String, Key>,
    /// KMS aliases by ARN.
    pub(crate) aliases: BTreeMap<String, Alias>,
    /// DynamoDB's tables, their items and cached table keys.
    pub(crate) tables: Tables,
    /// What of its templates the sandbox can't have, a sentence each.
    pub(crate) left_out: Vec<String>,
    /// The time of the request that is being answered.
    #[serde(skip, default = "Timestamp::now")]
    pub(crate) now: Timestamp,
    /// How often each operation was called, by `service:Operation`.
    #[serde(skip)]
    pub(crate) calls: BTreeMap<String, u64>,
    /// Where ids, secrets and key material come from.
    #[serde(skip, default = "rand::make_rng")]
    pub(crate) random: StdRng,
}

/// What is chosen when a sandbox is made, and saved with its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorldOptions {
    /// How long a table key stays cached for a caller that doesn't use it; zero turns caching off.
    pub(crate) table_key_cache: Duration,
    /// How long a new grant takes to be seen by calls without its token.
    pub(crate) grant_propagation: Duration,
    /// How long DynamoDB takes to notice that it can't use a table's key.
    pub(crate) key_loss_notice: Duration,
}

impl World {
    /// A world without accounts.
    pub(crate) fn new(options: WorldOptions, seed: Option<u64>, now: Timestamp) -> Self {
        Self {
            options,
            accounts: BTreeMap::new(),
            aws_managed: BTreeMap::new(),
            organization: Organization::default(),
            access_keys: HashMap::new(),
            keys: BTreeMap::new(),
            aliases: BTreeMap::new(),
            tables: Tables::default(),
            left_out: Vec::new(),
            now,
            calls: BTreeMap::new(),
            random: seed.map_or_else(rand::make_rng, StdRng::seed_from_u64),
        }
    }

    /// Counts a call. Names that no operation has are counted under one, so that a client that
    /// makes names up doesn't fill the memory.
    pub(crate) fn count(&mut self, service: &str, operation: &str) {
        const MOST: usize = 512;
        let name = format!("{service}:{operation}");
        if let Some(count) = self.calls.get_mut(&name) {
            *count += 1;
        } else {
            let name = if self.calls.len() < MOST {
                name
            } else {
                "other".to_owned()
            };
            *self.calls.entry(name).or_default() += 1;
        }
    }
}
