// SPDX-License-Identifier: Apache-2.0
//! Evidence in AWS: the bucket that it is kept in, and keys in KMS that sign it.
//!
//! [`EvidenceBucket`] and [`KmsKey`] are what the publish function writes with; [`BucketSource`] is what packs are
//! made from.

mod bucket;
mod error;
mod key;
mod source;

pub use bucket::{BUCKET_ACTIONS, EvidenceBucket, ROOT};
pub use error::VaultError;
pub use key::{KmsKey, SIGN_ACTIONS};
pub use source::BucketSource;
