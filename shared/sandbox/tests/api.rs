// SPDX-License-Identifier: Apache-2.0
//! STS, IAM and KMS of the sandbox, its signatures, its socket and its saved state.
//!
//! STS and KMS are driven through the real AWS SDK with the sandbox as its HTTP client, IAM by
//! signed requests. Each test owns its sandbox. A new case goes into the file of its subject.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "api/accounts.rs"]
mod accounts;
#[path = "api/assume_role.rs"]
mod assume_role;
#[path = "api/encryption.rs"]
mod encryption;
#[path = "api/grants.rs"]
mod grants;
#[path = "api/iam.rs"]
mod iam;
#[path = "api/key_policies.rs"]
mod key_policies;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/lists.rs"]
mod lists;
#[path = "api/managed_policies.rs"]
mod managed_policies;
#[path = "api/retiring.rs"]
mod retiring;
#[path = "api/signature.rs"]
mod signature;
#[path = "api/socket.rs"]
mod socket;
#[path = "api/state.rs"]
mod state;
#[path = "api/world.rs"]
mod world;
