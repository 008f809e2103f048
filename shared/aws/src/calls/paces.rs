// SPDX-License-Identifier: Apache-2.0
//! The paces of a run: one for each quota of each account that calls.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyproof_quota::{Operation, Pace, Quota};
use tokio::time::Instant;

/// Whose quota, `None` for the operator's, and which.
type Place = (Option<String>, &'static str);

/// Paces, each made when it is first kept to.
#[derive(Debug)]
pub(super) struct Paces {
    region: String,
    share: u8,
    began: Instant,
    // The lock is held to take a place in a line, never while somebody waits.
    kept: Mutex<HashMap<Place, Pace>>,
}

impl Paces {
    pub(super) fn new(region: &str, share: u8) -> Self {
        Self {
            region: region.to_owned(),
            share,
            began: Instant::now(),
            kept: Mutex::default(),
        }
    }

    /// When the call's turn is; `None` where that is now.
    pub(super) fn turn(&self, account: Option<&str>, operation: Operation) -> Option<Instant> {
        let now = Instant::now();
        let wait = self.with(account, operation, |pace| pace.take(now - self.began))?;
        if wait.is_zero() {
            None
        } else {
            now.checked_add(wait)
        }
    }

    /// The call was throttled.
    pub(super) fn throttled(&self, account: Option<&str>, operation: Operation) {
        let now = self.began.elapsed();
        self.with(account, operation, |pace| pace.throttled(now));
    }

    fn with<T>(
        &self,
        account: Option<&str>,
        operation: Operation,
        keep: impl FnOnce(&mut Pace) -> T,
    ) -> Option<T> {
        let quota = Quota::of(operation)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let whose = (account.map(str::to_owned), quota.name);
        let pace = kept
            .entry(whose)
            .or_insert_with(|| Pace::new(quota.share(&self.region, self.share)));
        Some(keep(pace))
    }
}
