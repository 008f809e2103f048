// SPDX-License-Identifier: Apache-2.0
//! The calls that a run of a plan can't do without.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use keyproof_plan::{Action, Plan, Table, TableKey};

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
    let mut least = BTreeMap::new();
    for ((_, operation), count) in least_by_account(plan) {
        *least.entry(operation).or_default() += count;
    }
    least
}

/// The same by the account of whoever calls, whose quotas the calls are charged to; `None` is the
/// operator's.
#[must_use]
pub fn least_by_account(plan: &Plan) -> BTreeMap<(Option<&str>, Operation), u64> {
    let mut least = BTreeMap::from([((None, Operation::GET_CALLER_IDENTITY), 1)]);
    let mut add = |account, operation| *least.entry((account, operation)).or_default() += 1;
    let account = |principal: &str| Some(plan.principals.get(principal)?.role.account());
    let asked = plan.expectations.iter().map(|one| one.principal.as_str());
    let tables = || plan.tables.values();
    let looking = tables().filter_map(|table| table.inspect_as.as_deref());
    for _ in asked.chain(looking).collect::<BTreeSet<_>>() {
        add(None, Operation::ASSUME_ROLE);
    }
    let mut keys = BTreeSet::new();
    for table in tables() {
        let by = table.inspect_as.as_deref();
        add(by.and_then(account), Operation::DESCRIBE_TABLE);
        if let Some(key) = table.key.key_id()
            && keys.insert((by, key))
        {
            add(by.and_then(account), Operation::DESCRIBE_KEY);
        }
    }
    let mut of_keys = BTreeSet::new();
    for expectation in &plan.expectations {
        let principal = expectation.principal.as_str();
        let table = expectation.on.as_ref().and_then(|on| plan.tables.get(on));
        let key = table.and_then(key_asked);
        for &action in expectation.actions.iter() {
            // The session is the answer.
            let answered = action == Action::AssumeRole
                || asks_of_key_alone(action) && !of_keys.insert((principal, action, key));
            if !answered {
                add(account(principal), Operation::of(action));
            }
        }
    }
    least
}

/// The key that questions about a table's key are about: two tables have it in common where this is the
/// same. An alias is the one that whoever looks at the table resolves, as the same alias may be of another
/// key in another account.
#[must_use]
pub fn key_asked(table: &Table) -> Option<(Option<&str>, &str)> {
    let resolved_by = match table.key {
        TableKey::Alias(_) => table.inspect_as.as_deref(),
        TableKey::Key(_) | TableKey::AwsOwned => None,
    };
    Some((resolved_by, table.key.key_id()?))
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
