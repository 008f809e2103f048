// SPDX-License-Identifier: Apache-2.0
//! Custom resources.
//!
//! What one does is a program's affair and not the template's: it could write policies. Unless the
//! program is a function of the template whose role may change nothing that decides access: then it
//! does no more than its role lets it.

use serde_json::Value as Json;

use super::{Draft, Item};
use crate::account::Role;
use crate::note::NoteKind;
use crate::value::Value;

/// Services none of whose actions decides who may use a key, a table or a role.
const SERVICES: [&str; 8] = [
    "cloudwatch",
    "events",
    "logs",
    "s3",
    "securityhub",
    "sns",
    "sqs",
    "xray",
];

/// Of the services that do decide it, the actions that leave everything as it is.
const ACTIONS: [&str; 15] = [
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:Sign",
];

/// Notes a custom resource, once every role and policy is known.
pub(super) fn note(draft: &mut Draft<'_, '_>, item: &Item) {
    let name = &item.logical_id;
    let function = function(draft, item);
    let harmless = function.as_ref().is_some_and(|(_, role)| {
        let roles = &draft.account.roles;
        let role = roles.iter().find(|one| one.arn == *role);
        role.is_some_and(|role| changes_no_access(draft, role))
    });
    let (kind, text) = match function {
        Some((function, _)) if harmless => (
            NoteKind::LeftOut,
            format!("`{name}` is left out; `{function}`, which makes it, may change no access"),
        ),
        Some(_) | None => (
            NoteKind::Unseen,
            format!("`{name}` is a custom resource; what is in it is not seen"),
        ),
    };
    draft.note(item, kind, text);
}

/// The function of this template that makes the resource, and its role's ARN.
fn function(draft: &mut Draft<'_, '_>, item: &Item) -> Option<(String, String)> {
    let token = property(draft, item, "ServiceToken")?;
    let sections = draft.resolver.sections;
    let functions = sections.resources.iter().filter(|(_, resource)| {
        matches!(
            resource.type_name.as_str(),
            "AWS::Serverless::Function" | "AWS::Lambda::Function"
        )
    });
    for (logical_id, resource) in functions {
        let function = Item {
            logical_id: logical_id.clone(),
            type_name: resource.type_name.clone(),
            place: resource.place,
        };
        if draft.attribute(&function, "Arn") == token {
            let role = property(draft, &function, "Role")?;
            return Some((logical_id.clone(), role));
        }
    }
    None
}

/// A property that is known to be a text.
fn property(draft: &mut Draft<'_, '_>, item: &Item, name: &str) -> Option<String> {
    let resource = draft.declared(item)?;
    let mut found = None;
    draft.quietly(item, |resolver| {
        let outer = resolver.enter(None);
        let properties = resolver.properties(resource);
        resolver.enter(outer);
        if let Value::Map(entries) = properties.value {
            let entry = entries.into_iter().find(|(key, _)| key.text == name);
            found = entry.and_then(|(_, value)| match value.value {
                Value::Text(text) => Some(text),
                _ => None,
            });
        }
    });
    found
}

/// Whether everything that the role is allowed, by its own policies and by the keys', is spelled out
/// and changes nobody's access. What is not known to be harmless counts as harmful.
fn changes_no_access(draft: &Draft<'_, '_>, role: &Role) -> bool {
    let account = &draft.account;
    let mut own = role.inline.iter();
    let own = own.all(|policy| {
        policy.source.unknowns.is_empty()
            && statements(&policy.source.value).all(|one| !allows(one) || is_harmless(one))
    });
    let keys = account.keys.iter().all(|key| {
        let mut named = statements(&key.policy.value).filter(|one| names(one, &role.arn));
        named.all(|one| !allows(one) || is_harmless(one))
    });
    own && keys && role.managed.is_empty()
}

fn statements(policy: &Json) -> impl Iterator<Item = &Json> {
    let (list, single) = match policy.get("Statement") {
        Some(Json::Array(list)) => (list.as_slice(), None),
        single => (&[][..], single),
    };
    list.iter().chain(single)
}

fn allows(statement: &Json) -> bool {
    statement.get("Effect").and_then(Json::as_str) != Some("Deny")
}

/// Whether a key policy's statement is about the role. Its account as a whole is not: there the
/// role's own policies decide.
fn names(statement: &Json, role: &str) -> bool {
    let Some(principal) = statement.get("Principal") else {
        return true;
    };
    match principal {
        Json::String(text) => text == "*",
        principal => principal
            .get("AWS")
            .is_some_and(|aws| texts(aws).any(|text| text == role || text.contains('*'))),
    }
}

fn is_harmless(statement: &Json) -> bool {
    let Some(actions) = statement.get("Action") else {
        return false;
    };
    texts(actions).all(|action| {
        let service = action.split_once(':').map_or("", |(service, _)| service);
        SERVICES.contains(&service) || ACTIONS.contains(&action)
    })
}

fn texts(value: &Json) -> impl Iterator<Item = &str> {
    let (list, single) = match value {
        Json::Array(list) => (list.as_slice(), None),
        single => (&[][..], Some(single)),
    };
    // What is no text is no action that is known.
    list.iter()
        .chain(single)
        .map(|one| one.as_str().unwrap_or("*"))
}
