// SPDX-License-Identifier: Apache-2.0
//! Every mutant of an estate: one change each.

use std::collections::BTreeSet;

use keyproof_check::{Estate, KeyGrant, Part};
use keyproof_document::Place;
use keyproof_policy::{Grammar, Grant};
use keyproof_template::{Attachment, Encryption, ManagedPolicy, PolicySource, managed};
use serde_json::{Value, json};

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
        .map(|key| (key.logical_id.clone(), key.key_id.clone(), key.arn.clone()))
        .collect();
    for (number, part) in estate.parts().enumerate() {
        let here = Here {
            number,
            part,
            root: &root,
            roles: &roles,
            keys: &keys,
            grants: &estate.grants,
        };
        here.keys(&mut mutants);
        here.roles(&broad, &mut mutants);
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

/// One template, with what mutants of it need to know of the others.
struct Here<'h> {
    number: usize,
    part: &'h Part,
    root: &'h str,
    /// Logical id and ARN.
    roles: &'h [(String, String)],
    /// Logical id, id and ARN.
    keys: &'h [(String, String, String)],
    grants: &'h [KeyGrant],
}

impl Here<'_> {
    fn mutant(&self, id: String, change: String, place: String, line: usize, edit: Edit) -> Mutant {
        Mutant {
            id,
            change,
            place,
            file: self.part.file.clone(),
            line,
            edit,
        }
    }

    fn keys(&self, mutants: &mut Vec<Mutant>) {
        for (index, key) in self.part.account.keys.iter().enumerate() {
            let (owner, place) = (&key.logical_id, format!("Resources.{}", key.logical_id));
            let site = Site::Key(self.number, index);
            let mut add = |id: &str, change: String, statement: Value| {
                if let Some(source) = extended(&key.policy, statement) {
                    let id = format!("{owner}/key-policy/add-{id}");
                    let edit = Edit::Policy(site, Box::new(source));
                    let (path, line) = (key.policy.path.clone(), key.policy.place.line);
                    mutants.push(self.mutant(id, change, path, line, edit));
                }
            };
            let user = |principal: Value| {
                json!({
                    "Effect": "Allow", "Principal": principal,
                    "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*",
                })
            };
            for (role, arn) in self.roles {
                let change =
                    format!("the role `{role}` is added to the users of the key `{owner}`");
                add(&format!("user-{role}"), change, user(json!({"AWS": arn})));
            }
            let change = format!("everybody is added to the users of the key `{owner}`");
            add("user-everyone", change, user(json!("*")));
            let change = format!(
                "the key policy of `{owner}` leaves everything to the account's IAM policies"
            );
            let delegation = json!({
                "Effect": "Allow", "Principal": {"AWS": self.root}, "Action": "kms:*", "Resource": "*",
            });
            add("account", change, delegation);
            for (role, arn) in self.roles {
                let mut grants = self.grants.to_vec();
                grants.push(KeyGrant {
                    key: key.arn.clone(),
                    grant: Grant::new(arn, ["Decrypt", "DescribeKey"]),
                });
                let change = format!("the role `{role}` is given a grant on the key `{owner}`");
                let id = format!("{owner}/grant-{role}");
                let edit = Edit::Grants(grants);
                mutants.push(self.mutant(id, change, place.clone(), key.place.line, edit));
            }
            if key.enabled {
                let change = format!("the key `{owner}` is disabled");
                let edit = Edit::Enabled(self.number, index, false);
                let (id, path) = (
                    format!("{owner}/disable"),
                    format!("{place}.Properties.Enabled"),
                );
                mutants.push(self.mutant(id, change, path, key.place.line, edit));
            }
        }
    }

    fn roles(&self, broad: &[(String, String)], mutants: &mut Vec<Mutant>) {
        for (index, role) in self.part.account.roles.iter().enumerate() {
            let (owner, line) = (&role.logical_id, role.place.line);
            let properties = format!("Resources.{owner}.Properties");
            if role.boundary.is_some() {
                let change = format!("the permissions boundary of the role `{owner}` is detached");
                let edit = Edit::Boundary(self.number, index, None);
                let path = format!("{properties}.PermissionsBoundary");
                mutants.push(self.mutant(
                    format!("{owner}/boundary-detach"),
                    change,
                    path,
                    line,
                    edit,
                ));
            }
            let path = format!("{properties}.ManagedPolicyArns");
            for (at, attachment) in role.managed.iter().enumerate() {
                let mut attached = role.managed.clone();
                attached.remove(at);
                let name = attachment.arn.rsplit('/').next().unwrap_or_default();
                let change = format!("`{name}` is detached from the role `{owner}`");
                let edit = Edit::Attached(self.number, index, attached);
                let line = attachment.place.line;
                let id = format!("{owner}/detach-{name}");
                mutants.push(self.mutant(id, change, path.clone(), line, edit));
            }
            for (name, arn) in broad {
                if role.managed.iter().any(|attached| attached.arn == *arn) {
                    continue;
                }
                let mut attached = role.managed.clone();
                attached.push(Attachment {
                    arn: arn.clone(),
                    place: role.place,
                });
                let change = format!("`{name}` is attached to the role `{owner}`");
                let edit = Edit::Attached(self.number, index, attached);
                let id = format!("{owner}/attach-{name}");
                mutants.push(self.mutant(id, change, path.clone(), line, edit));
            }
        }
    }

    fn tables(&self, mutants: &mut Vec<Mutant>) {
        for (index, table) in self.part.account.tables.iter().enumerate() {
            let (owner, line) = (&table.logical_id, table.encryption_place.line);
            let path = format!("Resources.{owner}.Properties.SSESpecification");
            let mut encrypt = |id: &str, with: &str, encryption: Encryption| {
                if table.encryption != encryption {
                    let change = format!("the table `{owner}` is encrypted with {with}");
                    let edit = Edit::Encryption(self.number, index, encryption);
                    let id = format!("{owner}/encryption-{id}");
                    mutants.push(self.mutant(id, change, path.clone(), line, edit));
                }
            };
            encrypt("aws-owned", "a key that AWS owns", Encryption::AwsOwned);
            encrypt("aws-managed", "the AWS managed key", Encryption::AwsManaged);
            for (name, _, arn) in self.keys {
                let with = format!("the key `{name}`");
                encrypt(&format!("key-{name}"), &with, Encryption::Key(arn.clone()));
            }
            if self.keys.len() < 2 {
                let account = &self.part.account;
                let arn = format!(
                    "arn:{}:kms:{}:{}:key/{STRANGE_KEY}",
                    account.partition, account.region, account.account
                );
                let with = "a key that is in no template";
                encrypt("other-key", with, Encryption::Key(arn));
            }
            self.table_policies(index, mutants);
        }
    }

    fn table_policies(&self, index: usize, mutants: &mut Vec<Mutant>) {
        let Some(table) = self.part.account.tables.get(index) else {
            return;
        };
        let owner = &table.logical_id;
        let path = format!("Resources.{owner}.Properties.ResourcePolicy");
        let everyone = ("everyone".to_owned(), "everybody".to_owned(), json!("*"));
        let roles = self.roles.iter().map(|(role, arn)| {
            (
                role.clone(),
                format!("the role `{role}`"),
                json!({"AWS": arn}),
            )
        });
        for (id, who, principal) in roles.chain([everyone]) {
            let statement = json!({
                "Effect": "Allow", "Principal": principal, "Action": "dynamodb:*",
                "Resource": [table.arn, format!("{}/index/*", table.arn)],
            });
            let source = if let Some(source) = &table.resource_policy {
                extended(source, statement)
            } else {
                let value = json!({"Version": "2012-10-17", "Statement": [statement]});
                PolicySource::new(value, Grammar::Resource, table.place, path.clone()).ok()
            };
            let Some(source) = source else { continue };
            let change = format!("the resource policy of the table `{owner}` lets {who} in");
            let edit = Edit::TablePolicy(self.number, index, Some(Box::new(source)));
            let id = format!("{owner}/resource-policy/add-{id}");
            mutants.push(self.mutant(id, change, path.clone(), table.place.line, edit));
        }
    }

    fn aliases(&self, mutants: &mut Vec<Mutant>) {
        for (index, alias) in self.part.account.aliases.iter().enumerate() {
            let owner = &alias.logical_id;
            let strange = ("a key that is in no template", STRANGE_KEY);
            let others = self
                .keys
                .iter()
                .filter(|(_, id, _)| *id != alias.key_id)
                .map(|(name, id, _)| (name.as_str(), id.as_str()));
            let others: Vec<_> = others.collect();
            let targets = if others.is_empty() {
                vec![strange]
            } else {
                others
            };
            for (name, key_id) in targets {
                let change = format!("the alias `{}` points to {name}", alias.name);
                let edit = Edit::Alias(self.number, index, key_id.to_owned());
                let path = format!("Resources.{owner}.Properties.TargetKeyId");
                let id = format!("{owner}/target-{}", name.replace(' ', "-"));
                mutants.push(self.mutant(id, change, path, alias.place.line, edit));
            }
        }
    }
}
