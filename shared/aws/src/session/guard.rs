// SPDX-License-Identifier: Apache-2.0
//! The session policy that keeps a session to the calls of its plan.
//!
//! A session can do what its role *and* its session policy allow
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>), so a
//! session that gets into wrong hands is good for probes and nothing else.
//!
//! A guard must not change what a run finds out. A forgotten `kms:Decrypt` would refuse every read of
//! an encrypted table, whatever the key's policy says. Hence:
//!
//! - INVARIANT (same guard): all principals of a run have the same one, made of all the plan's
//!   actions. Whatever it forgot, the witness lacks too, and without a witness nothing passes.
//! - All that DynamoDB may ask KMS for in a caller's name is in it, as soon as a table is called.
//! - It names no resource and has no condition: only actions are left out.
//! - Where STS has no room for it, the whole run is made again without (`verify`): never some of it.
//! - INVARIANT (own guard): a refusal by a session policy is the guard's, and no answer (`probe::own`).
//!
//! What a resource policy allows to the *session's* ARN, a guard doesn't limit; nothing relies on it.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use keyproof_core::Service;
use keyproof_plan::{Action, Plan, ProbeKind};

use crate::inspect;

/// The most characters that STS takes:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const LONGEST: usize = 2_048;

/// What DynamoDB may ask of a customer managed key in a caller's name:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
const THROUGH_DYNAMODB: &[&str] = &[
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
];

/// The guard of a plan's sessions; `None` where STS would not take it.
pub(crate) fn guard(plan: &Plan) -> Option<String> {
    let mut actions = BTreeSet::new();
    for probe in plan.each_probe() {
        match probe.kind {
            ProbeKind::Access { action, .. } => needs(action, &mut actions),
            ProbeKind::Encryption { table } => {
                let table = plan.tables.get(&table);
                if table.is_some_and(|table| table.inspect_as.is_some()) {
                    actions.extend(inspect::IAM_ACTIONS);
                }
            }
        }
    }
    // A policy needs an action. Whoever is only assumed may as well look at itself.
    if actions.is_empty() {
        actions.insert("sts:GetCallerIdentity");
    }
    let statement = serde_json::json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [statement] });
    Some(policy.to_string()).filter(|policy| policy.chars().count() <= LONGEST)
}

/// Adds what the action is authorised as.
fn needs(action: Action, actions: &mut BTreeSet<&'static str>) {
    match action {
        // Authorised as the reads that they hold.
        Action::TransactGetItems => drop(actions.insert(Action::GetItem.as_str())),
        // The source and the destination.
        Action::ReEncrypt => drop(actions.insert("kms:ReEncrypt*")),
        // The runner's own call.
        Action::AssumeRole => {}
        _ => drop(actions.insert(action.as_str())),
    }
    if action.service() == Service::DynamoDb {
        actions.extend(THROUGH_DYNAMODB);
    }
}

/// Whether STS refused the guard itself, and not the call: tags and policy share one room, whose size
/// is known by trying alone.
pub(super) fn is_refused(code: Option<&str>) -> bool {
    matches!(
        code,
        Some("PackedPolicyTooLarge" | "PackedPolicyTooLargeException" | "MalformedPolicyDocument")
    )
}
