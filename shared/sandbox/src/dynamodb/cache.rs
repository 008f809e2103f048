// SPDX-License-Identifier: Apache-2.0
//! Table keys that DynamoDB keeps decrypted for a caller.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html>:
//! DynamoDB caches the plaintext table key for each principal and asks KMS again after five
//! minutes of inactivity. Until then, it does not notice a changed key policy.

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

#[cfg(test)]
mod tests;

/// What a cached table key is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CachedKey {
    /// The access key of the caller's session: every session decrypts for itself.
    pub(crate) session: String,
    /// The table's ARN and creation: a table made anew has a new table key.
    pub(crate) table: (String, Timestamp),
    /// The KMS key: a table that changes its key has its table key encrypted anew.
    pub(crate) key: String,
}

/// Table keys by caller, with the time of their last use.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableKeyCache {
    last_used: HashMap<CachedKey, Timestamp>,
}

impl TableKeyCache {
    /// Whether the table key is still there; using it keeps it.
    pub(crate) fn uses(&mut self, key: &CachedKey, now: Timestamp, keep: Duration) -> bool {
        match self.last_used.get_mut(key) {
            Some(last) if is_fresh(*last, now, keep) => {
                *last = now;
                true
            }
            _ => false,
        }
    }

    /// Keeps a table key that was just decrypted, and forgets those that were not used.
    pub(crate) fn keep(&mut self, key: CachedKey, now: Timestamp, keep: Duration) {
        self.last_used.retain(|_, last| is_fresh(*last, now, keep));
        if !keep.is_zero() {
            self.last_used.insert(key, now);
        }
    }

    /// Forgets a table's keys.
    pub(crate) fn forget_table(&mut self, arn: &str) {
        self.last_used.retain(|key, _| key.table.0 != arn);
    }
}

fn is_fresh(last: Timestamp, now: Timestamp, keep: Duration) -> bool {
    SignedDuration::try_from(keep).is_ok_and(|keep| now.duration_since(last) < keep)
}
