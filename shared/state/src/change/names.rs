// SPDX-License-Identifier: Apache-2.0
//! The calls that can change who may do what with a table, a key or a role.

/// By CloudTrail's `eventSource`. IAM's arrive in us-east-1 only, Organizations' there in the
/// management account only:
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
pub(super) const EVENTS: &[(&str, &[&str])] = &[
    (
        "kms.amazonaws.com",
        &[
            "CancelKeyDeletion",
            "CreateAlias",
            "CreateGrant",
            "DeleteAlias",
            "DeleteImportedKeyMaterial",
            "DisableKey",
            "EnableKey",
            "ImportKeyMaterial",
            "PutKeyPolicy",
            "RetireGrant",
            "RevokeGrant",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateAlias",
        ],
    ),
    (
        "iam.amazonaws.com",
        &[
            "AttachRolePolicy",
            "CreatePolicyVersion",
            "CreateRole",
            "DeletePolicyVersion",
            "DeleteRole",
            "DeleteRolePermissionsBoundary",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "PutRolePermissionsBoundary",
            "PutRolePolicy",
            "SetDefaultPolicyVersion",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
        ],
    ),
    (
        "dynamodb.amazonaws.com",
        &[
            "CreateTable",
            "DeleteResourcePolicy",
            "DeleteTable",
            "PutResourcePolicy",
            "UpdateTable",
        ],
    ),
    (
        "organizations.amazonaws.com",
        &[
            "AttachPolicy",
            "DetachPolicy",
            "DisablePolicyType",
            "EnablePolicyType",
            "UpdatePolicy",
        ],
    ),
];
