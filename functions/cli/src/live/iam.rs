// SPDX-License-Identifier: Apache-2.0
//! The account's roles, with the policies that decide what they may do.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_types::SdkConfig;
use keyproof_policy::Grammar;
use keyproof_template::Place;
use keyproof_template::{Account, Attachment, InlinePolicy, ManagedPolicy, PolicySource, Role};

use super::answer::answer;

/// Roles under it are a service's own: nobody can assume them.
const SERVICE_LINKED: &str = "/aws-service-role/";

/// Reads the roles.
pub(super) async fn read(
    config: &SdkConfig,
    account: &mut Account,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let client = Client::new(config);
    let mut listed = Vec::new();
    let mut marker = None;
    loop {
        let page = client.list_roles().set_marker(marker).send();
        let page = answer("iam:ListRoles", page).await?;
        for found in page.roles() {
            let trust = decoded(found.assume_role_policy_document().unwrap_or_default());
            if found.path().starts_with(SERVICE_LINKED) {
                continue;
            }
            if trust.contains("\"AWS\"") {
                listed.push(found.role_name().to_owned());
                continue;
            }
            // Its trust lets in services and the like, and no role or user: whatever it may do, nobody
            // can try it. So its policies, which take four calls to read, don't matter.
            match bare(found) {
                Ok(role) => account.roles.push(role),
                Err(why) => notes.push(format!("role `{}` was left out: {why}", found.role_name())),
            }
        }
        marker = page
            .marker()
            .filter(|_| page.is_truncated())
            .map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    for name in listed {
        match role(&client, &name, account).await {
            Ok(role) => account.roles.push(role),
            Err(why) => notes.push(format!("role `{name}` was left out: {why}")),
        }
    }
    Ok(())
}

async fn role(client: &Client, name: &str, account: &mut Account) -> Result<Role, String> {
    let got = client.get_role().role_name(name).send();
    let got = answer("iam:GetRole", got).await?;
    let found = got.role().ok_or("iam:GetRole: no role in the answer")?;
    let managed = attached(client, name).await?;
    let bounds = found.permissions_boundary();
    let boundary = bounds
        .and_then(|one| one.permissions_boundary_arn())
        .map(|arn| Attachment {
            arn: arn.to_owned(),
            place: Place::START,
        });
    for attachment in managed.iter().chain(&boundary) {
        if account.managed_policy(&attachment.arn).is_none() {
            let policy = managed_policy(client, &attachment.arn).await?;
            account.managed_policies.push(policy);
        }
    }
    Ok(Role {
        inline: inline(client, name).await?,
        managed,
        boundary,
        ..bare(found)?
    })
}

/// A role, without the policies that it has.
fn bare(found: &aws_sdk_iam::types::Role) -> Result<Role, String> {
    let (name, arn) = (found.role_name(), found.arn());
    let trust = found.assume_role_policy_document().unwrap_or_default();
    let seconds = found
        .max_session_duration()
        .and_then(|seconds| u32::try_from(seconds).ok());
    let tags = found.tags().iter();
    Ok(Role {
        logical_id: name.to_owned(),
        name: name.to_owned(),
        path: found.path().to_owned(),
        arn: arn.to_owned(),
        trust: document(trust, Grammar::Trust, arn)?,
        inline: Vec::new(),
        managed: Vec::new(),
        boundary: None,
        max_session_duration: seconds.unwrap_or(3600),
        tags: tags
            .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
            .collect::<BTreeMap<_, _>>(),
        place: Place::START,
    })
}

async fn inline(client: &Client, role: &str) -> Result<Vec<InlinePolicy>, String> {
    let mut policies = Vec::new();
    let mut marker = None;
    loop {
        let page = client
            .list_role_policies()
            .role_name(role)
            .set_marker(marker)
            .send();
        let page = answer("iam:ListRolePolicies", page).await?;
        for name in page.policy_names() {
            let got = client
                .get_role_policy()
                .role_name(role)
                .policy_name(name)
                .send();
            let got = answer("iam:GetRolePolicy", got).await?;
            policies.push(InlinePolicy {
                name: name.clone(),
                logical_id: role.to_owned(),
                source: document(got.policy_document(), Grammar::Identity, name)?,
            });
        }
        marker = page
            .marker()
            .filter(|_| page.is_truncated())
            .map(str::to_owned);
        if marker.is_none() {
            return Ok(policies);
        }
    }
}

async fn attached(client: &Client, role: &str) -> Result<Vec<Attachment>, String> {
    let mut all = Vec::new();
    let mut marker = None;
    loop {
        let page = client
            .list_attached_role_policies()
            .role_name(role)
            .set_marker(marker)
            .send();
        let page = answer("iam:ListAttachedRolePolicies", page).await?;
        let arns = page
            .attached_policies()
            .iter()
            .filter_map(|one| one.policy_arn());
        all.extend(arns.map(|arn| Attachment {
            arn: arn.to_owned(),
            place: Place::START,
        }));
        marker = page
            .marker()
            .filter(|_| page.is_truncated())
            .map(str::to_owned);
        if marker.is_none() {
            return Ok(all);
        }
    }
}

async fn managed_policy(client: &Client, arn: &str) -> Result<ManagedPolicy, String> {
    let got = client.get_policy().policy_arn(arn).send();
    let got = answer("iam:GetPolicy", got).await?;
    let version = got.policy().and_then(|policy| policy.default_version_id());
    let version =
        version.ok_or_else(|| format!("iam:GetPolicy: `{arn}` has no default version"))?;
    let got = client
        .get_policy_version()
        .policy_arn(arn)
        .version_id(version)
        .send();
    let got = answer("iam:GetPolicyVersion", got).await?;
    let text = got
        .policy_version()
        .and_then(|version| version.document())
        .unwrap_or_default();
    let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
    Ok(ManagedPolicy {
        logical_id: None,
        path: "/".to_owned(),
        arn: arn.to_owned(),
        source: document(text, Grammar::Identity, arn)?,
        place: Place::START,
        name,
    })
}

fn document(text: &str, grammar: Grammar, name: &str) -> Result<PolicySource, String> {
    let value = serde_json::from_str(&decoded(text))
        .map_err(|error| format!("the policy `{name}` is no JSON: {error}"))?;
    PolicySource::new(value, grammar, Place::START, name)
        .map(|source| source.named(name))
        .map_err(|error| format!("the policy `{name}` can't be read: {error}"))
}

/// IAM's answers hold documents with percent signs in place of what a URL can't have.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html>
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| first == b'%');
        let pair = pair.and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(byte) = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn a_document_is_read_as_iam_writes_it() {
        for (text, expected) in [
            ("%7B%22a%22%3A%20%22%2B%C3%A4%22%7D", "{\"a\": \"+ä\"}"),
            ("{\"a\": \"50%\"}", "{\"a\": \"50%\"}"),
            ("%", "%"),
            ("%zz%4", "%zz%4"),
        ] {
            assert_eq!(decoded(text), expected);
        }
    }
}
