// SPDX-License-Identifier: Apache-2.0
//! An AWS endpoint that answers as a test tells it to.
//!
//! It knows nothing of policies and signatures: a [`Script`] says who is refused what, and everybody
//! else is served. It is written from AWS's documentation, apart from the sandbox, so that the two
//! check each other; it shares no code with it. What it does not know, it refuses.
//!
//! It speaks HTTP/1.1 by hand, as it must also be able to speak it badly: replies that break off,
//! that never end, that never come.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test helper fails by panicking"
)]

mod answer;
mod http;
mod precise;
mod request;
mod script;
mod sentence;
mod server;
mod world;

pub use precise::Timer;
pub use request::Request;
pub use script::{Layer, Reply, Rule, Script};
pub use sentence::{explicitly, implicitly};
pub use server::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Scripted};
pub use world::{Index, Key, KeyState, Table, World};

/// The account of everything here that a script gives no other.
pub const ACCOUNT: &str = "111122223333";
/// The region of everything here.
pub const REGION: &str = "us-east-1";
