// SPDX-License-Identifier: Apache-2.0
//! From a template's resources to the model of an account.

use keyproof_document::Place;

use crate::account::{Account, Attachment, InlinePolicy};
use crate::kinds::kind;
use crate::note::{Note, NoteKind};
use crate::properties::Properties;
use crate::resolver::{Resolver, Truth};
use crate::sections::Resource;
use crate::value::Value;

mod custom;
mod dynamodb;
mod iam;
mod kms;
mod linking;
mod managed;
mod organizations;
pub(crate) mod serverless;
mod unseen;

/// A resource that is being read.
#[derive(Clone, Debug)]
struct Item {
    logical_id: String,
    type_name: String,
    place: Place,
}

/// Who a policy is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    Role(String),
    User(String),
    Group(String),
}

/// Something that is attached once every role, user and group is known.
#[derive(Debug)]
enum Pending {
    Managed(Owner, Attachment),
    Inline(Owner, Box<InlinePolicy>),
    Membership { user: String, group: String },
}

/// An account in the making.
#[derive(Debug)]
struct Draft<'r, 't> {
    resolver: &'r mut Resolver<'t>,
    account: Account,
    pending: Vec<(Pending, String, Place)>,
    /// Custom resources, of which nothing can be said before every role is known.
    custom: Vec<Item>,
}

/// Reads every resource. What is wrong is left with the resolver.
pub(crate) fn read(resolver: &mut Resolver<'_>) -> Account {
    let parameters = resolver.parameters;
    let (partition, region) = (&*parameters.partition, &*parameters.region);
    let account = Account::empty(parameters.account.clone(), partition, region);
    let mut draft = Draft {
        resolver,
        account,
        pending: Vec::new(),
        custom: Vec::new(),
    };
    let sections = draft.resolver.sections;
    for (logical_id, resource) in &sections.resources {
        let item = Item {
            logical_id: logical_id.clone(),
            type_name: resource.type_name.clone(),
            place: resource.place,
        };
        draft.item(&item, resource);
    }
    draft.attach_pending();
    draft.resolve_table_keys();
    draft.refuse_duplicates();
    managed::add(&mut draft);
    for item in std::mem::take(&mut draft.custom) {
        custom::note(&mut draft, &item);
    }
    let mut account = draft.account;
    account.notes = std::mem::take(&mut resolver.notes);
    account.notes.sort_by_key(|note| note.place);
    account
}

