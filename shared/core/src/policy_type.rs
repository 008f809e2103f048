// SPDX-License-Identifier: Apache-2.0
//! The kinds of document that decide an AWS request.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A policy type, as IAM's evaluation logic names them, and the KMS grant beside them.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyType {
    /// Attached to the calling user, group or role.
    IdentityPolicy,
    /// Attached to the resource: a KMS key policy, a table's resource policy.
    ResourcePolicy,
    /// The caller's permissions boundary.
    PermissionsBoundary,
    /// Handed in when the session was made.
    SessionPolicy,
    /// An Organizations service control policy.
    Scp,
    /// An Organizations resource control policy.
    Rcp,
    /// The policy of the VPC endpoint that the call went through.
    VpcEndpointPolicy,
    /// A role's trust policy.
    TrustPolicy,
    /// A KMS grant. Grants only allow, so no denial names one.
    Grant,
}

impl PolicyType {
    /// The types that can deny, in the order of the plan's documentation.
    pub const DENYING: [Self; 8] = [
        Self::IdentityPolicy,
        Self::ResourcePolicy,
        Self::PermissionsBoundary,
        Self::SessionPolicy,
        Self::Scp,
        Self::Rcp,
        Self::VpcEndpointPolicy,
        Self::TrustPolicy,
    ];

    /// The name used in plans and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdentityPolicy => "identity_policy",
            Self::ResourcePolicy => "resource_policy",
            Self::PermissionsBoundary => "permissions_boundary",
            Self::SessionPolicy => "session_policy",
            Self::Scp => "scp",
            Self::Rcp => "rcp",
            Self::VpcEndpointPolicy => "vpc_endpoint_policy",
            Self::TrustPolicy => "trust_policy",
            Self::Grant => "grant",
        }
    }
}

impl fmt::Display for PolicyType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
