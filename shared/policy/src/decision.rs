// SPDX-License-Identifier: Apache-2.0
//! The answer, and who gave it.

use std::sync::Arc;

use keyproof_core::PolicyType;

/// Whether the request goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It does.
    Allowed,
    /// It does not.
    Denied,
}

/// A statement that had a part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementRef {
    /// The kind of policy that it is in.
    pub policy: PolicyType,
    /// The level of the organization, root first. Zero for anything but SCPs and RCPs.
    pub level: usize,
    /// The document, counted from zero among those of its kind (and level). For a grant, the grant.
    pub document: usize,
    /// The statement in its document, counted from zero. Zero for a grant.
    pub index: usize,
    /// The statement's `Sid`; a grant's id.
    pub sid: Option<Arc<str>>,
    /// The document's name or ARN, where the caller gave it one.
    pub name: Option<Arc<str>>,
}

/// What was decided about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Allowed or denied.
    pub outcome: Outcome,
    /// Denied by a `Deny` statement, not merely for want of an `Allow`.
    pub explicit: bool,
    /// The kind of policy that decided: whose `Allow` completed the permission, whose `Deny` ended
    /// it, or where an `Allow` was wanting. AWS names only one kind, so this does too.
    pub by: PolicyType,
    /// Allowed: every `Allow` that granted it. Explicitly denied: every `Deny` that applied, those
    /// of `by` first. Denied for want of an `Allow`: none.
    pub statements: Vec<StatementRef>,
    /// Keys declared unknown on which the outcome hangs, in lower case. Empty: it is certain. If it
    /// is not empty, `outcome` is `Denied`, and values exist with which it would be allowed.
    pub unknown: Vec<String>,
}

impl Decision {
    /// Whether the request certainly goes through.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.outcome == Outcome::Allowed
    }

    /// Whether the outcome hangs on no unknown value.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.unknown.is_empty()
    }
}
