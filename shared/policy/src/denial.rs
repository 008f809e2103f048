// SPDX-License-Identifier: Apache-2.0
//! AWS's own sentence for a denial.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

use keyproof_core::PolicyType;

use crate::evaluator::is_cross_account;
use crate::{Decision, PrincipalKind, Request};

/// What AWS answers to a request that was denied this way, from `User:` to the end.
///
/// For an allowed decision this is the sentence of a denial that names no reason.
#[must_use]
pub fn denial_sentence(request: &Request, decision: &Decision) -> String {
    let caller = match request.principal.kind() {
        PrincipalKind::Anonymous => "anonymous",
        PrincipalKind::User
        | PrincipalKind::Root
        | PrincipalKind::Role
        | PrincipalKind::RoleSession
        | PrincipalKind::FederatedUser
        | PrincipalKind::Federated
        | PrincipalKind::Service => request.principal.arn(),
    };
    let action = &request.action;
    let start = format!("User: {caller} is not authorized to perform: {action} on");
    if decision.is_allowed() {
        return format!("{start} resource: {}", request.resource);
    }
    // KMS does not tell another account whether the key exists.
    // https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
    if request.service().eq_ignore_ascii_case("kms")
        && is_cross_account(request)
        && matches!(decision.by, PolicyType::ResourcePolicy | PolicyType::Rcp)
    {
        return format!(
            "{start} this resource because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
        );
    }
    let start = format!("{start} resource: {}", request.resource);
    if decision.explicit {
        format!("{start} with an explicit deny in {}", denying(decision.by))
    } else {
        format!(
            "{start} because no {} allows the {action} action",
            wanting(decision.by)
        )
    }
}

/// The kind of policy with its article, as after `with an explicit deny in`.
fn denying(policy: PolicyType) -> &'static str {
    match policy {
        PolicyType::IdentityPolicy => "an identity-based policy",
        PolicyType::ResourcePolicy | PolicyType::Grant => "a resource-based policy",
        PolicyType::PermissionsBoundary => "a permissions boundary",
        PolicyType::SessionPolicy => "a session policy",
        PolicyType::Scp => "a service control policy",
        PolicyType::Rcp => "a resource control policy",
        PolicyType::VpcEndpointPolicy => "a VPC endpoint policy",
        PolicyType::TrustPolicy => "the role trust policy",
    }
}

/// The kind of policy, as after `because no`.
fn wanting(policy: PolicyType) -> &'static str {
    match policy {
        PolicyType::IdentityPolicy => "identity-based policy",
        PolicyType::ResourcePolicy | PolicyType::Grant => "resource-based policy",
        PolicyType::PermissionsBoundary => "permissions boundary",
        PolicyType::SessionPolicy => "session policy",
        PolicyType::Scp => "service control policy",
        PolicyType::Rcp => "resource control policy",
        PolicyType::VpcEndpointPolicy => "VPC endpoint policy",
        PolicyType::TrustPolicy => "role trust policy",
    }
}
