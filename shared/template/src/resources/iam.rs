// SPDX-License-Identifier: Apache-2.0
//! `AWS::IAM::Role`, `User`, `Group`, `ManagedPolicy`, `UserToGroupAddition` and the resources that
//! attach an inline policy.

use keyproof_document::Place;
use keyproof_policy::Grammar;

use super::{Draft, Item, Owner};
use crate::account::{Attachment, Group, InlinePolicy, ManagedPolicy, Role, User};
use crate::error::TemplateProblem;
use crate::properties::Properties;

pub(super) fn role(draft: &mut Draft<'_, '_>, item: &Item) {
    let (name, path, arn) = (
        draft.name(item),
        draft.path(item),
        draft.attribute(item, "Arn"),
    );
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let place = item.place;
    if !properties.has("AssumeRolePolicyDocument") {
        properties.missing("AssumeRolePolicyDocument");
    }
    let trust = properties.policy("AssumeRolePolicyDocument", Grammar::Trust);
    let inline = inline(&mut properties, &item.logical_id);
    let managed = attachments(&mut properties, "ManagedPolicyArns");
    let boundary = boundary(&mut properties);
    let longest = properties.placed_text("MaxSessionDuration");
    let max_session_duration = match longest {
        None => 3600,
        Some((text, place)) => match text.parse::<u32>() {
            Ok(seconds) if (3600..=43200).contains(&seconds) => seconds,
            _ => {
                let (name, expected) = ("MaxSessionDuration".to_owned(), "3600 to 43200 seconds");
                let problem = TemplateProblem::WrongValue {
                    name,
                    value: text,
                    expected,
                };
                properties.resolver.fail(place, problem);
                3600
            }
        },
    };
    let tags = properties.tags("Tags");
    properties.finish(
        &[
            "AssumeRolePolicyDocument",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "PermissionsBoundary",
            "Policies",
            "Tags",
        ],
        &["Description", "Path", "RoleName"],
    );
    let Some(trust) = trust else { return };
    let trust = trust.named(&arn);
    draft.account.roles.push(Role {
        logical_id: item.logical_id.clone(),
        name,
        path,
        arn,
        trust,
        inline,
        managed,
        boundary,
        max_session_duration,
        tags,
        place,
    });
}

pub(super) fn user(draft: &mut Draft<'_, '_>, item: &Item) {
    let (name, path, arn) = (
        draft.name(item),
        draft.path(item),
        draft.attribute(item, "Arn"),
    );
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let inline = inline(&mut properties, &item.logical_id);
    let managed = attachments(&mut properties, "ManagedPolicyArns");
    let boundary = boundary(&mut properties);
    let groups = properties
        .texts("Groups")
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let tags = properties.tags("Tags");
    properties.finish(
        &[
            "Groups",
            "ManagedPolicyArns",
            "PermissionsBoundary",
            "Policies",
            "Tags",
        ],
        &["LoginProfile", "Path", "UserName"],
    );
    let (logical_id, place) = (item.logical_id.clone(), item.place);
    draft.account.users.push(User {
        logical_id,
        name,
        path,
        arn,
        inline,
        managed,
        boundary,
        groups,
        tags,
        place,
    });
}

pub(super) fn group(draft: &mut Draft<'_, '_>, item: &Item) {
    let (name, path, arn) = (
        draft.name(item),
        draft.path(item),
        draft.attribute(item, "Arn"),
    );
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let inline = inline(&mut properties, &item.logical_id);
    let managed = attachments(&mut properties, "ManagedPolicyArns");
    properties.finish(&["ManagedPolicyArns", "Policies"], &["GroupName", "Path"]);
    let (logical_id, place) = (item.logical_id.clone(), item.place);
    draft.account.groups.push(Group {
        logical_id,
        name,
        path,
        arn,
        inline,
        managed,
        place,
    });
}

pub(super) fn managed_policy(draft: &mut Draft<'_, '_>, item: &Item) {
    let (name, path, arn) = (draft.name(item), draft.path(item), draft.reference(item));
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    if !properties.has("PolicyDocument") {
        properties.missing("PolicyDocument");
    }
    let source = properties.policy("PolicyDocument", Grammar::Identity);
    let attached = owners(&mut properties);
    properties.finish(
        &["Groups", "PolicyDocument", "Roles", "Users"],
        &["Description", "ManagedPolicyName", "Path"],
    );
    for (owner, place) in attached {
        draft.attach(
            item,
            owner,
            Attachment {
                arn: arn.clone(),
                place,
            },
        );
    }
    let Some(source) = source else { return };
    let source = source.named(&arn);
    let (logical_id, place) = (Some(item.logical_id.clone()), item.place);
    draft.account.managed_policies.push(ManagedPolicy {
        logical_id,
        name,
        path,
        arn,
        source,
        place,
    });
}

