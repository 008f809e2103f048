// SPDX-License-Identifier: Apache-2.0
//! The handler, called as Lambda would, with ports that remember what they were asked.
//!
//! A new case: a payload in `events/` is tried by itself; anything else is a test in the file of its
//! subject.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

mod alone;
mod batches;
mod broken;
mod changes;
mod deadline;
mod events;
mod large;
mod parts;
mod refused;
mod stored;
mod support;
mod unread;
