// SPDX-License-Identifier: Apache-2.0
//! An embedded AWS that denies like AWS: STS, IAM, KMS and DynamoDB over one endpoint.
//!
//! Every request's signature is verified, every call is authorised by the same evaluator that
//! `keyproof check` uses, and a read of an encrypted table needs `kms:Decrypt` as the caller. A
//! [`Sandbox`] is a value: tests hand it to the AWS SDK as its HTTP client, programs serve it on a
//! loopback port. What it does not simulate is the first section of this crate's README.

mod authorize;
mod caller;
mod clock;
mod credentials;
mod dynamodb;
mod error;
mod http;
mod iam;
mod kms;
mod policy;
mod protocol;
mod sandbox;
mod secret;
mod signature;
mod sts;
mod text;
mod world;

pub use clock::Clock;
pub use credentials::Credentials;
pub use sandbox::{Sandbox, SandboxError, SandboxOptions, StateError};
pub use secret::Secret;