/// `AWS::IAM::Policy`, for several owners, and `RolePolicy`, `UserPolicy`, `GroupPolicy`, for one.
pub(super) fn policy(draft: &mut Draft<'_, '_>, item: &Item) {
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let name = properties
        .text("PolicyName")
        .unwrap_or_else(|| item.logical_id.clone());
    // A `RolePolicy` and its like may be without a document, which then is nothing.
    if item.type_name == "AWS::IAM::Policy" && !properties.has("PolicyDocument") {
        properties.missing("PolicyDocument");
    }
    let source = properties.policy("PolicyDocument", Grammar::Identity);
    let mut attached = owners(&mut properties);
    attached.extend(
        properties
            .placed_text("RoleName")
            .map(|(name, at)| (Owner::Role(name), at)),
    );
    attached.extend(
        properties
            .placed_text("UserName")
            .map(|(name, at)| (Owner::User(name), at)),
    );
    attached.extend(
        properties
            .placed_text("GroupName")
            .map(|(name, at)| (Owner::Group(name), at)),
    );
    let taken: &[&str] = match item.type_name.as_str() {
        "AWS::IAM::RolePolicy" => &["PolicyDocument", "PolicyName", "RoleName"],
        "AWS::IAM::UserPolicy" => &["PolicyDocument", "PolicyName", "UserName"],
        "AWS::IAM::GroupPolicy" => &["PolicyDocument", "PolicyName", "GroupName"],
        _ => &["Groups", "PolicyDocument", "PolicyName", "Roles", "Users"],
    };
    properties.finish(taken, &[]);
    let Some(source) = source else { return };
    let source = source.named(&name);
    let logical_id = item.logical_id.clone();
    for (owner, place) in attached {
        let policy = InlinePolicy {
            name: name.clone(),
            logical_id: logical_id.clone(),
            source: source.clone(),
        };
        draft.embed(item, owner, policy, place);
    }
}

pub(super) fn user_to_group(draft: &mut Draft<'_, '_>, item: &Item) {
    let Some(mut properties) = draft.properties(item) else {
        return;
    };
    let group = properties.text("GroupName");
    let users = properties.texts("Users");
    properties.finish(&["GroupName", "Users"], &[]);
    let Some(group) = group else { return };
    for (user, place) in users {
        draft.join(item, user, group.clone(), place);
    }
}

fn owners(properties: &mut Properties<'_, '_>) -> Vec<(Owner, Place)> {
    let mut owners = Vec::new();
    owners.extend(
        properties
            .texts("Roles")
            .into_iter()
            .map(|(name, at)| (Owner::Role(name), at)),
    );
    owners.extend(
        properties
            .texts("Users")
            .into_iter()
            .map(|(name, at)| (Owner::User(name), at)),
    );
    owners.extend(
        properties
            .texts("Groups")
            .into_iter()
            .map(|(name, at)| (Owner::Group(name), at)),
    );
    owners
}

fn inline(properties: &mut Properties<'_, '_>, logical_id: &str) -> Vec<InlinePolicy> {
    let mut policies = Vec::new();
    for (at, value) in properties.list("Policies").into_iter().enumerate() {
        let mut inner = properties.inner(&format!("Policies.{at}"), value);
        let name = inner
            .text("PolicyName")
            .unwrap_or_else(|| format!("policy-{at}"));
        if !inner.has("PolicyDocument") {
            inner.missing("PolicyDocument");
        }
        let source = inner.policy("PolicyDocument", Grammar::Identity);
        inner.finish(&["PolicyDocument", "PolicyName"], &[]);
        if let Some(source) = source {
            let source = source.named(&name);
            policies.push(InlinePolicy {
                name,
                logical_id: logical_id.to_owned(),
                source,
            });
        }
    }
    policies
}

pub(super) fn attachments(properties: &mut Properties<'_, '_>, name: &str) -> Vec<Attachment> {
    let arns = properties.texts(name);
    arns.into_iter()
        .map(|(arn, place)| Attachment { arn, place })
        .collect()
}

pub(super) fn boundary(properties: &mut Properties<'_, '_>) -> Option<Attachment> {
    let (arn, place) = properties.placed_text("PermissionsBoundary")?;
    Some(Attachment { arn, place })
}
