// SPDX-License-Identifier: Apache-2.0
//! Where an actor waits for its turn.

use std::cell::Cell;
use std::future::poll_fn;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;
use std::task::Poll;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out and answered.
    Answered,
    /// It is not carried out, and the caller is told so.
    Refused,
    /// It is carried out, and the caller is told that it failed.
    Lost,
}

/// The gate of one actor: each of its calls waits here until it is let through.
#[derive(Clone, Debug, Default)]
pub struct Gate(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// What becomes of the call that waits, once that is decided.
    fate: Cell<Option<Fate>>,
    /// Whether a call waits.
    waits: Cell<bool>,
    /// Whether it changes nothing.
    looks: Cell<bool>,
    /// Everything that the actor was told since it began: what it does next depends on nothing else.
    told: Cell<u64>,
}

impl Gate {
    /// Waits for the next turn with a call that changes something.
    pub async fn pass(&self) -> Fate {
        self.0.looks.set(false);
        self.turn().await
    }

    /// Waits for the next turn with a call that changes nothing: whether its reply is lost or it is
    /// refused is the same.
    pub async fn look(&self) -> Fate {
        self.0.looks.set(true);
        self.turn().await
    }

    async fn turn(&self) -> Fate {
        poll_fn(|_| {
            let fate = self.0.fate.take();
            self.0.waits.set(fate.is_none());
            fate.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Notes what a call brought.
    pub fn told(&self, what: &impl Hash) {
        let mut hasher = DefaultHasher::new();
        (self.0.told.get(), true).hash(&mut hasher);
        what.hash(&mut hasher);
        self.0.told.set(hasher.finish());
    }

    /// Lets the call that waits go on.
    pub(crate) fn open(&self, fate: Fate) {
        self.0.fate.set(Some(fate));
    }

    pub(crate) fn waits(&self) -> bool {
        self.0.waits.get()
    }

    /// Whether the call that waits changes nothing.
    pub(crate) fn looks(&self) -> bool {
        self.0.looks.get()
    }

    /// What the actor knows.
    pub(crate) fn knowledge(&self) -> u64 {
        self.0.told.get()
    }

    /// The actor begins anew, and knows nothing.
    pub(crate) fn forget(&self) {
        self.0.fate.set(None);
        self.0.waits.set(false);
        self.0.told.set(0);
    }
}
