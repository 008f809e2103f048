// SPDX-License-Identifier: Apache-2.0
//! The adapters against a scripted endpoint, through the real SDK and over HTTP.
//!
//! A case is a script (who is refused what), a plan, and what the report must say. Add one to the
//! file of its subject; `world` has the usual endpoint, plan and readers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

mod calls;
mod canaries;
mod examination;
mod faults;
mod findings;
mod guard;
mod harmless;
mod indexes;
mod inspection;
mod keys;
mod odd_replies;
mod renewal;
mod secrets;
mod sessions;
mod tasks;
mod world;
