// SPDX-License-Identifier: Apache-2.0
//! `TABLE/encryption`: is the table encrypted with the plan's key?

use keyproof_plan::{Probe, TableKey};

use super::reason::{clause, key_is};
use super::{Ruling, World, observed_row, verdict};
use crate::{
    Answer, Blindness, Denial, Encryption, ExpectedRow, Finding, KeyState, ProbeRow,
    TableObservation,
};

/// The action that rows of tables carry: what the look begins with.
const ACTION: &str = "dynamodb:DescribeTable";

pub(super) fn row(world: &World<'_>, probe: &Probe, name: &str) -> ProbeRow {
    let table = world.plan.tables.get(name);
    let seen = world.table_seen(name);
    let inspector = table.and_then(|table| table.inspect_as.as_deref());
    let role = inspector
        .and_then(|name| world.plan.principals.get(name))
        .map(|found| &found.role);
    let ruling = match (table, seen) {
        (Some(table), Some(seen)) => world.other_account(name).map_or_else(
            || rule(name, &table.key, seen),
            |(looked, called)| another(name, &looked, &called),
        ),
        (Some(_) | None, _) => blind(name, "the run never looked", "run again"),
    };
    let mut observed = observed_row(
        seen.map(|seen| &seen.look),
        seen.map(|seen| &seen.look.answer),
    );
    observed.key =
        seen.and_then(|seen| seen.encryption.as_ref())
            .map(|encryption| match encryption {
                Encryption::AwsOwned => AWS_OWNED.to_owned(),
                Encryption::AwsManaged { arn } | Encryption::Key { arn } => arn.clone(),
            });
    ProbeRow {
        id: probe.id.clone(),
        principal: inspector.map(str::to_owned),
        role_arn: role.map(ToString::to_string),
        action: ACTION.to_owned(),
        table: Some(name.to_owned()),
        resource: seen
            .and_then(|seen| seen.look.resource.clone())
            .or_else(|| world.table_arn(name)),
        expected: ExpectedRow {
            decision: "allowed".to_owned(),
            by: None,
            policy: None,
            key: table.map(|table| planned_key(&table.key)),
        },
        observed,
        verdict: verdict(ruling.finding),
        finding: ruling.finding,
        reason: ruling.reason,
        cause: None,
        exception: None,
        line: Some(probe.place.line),
    }
}

const AWS_OWNED: &str = "aws-owned";

fn planned_key(key: &TableKey) -> String {
    match key {
        TableKey::Key(arn) => arn.to_string(),
        TableKey::Alias(alias) => alias.clone(),
        TableKey::AwsOwned => AWS_OWNED.to_owned(),
    }
}

fn rule(name: &str, planned: &TableKey, seen: &TableObservation) -> Ruling {
    let Some(found) = &seen.encryption else {
        return unseen(name, seen);
    };
    let expected = match planned {
        TableKey::Key(arn) => Some(arn.as_str()),
        TableKey::Alias(_) => seen.expected_key.as_deref(),
        TableKey::AwsOwned => None,
    };
    match (planned, found, expected) {
        (TableKey::AwsOwned, Encryption::AwsOwned, _) => {
            if looked(seen) {
                pass(control(name))
            } else {
                unseen(name, seen)
            }
        }
        (TableKey::AwsOwned, Encryption::AwsManaged { arn } | Encryption::Key { arn }, _) => {
            wrong(format!(
                "`{name}` is encrypted with key `{arn}`, where the plan wants a control table on an AWS \
             owned key: reads of it show nothing about DynamoDB alone; take the key off the table, \
             or name it in the plan"
            ))
        }
        (TableKey::Key(_) | TableKey::Alias(_), Encryption::AwsOwned, _) => wrong(format!(
            "`{name}` is encrypted with a key that AWS owns instead of `{}`: KMS keeps nobody out of \
             it; set the table's encryption to the plan's key",
            planned_key(planned)
        )),
        // Even where the plan names it: no plan about it can be kept.
        (TableKey::Key(_) | TableKey::Alias(_), Encryption::AwsManaged { arn }, _) => {
            wrong(format!(
                "`{name}` is encrypted with the AWS managed key `{arn}`, which keeps nobody of the \
             account out: set the table's encryption to a customer managed key, and name that in \
             the plan"
            ))
        }
        (TableKey::Key(_) | TableKey::Alias(_), Encryption::Key { arn }, Some(expected)) => {
            if arn != expected {
                return wrong(format!(
                    "`{name}` is encrypted with key `{arn}` instead of `{expected}`: refusals by KMS \
                     say nothing about the plan's key, and if the key is the AWS managed one, it \
                     keeps nobody of the account out; set the table's encryption to the plan's key, \
                     or correct the plan"
                ));
            }
            if looked(seen) {
                pass(encrypted(name, arn, seen))
            } else {
                unseen(name, seen)
            }
        }
        // The alias could not be resolved: the key may or may not be the plan's.
        (TableKey::Key(_) | TableKey::Alias(_), Encryption::Key { .. }, None) => unseen(name, seen),
    }
}

/// INVARIANT (no look, no pass): only a look that succeeded can pass.
fn looked(seen: &TableObservation) -> bool {
    matches!(seen.look.answer, Answer::Allowed(_))
}

fn control(name: &str) -> String {
    format!("`{name}` is encrypted with a key that AWS owns, as a control table must be")
}

fn encrypted(name: &str, arn: &str, seen: &TableObservation) -> String {
    let state = match seen.key_state {
        Some(state @ (KeyState::Disabled | KeyState::PendingDeletion | KeyState::Unavailable)) => {
            format!(", although that key {}", key_is(state))
        }
        Some(KeyState::Enabled) => String::new(),
        None => ", whose state and kind nobody could look up".to_owned(),
    };
    format!("`{name}` is encrypted with the plan's key `{arn}`{state}")
}

/// The look failed, was refused, or found too little.
fn unseen(name: &str, seen: &TableObservation) -> Ruling {
    let code = seen.look.error_code.as_deref();
    match &seen.look.answer {
        Answer::Unknown(blindness) => {
            let (why, next) = clause(blindness, code);
            blind(name, &why, next)
        }
        Answer::Denied(Denial { action, .. }) => {
            let (why, next) = clause(&Blindness::MayNotLook, action.as_deref().or(code));
            blind(name, &why, next)
        }
        Answer::KeyUnusable(state) => {
            let why = format!("its key {}", key_is(*state));
            blind(name, &why, "enable the key, then run again")
        }
        Answer::Allowed(_) => blind(
            name,
            "the table was seen, but not the key that the plan means",
            "allow whoever inspects it `kms:DescribeKey`, or name the key by its ARN",
        ),
    }
}

fn blind(name: &str, why: &str, next: &str) -> Ruling {
    let reason = format!("what `{name}` is encrypted with was not found out: {why}; {next}");
    Ruling {
        finding: Some(Finding::Blind),
        reason,
    }
}

/// The look was at another account's table of the same name.
fn another(name: &str, looked: &str, called: &str) -> Ruling {
    blind(
        name,
        &format!(
            "the table that was looked at is in account `{looked}`, and the one that its principals \
             call in `{called}`"
        ),
        "give the table's ARN in the plan, and in `inspect_as` a principal of its account",
    )
}

fn pass(reason: String) -> Ruling {
    Ruling {
        finding: None,
        reason,
    }
}

fn wrong(reason: String) -> Ruling {
    Ruling {
        finding: Some(Finding::WrongKey),
        reason,
    }
}
