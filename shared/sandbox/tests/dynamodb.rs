// SPDX-License-Identifier: Apache-2.0
//! DynamoDB in the sandbox, through the real AWS SDK: who may read, what comes back.
//!
//! Each test owns its sandbox. A new case goes into the file of its subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "dynamodb/batches.rs"]
mod batches;
#[path = "dynamodb/conditions.rs"]
mod conditions;
#[path = "dynamodb/items.rs"]
mod items;
#[path = "dynamodb/keys.rs"]
mod keys;
#[path = "dynamodb/queries.rs"]
mod queries;
#[path = "dynamodb/state.rs"]
mod state;
#[path = "dynamodb/tables.rs"]
mod tables;
#[path = "dynamodb/world.rs"]
mod world;
