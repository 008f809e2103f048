// SPDX-License-Identifier: Apache-2.0
//! How a sandbox is made.

use std::time::Duration;

use keyproof_core::AccountId;
use keyproof_template::Account;
use rand::RngExt;
use thiserror::Error;

use super::request_id::RequestIds;
use super::{Inner, Sandbox};
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::world::{World, WorldOptions};

/// What can be chosen when a sandbox is made.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    /// The time that everything lives by.
    pub clock: Clock,
    /// How long a decrypted table key stays cached for a session that doesn't use it. DynamoDB's
    /// five minutes by default; zero asks KMS on every read.
    pub table_key_cache: Duration,
    /// How long a new or revoked grant takes to be noticed by calls without its token. AWS takes
    /// up to five minutes; the default is none.
    pub grant_propagation: Duration,
    /// How long DynamoDB takes to notice that it can't use a table's key, and to say so in
    /// `DescribeTable`. Twelve minutes by default; up to 75 were seen on AWS.
    pub key_loss_notice: Duration,
    /// Makes ids, secrets and key material the same every time. Unpredictable without.
    pub seed: Option<u64>,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            table_key_cache: Duration::from_mins(5),
            grant_propagation: Duration::ZERO,
            key_loss_notice: Duration::from_mins(12),
            seed: None,
        }
    }
}

/// Why a sandbox can't be made of a template's account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// An account can be added once.
    #[error("account `{account}` is in the sandbox already; give each template its own account")]
    AccountTwice {
        /// The account.
        account: String,
    },
    /// The sandbox lives in AWS's own partition.
    #[error(
        "the sandbox speaks for partition `aws` only, not for `{partition}`; load the template with `AWS::Partition=aws`"
    )]
    Partition {
        /// The template's partition.
        partition: String,
    },
    /// A policy that doesn't parse.
    #[error("the policy can't be read: {reason}")]
    Policy {
        /// What is wrong with it.
        reason: String,
    },
    /// An item that a table can't hold, or a table that isn't there.
    #[error("the item can't be put into `{table}`: {reason}")]
    Item {
        /// The table's ARN.
        table: String,
        /// What is wrong.
        reason: String,
    },
}

impl Sandbox {
    /// A sandbox that holds what a template makes, and an administrator. What of it the sandbox
    /// can't have is left out: [`Sandbox::left_out`] says what, and why.
    ///
    /// # Errors
    ///
    /// Where the template is for another partition of AWS.
    pub fn new(account: &Account, options: SandboxOptions) -> Result<Self, SandboxError> {
        let mut world = world(&options);
        let administrator = super::load::load(&mut world, account, options.clock.now())?;
        Ok(Self::of(world, administrator, options))
    }

    /// A sandbox with one account that holds nothing but an administrator.
    #[must_use]
    pub fn empty(account: &AccountId, options: SandboxOptions) -> Self {
        let mut world = world(&options);
        let administrator =
            super::load::administrator(&mut world, account.as_str(), options.clock.now());
        Self::of(world, administrator, options)
    }

    /// Adds another account, and gives its administrator's credentials.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::new`], and where the account is there already.
    pub fn add_account(&self, account: &Account) -> Result<Credentials, SandboxError> {
        super::load::load(&mut self.world(), account, self.clock().now())
    }

    pub(super) fn of(
        mut world: World,
        administrator: Credentials,
        options: SandboxOptions,
    ) -> Self {
        let request_ids = RequestIds::new(world.random.random());
        let inner = Inner {
            world: world.into(),
            clock: options.clock,
            administrator,
            request_ids,
        };
        Self(std::sync::Arc::new(inner))
    }
}

fn world(options: &SandboxOptions) -> World {
    World::new(options.world(), options.seed, options.clock.now())
}

impl SandboxOptions {
    /// What of them is saved with the state.
    pub(crate) fn world(&self) -> WorldOptions {
        WorldOptions {
            table_key_cache: self.table_key_cache,
            grant_propagation: self.grant_propagation,
            key_loss_notice: self.key_loss_notice,
        }
    }
}
