// SPDX-License-Identifier: Apache-2.0
//! Decides one AWS request against every policy that applies to it, by IAM's rules and KMS's own.
//!
//! ```
//! use keyproof_policy::{Document, Grammar, Policies, Principal, Request, evaluate};
//!
//! let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
//! let key_policy = Document::parse(
//!     r#"{"Version": "2012-10-17", "Statement": [{
//!         "Sid": "Readers", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
//!         "Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"}}]}"#,
//!     Grammar::Resource,
//! )?;
//! let caller: Principal = "arn:aws:sts::111122223333:assumed-role/reader/s".parse()?;
//!
//! let decision = evaluate(
//!     &Request::new(caller, "kms:Decrypt", key),
//!     &Policies { resource: Some(&key_policy), ..Policies::default() },
//! );
//!
//! assert!(decision.is_allowed());
//! assert_eq!(decision.statements[0].sid.as_deref(), Some("Readers"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Pure: no clock, no environment, no files, no network. Follows
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html> and
//! <https://docs.aws.amazon.com/kms/latest/developerguide/control-access.html>. Where it disagrees
//! with another simulator, `DIFFERENCES.md` says why.
#![deny(clippy::wildcard_enum_match_arm)]

mod arn_pattern;
mod condition;
mod context;
mod decision;
mod denial;
mod document;
mod evaluator;
mod glob;
mod grant;
pub mod kms;
mod policies;
mod principal;
mod principal_element;
mod request;
pub mod simulate;
mod statement;
mod strict_json;
mod text;
mod truth;

pub use context::{Context, ContextValue};
pub use decision::{Decision, Outcome, StatementRef};
pub use denial::denial_sentence;
pub use document::{Document, DocumentError, Grammar, Problem};
pub use evaluator::evaluate;
pub use grant::Grant;
pub use keyproof_core::{AccountId, PolicyType};
pub use policies::Policies;
pub use principal::{Principal, PrincipalError, PrincipalKind};
pub use request::Request;
