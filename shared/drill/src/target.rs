// SPDX-License-Identifier: Apache-2.0
//! Whom a plan lets be tried.

use keyproof_core::Service;
use keyproof_plan::{Action, Expected, Plan, TableKey};
use thiserror::Error;

/// Whom and what to drill; everything that the plan allows where nothing is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Principals by their names in the plan; the first of each table where empty.
    pub principals: Vec<String>,
    /// Tables by their names in the plan; all where empty.
    pub tables: Vec<String>,
}

/// One drill: a principal that the key must keep out of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The principal's name in the plan.
    pub principal: String,
    /// The table's name in the plan.
    pub table: String,
    /// The read that is tried.
    pub action: Action,
}

/// Why there is nobody to try.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoTargetError {
    /// The plan has no such principal or table.
    #[error("the plan has no {what} `{name}`; it has {}", list(.known))]
    Unknown {
        /// `principal` or `table`.
        what: &'static str,
        /// The name as given.
        name: String,
        /// The plan's.
        known: Vec<String>,
    },
    /// No expectation fits.
    #[error(
        "the plan expects of nobody{} that kms denies a read{}; a drill needs an expectation such as \
         `{{ principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }}`",
        chosen(" like ", .choice.principals.as_slice()),
        chosen(" of ", .choice.tables.as_slice())
    )]
    Nobody {
        /// What was chosen.
        choice: Choice,
    },
}

fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn chosen(before: &str, names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("{before}{}", list(names))
    }
}

/// The drills that a plan lets be made, in its tables' order: of each table, the first principal
/// whose read the plan expects KMS to deny, or those that were chosen.
///
/// # Errors
///
/// Where a chosen name is not in the plan, or no expectation fits.
pub fn targets(plan: &Plan, choice: &Choice) -> Result<Vec<Target>, NoTargetError> {
    let unknown = |what, name: &String, known: Vec<String>| NoTargetError::Unknown {
        what,
        name: name.clone(),
        known,
    };
    for name in &choice.principals {
        if !plan.principals.contains_key(name) {
            let known = plan.principals.keys().cloned().collect();
            return Err(unknown("principal", name, known));
        }
    }
    for name in &choice.tables {
        if !plan.tables.contains_key(name) {
            let known = plan.tables.keys().cloned().collect();
            return Err(unknown("table", name, known));
        }
    }
    let mut found: Vec<Target> = Vec::new();
    for (table, planned) in &plan.tables {
        let wanted = choice.tables.is_empty() || choice.tables.contains(table);
        if !wanted || planned.key == TableKey::AwsOwned {
            continue;
        }
        let kept_out = plan
            .principals
            .keys()
            .filter(|name| choice.principals.is_empty() || choice.principals.contains(name))
            .filter_map(|name| {
                Some(Target {
                    principal: name.clone(),
                    table: table.clone(),
                    action: denied_read(plan, name, table)?,
                })
            });
        let most = if choice.principals.is_empty() {
            1
        } else {
            usize::MAX
        };
        found.extend(kept_out.take(most));
    }
    if found.is_empty() {
        return Err(NoTargetError::Nobody {
            choice: choice.clone(),
        });
    }
    Ok(found)
}

/// The read of the table itself that KMS must deny: `GetItem`, where it is among them, as it costs
/// least.
fn denied_read(plan: &Plan, principal: &str, table: &str) -> Option<Action> {
    plan.expectations
        .iter()
        .filter(|one| one.principal == principal && one.on.as_deref() == Some(table))
        .filter(|one| one.index.is_none())
        .filter(|one| {
            matches!(
                one.expected,
                Expected::Denied {
                    by: Service::Kms,
                    ..
                }
            )
        })
        .flat_map(|one| one.actions.iter())
        .copied()
        .filter(|action| action.reads_canary())
        .min_by_key(|action| *action != Action::GetItem)
}
