// SPDX-License-Identifier: Apache-2.0
//! What there is in an account, in one region.

use aws_sdk_iam::types::{
    AttachedPermissionsBoundary, AttachedPolicy, EntityType, GroupDetail, ManagedPolicyDetail,
    PolicyDetail, RoleDetail, UserDetail,
};
use serde_json::{Value, json};

use super::{Aws, answer, tags};
use crate::port::ReadAccount;

impl ReadAccount for Aws {
    async fn iam(&self) -> Result<Value, String> {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        let (mut roles, mut policies) = (Vec::new(), Vec::new());
        let mut marker: Option<String> = None;
        loop {
            let asked = self.iam.get_account_authorization_details();
            // Without a filter AWS leaves out nothing; with one, what is read is said.
            let asked = asked.set_filter(Some(vec![
                EntityType::User,
                EntityType::Group,
                EntityType::Role,
                EntityType::LocalManagedPolicy,
                EntityType::AwsManagedPolicy,
            ]));
            let asked = asked.set_marker(marker.take()).send();
            let action = "iam:GetAccountAuthorizationDetails";
            let page = answer(action, "the account", asked).await?;
            users.extend(page.user_detail_list().iter().map(user));
            groups.extend(page.group_detail_list().iter().map(group));
            roles.extend(page.role_detail_list().iter().map(role));
            policies.extend(page.policies().iter().map(managed));
            match page.marker() {
                Some(next) if page.is_truncated() => marker = Some(next.to_owned()),
                Some(_) | None => break,
            }
        }
        Ok(json!({
            "UserDetailList": users,
            "GroupDetailList": groups,
            "RoleDetailList": roles,
            "Policies": policies,
        }))
    }

    async fn tables(&self) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        let mut from: Option<String> = None;
        loop {
            let listed = self.dynamodb.list_tables();
            let listed = listed.set_exclusive_start_table_name(from.take()).send();
            let page = answer("dynamodb:ListTables", "the account", listed).await?;
            names.extend(page.table_names().iter().cloned());
            match page.last_evaluated_table_name() {
                Some(last) => from = Some(last.to_owned()),
                None => return Ok(names),
            }
        }
    }

    async fn aliases(&self) -> Result<Value, String> {
        let mut aliases = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let listed = self.kms.list_aliases().set_marker(marker.take()).send();
            let page = answer("kms:ListAliases", "the account", listed).await?;
            aliases.extend(page.aliases().iter().map(|alias| {
                json!({
                    "AliasName": alias.alias_name(),
                    "AliasArn": alias.alias_arn(),
                    "TargetKeyId": alias.target_key_id(),
                })
            }));
            match page.next_marker() {
                Some(next) if page.truncated() => marker = Some(next.to_owned()),
                Some(_) | None => return Ok(json!({"Aliases": aliases})),
            }
        }
    }

    async fn tags(&self, arn: &str) -> Result<Value, String> {
        let mut tags = Vec::new();
        let mut next: Option<String> = None;
        loop {
            if arn.contains(":dynamodb:") {
                let listed = self.dynamodb.list_tags_of_resource().resource_arn(arn);
                let listed = listed.set_next_token(next.take()).send();
                let page = answer("dynamodb:ListTagsOfResource", arn, listed).await?;
                tags.extend(
                    (page.tags().iter()).map(|tag| json!({"Key": tag.key(), "Value": tag.value()})),
                );
                next = page.next_token().map(str::to_owned);
            } else {
                let listed = self.kms.list_resource_tags().key_id(arn);
                let listed = listed.set_marker(next.take()).send();
                let page = answer("kms:ListResourceTags", arn, listed).await?;
                tags.extend(
                    (page.tags().iter())
                        .map(|tag| json!({"TagKey": tag.tag_key(), "TagValue": tag.tag_value()})),
                );
                next = (page.next_marker().filter(|_| page.truncated())).map(str::to_owned);
            }
            if next.is_none() {
                return Ok(Value::Array(tags));
            }
        }
    }
}

fn inline(policies: &[PolicyDetail]) -> Value {
    let policies = policies.iter();
    policies
        .map(
            |one| json!({"PolicyName": one.policy_name(), "PolicyDocument": one.policy_document()}),
        )
        .collect()
}

fn attached(policies: &[AttachedPolicy]) -> Value {
    let policies = policies.iter();
    policies
        .map(|one| json!({"PolicyName": one.policy_name(), "PolicyArn": one.policy_arn()}))
        .collect()
}

/// Without one the field is left out: it is no object then.
fn with_boundary(mut detail: Value, boundary: Option<&AttachedPermissionsBoundary>) -> Value {
    let arn = boundary.and_then(AttachedPermissionsBoundary::permissions_boundary_arn);
    if let (Some(arn), Some(members)) = (arn, detail.as_object_mut()) {
        let boundary = json!({"PermissionsBoundaryArn": arn});
        members.insert("PermissionsBoundary".to_owned(), boundary);
    }
    detail
}

fn user(user: &UserDetail) -> Value {
    let detail = json!({
        "UserName": user.user_name(),
        "Path": user.path(),
        "Arn": user.arn(),
        "UserPolicyList": inline(user.user_policy_list()),
        "GroupList": user.group_list(),
        "AttachedManagedPolicies": attached(user.attached_managed_policies()),
        "Tags": tags(user.tags()),
    });
    with_boundary(detail, user.permissions_boundary())
}

fn group(group: &GroupDetail) -> Value {
    json!({
        "GroupName": group.group_name(),
        "Path": group.path(),
        "Arn": group.arn(),
        "GroupPolicyList": inline(group.group_policy_list()),
        "AttachedManagedPolicies": attached(group.attached_managed_policies()),
    })
}

fn role(role: &RoleDetail) -> Value {
    let detail = json!({
        "RoleName": role.role_name(),
        "Path": role.path(),
        "Arn": role.arn(),
        "AssumeRolePolicyDocument": role.assume_role_policy_document(),
        "RolePolicyList": inline(role.role_policy_list()),
        "AttachedManagedPolicies": attached(role.attached_managed_policies()),
        "Tags": tags(role.tags()),
    });
    with_boundary(detail, role.permissions_boundary())
}

/// The version in force; the others decide nothing.
fn managed(policy: &ManagedPolicyDetail) -> Value {
    let versions = policy.policy_version_list().iter();
    let versions = versions.filter(|version| version.is_default_version());
    json!({
        "PolicyName": policy.policy_name(),
        "Path": policy.path(),
        "Arn": policy.arn(),
        "PolicyVersionList": versions.map(|version| json!({
            "VersionId": version.version_id(),
            "IsDefaultVersion": true,
            "Document": version.document(),
        })).collect::<Value>(),
    })
}
