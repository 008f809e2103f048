// SPDX-License-Identifier: Apache-2.0
//! The questions: what a plan would ask that asks everything.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use keyproof_check::{Circumstances, Estate, Runner, assumptions};
use keyproof_core::{RoleArn, Service};
use keyproof_plan::{
    Action, Attribute, Canary, Expectation, Expected, Place, Plan, Principal, Table, TableKey,
};
use keyproof_template::{Encryption, User, is_generated};
use keyproof_verdict::RunFacts;

use super::{Answered, meaning};
use crate::scope::Scope;

/// The key attribute's value of a canary that a plan doesn't have yet.
const CANARY: &str = "keyproof#canary";

/// Names that are in no plan yet.
fn free<T>(taken: &IndexMap<String, T>, wanted: &str) -> String {
    let mut name = wanted.replace('/', "-");
    while taken.contains_key(&name) {
        name.push('-');
    }
    name
}

/// Adds the roles that the plan doesn't have; returns those that no plan can name.
pub(crate) fn add_roles(plan: &mut Plan, estate: &Estate) -> BTreeSet<String> {
    let mut nameless = BTreeSet::new();
    let known: BTreeSet<String> = plan
        .principals
        .values()
        .map(|principal| principal.role.to_string())
        .collect();
    for role in estate.parts().flat_map(|part| &part.account.roles) {
        let Ok(arn) = role.arn.parse::<RoleArn>() else {
            continue;
        };
        if known.contains(&role.arn) {
            continue;
        }
        let name = free(&plan.principals, &role.name);
        if is_generated(&role.name, &role.logical_id) {
            nameless.insert(name.clone());
        }
        plan.principals.insert(name, principal(arn));
    }
    nameless
}

/// Adds the tables that the plan doesn't have; returns those that no plan can name.
pub(crate) fn add_tables(plan: &mut Plan, estate: &Estate) -> BTreeSet<String> {
    let mut nameless = BTreeSet::new();
    let known: BTreeSet<String> = plan
        .tables
        .values()
        .map(|table| table.name.clone())
        .collect();
    for table in estate.parts().flat_map(|part| &part.account.tables) {
        if known.contains(&table.name) {
            continue;
        }
        let key = match &table.encryption {
            Encryption::Key(arn) => match arn.parse() {
                Ok(arn) => TableKey::Key(arn),
                Err(_) => continue,
            },
            Encryption::AwsOwned => TableKey::AwsOwned,
            // A plan has no word for these.
            Encryption::AwsManaged | Encryption::Unknown(_) => continue,
        };
        let canary = |name: &String| {
            let value = match table.attributes.get(name).map(String::as_str) {
                Some("N") => Attribute::N("0".to_owned()),
                Some("B") => Attribute::B(CANARY.as_bytes().to_vec()),
                Some(_) | None => Attribute::S(CANARY.to_owned()),
            };
            (name.clone(), value)
        };
        let of_indexes = table.indexes.iter().flat_map(|index| &index.key_schema);
        let name = free(&plan.tables, &table.name);
        if is_generated(&table.name, &table.logical_id) {
            nameless.insert(name.clone());
        }
        plan.tables.insert(
            name,
            Table {
                name: table.name.clone(),
                arn: None,
                key,
                canary: Canary {
                    key: table.key_schema.iter().map(canary).collect(),
                    attributes: of_indexes
                        .filter(|name| !table.key_schema.contains(name))
                        .map(canary)
                        .collect(),
                },
                inspect_as: None,
                place: Place::START,
            },
        );
    }
    nameless
}

/// Every question, what is expected being of no account.
pub(crate) fn questions(plan: &Plan, estate: &Estate) -> Vec<Expectation> {
    let mut all = Vec::new();
    for principal in plan.principals.keys() {
        let mut ask = |on: Option<&String>, index: Option<&String>, actions: Vec<Action>| {
            all.push(Expectation {
                principal: principal.clone(),
                on: on.cloned(),
                actions: actions.into(),
                index: index.cloned(),
                expected: Expected::Allowed,
                place: Place::START,
            });
        };
        ask(None, None, vec![Action::AssumeRole]);
        for (name, table) in &plan.tables {
            let encrypted = table.key != TableKey::AwsOwned;
            let of = |service: Service| {
                let actions = Action::ALL.into_iter();
                actions.filter(move |action| action.service() == service)
            };
            ask(Some(name), None, of(Service::DynamoDb).collect());
            if encrypted {
                ask(Some(name), None, of(Service::Kms).collect());
            }
            let found = estate
                .parts()
                .flat_map(|part| &part.account.tables)
                .find(|found| found.name == table.name);
            for index in found.into_iter().flat_map(|table| &table.indexes) {
                let reads = vec![Action::Query, Action::Scan];
                ask(Some(name), Some(&index.name), reads);
            }
        }
    }
    all
}

/// Every question about a user: as of one principal, whose role doesn't matter.
pub(crate) fn of_user(whole: &Plan, user: &User, estate: &Estate) -> Option<Plan> {
    let account = estate.account();
    let role = format!(
        "arn:{}:iam::{}:role/{}",
        account.partition, account.account, user.name
    );
    let name = user.name.replace('/', "-");
    let mut plan = Plan {
        principals: IndexMap::from([(name, principal(role.parse().ok()?))]),
        expectations: Vec::new(),
        ..whole.clone()
    };
    // Who inspects a table as whom is a matter of roles.
    for table in plan.tables.values_mut() {
        table.inspect_as = None;
    }
    plan.expectations = questions(&plan, estate);
    plan.expectations.retain(|one| one.on.is_some());
    Some(plan)
}

fn principal(role: RoleArn) -> Principal {
    Principal {
        role,
        external_id: None,
        tags: IndexMap::new(),
        duration: None,
        source_identity: None,
        place: Place::START,
    }
}

/// Who beside the runner may assume which role: the other roles and the users, and somebody of another
/// account whom that account allows everything. Of a role alone: who may assume it, and whom it may.
pub(crate) fn assumable(
    plan: &Plan,
    estate: &Estate,
    facts: &RunFacts,
    scope: &Scope,
) -> BTreeMap<(String, String), bool> {
    let own = estate.account();
    let other = if own.account.as_str() == "999999999999" {
        "888888888888"
    } else {
        "999999999999"
    };
    let stranger = format!("arn:{}:iam::{other}:role/stranger", own.partition);
    let mut callers = vec![("somebody of another account".to_owned(), stranger)];
    for part in estate.parts() {
        for role in &part.account.roles {
            callers.push((format!("`{}`", role.name), role.arn.clone()));
        }
        for user in &part.account.users {
            callers.push((format!("the user `{}`", user.name), user.arn.clone()));
        }
    }
    let mut all = BTreeMap::new();
    for (name, arn) in callers {
        let itself = match scope {
            Scope::Everything => true,
            Scope::Role(role) => *role == arn,
            Scope::Users(users) => users.contains(&arn),
            Scope::Key(_) | Scope::Table(_) => false,
        };
        let circumstances = Circumstances {
            runner: Runner::Arn(arn),
            ..Circumstances::default()
        };
        let wanted = |principal: &str| {
            let role = plan.principals.get(principal).map(|one| one.role.as_str());
            itself || matches!((scope, role), (Scope::Role(one), Some(role)) if one == role)
        };
        for (role, answer) in assumptions(plan, estate, &circumstances, facts, wanted) {
            let may = meaning(Some(&answer)) == Answered::Allowed;
            all.insert((name.clone(), role), may);
        }
    }
    all
}
