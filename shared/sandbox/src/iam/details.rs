// SPDX-License-Identifier: Apache-2.0
//! Everything that IAM knows of an account, in one answer.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::entity::Kind;
use super::model::{Account, Identity, ManagedPolicy};
use super::names::{document, time};
use super::{managed, roles, users};
use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::Api;
use crate::protocol::parameters::{self, validation};
use crate::text::percent_encoded;
use crate::world::World;

/// What a filter may name.
const KINDS: [&str; 5] = [
    "User",
    "Role",
    "Group",
    "LocalManagedPolicy",
    "AWSManagedPolicy",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Details {
    #[serde(default, deserialize_with = "parameters::list")]
    filter: Vec<String>,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn get(world: &mut World, call: &Call, input: &Details) -> Result<Value, AwsError> {
    world.allowed(call, "GetAccountAuthorizationDetails", "*")?;
    if let Some(unknown) = input
        .filter
        .iter()
        .find(|one| !KINDS.contains(&one.as_str()))
    {
        return Err(validation(
            Api::Iam,
            format!(
                "1 validation error detected: Value '[{unknown}]' at 'filter' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [{}]]",
                KINDS.join(", ")
            ),
        ));
    }
    let account = world.account(call);
    let wanted = |kind: &str| input.filter.is_empty() || input.filter.iter().any(|one| one == kind);
    let mut policies = Vec::new();
    if wanted("LocalManagedPolicy") {
        let own = account.policies.values();
        policies.extend(own.map(|policy| detail(policy, account.attachments(&policy.arn))));
    }
    if wanted("AWSManagedPolicy") {
        policies.extend(of_aws(account));
    }
    let list = |kind: &str, details: Vec<Value>| {
        let details = if wanted(kind) { details } else { Vec::new() };
        Value::Array(details)
    };
    let of_users = account.users.values().map(|user| {
        let mut detail = identity(
            users::shape(&user.identity, true),
            Kind::User,
            &user.identity,
        );
        detail.insert("GroupList".to_owned(), json!(user.groups));
        Value::Object(detail)
    });
    let of_groups = account.groups.values().map(|group| {
        let shape = json!({
            "Path": group.path, "GroupName": group.name, "GroupId": group.id, "Arn": group.arn,
            "CreateDate": time(group.created),
        });
        Value::Object(identity(shape, Kind::Group, group))
    });
    let of_roles = account.roles.values().map(|role| {
        let mut detail = identity(roles::shape(role, true), Kind::Role, &role.identity);
        // The details leave out what `GetRole` has.
        detail.shift_remove("Description");
        detail.shift_remove("MaxSessionDuration");
        detail.insert("InstanceProfileList".to_owned(), json!([]));
        Value::Object(detail)
    });
    Ok(json!({
        "UserDetailList": list("User", of_users.collect()),
        "GroupDetailList": list("Group", of_groups.collect()),
        "RoleDetailList": list("Role", of_roles.collect()),
        "Policies": policies,
        "IsTruncated": false,
    }))
}

/// AWS's policies that something has attached.
fn of_aws(account: &Account) -> Vec<Value> {
    let attached = account.identities().flat_map(|(_, one)| &one.attached);
    let attached: BTreeSet<&str> = attached
        .map(String::as_str)
        .chain(account.boundaries())
        .collect();
    let details = attached.into_iter().filter_map(|arn| {
        let policy = keyproof_template::managed::policy(arn)?;
        Some(detail_of_aws(arn, &policy, account.attachments(arn)))
    });
    details.collect()
}

/// What roles, users and groups have in common, added to what is shown of them.
fn identity(shape: Value, kind: Kind, one: &Identity) -> Map<String, Value> {
    let mut detail = match shape {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let list = match kind {
        Kind::Role => "RolePolicyList",
        Kind::User => "UserPolicyList",
        Kind::Group => "GroupPolicyList",
    };
    let inline = one
        .inline
        .iter()
        .map(|(name, policy)| json!({"PolicyName": name, "PolicyDocument": document(policy)}));
    let attached = one.attached.iter().map(|arn| {
        let name = arn.rsplit('/').next().unwrap_or_default();
        json!({"PolicyName": name, "PolicyArn": arn})
    });
    detail.insert(list.to_owned(), inline.collect());
    detail.insert("AttachedManagedPolicies".to_owned(), attached.collect());
    detail
}

/// A policy with its versions.
fn detail(policy: &ManagedPolicy, attachments: usize) -> Value {
    let mut detail = managed::shape(policy, attachments);
    if let Some(members) = detail.as_object_mut() {
        members.shift_remove("Tags");
        let versions = policy.versions.iter().rev().map(|(number, version)| {
            json!({
                "Document": document(&version.document),
                "VersionId": format!("v{number}"),
                "IsDefaultVersion": *number == policy.default,
                "CreateDate": time(version.created),
            })
        });
        members.insert("PolicyVersionList".to_owned(), versions.collect());
    }
    detail
}

/// One of AWS's own policies with the version in force.
fn detail_of_aws(
    arn: &str,
    policy: &keyproof_template::managed::AwsManagedPolicy,
    attachments: usize,
) -> Value {
    json!({
        "PolicyName": policy.name,
        "Arn": arn,
        "Path": policy.path,
        "DefaultVersionId": policy.version,
        "AttachmentCount": attachments,
        "IsAttachable": true,
        "PolicyVersionList": [{
            "Document": percent_encoded(&policy.document),
            "VersionId": policy.version,
            "IsDefaultVersion": true,
        }],
    })
}
