// SPDX-License-Identifier: Apache-2.0
//! The sandbox's time: the machine's, or one that a test moves.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Where a sandbox reads its time from. Clones share one time.
///
/// Signatures, sessions, pending deletions and the table key cache all live by this clock, so a
/// test that moves it by five minutes sees what an hour-long run would. A request that was signed
/// by the machine's clock is refused once the two are five minutes apart; clients of a moved
/// sandbox take their time from [`Clock::now`] (the SDK's `time_source`).
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    /// The machine's clock and how far a test has moved it ahead.
    System(Arc<Mutex<Duration>>),
    Manual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System(Arc::default()))
    }

    /// A clock that stands still until it is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(Mutex::new(start))))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::System(ahead) => {
                let ahead = *ahead.lock().unwrap_or_else(PoisonError::into_inner);
                Timestamp::now()
                    .checked_add(ahead)
                    .unwrap_or(Timestamp::MAX)
            }
            Kind::Manual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// The same for the standard library and the AWS SDK's time sources.
    #[must_use]
    pub fn system_time(&self) -> SystemTime {
        let since = u64::try_from(self.now().as_millisecond()).unwrap_or_default();
        SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_millis(since))
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Moves the time ahead. A system clock keeps running from there.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Kind::System(ahead) => {
                let mut ahead = ahead.lock().unwrap_or_else(PoisonError::into_inner);
                *ahead = ahead.saturating_add(by);
            }
            Kind::Manual(now) => {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}
