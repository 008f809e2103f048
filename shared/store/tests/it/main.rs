// SPDX-License-Identifier: Apache-2.0
//! The store over a table in memory, and both tables against the same list of operations.
//!
//! `dynamo` needs a DynamoDB at `KEYPROOF_TEST_ENDPOINT` and is ignored without one:
//! `tests/interop/test_store.py` runs it against moto.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

mod commits;
mod conformance;
mod dynamo;
mod large;
mod most;
mod plans;
mod queue;
mod runs;
mod schedules;
mod support;
