// SPDX-License-Identifier: Apache-2.0
//! A timer that keeps time to a tenth of a millisecond.
//!
//! The runtime's own timer ends at the next whole millisecond or the one after: a service of 20 ms
//! would take 21.3, and a benchmark would measure that.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Instant;

use tokio::sync::oneshot;

/// A thread that wakes sleepers. It ends with the last handle.
#[derive(Debug, Default)]
pub struct Timer(Arc<Sleepers>);

#[derive(Debug, Default)]
struct Sleepers {
    due: Mutex<Due>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Due {
    // Numbered, as two may wake at one instant.
    sleepers: BTreeMap<(Instant, u64), oneshot::Sender<()>>,
    count: u64,
}

impl Timer {
    /// Starts the thread.
    #[must_use]
    pub fn start() -> Self {
        let timer = Self::default();
        let sleepers = Arc::downgrade(&timer.0);
        std::thread::spawn(move || wake(&sleepers));
        timer
    }

    /// Sleeps until then.
    pub async fn sleep_until(&self, end: Instant) {
        let (sender, woken) = oneshot::channel();
        {
            let mut due = self.0.due.lock().unwrap_or_else(PoisonError::into_inner);
            due.count += 1;
            let count = due.count;
            due.sleepers.insert((end, count), sender);
        }
        self.0.changed.notify_one();
        let _ = woken.await;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.changed.notify_one();
    }
}

fn wake(sleepers: &Weak<Sleepers>) {
    // Held weakly, but for one wait at a time.
    while let Some(sleepers) = sleepers.upgrade() {
        let mut due = sleepers.due.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while let Some(first) = due
            .sleepers
            .first_entry()
            .filter(|first| first.key().0 <= now)
        {
            let _ = first.remove().send(());
        }
        let wait = due
            .sleepers
            .keys()
            .next()
            .map(|(end, _)| end.saturating_duration_since(now));
        let longest = std::time::Duration::from_millis(100);
        let wait = wait.map_or(longest, |wait| wait.min(longest));
        drop(sleepers.changed.wait_timeout(due, wait));
    }
}
