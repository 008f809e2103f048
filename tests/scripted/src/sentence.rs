// SPDX-License-Identifier: Apache-2.0
//! AWS's sentences of refusal.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>

/// The reason where nothing allows: `because no POLICY allows the ACTION action`.
#[must_use]
pub fn implicitly(policy: &str, action: &str) -> String {
    format!("because no {policy} allows the {action} action")
}

/// The reason where something denies: `with an explicit deny in POLICY` (article included).
#[must_use]
pub fn explicitly(policy: &str) -> String {
    format!("with an explicit deny in {policy}")
}

/// The whole sentence.
pub(crate) fn refusal(user: &str, action: &str, resource: &str, reason: &str) -> String {
    let space = if reason.is_empty() { "" } else { " " };
    format!(
        "User: {user} is not authorized to perform: {action} on resource: {resource}{space}{reason}"
    )
}

/// A sentence of KMS's, as DynamoDB passes it on.
pub(crate) fn through_dynamodb(sentence: &str) -> String {
    format!(
        "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: {sentence} \
         (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: \
         0f6e3b1c-5a1d-4c54-9f5e-1b2a3c4d5e6f; Proxy: null)"
    )
}

/// KMS's sentence before refusals said why.
pub(crate) const OLD: &str = "The ciphertext refers to a customer master key that does not exist, \
     does not exist in this region, or you are not allowed to access.";
