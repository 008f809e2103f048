// SPDX-License-Identifier: Apache-2.0
//! The plan's key of a table.

use keyproof_aws::KeyFacts;
use keyproof_core::PolicyType;
use keyproof_plan::Table;
use keyproof_verdict::{Answer, Blindness, KeyState, Observation};

use super::blind;
use crate::check::{Check, Mend};
use crate::mend::{Who, lift, limit, may_be, said};

const DESCRIBE_KEY: &str = "kms:DescribeKey";

pub(super) fn check(
    name: &str,
    table: &Table,
    seen: &Observation,
    facts: Option<&KeyFacts>,
    who: &Who,
) -> Check {
    let id = format!("table/{name}/key");
    let key = table.key.to_string();
    match (&seen.answer, facts) {
        (Answer::Allowed(_), Some(facts)) => found(id, &key, facts),
        (Answer::Allowed(_), None) => {
            Check::unknown(id, format!("the description of `{key}` tells nothing"))
        }
        (Answer::KeyUnusable(state), _) => unusable(id, &key, &key, *state),
        (Answer::Denied(denial), _) => {
            let lacked = who.lacks(DESCRIBE_KEY, &key, denial);
            let mut mends: Vec<Mend> = lift(denial).into_iter().chain(limit(denial)).collect();
            if mends.is_empty() {
                if may_be(denial, &[PolicyType::IdentityPolicy]) {
                    let mut mend = who.by_identity(&lacked);
                    mend.text
                        .push_str(", where the key policy leaves that to IAM");
                    mends.push(mend);
                }
                if may_be(denial, &[PolicyType::ResourcePolicy]) {
                    let what = format!("the key policy of `{}`", lacked.resource);
                    mends.push(who.by_resource(&what, &[DESCRIBE_KEY], Some("*")));
                }
            }
            Check::problem(
                id,
                format!(
                    "{} may not look at the key `{}`: {}",
                    who.called,
                    lacked.resource,
                    said(seen)
                ),
            )
            .mends(mends)
            .lacking(lacked)
        }
        (Answer::Unknown(Blindness::NotFound), _) => {
            let mend = if table.key.alias_name().is_some() {
                Mend::words("create the alias, or correct the plan's `key`").command(
                    "aws kms create-alias --target-key-id KEY-ID --alias-name",
                    &[table.key.alias_name().unwrap_or_default()],
                )
            } else {
                Mend::words("correct the plan's `key`: the ARN of a key, or `alias/NAME`")
            };
            Check::problem(id, format!("there is no key `{key}`: {}", said(seen))).mend(mend)
        }
        (Answer::Unknown(_), _) => Check::unknown(
            id,
            format!("the key `{key}` could not be looked at: {}", said(seen)),
        )
        .mend(blind(seen, who)),
    }
}

fn found(id: String, key: &str, facts: &KeyFacts) -> Check {
    let arn = &facts.arn;
    if facts.aws_managed {
        return Check::problem(
            id,
            format!(
                "`{key}` is the AWS managed key `{arn}`, which keeps nobody of the account out"
            ),
        )
        .mend(Mend::words(
            "encrypt the table with a customer managed key, and name that in the plan",
        ));
    }
    match facts.state {
        KeyState::Enabled if key == arn => Check::ok(id, format!("`{key}` is there and enabled")),
        KeyState::Enabled => Check::ok(id, format!("`{key}` is `{arn}`, which is enabled")),
        state @ (KeyState::Disabled | KeyState::PendingDeletion | KeyState::Unavailable) => {
            unusable(id, key, arn, state)
        }
    }
}

fn unusable(id: String, key: &str, arn: &str, state: KeyState) -> Check {
    let (state, mend) = match state {
        KeyState::Disabled => (
            "disabled",
            Mend::words("enable it").command("aws kms enable-key --key-id", &[arn]),
        ),
        KeyState::PendingDeletion => (
            "about to be deleted",
            Mend::words("cancel the deletion, which leaves it disabled, and enable it")
                .command("aws kms cancel-key-deletion --key-id", &[arn]),
        ),
        KeyState::Enabled | KeyState::Unavailable => (
            "not usable (its material is missing, or its key store is not connected)",
            Mend::words("see what state it is in").command("aws kms describe-key --key-id", &[arn]),
        ),
    };
    Check::problem(
        id,
        format!("`{key}` is {state}: it denies everybody, and proves nothing"),
    )
    .mend(mend)
}
