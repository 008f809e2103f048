// SPDX-License-Identifier: Apache-2.0
//! Mutants of what is no statement: users, grants, boundaries, attachments, keys, aliases.

use keyproof_check::{KeyGrant, Part};
use keyproof_document::Place;
use keyproof_policy::{Grammar, Grant};
use keyproof_template::{Attachment, Encryption, PolicySource};
use serde_json::{Value, json};

use super::{STRANGE_KEY, extended};
use crate::mutant::{Edit, Mutant};
use crate::site::{Holder, Site};

/// One template, with what mutants of it need to know of the others.
pub(super) struct Here<'h> {
    pub(super) number: usize,
    pub(super) part: &'h Part,
    pub(super) root: &'h str,
    /// Logical id and ARN.
    pub(super) roles: &'h [(String, String)],
    /// Logical id, id and ARN.
    pub(super) keys: &'h [(String, String, String)],
    /// Logical id and name.
    pub(super) groups: &'h [(String, String)],
    /// AWS's broad policies: name and ARN.
    pub(super) broad: &'h [(String, String)],
    pub(super) grants: &'h [KeyGrant],
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

    pub(super) fn keys(&self, mutants: &mut Vec<Mutant>) {
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

    /// What roles, users and groups have attached.
    pub(super) fn holders(&self, mutants: &mut Vec<Mutant>) {
        let (number, account) = (self.number, &self.part.account);
        for (index, role) in account.roles.iter().enumerate() {
            let holder = Holder::Role(number, index);
            let owner = (&*role.logical_id, role.place);
            self.bounded(holder, owner, role.boundary.as_ref(), mutants);
            self.attached(holder, owner, &role.managed, mutants);
        }
        for (index, user) in account.users.iter().enumerate() {
            let holder = Holder::User(number, index);
            let owner = (&*user.logical_id, user.place);
            self.bounded(holder, owner, user.boundary.as_ref(), mutants);
            self.attached(holder, owner, &user.managed, mutants);
        }
        for (index, group) in account.groups.iter().enumerate() {
            let holder = Holder::Group(number, index);
            let owner = (&*group.logical_id, group.place);
            self.attached(holder, owner, &group.managed, mutants);
        }
    }

    fn bounded(
        &self,
        holder: Holder,
        (owner, place): (&str, Place),
        boundary: Option<&Attachment>,
        mutants: &mut Vec<Mutant>,
    ) {
        if boundary.is_none() {
            return;
        }
        let noun = holder.noun();
        let change = format!("the permissions boundary of the {noun} `{owner}` is detached");
        let edit = Edit::Boundary(holder, None);
        let path = format!("Resources.{owner}.Properties.PermissionsBoundary");
        let id = format!("{owner}/boundary-detach");
        mutants.push(self.mutant(id, change, path, place.line, edit));
    }

    fn attached(
        &self,
        holder: Holder,
        (owner, place): (&str, Place),
        managed: &[Attachment],
        mutants: &mut Vec<Mutant>,
    ) {
        let noun = holder.noun();
        let path = format!("Resources.{owner}.Properties.ManagedPolicyArns");
        for (at, attachment) in managed.iter().enumerate() {
            let mut fewer = managed.to_vec();
            fewer.remove(at);
            let name = attachment.arn.rsplit('/').next().unwrap_or_default();
            let change = format!("`{name}` is detached from the {noun} `{owner}`");
            let edit = Edit::Attached(holder, fewer);
            let id = format!("{owner}/detach-{name}");
            let line = attachment.place.line;
            mutants.push(self.mutant(id, change, path.clone(), line, edit));
        }
        for (name, arn) in self.broad {
            if managed.iter().any(|attached| attached.arn == *arn) {
                continue;
            }
            let mut more = managed.to_vec();
            more.push(Attachment {
                arn: arn.clone(),
                place,
            });
            let change = format!("`{name}` is attached to the {noun} `{owner}`");
            let edit = Edit::Attached(holder, more);
            let id = format!("{owner}/attach-{name}");
            mutants.push(self.mutant(id, change, path.clone(), place.line, edit));
        }
    }

    /// Which groups users are in.
    pub(super) fn members(&self, mutants: &mut Vec<Mutant>) {
        for (index, user) in self.part.account.users.iter().enumerate() {
            let owner = &user.logical_id;
            for (group, name) in self.groups {
                let is_in = user.groups.contains(name);
                let mut groups = user.groups.clone();
                if is_in {
                    groups.retain(|one| one != name);
                } else {
                    groups.push(name.clone());
                }
                let (id, what) = if is_in {
                    ("leave", "taken out of")
                } else {
                    ("join", "added to")
                };
                let change = format!("the user `{owner}` is {what} the group `{group}`");
                let edit = Edit::Membership(self.number, index, groups);
                let path = format!("Resources.{owner}.Properties.Groups");
                let id = format!("{owner}/{id}-{group}");
                mutants.push(self.mutant(id, change, path, user.place.line, edit));
            }
        }
    }

    pub(super) fn tables(&self, mutants: &mut Vec<Mutant>) {
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

    pub(super) fn aliases(&self, mutants: &mut Vec<Mutant>) {
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
