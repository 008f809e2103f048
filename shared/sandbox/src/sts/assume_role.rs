// SPDX-License-Identifier: Apache-2.0
//! `AssumeRole`.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::session::{inherited, session_policies, transitive};
use crate::authorize::Access;
use crate::caller::{Call, CallerKind, Session};
use crate::credentials::Owner;
use crate::error::AwsError;
use crate::iam::Role;
use crate::protocol::Api;
use crate::protocol::parameters::{self, Tag, validation};
use crate::secret::Secret;
use crate::world::World;

const DEFAULT_SECONDS: u32 = 3600;
/// A role that assumes another gets an hour at most, whatever the other role allows.
const CHAINED_SECONDS: u32 = 3600;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct AssumeRole {
    role_arn: String,
    role_session_name: String,
    #[serde(default, deserialize_with = "parameters::list")]
    policy_arns: Vec<PolicyArn>,
    policy: Option<String>,
    #[serde(default, deserialize_with = "parameters::text")]
    duration_seconds: Option<u32>,
    #[serde(default, deserialize_with = "parameters::list")]
    tags: Vec<Tag>,
    #[serde(default, deserialize_with = "parameters::list")]
    transitive_tag_keys: Vec<String>,
    external_id: Option<String>,
    source_identity: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyArn {
    arn: String,
}

/// What the request asks the session to be, checked for its form.
struct Wanted {
    tags: BTreeMap<String, String>,
    transitive: Vec<String>,
    source_identity: Option<String>,
}

pub(super) fn assume(
    world: &mut World,
    call: &Call,
    input: &AssumeRole,
) -> Result<Value, AwsError> {
    form(input)?;
    let requested = crate::iam::tags::read(Api::Sts, &input.tags)?;
    let chained = match &call.caller.kind {
        CallerKind::Role(session) => Some(Arc::clone(session)),
        CallerKind::Root | CallerKind::User(_) => None,
    };
    let wanted = Wanted {
        tags: inherited(chained.as_deref(), &requested)?,
        transitive: transitive(chained.as_deref(), &requested, &input.transitive_tag_keys)?,
        source_identity: source_identity(chained.as_deref(), input.source_identity.as_deref())?,
    };
    if call.caller.kind == CallerKind::Root {
        return Err(AwsError::new(
            403,
            "AccessDenied",
            "Roles may not be assumed by root accounts.",
        ));
    }
    let role = world.assumable(call, input, &wanted, &requested)?.clone();
    let seconds = duration(&role, input.duration_seconds, chained.is_some())?;
    let arns: Vec<String> = input
        .policy_arns
        .iter()
        .map(|policy| policy.arn.clone())
        .collect();
    let account = role
        .identity
        .arn
        .split(':')
        .nth(4)
        .unwrap_or_default()
        .to_owned();
    let policies = session_policies(world, &account, input.policy.as_deref(), &arns)?;
    let packed = packed_size(input.policy.as_deref(), &arns, &requested)?;
    let expires_at = call
        .now
        .checked_add(SignedDuration::from_secs(seconds.into()))
        .unwrap_or(Timestamp::MAX);
    let session = Session {
        role_arn: role.identity.arn.clone(),
        role_name: role.identity.name.clone(),
        role_id: role.identity.id.clone(),
        name: input.role_session_name.clone(),
        source_identity: wanted.source_identity,
        tags: wanted.tags,
        transitive_tags: wanted.transitive,
        policies,
        issued_at: call.now,
        expires_at,
    };
    let mut result = json!({ "AssumedRoleUser": {
        "AssumedRoleId": format!("{}:{}", session.role_id, session.name),
        "Arn": format!("arn:aws:sts::{account}:assumed-role/{}/{}", session.role_name, session.name),
    } });
    let identity = session.source_identity.clone();
    let made = world.issue(
        &account,
        Owner::Session(Arc::new(session)),
        call.now,
        Some(expires_at),
    );
    if let Some(members) = result.as_object_mut() {
        let credentials = json!({
            "AccessKeyId": made.access_key_id,
            "SecretAccessKey": made.secret_access_key.expose(),
            "SessionToken": made.session_token.as_ref().map(Secret::expose),
            "Expiration": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        });
        members.insert("Credentials".to_owned(), credentials);
        members.insert("PackedPolicySize".to_owned(), packed.into());
        members.insert("SourceIdentity".to_owned(), identity.into());
    }
    Ok(result)
}

impl World {
    /// The role, if the caller may assume it so. Whether a role is missing or refuses the caller
    /// can't be told from the answer.
    fn assumable(
        &self,
        call: &Call,
        input: &AssumeRole,
        wanted: &Wanted,
        requested: &BTreeMap<String, String>,
    ) -> Result<&Role, AwsError> {
        let refusal = |action: &str| {
            let (caller, arn) = (&call.caller.arn, &input.role_arn);
            AwsError::access_denied(
                action,
                format!("User: {caller} is not authorized to perform: {action} on resource: {arn}"),
            )
        };
        let name = input.role_arn.rsplit('/').next().unwrap_or_default();
        let account = input
            .role_arn
            .split(':')
            .nth(4)
            .and_then(|id| self.accounts.get(id));
        let role = account
            .and_then(|account| account.roles.get(name))
            .filter(|role| role.identity.arn == input.role_arn);
        let role = role.ok_or_else(|| refusal("sts:AssumeRole"))?;
        let mut actions = vec!["sts:AssumeRole"];
        if !requested.is_empty() || !wanted.transitive.is_empty() {
            actions.push("sts:TagSession");
        }
        if wanted.source_identity.is_some() {
            actions.push("sts:SetSourceIdentity");
        }
        for action in actions {
            let decided = self.decide(call, &access(action, role, input, wanted, requested))?;
            if !decided.decision.is_allowed() {
                let explicit = decided.decision.explicit;
                return Err(if explicit {
                    AwsError::access_denied(action, decided.sentence())
                } else {
                    refusal(action)
                });
            }
        }
        Ok(role)
    }
}

fn access<'a>(
    action: &'a str,
    role: &'a Role,
    input: &AssumeRole,
    wanted: &Wanted,
    requested: &BTreeMap<String, String>,
) -> Access<'a> {
    let one = |value: &str| [value.to_owned()];
    let mut access = Access::new(action, &role.identity.arn).policy(Some(&role.trust));
    access = access.with("sts:RoleSessionName", one(&input.role_session_name));
    if let Some(id) = &input.external_id {
        access = access.with("sts:ExternalId", one(id));
    }
    if let Some(identity) = &wanted.source_identity {
        access = access.with("sts:SourceIdentity", one(identity));
    }
    // Tags that come down the chain are requested as much as those in the request.
    let mut tags = requested.clone();
    let passed = wanted
        .transitive
        .iter()
        .filter_map(|key| Some((key.clone(), wanted.tags.get(key)?.clone())));
    tags.extend(passed);
    access.context.extend(crate::iam::tags::context(&tags));
    if !wanted.transitive.is_empty() {
        access = access.with("sts:TransitiveTagKeys", wanted.transitive.iter().cloned());
    }
    for (key, value) in &role.identity.tags {
        access = access
            .with(format!("aws:ResourceTag/{key}"), one(value))
            .with(format!("iam:ResourceTag/{key}"), one(value));
    }
    access
}

