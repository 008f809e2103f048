// SPDX-License-Identifier: Apache-2.0
//! Everything that applies to a request.

use crate::{Document, Grant};

/// The policies to decide by, all borrowed: cheap to put together for each request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Attached to the caller: its own and, for a user, its groups'.
    pub identity: &'a [Document],
    /// Attached to the resource: the key policy, the table's policy, the trust policy of the role
    /// being assumed. A KMS key without one lets nobody in. An `sts:AssumeRole` without one is
    /// decided by the caller's policies alone, as in the IAM policy simulator: hand in the role's.
    pub resource: Option<&'a Document>,
    /// The caller's permissions boundary. Empty: none. Several count as their union.
    pub boundaries: &'a [Document],
    /// The session policy. `None`, and no `sessions` either: the session is not restricted.
    pub session: Option<&'a Document>,
    /// Further session policies (managed ones). They and `session` count as their union.
    pub sessions: &'a [Document],
    /// Service control policies of the caller's account, one list a level, root first. Every level
    /// has to allow. Empty: no organization, or its management account.
    pub scps: &'a [Vec<Document>],
    /// Resource control policies of the resource's account, likewise. They only ever deny:
    /// `RCPFullAWSAccess` is attached everywhere and can't be detached.
    pub rcps: &'a [Vec<Document>],
    /// The policy of the VPC endpoint that the call goes through. Empty: not through an endpoint.
    pub vpc_endpoint: &'a [Document],
    /// The KMS key's grants.
    pub grants: &'a [Grant],
}

impl<'a> Policies<'a> {
    /// All session policies.
    pub(crate) fn session_documents(&self) -> impl Iterator<Item = &'a Document> + use<'a> {
        self.session.into_iter().chain(self.sessions)
    }
}
