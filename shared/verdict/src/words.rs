// SPDX-License-Identifier: Apache-2.0
//! What people call services and policies, one name for one thing in every report.

use keyproof_core::{PolicyType, Service};

/// The service as people write it.
#[must_use]
pub const fn service_name(service: Service) -> &'static str {
    match service {
        Service::Kms => "KMS",
        Service::DynamoDb => "DynamoDB",
        Service::Sts => "STS",
    }
}

/// What people call a policy of this type where this service enforces it.
#[must_use]
pub const fn policy_noun(by: Option<Service>, policy: PolicyType) -> &'static str {
    match (policy, by) {
        (PolicyType::ResourcePolicy, Some(Service::Kms)) => "key policy",
        (PolicyType::ResourcePolicy, Some(Service::DynamoDb)) => "table's resource policy",
        (PolicyType::ResourcePolicy, Some(Service::Sts) | None) => "resource policy",
        (PolicyType::IdentityPolicy, _) => "identity policy",
        (PolicyType::PermissionsBoundary, _) => "permissions boundary",
        (PolicyType::SessionPolicy, _) => "session policy",
        (PolicyType::Scp, _) => "service control policy",
        (PolicyType::Rcp, _) => "resource control policy",
        (PolicyType::VpcEndpointPolicy, _) => "VPC endpoint policy",
        (PolicyType::TrustPolicy, _) => "role's trust policy",
        (PolicyType::Grant, _) => "grant",
    }
}
