// SPDX-License-Identifier: Apache-2.0
//! A proxy that stands before an AWS endpoint and breaks one call.
//!
//! It forwards every call untouched, bytes and all, except those that its [`Disturbance`] names:
//! of one operation, for one principal, a number of times. What comes back of those is broken as a
//! [`Fault`] says: late, short, doubled, somebody else's, not HTTP at all. The endpoint behind is
//! the sandbox or any other that speaks plain HTTP/1.1.
//!
//! A new fault is a variant of [`Fault`], what goes over the wire for it in `inject`, and a row in
//! the matrix (`tests/matrix/faults.rs`) that says what keyproof must make of it.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test helper fails by panicking"
)]

mod bucket;
mod call;
mod fault;
mod inject;
mod message;
mod proxy;
mod tls;

pub use bucket::{Bucket, Objects};
pub use call::{Call, Service};
pub use fault::Fault;
pub use proxy::{Disturbance, Proxy, Recording};
pub use tls::{Flaw, Tls};
