// SPDX-License-Identifier: Apache-2.0
//! The calls that a run of a plan can't do without.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use keyproof_plan::{Action, Plan};

use crate::Operation;

/// How often a run has to call each operation where every call is answered at once and every page of
/// a scan holds the canary:
///
/// - once, whose credentials the operator's are;
/// - one session for each principal that is asked for or that looks at a table;
/// - one look at each table, and one at each key for each who looks;
/// - one call for each probe, where none of the above answers it already. Questions about one key by
///   one principal that don't depend on the table are one question: [`asks_of_key_alone`].
///
/// Nothing could be batched further: `BatchGetItem` and `TransactGetItems` are authorised as actions
/// of their own or answer for all of their items at once, so that one call can't stand for another
/// probe (<https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>).
#[must_use]
pub fn least(plan: &Plan) -> BTreeMap<Operation, u64> {
    let mut least = BTreeMap::from([(Operation::GET_CALLER_IDENTITY, 1)]);
    let mut add = |operation, more: usize| {
        if more > 0 {
            *least.entry(operation).or_default() += more as u64;
        }
    };
    let tables = || plan.tables.values();
    let asked = plan.expectations.iter().map(|one| one.principal.as_str());
    let looking = tables().filter_map(|table| table.inspect_as.as_deref());
    let assumed: BTreeSet<&str> = asked.chain(looking).collect();
    add(Operation::ASSUME_ROLE, assumed.len());
    add(Operation::DESCRIBE_TABLE, plan.tables.len());
    let keys: BTreeSet<_> = tables()
        .filter_map(|table| Some((table.inspect_as.as_deref(), table.key.key_id()?)))
        .collect();
    add(Operation::DESCRIBE_KEY, keys.len());
    let mut of_keys = BTreeSet::new();
    for expectation in &plan.expectations {
        let table = expectation.on.as_ref().and_then(|on| plan.tables.get(on));
        let key = table.and_then(|table| table.key.key_id());
        for &action in &expectation.actions {
            // The session is the answer.
            let answered = action == Action::AssumeRole
                || asks_of_key_alone(action)
                    && !of_keys.insert((expectation.principal.as_str(), action, key));
            if !answered {
                add(Operation::of(action), 1);
            }
        }
    }
    least
}

/// Whether the call depends on the principal and the key alone, and on nothing of the table's: then
/// one answer serves all tables that the plan gives the same key.
#[must_use]
pub const fn asks_of_key_alone(action: Action) -> bool {
    matches!(
        action,
        Action::DescribeKey
            | Action::GetKeyPolicy
            | Action::ListGrants
            | Action::CreateGrant
            | Action::RevokeGrant
            | Action::RetireGrant
    )
}
