// SPDX-License-Identifier: Apache-2.0
//! What a session carries: tags down a chain of roles, and session policies.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use std::collections::BTreeMap;

use crate::caller::Session;
use crate::error::AwsError;
use crate::policy::{Grammar, StoredPolicy};
use crate::protocol::Api;
use crate::protocol::parameters::validation;
use crate::world::World;

const MAX_POLICY: usize = 2048;
const MAX_POLICY_ARNS: usize = 10;

/// The new session's tags: those of the request, and the transitive ones of the calling session,
/// which can't be overridden.
pub(super) fn inherited(
    chained: Option<&Session>,
    requested: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, AwsError> {
    let mut tags = requested.clone();
    for key in chained
        .into_iter()
        .flat_map(|session| &session.transitive_tags)
    {
        if requested
            .keys()
            .any(|other| other.eq_ignore_ascii_case(key))
        {
            return Err(AwsError::client(
                "InvalidParameterValue",
                "One of the specified tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
            ));
        }
        if let Some(value) = chained.and_then(|session| session.tags.get(key)) {
            tags.insert(key.clone(), value.clone());
        }
    }
    Ok(tags)
}

/// The keys of the tags that go on from the new session.
pub(super) fn transitive(
    chained: Option<&Session>,
    requested: &BTreeMap<String, String>,
    keys: &[String],
) -> Result<Vec<String>, AwsError> {
    let mut all: Vec<String> = chained
        .map(|session| session.transitive_tags.clone())
        .unwrap_or_default();
    for key in keys {
        let Some(spelled) = requested
            .keys()
            .find(|other| other.eq_ignore_ascii_case(key))
        else {
            return Err(validation(
                Api::Sts,
                "The specified transitive tag key must be included in the requested tags.",
            ));
        };
        if !all.contains(spelled) {
            all.push(spelled.clone());
        }
    }
    Ok(all)
}

/// The session policies: the one in the request, and managed ones of the role's account.
pub(super) fn session_policies(
    world: &mut World,
    account: &str,
    inline: Option<&str>,
    arns: &[String],
) -> Result<Vec<StoredPolicy>, AwsError> {
    let malformed = |message: String| AwsError::client("MalformedPolicyDocument", message);
    if arns.len() > MAX_POLICY_ARNS {
        return Err(validation(
            Api::Sts,
            format!(
                "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to {MAX_POLICY_ARNS}"
            ),
        ));
    }
    let mut policies = Vec::new();
    if let Some(text) = inline {
        if text.chars().count() > MAX_POLICY {
            return Err(validation(
                Api::Sts,
                format!(
                    "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to {MAX_POLICY}"
                ),
            ));
        }
        policies.push(StoredPolicy::parse(text, Grammar::Session).map_err(malformed)?);
    }
    for arn in arns {
        if !world.has_managed_policy(arn, account) {
            return Err(malformed(format!(
                "The policy {arn} does not exist or is not attachable."
            )));
        }
        policies.extend(world.stored_managed_policy(arn).cloned());
    }
    Ok(policies)
}
