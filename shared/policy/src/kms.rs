// SPDX-License-Identifier: Apache-2.0
//! What is particular to KMS.

use serde_json::{Value, json};

/// Operations that work on a key of another account. Permissions for the others have no effect
/// there.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
const ACROSS_ACCOUNTS: [&str; 20] = [
    "CreateGrant",
    "Decrypt",
    "DeriveSharedSecret",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetKeyRotationStatus",
    "GetPublicKey",
    "ListGrants",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
    "RevokeGrant",
    "Sign",
    "Verify",
    "VerifyMac",
];

/// Operations that take an encryption context.
const WITH_ENCRYPTION_CONTEXT: [&str; 8] = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
];

/// Whether a KMS operation can be done on a key of another account at all. Takes `kms:Decrypt` as
/// well as `Decrypt`.
#[must_use]
pub fn works_across_accounts(action: &str) -> bool {
    is_one_of(&ACROSS_ACCOUNTS, operation(action))
        || operation(action).eq_ignore_ascii_case("ReEncrypt")
}

/// Whether an action is `kms:RetireGrant`, which the grant decides and neither a key policy nor an
/// RCP has a say in. Identity policies do: they can deny it, and they delegate what the key's account,
/// or an account that is the grant's retiring principal, may do.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html>
pub(crate) fn retires_a_grant(action: &str) -> bool {
    action.eq_ignore_ascii_case("kms:RetireGrant")
}

/// Whether grant constraints restrict this operation.
pub(crate) fn has_encryption_context(action: &str) -> bool {
    is_one_of(&WITH_ENCRYPTION_CONTEXT, operation(action))
}

fn operation(action: &str) -> &str {
    action
        .split_once(':')
        .map_or(action, |(_, operation)| operation)
}

fn is_one_of(known: &[&str], operation: &str) -> bool {
    known
        .iter()
        .any(|known| known.eq_ignore_ascii_case(operation))
}

/// The key policy of a key created without one: everything is delegated to the account's IAM
/// policies.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
#[must_use]
pub fn default_key_policy(partition: &str, account: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:{partition}:iam::{account}:root")},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
}
