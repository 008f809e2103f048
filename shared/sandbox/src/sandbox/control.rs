// SPDX-License-Identifier: Apache-2.0
//! What a test or the demo does with a sandbox beside calling it as AWS.

use std::collections::BTreeMap;

use keyproof_core::AccountId;
use keyproof_policy::Grammar;

use super::{Sandbox, SandboxError};
use crate::clock::Clock;
use crate::credentials::{Credentials, Owner};
use crate::policy::StoredPolicy;

impl Sandbox {
    /// The credentials of the administrator of the first account.
    #[must_use]
    pub fn administrator(&self) -> Credentials {
        self.0.administrator.clone()
    }

    /// The sandbox's time. Moving it ages sessions, cached table keys and pending deletions.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.0.clock.clone()
    }

    /// How often each operation was called, by `service:Operation`, refused calls included. A KMS
    /// call that DynamoDB made for somebody counts as that KMS operation.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.world().calls.clone()
    }

    /// What of its templates the sandbox can't have: a sentence each, naming the resource.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        self.world().left_out.clone()
    }

    /// Puts an item into a table without asking any policy or the table's key, in place of the
    /// item with its key: as it might have got there before the policies were what they are.
    ///
    /// `item` is DynamoDB JSON.
    ///
    /// # Errors
    ///
    /// Where the sandbox has no such table, or the table can't hold such an item.
    pub fn put_item(&self, table_arn: &str, item: &serde_json::Value) -> Result<(), SandboxError> {
        let put = self.world().tables.put(table_arn, item);
        put.map_err(|reason| SandboxError::Item {
            table: table_arn.to_owned(),
            reason,
        })
    }

    /// A new access key of an account's root user.
    ///
    /// `None` where the sandbox has no such account.
    #[must_use]
    pub fn root_credentials(&self, account: &AccountId) -> Option<Credentials> {
        let now = self.0.clock.now();
        let mut world = self.world();
        let known = world.accounts.contains_key(account.as_str());
        known.then(|| world.issue(account.as_str(), Owner::Root, now, None))
    }

    /// Gives an account these service control policies, one list a level, root first; no level at
    /// all lifts them. From then on, all accounts of the sandbox are in one organization.
    ///
    /// # Errors
    ///
    /// Where a policy doesn't parse.
    pub fn set_service_control_policies(
        &self,
        account: &AccountId,
        levels: &[Vec<serde_json::Value>],
    ) -> Result<(), SandboxError> {
        let levels = parsed(levels, Grammar::Scp)?;
        let mut world = self.world();
        world
            .organization
            .id
            .get_or_insert_with(|| "o-keyproof00".to_owned());
        world.organization.scps.insert(account.to_string(), levels);
        Ok(())
    }

    /// The same with resource control policies, which guard the account's keys and tables.
    ///
    /// # Errors
    ///
    /// Where a policy doesn't parse.
    pub fn set_resource_control_policies(
        &self,
        account: &AccountId,
        levels: &[Vec<serde_json::Value>],
    ) -> Result<(), SandboxError> {
        let levels = parsed(levels, Grammar::Rcp)?;
        let mut world = self.world();
        world
            .organization
            .id
            .get_or_insert_with(|| "o-keyproof00".to_owned());
        world.organization.rcps.insert(account.to_string(), levels);
        Ok(())
    }
}

fn parsed(
    levels: &[Vec<serde_json::Value>],
    grammar: Grammar,
) -> Result<Vec<Vec<StoredPolicy>>, SandboxError> {
    let parse = |policy: &serde_json::Value| {
        StoredPolicy::parse(&policy.to_string(), grammar)
            .map_err(|reason| SandboxError::Policy { reason })
    };
    levels
        .iter()
        .map(|level| level.iter().map(parse).collect())
        .collect()
}