fn form(input: &AssumeRole) -> Result<(), AwsError> {
    if input.role_arn.parse::<keyproof_core::RoleArn>().is_err() {
        return Err(validation(
            Api::Sts,
            format!("{} is invalid", input.role_arn),
        ));
    }
    named(
        "roleSessionName",
        &input.role_session_name,
        b"+=,.@_-",
        (2, 64),
    )?;
    if let Some(id) = &input.external_id {
        named("externalId", id, b"+=,.@:/_-", (2, 1224))?;
    }
    if let Some(identity) = &input.source_identity {
        named("sourceIdentity", identity, b"+=,.@_-", (2, 64))?;
    }
    if let Some(seconds) = input
        .duration_seconds
        .filter(|seconds| !(900..=43_200).contains(seconds))
    {
        let (bound, value) = if seconds < 900 {
            ("greater than or equal to", 900)
        } else {
            ("less than or equal to", 43_200)
        };
        return Err(validation(
            Api::Sts,
            format!(
                "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must \
                 have value {bound} {value}"
            ),
        ));
    }
    Ok(())
}

fn named(
    parameter: &str,
    value: &str,
    more: &[u8],
    (least, most): (usize, usize),
) -> Result<(), AwsError> {
    let fail = |constraint: String| {
        Err(validation(
            Api::Sts,
            format!(
                "1 validation error detected: Value '{value}' at '{parameter}' failed to satisfy constraint: {constraint}"
            ),
        ))
    };
    if !value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    {
        let class = String::from_utf8_lossy(more);
        return fail(format!(
            "Member must satisfy regular expression pattern: [\\w{}]*",
            class.replace('_', "")
        ));
    }
    if value.len() < least {
        return fail(format!(
            "Member must have length greater than or equal to {least}"
        ));
    }
    if value.len() > most {
        return fail(format!(
            "Member must have length less than or equal to {most}"
        ));
    }
    Ok(())
}

fn duration(role: &Role, requested: Option<u32>, chained: bool) -> Result<u32, AwsError> {
    if chained && requested.is_some_and(|seconds| seconds > CHAINED_SECONDS) {
        return Err(validation(
            Api::Sts,
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    let seconds = requested.unwrap_or(DEFAULT_SECONDS);
    if seconds > role.max_session {
        return Err(validation(
            Api::Sts,
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}

/// A source identity, once set, stays for the whole chain.
fn source_identity(
    chained: Option<&Session>,
    requested: Option<&str>,
) -> Result<Option<String>, AwsError> {
    let current = chained.and_then(|session| session.source_identity.as_deref());
    match (current, requested) {
        (Some(current), Some(other)) if current != other => Err(validation(
            Api::Sts,
            "The source identity of a session can't be changed.",
        )),
        (current, requested) => Ok(requested.or(current).map(str::to_owned)),
    }
}

/// How much of the room for session policies and tags is used, in per cent. AWS packs them by a
/// method that it doesn't tell; this counts characters.
fn packed_size(
    policy: Option<&str>,
    arns: &[String],
    tags: &BTreeMap<String, String>,
) -> Result<Option<usize>, AwsError> {
    if policy.is_none() && arns.is_empty() && tags.is_empty() {
        return Ok(None);
    }
    let characters = policy.map_or(0, |policy| policy.chars().count())
        + arns.iter().map(String::len).sum::<usize>()
        + tags
            .iter()
            .map(|(key, value)| key.chars().count() + value.chars().count())
            .sum::<usize>();
    let per_cent = characters.saturating_mul(100).div_ceil(30_000);
    if per_cent > 100 {
        return Err(AwsError::client(
            "PackedPolicyTooLarge",
            "Packed size of session tags consumes more than 100% of allotted space.",
        ));
    }
    Ok(Some(per_cent))
}
