// SPDX-License-Identifier: Apache-2.0
//! Every mutant of an estate: one change each.

mod resources;

use std::collections::BTreeSet;

use keyproof_check::Estate;
use keyproof_document::Place;
use keyproof_policy::Grammar;
use keyproof_template::{ManagedPolicy, PolicySource, managed};
use serde_json::{Value, json};

use resources::Here;

use crate::mutant::{Edit, Mutant};
use crate::site::{self, Found, Site};
use crate::statement::{self, Names, Variant};

/// AWS's own policies that people attach in a hurry.
const BROAD: [&str; 5] = [
    "AdministratorAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "AmazonDynamoDBFullAccess",
    "AmazonDynamoDBReadOnlyAccess",
];

/// A key that is in no template.
const STRANGE_KEY: &str = "00000000-0000-4000-8000-000000000000";

/// Makes every mutant. The estate gets the broad managed policies, which nothing is attached to yet.
pub(crate) fn all(estate: &mut Estate) -> Vec<Mutant> {
    let broad = add_broad(estate);
    let mut mutants = Vec::new();
    let root = format!(
        "arn:{}:iam::{}:root",
        estate.account().partition,
        estate.account().account
    );
    for found in site::all(estate) {
        of_policy(&found, &root, &mut mutants);
    }
    let roles: Vec<(String, String)> = estate
        .parts()
        .flat_map(|part| &part.account.roles)
        .map(|role| (role.logical_id.clone(), role.arn.clone()))
        .collect();
    let keys: Vec<(String, String, String)> = estate
        .parts()
        .flat_map(|part| &part.account.keys)
        // A table takes no other key, and an alias only moves to one of its own kind.
        // https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html
        .filter(|key| key.spec == "SYMMETRIC_DEFAULT")
        .map(|key| (key.logical_id.clone(), key.key_id.clone(), key.arn.clone()))
        .collect();
    let groups: Vec<(String, String)> = estate
        .parts()
        .flat_map(|part| &part.account.groups)
        .map(|group| (group.logical_id.clone(), group.name.clone()))
        .collect();
    for (number, part) in estate.parts().enumerate() {
        let here = Here {
            number,
            part,
            root: &root,
            roles: &roles,
            keys: &keys,
            groups: &groups,
            broad: &broad,
            grants: &estate.grants,
        };
        here.keys(&mut mutants);
        here.holders(&mut mutants);
        here.members(&mut mutants);
        here.tables(&mut mutants);
        here.aliases(&mut mutants);
    }
    unique(&mut mutants);
    mutants
}

/// Puts the broad policies among those that the estate knows.
fn add_broad(estate: &mut Estate) -> Vec<(String, String)> {
    let partition = estate.account().partition.clone();
    let mut known = Vec::new();
    let Some(part) = estate.part_mut(0) else {
        return known;
    };
    for name in BROAD {
        let Some(policy) = managed::named(name) else {
            continue;
        };
        let arn = format!("arn:{partition}:iam::aws:policy{}{name}", policy.path);
        known.push((name.to_owned(), arn.clone()));
        if part.account.managed_policy(&arn).is_some() {
            continue;
        }
        let Ok(value) = serde_json::from_str(&policy.document) else {
            continue;
        };
        if let Ok(source) = PolicySource::new(value, Grammar::Identity, Place::START, "") {
            part.account.managed_policies.push(ManagedPolicy {
                logical_id: None,
                name: name.to_owned(),
                path: policy.path,
                arn,
                source,
                place: Place::START,
            });
        }
    }
    known
}

/// The same change can be reached in two ways, and a list can name something twice.
fn unique(mutants: &mut [Mutant]) {
    let mut taken = BTreeSet::new();
    for mutant in mutants {
        let id = mutant.id.clone();
        let mut count = 1;
        while !taken.insert(mutant.id.clone()) {
            count += 1;
            mutant.id = format!("{id}-{count}");
        }
    }
}

fn of_policy(found: &Found, root: &str, mutants: &mut Vec<Mutant>) {
    let all = statements(&found.source.value);
    for (index, one) in all.iter().enumerate() {
        let sid = one.get("Sid").and_then(Value::as_str);
        let label = sid.map_or_else(|| index.to_string(), str::to_owned);
        for variant in statement::variants(one, Names { root }) {
            let Some(source) = replaced(found, &all, index, &variant, root) else {
                continue;
            };
            mutants.push(Mutant {
                id: format!(
                    "{}/{}/{label}/{}",
                    found.owner,
                    kind(found.site),
                    variant.id
                ),
                change: format!(
                    "the statement `{label}` of the {} of `{}` is {}",
                    found.noun, found.owner, variant.what
                ),
                place: format!("{}.Statement[{index}]", found.source.path),
                file: found.file.clone(),
                line: found.source.statement_place(index).line,
                edit: Edit::Policy(found.site, Box::new(source)),
            });
        }
    }
}

fn kind(site: Site) -> &'static str {
    match site {
        Site::Key(..) => "key-policy",
        Site::Trust(..) => "trust",
        Site::Inline(..) | Site::Managed(..) => "policy",
        Site::Table(..) => "resource-policy",
        Site::Organization(..) => "organization",
    }
}

pub(crate) fn statements(policy: &Value) -> Vec<Value> {
    match policy.get("Statement") {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

fn replaced(
    found: &Found,
    all: &[Value],
    index: usize,
    variant: &Variant,
    root: &str,
) -> Option<PolicySource> {
    // What is dropped leaves a statement behind that does nothing, so that the others keep their
    // numbers; where the grammar has no such statement, it goes.
    let stand_in = variant
        .statement
        .clone()
        .unwrap_or_else(|| nothing(found.source.document.grammar(), root));
    let put = |statement: Option<Value>| {
        let mut changed = all.to_vec();
        match statement {
            Some(statement) => *changed.get_mut(index)? = statement,
            None => {
                changed.remove(index);
            }
        }
        let mut policy = found.source.value.as_object()?.clone();
        policy.insert("Statement".to_owned(), Value::Array(changed));
        // What IAM would refuse is no mistake that anybody could deploy.
        found.source.with_value(Value::Object(policy)).ok()
    };
    put(Some(stand_in)).or_else(|| variant.statement.is_none().then(|| put(None)).flatten())
}

/// A statement about an action that no service has.
fn nothing(grammar: Grammar, root: &str) -> Value {
    match grammar {
        Grammar::Identity
        | Grammar::Boundary
        | Grammar::Session
        | Grammar::Scp
        | Grammar::VpcEndpoint => {
            json!({"Effect": "Allow", "Action": "keyproof:Nothing", "Resource": "*"})
        }
        Grammar::Resource => json!({
            "Effect": "Allow", "Principal": {"AWS": root}, "Action": "keyproof:Nothing", "Resource": "*",
        }),
        Grammar::Trust => {
            json!({"Effect": "Allow", "Principal": {"AWS": root}, "Action": "keyproof:Nothing"})
        }
        Grammar::Rcp => json!({
            "Effect": "Deny", "Principal": "*", "Action": "keyproof:Nothing", "Resource": "*",
        }),
    }
}

/// The policy with one more statement.
fn extended(source: &PolicySource, statement: Value) -> Option<PolicySource> {
    let mut all = statements(&source.value);
    all.push(statement);
    let mut policy = source.value.as_object()?.clone();
    policy.insert("Statement".to_owned(), Value::Array(all));
    source.with_value(Value::Object(policy)).ok()
}
