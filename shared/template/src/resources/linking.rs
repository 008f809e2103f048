// SPDX-License-Identifier: Apache-2.0
//! What is done once every resource is known: policies attached, table keys found, names compared.

use keyproof_document::Place;

use super::{Draft, Owner, Pending};
use crate::account::{Account, Attachment, Encryption, InlinePolicy};
use crate::error::TemplateProblem;
use crate::note::{Note, NoteKind};

impl Draft<'_, '_> {
    /// Attaches what other resources attach to roles, users and groups.
    pub(super) fn attach_pending(&mut self) {
        for (pending, logical_id, place) in std::mem::take(&mut self.pending) {
            let missed = match pending {
                Pending::Managed(owner, attachment) => match self.managed_of(&owner) {
                    // Attaching twice is attaching once.
                    Some(managed) if managed.iter().any(|one| one.arn == attachment.arn) => None,
                    Some(managed) => {
                        managed.push(attachment);
                        None
                    }
                    None => Some(owner),
                },
                Pending::Inline(owner, policy) => match self.inline_of(&owner) {
                    Some(inline) => {
                        // A policy of the same name is written over.
                        inline.retain(|other| other.name != policy.name);
                        inline.push(*policy);
                        None
                    }
                    None => Some(owner),
                },
                Pending::Membership { user, group } => {
                    match self.account.users.iter_mut().find(|one| one.name == user) {
                        Some(member) if member.groups.contains(&group) => None,
                        Some(member) => {
                            member.groups.push(group);
                            None
                        }
                        None => Some(Owner::User(user)),
                    }
                }
            };
            if let Some(owner) = missed {
                let (noun, name) = match owner {
                    Owner::Role(name) => ("role", name),
                    Owner::User(name) => ("user", name),
                    Owner::Group(name) => ("group", name),
                };
                let text = format!("the {noun} `{name}` is not of this template");
                let (kind, logical_id) = (NoteKind::LeftOut, Some(logical_id));
                self.resolver.notes.push(Note {
                    place,
                    logical_id,
                    kind,
                    text,
                });
            }
        }
    }

    fn managed_of(&mut self, owner: &Owner) -> Option<&mut Vec<Attachment>> {
        let account = &mut self.account;
        match owner {
            Owner::Role(name) => account
                .roles
                .iter_mut()
                .find(|one| one.name == *name)
                .map(|one| &mut one.managed),
            Owner::User(name) => account
                .users
                .iter_mut()
                .find(|one| one.name == *name)
                .map(|one| &mut one.managed),
            Owner::Group(name) => account
                .groups
                .iter_mut()
                .find(|one| one.name == *name)
                .map(|one| &mut one.managed),
        }
    }

    fn inline_of(&mut self, owner: &Owner) -> Option<&mut Vec<InlinePolicy>> {
        let account = &mut self.account;
        match owner {
            Owner::Role(name) => account
                .roles
                .iter_mut()
                .find(|one| one.name == *name)
                .map(|one| &mut one.inline),
            Owner::User(name) => account
                .users
                .iter_mut()
                .find(|one| one.name == *name)
                .map(|one| &mut one.inline),
            Owner::Group(name) => account
                .groups
                .iter_mut()
                .find(|one| one.name == *name)
                .map(|one| &mut one.inline),
        }
    }

    /// Turns key ids and aliases of tables into key ARNs.
    pub(super) fn resolve_table_keys(&mut self) {
        let mut tables = std::mem::take(&mut self.account.tables);
        for table in &mut tables {
            let Encryption::Key(reference) = &table.encryption else {
                continue;
            };
            if reference.contains(":key/") {
                continue;
            }
            let key = self.account.key(reference).map(|key| key.arn.clone());
            let is_alias = reference.contains("alias/");
            table.encryption = match key {
                Some(arn) => Encryption::Key(arn),
                None if is_alias => {
                    let reason = format!("the alias `{reference}`, which is not of this template");
                    let (place, kind) = (table.encryption_place, NoteKind::Unknown);
                    let text = format!("the key of the table `{}` hangs on {reason}", table.name);
                    let logical_id = Some(table.logical_id.clone());
                    self.resolver.notes.push(Note {
                        place,
                        logical_id,
                        kind,
                        text,
                    });
                    Encryption::Unknown(reason)
                }
                None => {
                    let Account {
                        partition,
                        region,
                        account,
                        ..
                    } = &self.account;
                    let arn = format!("arn:{partition}:kms:{region}:{account}:key/{reference}");
                    Encryption::Key(arn)
                }
            };
        }
        self.account.tables = tables;
    }

    /// Two resources of one kind can't have one name.
    pub(super) fn refuse_duplicates(&mut self) {
        fn named<'a>(
            noun: &'static str,
            all: impl Iterator<Item = (&'a String, &'a String, Place)>,
        ) -> Vec<(Place, TemplateProblem)> {
            let mut seen: Vec<(String, &String)> = Vec::new();
            let mut problems = Vec::new();
            for (name, logical_id, place) in all {
                // IAM's names differ by more than case.
                let folded = if noun == "the role" {
                    name.to_lowercase()
                } else {
                    name.clone()
                };
                match seen.iter().find(|(other, _)| *other == folded) {
                    Some((_, first)) => {
                        let (name, first) = (name.clone(), (*first).clone());
                        let problem = TemplateProblem::DuplicateName { noun, name, first };
                        problems.push((place, problem));
                    }
                    None => seen.push((folded, logical_id)),
                }
            }
            problems
        }
        let account = &self.account;
        let mut problems = Vec::new();
        let roles = account
            .roles
            .iter()
            .map(|one| (&one.name, &one.logical_id, one.place));
        problems.extend(named("the role", roles));
        let users = account
            .users
            .iter()
            .map(|one| (&one.name, &one.logical_id, one.place));
        problems.extend(named("the user", users));
        let groups = account
            .groups
            .iter()
            .map(|one| (&one.name, &one.logical_id, one.place));
        problems.extend(named("the group", groups));
        let tables = account
            .tables
            .iter()
            .map(|one| (&one.name, &one.logical_id, one.place));
        problems.extend(named("the table", tables));
        let aliases = account
            .aliases
            .iter()
            .map(|one| (&one.name, &one.logical_id, one.place));
        problems.extend(named("the alias", aliases));
        for (place, problem) in problems {
            self.resolver.fail(place, problem);
        }
    }
}
