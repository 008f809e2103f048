// SPDX-License-Identifier: Apache-2.0
//! Managed policies.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::entity::Kind;
use super::inline::identity_policy;
use super::model::{Account, ManagedPolicy, Version};
use super::names::{listed, name, path, time};
use super::tags::shown;
use super::{already_exists, delete_conflict, no_such_entity};
use crate::authorize::Access;
use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::Api;
use crate::protocol::parameters::{self, Tag, validation};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreatePolicy {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
    #[serde(default, deserialize_with = "parameters::list")]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct PolicyArn {
    pub(super) policy_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListPolicies {
    scope: Option<String>,
    #[serde(default, deserialize_with = "parameters::text")]
    only_attached: Option<bool>,
    path_prefix: Option<String>,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ListEntities {
    policy_arn: String,
    entity_filter: Option<String>,
    #[serde(rename = "MaxItems")]
    _max_items: Option<String>,
    #[serde(rename = "Marker")]
    _marker: Option<String>,
}

pub(super) fn create(
    world: &mut World,
    call: &Call,
    input: &CreatePolicy,
) -> Result<Value, AwsError> {
    name("policyName", &input.policy_name, 128)?;
    let path = path(input.path.as_deref())?;
    let tags = super::tags::read(Api::Iam, &input.tags)?;
    let arn = format!(
        "arn:aws:iam::{}:policy{path}{}",
        call.caller.account, input.policy_name
    );
    let mut access = Access::new("iam:CreatePolicy", &arn);
    access.context = super::tags::context(&tags);
    world.authorize(call, &access)?;
    let document = identity_policy(&input.policy_document)?;
    if world
        .account(call)
        .policies
        .values()
        .any(|other| other.name.eq_ignore_ascii_case(&input.policy_name))
    {
        return Err(already_exists(format!(
            "A policy called {} already exists. Duplicate names are not allowed.",
            input.policy_name
        )));
    }
    let policy = ManagedPolicy {
        name: input.policy_name.clone(),
        path,
        id: world.unique_id("ANPA", 21),
        arn: arn.clone(),
        description: input.description.clone().unwrap_or_default(),
        created: call.now,
        updated: call.now,
        versions: BTreeMap::from([(
            1,
            Version {
                document,
                created: call.now,
            },
        )]),
        default: 1,
        tags,
    };
    let shown = shape(&policy, 0);
    world.account(call).policies.insert(arn, policy);
    Ok(json!({ "Policy": shown }))
}

pub(super) fn get(world: &mut World, call: &Call, input: &PolicyArn) -> Result<Value, AwsError> {
    let arn = &input.policy_arn;
    world.allowed(call, "GetPolicy", arn)?;
    if let Some(policy) = keyproof_template::managed::policy(arn) {
        return Ok(json!({ "Policy": {
            "PolicyName": policy.name,
            "Arn": arn,
            "Path": policy.path,
            "DefaultVersionId": policy.version,
            "AttachmentCount": world.account(call).attachments(arn),
            "IsAttachable": true,
        } }));
    }
    let count = world.account(call).attachments(arn);
    Ok(json!({ "Policy": shape(own(world, call, arn)?, count) }))
}

pub(super) fn list(
    world: &mut World,
    call: &Call,
    input: &ListPolicies,
) -> Result<Value, AwsError> {
    world.allowed(call, "ListPolicies", "*")?;
    let scope = input.scope.as_deref().unwrap_or("All");
    if !["All", "AWS", "Local"].contains(&scope) {
        return Err(validation(
            Api::Iam,
            format!(
                "1 validation error detected: Value '{scope}' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, AWS, Local]"
            ),
        ));
    }
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let wanted = |path: &str, count: usize| {
        path.starts_with(prefix) && (input.only_attached != Some(true) || count > 0)
    };
    let account = world.account(call);
    let mut entries = Vec::new();
    for policy in account.policies.values().filter(|_| scope != "AWS") {
        let count = account.attachments(&policy.arn);
        if wanted(&policy.path, count) {
            entries.push(shape(policy, count));
        }
    }
    let of_aws = if scope == "Local" {
        Vec::new()
    } else {
        keyproof_template::managed::names()
    };
    for (name, path) in of_aws {
        let arn = format!("arn:aws:iam::aws:policy{path}{name}");
        let count = account.attachments(&arn);
        if wanted(&path, count) {
            entries.push(json!({
                "PolicyName": name,
                "Arn": arn,
                "Path": path,
                "AttachmentCount": count,
                "IsAttachable": true,
            }));
        }
    }
    Ok(listed("Policies", entries))
}

pub(super) fn list_entities(
    world: &mut World,
    call: &Call,
    input: &ListEntities,
) -> Result<Value, AwsError> {
    world.allowed(call, "ListEntitiesForPolicy", &input.policy_arn)?;
    if let Some(filter) = input
        .entity_filter
        .clone()
        .filter(|filter| !["Role", "User", "Group"].contains(&filter.as_str()))
    {
        return Err(validation(
            Api::Iam,
            format!("the sandbox doesn't know the entity filter `{filter}`"),
        ));
    }
    if !world.has_managed_policy(&input.policy_arn, &call.caller.account) {
        return Err(missing(&input.policy_arn));
    }
    let account = world.account(call);
    let of = |wanted: Kind| -> Vec<Value> {
        let attached = account
            .identities()
            .filter(|(kind, one)| *kind == wanted && one.attached.contains(&input.policy_arn));
        attached
            .map(|(kind, one)| match kind {
                Kind::Role => json!({ "RoleName": one.name, "RoleId": one.id }),
                Kind::User => json!({ "UserName": one.name, "UserId": one.id }),
                Kind::Group => json!({ "GroupName": one.name, "GroupId": one.id }),
            })
            .collect()
    };
    Ok(json!({
        "PolicyGroups": of(Kind::Group),
        "PolicyUsers": of(Kind::User),
        "PolicyRoles": of(Kind::Role),
        "IsTruncated": false,
    }))
}

pub(super) fn delete(world: &mut World, call: &Call, input: &PolicyArn) -> Result<Value, AwsError> {
    let arn = &input.policy_arn;
    world.allowed(call, "DeletePolicy", arn)?;
    if own(world, call, arn)?.versions.len() > 1 {
        return Err(delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        ));
    }
    // INVARIANT (known boundaries): a policy in use as a boundary stays.
    let bounds = world
        .account(call)
        .identities()
        .any(|(_, one)| one.boundary.as_deref() == Some(arn));
    if bounds || world.account(call).attachments(arn) > 0 {
        return Err(delete_conflict(
            "Cannot delete a policy attached to entities.",
        ));
    }
    world.account(call).policies.remove(arn);
    Ok(Value::Null)
}

/// One of the account's own policies.
pub(super) fn own<'a>(
    world: &'a mut World,
    call: &Call,
    arn: &str,
) -> Result<&'a mut ManagedPolicy, AwsError> {
    world
        .account(call)
        .policies
        .get_mut(arn)
        .ok_or_else(|| missing(arn))
}

pub(super) fn missing(arn: &str) -> AwsError {
    no_such_entity(format!("Policy {arn} was not found."))
}

impl Account {
    /// To how many identities a policy is attached.
    pub(super) fn attachments(&self, arn: &str) -> usize {
        self.identities()
            .filter(|(_, one)| one.attached.contains(arn))
            .count()
    }
}

pub(super) fn shape(policy: &ManagedPolicy, attachments: usize) -> Value {
    let mut shape = json!({
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": format!("v{}", policy.default),
        "AttachmentCount": attachments,
        "IsAttachable": true,
        "Description": policy.description,
        "CreateDate": time(policy.created),
        "UpdateDate": time(policy.updated),
    });
    if let Some(members) = shape.as_object_mut().filter(|_| !policy.tags.is_empty()) {
        members.insert("Tags".to_owned(), Value::Array(shown(&policy.tags)));
    }
    shape
}
