// SPDX-License-Identifier: Apache-2.0
//! A key and what belongs to it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Material, StoredGrant};
use crate::error::AwsError;
use crate::policy::StoredPolicy;
use crate::world::World;

/// A symmetric encryption key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) policy: StoredPolicy,
    pub(crate) status: KeyStatus,
    pub(crate) manager: KeyManager,
    pub(crate) description: String,
    pub(crate) created: Timestamp,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) multi_region: bool,
    /// The days between two rotations, where the key is rotated.
    pub(crate) rotation_days: Option<i64>,
    /// Every generation of key material, the current one last. Old ones still decrypt.
    pub(crate) materials: Vec<Material>,
    pub(crate) grants: Vec<StoredGrant>,
}

/// Whether a key can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyStatus {
    /// It can.
    Enabled,
    /// It can be enabled again.
    Disabled {
        /// Since when.
        since: Timestamp,
    },
    /// It will be deleted unless that is cancelled.
    PendingDeletion {
        /// Since when.
        since: Timestamp,
        /// When it will be gone.
        deletion: Timestamp,
    },
}

/// Who manages a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyManager {
    /// The account.
    Customer,
    /// An AWS service: its policy is fixed.
    Aws,
}

/// Another name for a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Alias {
    /// `alias/…`.
    pub(crate) name: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The id of the key; empty for an AWS alias without a key yet.
    pub(crate) key_id: String,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Key {
    /// `KeyState` in key metadata.
    pub(crate) fn state(&self) -> &'static str {
        match self.status {
            KeyStatus::Enabled => "Enabled",
            KeyStatus::Disabled { .. } => "Disabled",
            KeyStatus::PendingDeletion { .. } => "PendingDeletion",
        }
    }

    /// Refuses what only an enabled key can do.
    pub(crate) fn enabled(&self) -> Result<(), AwsError> {
        match self.status {
            KeyStatus::Enabled => Ok(()),
            KeyStatus::Disabled { .. } => Err(AwsError::client(
                "DisabledException",
                format!("{} is disabled.", self.arn),
            )),
            KeyStatus::PendingDeletion { .. } => self.not_deleting(),
        }
    }

    /// Refuses what a disabled key can do and one that waits for its deletion can't.
    pub(crate) fn not_deleting(&self) -> Result<(), AwsError> {
        match self.status {
            KeyStatus::Enabled | KeyStatus::Disabled { .. } => Ok(()),
            KeyStatus::PendingDeletion { .. } => Err(AwsError::client(
                "KMSInvalidStateException",
                format!("{} is pending deletion.", self.arn),
            )),
        }
    }

    /// Refuses to change a key that a service manages.
    pub(crate) fn customer_managed(&self) -> Result<(), AwsError> {
        match self.manager {
            KeyManager::Customer => Ok(()),
            KeyManager::Aws => Err(AwsError::client(
                "AccessDeniedException",
                format!(
                    "{} is an AWS managed key: this operation is not permitted on it.",
                    self.arn
                ),
            )),
        }
    }
}

impl World {
    /// A key's state; `None` where there is no such key.
    pub(crate) fn key_state(&self, arn: &str) -> Option<KeyStatus> {
        self.keys.get(arn).map(|key| key.status)
    }

    /// Deletes the keys whose waiting period is over, with their aliases.
    pub(crate) fn delete_due_keys(&mut self, now: Timestamp) {
        let due = |key: &Key| matches!(key.status, KeyStatus::PendingDeletion { deletion, .. } if deletion <= now);
        if self.keys.values().any(due) {
            self.keys.retain(|_, key| !due(key));
            let keys = &self.keys;
            self.aliases.retain(|_, alias| {
                keys.contains_key(&key_arn(&alias.region, &alias.account, &alias.key_id))
            });
        }
    }

    /// The key that an ARN was resolved to.
    pub(super) fn key(&self, arn: &str) -> Result<&Key, AwsError> {
        self.keys.get(arn).ok_or_else(|| missing(arn))
    }

    /// The same, to change it.
    pub(super) fn key_mut(&mut self, arn: &str) -> Result<&mut Key, AwsError> {
        self.keys.get_mut(arn).ok_or_else(|| missing(arn))
    }
}

/// KMS's word for a key of the caller's own account that doesn't exist.
pub(super) fn missing(arn: &str) -> AwsError {
    AwsError::client("NotFoundException", format!("Key '{arn}' does not exist"))
}

/// A key's ARN.
pub(crate) fn key_arn(region: &str, account: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:key/{id}")
}

/// An alias's ARN; the name has its `alias/`.
pub(crate) fn alias_arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:{name}")
}