impl<'t> Draft<'_, 't> {
    fn item(&mut self, item: &Item, resource: &'t Resource<'t>) {
        if let Some((condition, place)) = resource.condition {
            let truth = self.resolver.named_condition(condition, place);
            if truth != Truth::True
                && let Some(properties) = resource.properties
            {
                self.resolver.check(properties);
            }
            match truth {
                Truth::True => {}
                Truth::False => return,
                Truth::Unknown(reason) => {
                    let text =
                        format!("whether `{}` is created hangs on {reason}", item.logical_id);
                    self.note(item, NoteKind::Unknown, text);
                    return;
                }
            }
        }
        if resource.connectors && resource.made_for.is_none() {
            let text = format!(
                "the connectors of `{}` grant access that is not seen",
                item.logical_id
            );
            self.note(item, NoteKind::Unseen, text);
        }
        let outer = self.resolver.enter(Some(item.logical_id.clone()));
        self.modelled(item, resource);
        self.resolver.enter(outer);
    }

    fn modelled(&mut self, item: &Item, resource: &'t Resource<'t>) {
        match item.type_name.as_str() {
            _ if resource.made_for.is_some() => serverless::role(self, item, resource),
            name if serverless::makes_role(name) => serverless::maker(self, item),
            "AWS::KMS::Key" | "AWS::KMS::ReplicaKey" => kms::key(self, item),
            "AWS::KMS::Alias" => kms::alias(self, item),
            "AWS::DynamoDB::Table" | "AWS::DynamoDB::GlobalTable" => dynamodb::table(self, item),
            "AWS::Serverless::SimpleTable" => dynamodb::simple_table(self, item),
            "AWS::IAM::Role" => iam::role(self, item),
            "AWS::IAM::User" => iam::user(self, item),
            "AWS::IAM::Group" => iam::group(self, item),
            "AWS::IAM::ManagedPolicy" => iam::managed_policy(self, item),
            "AWS::IAM::Policy"
            | "AWS::IAM::RolePolicy"
            | "AWS::IAM::UserPolicy"
            | "AWS::IAM::GroupPolicy" => iam::policy(self, item),
            "AWS::IAM::UserToGroupAddition" => iam::user_to_group(self, item),
            "AWS::Organizations::Policy" => organizations::policy(self, item),
            _ => unseen::leave_out(self, item),
        }
    }

    /// The resource's properties; `None` where nobody can tell them.
    fn properties(&mut self, item: &Item) -> Option<Properties<'_, 't>> {
        let resource = self.declared(item)?;
        let value = self.resolver.properties(resource);
        let path = format!("Resources.{}.Properties", item.logical_id);
        if let Value::Unknown(unknown) = &value.value {
            let text = format!("`{path}` hangs on {}", unknown.reason);
            self.note(item, NoteKind::Unknown, text);
            return None;
        }
        let mut properties = Properties::new(self.resolver, value, item.type_name.as_str(), path);
        if resource.properties.is_none() {
            properties.place = item.place;
        }
        Some(properties)
    }

    /// Resolves something for its references alone: what is noted about the resource is forgotten.
    fn quietly(&mut self, item: &Item, act: impl FnOnce(&mut Resolver<'t>)) {
        let before = self.resolver.notes.len();
        act(self.resolver);
        let later = self
            .resolver
            .notes
            .split_off(before.min(self.resolver.notes.len()));
        let of_others = |note: &Note| {
            note.logical_id
                .as_ref()
                .is_some_and(|logical_id| *logical_id != item.logical_id)
        };
        self.resolver
            .notes
            .extend(later.into_iter().filter(of_others));
    }

    fn declared(&self, item: &Item) -> Option<&'t Resource<'t>> {
        self.resolver.sections.resources.get(&item.logical_id)
    }

    fn note(&mut self, item: &Item, kind: NoteKind, text: String) {
        let logical_id = Some(item.logical_id.clone());
        let note = Note {
            place: item.place,
            logical_id,
            kind,
            text,
        };
        if !self.resolver.notes.contains(&note) {
            self.resolver.notes.push(note);
        }
    }

    /// The resource's name or id.
    fn name(&mut self, item: &Item) -> String {
        let named = self
            .declared(item)
            .zip(kind(&item.type_name))
            .and_then(|(resource, kind)| {
                let value = self.resolver.physical(kind, &item.logical_id, resource);
                value.as_text().map(std::borrow::Cow::into_owned)
            });
        named.unwrap_or_else(|| item.logical_id.clone())
    }

    /// The path of an IAM resource.
    fn path(&mut self, item: &Item) -> String {
        match self.declared(item) {
            Some(resource) => self.resolver.path(resource),
            None => "/".to_owned(),
        }
    }

    /// What `Ref` returns for the resource.
    fn reference(&mut self, item: &Item) -> String {
        let outer = self.resolver.enter(None);
        let value = self.resolver.reference("Ref", &item.logical_id, item.place);
        self.resolver.enter(outer);
        value
            .as_text()
            .map_or_else(|| item.logical_id.clone(), std::borrow::Cow::into_owned)
    }

    /// What `Fn::GetAtt` returns for the resource.
    fn attribute(&mut self, item: &Item, name: &str) -> String {
        let outer = self.resolver.enter(None);
        let value = self
            .resolver
            .attribute("Fn::GetAtt", &item.logical_id, name, item.place);
        self.resolver.enter(outer);
        value
            .as_text()
            .map_or_else(|| item.logical_id.clone(), std::borrow::Cow::into_owned)
    }

    fn attach(&mut self, item: &Item, owner: Owner, attachment: Attachment) {
        let place = attachment.place;
        let pending = Pending::Managed(owner, attachment);
        self.pending.push((pending, item.logical_id.clone(), place));
    }

    fn embed(&mut self, item: &Item, owner: Owner, policy: InlinePolicy, place: Place) {
        let pending = Pending::Inline(owner, Box::new(policy));
        self.pending.push((pending, item.logical_id.clone(), place));
    }

    fn join(&mut self, item: &Item, user: String, group: String, place: Place) {
        let pending = Pending::Membership { user, group };
        self.pending.push((pending, item.logical_id.clone(), place));
    }

    fn is_key(&self, id: &str) -> bool {
        self.resolver
            .sections
            .resources
            .iter()
            .any(|(logical_id, resource)| {
                matches!(
                    resource.type_name.as_str(),
                    "AWS::KMS::Key" | "AWS::KMS::ReplicaKey"
                ) && self.resolver.physical_text(logical_id) == Some(id)
            })
            || self.account.keys.iter().any(|key| key.key_id == id)
    }
}
