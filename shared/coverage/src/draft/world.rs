// SPDX-License-Identifier: Apache-2.0
//! Everybody and everything of an estate, and who may do what: what a first plan chooses from.

use std::collections::BTreeSet;

use keyproof_check::Estate;
use keyproof_core::Service;
use keyproof_plan::{Action, Plan, TableKey};
use keyproof_template::{Alias, Encryption, Key, Table};
use keyproof_verdict::Observations;
use serde_json::Value;

use super::Source;
use super::choose::Parts;
use crate::universe::{Answered, answered};

/// Everybody and everything, and who may do what.
pub(super) struct World<'a> {
    pub(super) estate: &'a Estate,
    pub(super) all: Plan,
    pub(super) seen: Observations,
    pub(super) nameless: BTreeSet<String>,
}

impl World<'_> {
    /// Tables that a plan has no word for, or to which KMS denies nobody.
    pub(super) fn left_out_tables(&self, control: Option<&str>) -> Vec<String> {
        let control = control.and_then(|name| self.all.tables.get(name));
        let tables = self.estate.parts().flat_map(|part| &part.account.tables);
        tables
            .filter(|table| control.is_none_or(|control| control.name != table.name))
            .filter_map(|table: &Table| match &table.encryption {
                Encryption::Key(_) => None,
                Encryption::AwsOwned => Some(format!("table `{}` is on an AWS owned key: KMS denies nobody there", table.name)),
                Encryption::AwsManaged => Some(format!("table `{}` is on the AWS managed key, which lets the whole account through: put it on a customer managed key to have it kept", table.name)),
                Encryption::Unknown(what) => Some(format!("table `{}`: its key hangs on {what}", table.name)),
            })
            .collect()
    }

    pub(super) fn key(&self, arn: &str) -> Option<(String, &Key)> {
        self.estate.parts().find_map(|part| {
            let key = part.account.keys.iter().find(|key| key.arn == arn)?;
            let place = part
                .file
                .as_ref()
                .map(|file| format!(" ({file}:{})", key.place.line));
            Some((place.unwrap_or_default(), key))
        })
    }

    /// The principals whom a key's policy and grants name, as far as a plan can take their place.
    pub(super) fn named(&self, key: &Key, table: &str, notes: &mut Vec<String>) -> Vec<String> {
        let mut arns = Vec::new();
        principals(&key.policy.value, &mut arns);
        let grants = self
            .estate
            .grants
            .iter()
            .filter(|grant| grant.key == key.arn);
        arns.extend(grants.map(|grant| grant.grant.grantee.clone()));
        let mut named: Vec<String> = Vec::new();
        for arn in arns {
            let root = arn == "*" || arn.ends_with(":root") || !arn.contains(':');
            let service = !arn.starts_with("arn:");
            if root || service {
                continue;
            }
            let found = self
                .all
                .principals
                .iter()
                .find(|(_, one)| one.role.as_str() == arn);
            match found {
                Some((name, _)) if self.assumable(name) => {
                    if !named.contains(name) {
                        named.push(name.clone());
                    }
                }
                Some((name, _)) => notes.push(format!("role `{name}` is named for the key of `{table}`, but its trust policy doesn't let the runner assume it: let it, for keyproof to try it")),
                None => notes.push(format!("`{arn}` is named for the key of `{table}`, and is no role that is known here")),
            }
        }
        named
    }

    fn assumable(&self, name: &str) -> bool {
        answered(&self.seen, &format!("{name}/sts:AssumeRole")) == Answered::Allowed
    }

    /// What somebody's reads of a table itself come to.
    fn reads(&self, name: &str, table: &str) -> impl Iterator<Item = Answered> {
        let reads = Action::ALL
            .into_iter()
            .filter(|action| action.reads_canary());
        reads.map(move |action| answered(&self.seen, &format!("{name}/{action}/{table}")))
    }

    /// Who reads a table: somebody whom the key names, if it can be.
    pub(super) fn witness(&self, table: &str, named: &[String]) -> Option<String> {
        let reads = |name: &&String| self.reads(name, table).any(|one| one == Answered::Allowed);
        let everybody = self.all.principals.keys().filter(reads);
        everybody
            .min_by_key(|name| (!named.contains(name), self.nameless.contains(*name)))
            .cloned()
    }

    /// Whom the key alone keeps out: the more ways DynamoDB would let it read, the better.
    pub(super) fn outsider(&self, table: &str, named: &[String]) -> Option<String> {
        let refused = |name: &str| {
            let by_key = Answered::Denied(Some(Service::Kms));
            self.reads(name, table).filter(|one| *one == by_key).count()
        };
        let kept_out = |name: &&String| {
            refused(name) > 0 && self.reads(name, table).all(|one| one != Answered::Allowed)
        };
        let everybody = self.all.principals.keys().filter(kept_out);
        everybody
            .max_by_key(|name| {
                (
                    !self.nameless.contains(*name),
                    refused(name),
                    !named.contains(*name),
                )
            })
            .cloned()
    }

    /// The table that most of the outsiders read.
    pub(super) fn control(&self, parts: &Parts) -> Option<String> {
        let outsiders = || {
            parts
                .iter()
                .filter(|(_, part)| !part.outsider_of.is_empty())
        };
        let read_by = |table: &str| {
            outsiders()
                .filter(|(name, _)| self.reads(name, table).any(|one| one == Answered::Allowed))
                .count()
        };
        let owned = self
            .all
            .tables
            .iter()
            .filter(|(_, one)| one.key == TableKey::AwsOwned);
        let owned = owned.filter(|(name, _)| read_by(name) > 0);
        owned
            .max_by_key(|(name, _)| (read_by(name), name.contains("control")))
            .map(|(name, _)| name.clone())
    }

    /// A key is named by an alias where it has one: that is what people know it by, and what stays.
    pub(super) fn by_alias(
        &self,
        key: &mut TableKey,
        table: &str,
        source: &Source,
        notes: &mut Vec<String>,
    ) {
        let TableKey::Key(arn) = key else {
            return;
        };
        let id = arn.path_and_name().to_owned();
        let aliases = self.estate.parts().flat_map(|part| &part.account.aliases);
        let own = aliases.filter(|alias: &&Alias| alias.key_id == id);
        match own.map(|alias| &alias.name).min() {
            Some(name) => *key = TableKey::Alias(name.clone()),
            None if source.live => {}
            None => notes.push(format!("the key of `{table}` has no alias, and a template doesn't tell its id: put its ARN into the plan once it is deployed (or give it with --key-id)")),
        }
    }
}

/// Every `AWS` principal of a policy's statements that allow.
fn principals(policy: &Value, found: &mut Vec<String>) {
    let statements = match policy.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    for statement in statements {
        let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        let named = statement
            .get("Principal")
            .and_then(|principal| principal.get("AWS"));
        match named.filter(|_| allows) {
            Some(Value::Array(all)) => {
                found.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Some(Value::String(one)) => found.push(one.clone()),
            Some(_) | None => {}
        }
    }
}
