// SPDX-License-Identifier: Apache-2.0
//! `aws iam get-account-authorization-details`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html>

use keyproof_document::Node;
use keyproof_policy::Grammar;
use keyproof_template::{Attachment, Group, InlinePolicy, ManagedPolicy, Role, User};

use crate::Draft;
use crate::answer::{Answer, Given};
use crate::error::{AccountError, AccountProblem};
use crate::fields::{list, optional, tags, text};
use crate::policy;

/// The lists of the answer.
pub(crate) const LISTS: [&str; 4] = [
    // AWS's own policies don't tell the account, so that they come last.
    "RoleDetailList",
    "UserDetailList",
    "GroupDetailList",
    "Policies",
];

/// A role's longest session, of which the answer says nothing: the longest there is, so that no
/// duration is taken for refused.
const LONGEST_SESSION: u32 = 43_200;

impl Draft<'_> {
    pub(crate) fn iam(&mut self, answer: &Answer) -> Result<(), AccountError> {
        for name in LISTS {
            let Some(given) = answer.get(name) else {
                continue;
            };
            for node in given.items(name)? {
                let arn = text(given, node, "Arn")?;
                // AWS's own policies have no account of their own.
                if name == "Policies" {
                    let policy = managed(given, node, &arn)?;
                    let home = self.account.clone();
                    let owner = home.map_or_else(
                        || arn.clone(),
                        |(id, partition)| format!("arn:{partition}:iam::{id}:root"),
                    );
                    if owner.contains("::aws:") {
                        continue;
                    }
                    let account = self.part(given.file.as_deref(), &owner, node.place)?;
                    account.managed_policies.push(policy);
                    continue;
                }
                let account = self.part(given.file.as_deref(), &arn, node.place)?;
                match name {
                    "RoleDetailList" => account.roles.push(role(given, node, arn)?),
                    "UserDetailList" => account.users.push(user(given, node, arn)?),
                    _ => account.groups.push(group(given, node, arn)?),
                }
            }
        }
        Ok(())
    }
}

fn role(given: &Given, node: &Node, arn: String) -> Result<Role, AccountError> {
    let name = text(given, node, "RoleName")?;
    let trust = node.get("AssumeRolePolicyDocument").ok_or_else(|| {
        given.error(
            node.place,
            AccountProblem::Kind {
                name: "AssumeRolePolicyDocument".to_owned(),
                expected: "there, a policy",
            },
        )
    })?;
    Ok(Role {
        trust: policy::read(given, trust, Grammar::Trust, &arn)?,
        inline: inline(given, node, "RolePolicyList", &arn, &name)?,
        managed: attached(given, node)?,
        boundary: boundary(node),
        // `GetRole` tells it, the authorization details don't.
        max_session_duration: node
            .get("MaxSessionDuration")
            .and_then(Node::as_u64)
            .and_then(|seconds| seconds.try_into().ok())
            .unwrap_or(LONGEST_SESSION),
        tags: tags(list(given, node, "Tags")?),
        place: node.place,
        logical_id: name.clone(),
        path: path(node),
        name,
        arn,
    })
}

fn user(given: &Given, node: &Node, arn: String) -> Result<User, AccountError> {
    let name = text(given, node, "UserName")?;
    let groups = list(given, node, "GroupList")?.iter();
    Ok(User {
        inline: inline(given, node, "UserPolicyList", &arn, &name)?,
        managed: attached(given, node)?,
        boundary: boundary(node),
        groups: groups
            .filter_map(|group| group.as_str().map(str::to_owned))
            .collect(),
        tags: tags(list(given, node, "Tags")?),
        place: node.place,
        logical_id: name.clone(),
        path: path(node),
        name,
        arn,
    })
}

fn group(given: &Given, node: &Node, arn: String) -> Result<Group, AccountError> {
    let name = text(given, node, "GroupName")?;
    Ok(Group {
        inline: inline(given, node, "GroupPolicyList", &arn, &name)?,
        managed: attached(given, node)?,
        place: node.place,
        logical_id: name.clone(),
        path: path(node),
        name,
        arn,
    })
}

/// The default version counts, and no other.
fn managed(given: &Given, node: &Node, arn: &str) -> Result<ManagedPolicy, AccountError> {
    let missing = || {
        given.error(
            node.place,
            AccountProblem::Kind {
                name: "PolicyVersionList".to_owned(),
                expected: "there, with the default version's `Document`",
            },
        )
    };
    let versions = list(given, node, "PolicyVersionList")?;
    let document = versions
        .iter()
        .find(|version| version.get("IsDefaultVersion").and_then(Node::as_bool) == Some(true))
        .and_then(|version| version.get("Document"))
        .ok_or_else(missing)?;
    Ok(ManagedPolicy {
        // AWS's own have none, by which they are known.
        logical_id: (!arn.contains("::aws:")).then(|| arn.to_owned()),
        name: text(given, node, "PolicyName")?,
        path: path(node),
        source: policy::read(given, document, Grammar::Identity, arn)?,
        arn: arn.to_owned(),
        place: node.place,
    })
}

fn inline(
    given: &Given,
    node: &Node,
    name: &str,
    arn: &str,
    owner: &str,
) -> Result<Vec<InlinePolicy>, AccountError> {
    let policies = list(given, node, name)?.iter().map(|one| {
        let name = text(given, one, "PolicyName")?;
        let document = one.get("PolicyDocument").ok_or_else(|| {
            given.error(
                one.place,
                AccountProblem::Kind {
                    name: "PolicyDocument".to_owned(),
                    expected: "there, a policy",
                },
            )
        })?;
        let mut source = policy::read(given, document, Grammar::Identity, arn)?;
        // Inline policies of one owner are told apart by their path.
        source.path = format!("{arn} {name}");
        Ok(InlinePolicy {
            source,
            name,
            logical_id: owner.to_owned(),
        })
    });
    policies.collect()
}

fn attached(given: &Given, node: &Node) -> Result<Vec<Attachment>, AccountError> {
    let all = list(given, node, "AttachedManagedPolicies")?.iter();
    all.map(|one| {
        Ok(Attachment {
            arn: text(given, one, "PolicyArn")?,
            place: one.place,
        })
    })
    .collect()
}

fn boundary(node: &Node) -> Option<Attachment> {
    let boundary = node.get("PermissionsBoundary")?;
    Some(Attachment {
        arn: optional(boundary, "PermissionsBoundaryArn")?,
        place: boundary.place,
    })
}

fn path(node: &Node) -> String {
    optional(node, "Path").unwrap_or_else(|| "/".to_owned())
}
