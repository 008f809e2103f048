// SPDX-License-Identifier: Apache-2.0
//! What an inventory comes to, for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use keyproof_core::Visible;
use keyproof_plan::Plan;

use crate::expand::{Expanded, Expansion, Surveyed};

/// What each source was found to be, what was left out and why, and what is in each plan.
#[must_use]
pub fn preview(expansion: &Expansion) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let mut line = |line: String| {
        for line in line.split('\n') {
            let _ = writeln!(out, "{}", Visible(line));
        }
    };
    line("Sources".to_owned());
    for source in &expansion.sources {
        told(source, &mut line);
    }
    if expansion.merged > 0 {
        let tables = counted(expansion.merged, "table");
        line(format!("  {tables} told of by more than one source"));
    }
    for Expanded { plan, .. } in &expansion.plans {
        line(String::new());
        line(format!(
            "Plan {}, {}: {}",
            plan.name,
            plan.region,
            counts(plan)
        ));
        for (account, tables) in by_account(plan) {
            line(format!("  {account}: {}", tables.join(", ")));
        }
    }
    if expansion.plans.len() > 1 {
        let plans = expansion
            .plans
            .iter()
            .map(|expanded| expanded.plan.planned());
        let probes: usize = plans.sum();
        line(format!(
            "\n{} with {} in all",
            counted(expansion.plans.len(), "plan"),
            counted(probes, "probe")
        ));
    }
    out
}

fn told(source: &Surveyed, line: &mut impl FnMut(String)) {
    let accounts = counted(source.accounts, "account");
    let what = match source.tables {
        Some(tables) => format!("{} in {accounts}", counted(tables, "table")),
        None => accounts,
    };
    line(format!("  {}: {what}", source.source));
    for excluded in &source.excluded {
        line(format!("    left out: {}: {}", excluded.what, excluded.why));
    }
    for unread in &source.unread {
        line(format!(
            "    not read: {} in {}: {}",
            unread.account, unread.region, unread.why
        ));
    }
}

/// `3 accounts, 4 tables, 6 principals, 22 probes`.
#[must_use]
pub fn counts(plan: &Plan) -> String {
    [
        counted(by_account(plan).len(), "account"),
        counted(plan.tables.len(), "table"),
        counted(plan.principals.len(), "principal"),
        counted(plan.planned(), "probe"),
    ]
    .join(", ")
}

/// The tables of each account, each once.
fn by_account(plan: &Plan) -> BTreeMap<&str, Vec<&str>> {
    let mut accounts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for table in plan.tables.values() {
        let account = table.arn.as_ref().map_or("", |arn| arn.account());
        accounts.entry(account).or_default().insert(&table.name);
    }
    let listed = |(account, tables): (_, BTreeSet<_>)| (account, tables.into_iter().collect());
    accounts.into_iter().map(listed).collect()
}

/// `1 probe`, `2 probes`.
fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
