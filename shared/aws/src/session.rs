// SPDX-License-Identifier: Apache-2.0
//! A principal's session: its role assumed anew, with connections of its own.

#[cfg(test)]
mod tests;

use aws_credential_types::Credentials;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_sdk_sts::types::Tag;
use keyproof_core::Arn;
use keyproof_plan::{Action, Principal};
use keyproof_verdict::{Answer, Blindness, classify};

use crate::calls::{Called, Reply};
use crate::failure::Failure;
use crate::redact::Redactor;
use crate::run::Run;

/// What making a session takes of the operator, on the principal's role: tags and source identity
/// where the plan sets them.
pub const IAM_ACTIONS: &[&str] = &["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"];

/// A session of a principal's role, made for one run.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) kms: aws_sdk_kms::Client,
    /// Keeps this session's secrets, too, out of messages.
    pub(crate) redactor: Redactor,
    account: String,
    role_name: String,
}

impl Session {
    /// Whether a denial that names this caller can be the answer to a call of this session. AWS
    /// names sessions by `assumed-role/ROLE/SESSION`; what is no ARN at all is left to others.
    pub(crate) fn is_caller(&self, user: &str) -> bool {
        let Ok(arn) = user.parse::<Arn>() else {
            return true;
        };
        let mut parts = arn.resource().split('/');
        let name = match parts.next() {
            Some("assumed-role") => parts.next(),
            Some("role") => parts.next_back(),
            Some(_) | None => None,
        };
        arn.account() == self.account && name == Some(&self.role_name)
    }
}

/// Assumes the principal's role, once: never again in this run.
pub(crate) async fn assume(run: &Run<'_>, principal: &Principal) -> Called<Session> {
    let session_name = run.session_name();
    let tags = principal.tags.iter().map(|(key, value)| {
        // Key and value are set, and nothing else is required.
        Tag::builder().key(key).value(value).build()
    });
    let tags = match tags.collect::<Result<Vec<_>, _>>() {
        Ok(tags) => (!tags.is_empty()).then_some(tags),
        Err(error) => {
            return Called::unsent(Failure::blind(Blindness::Other, error.to_string()));
        }
    };
    let called = run.calls.send(async || {
        let request = run
            .sts
            .assume_role()
            .role_arn(principal.role.as_str())
            .role_session_name(&session_name)
            .set_external_id(principal.external_id.clone())
            .set_tags(tags.clone())
            .set_duration_seconds(
                principal
                    .duration
                    .and_then(|seconds| seconds.try_into().ok()),
            )
            .set_source_identity(principal.source_identity.clone());
        let read =
            |code: Option<&str>, message: Option<&str>| classify(Action::AssumeRole, code, message);
        Reply::new(request.send().await, read)
    });
    called
        .await
        .and_then(|output| open(run, principal, &session_name, &output))
}

/// Opens the session, if it is the role's.
fn open(
    run: &Run<'_>,
    principal: &Principal,
    session_name: &str,
    output: &AssumeRoleOutput,
) -> Result<Session, Failure> {
    let unreadable = |what: &str| Failure::blind(Blindness::Unreadable, what);
    let user = output
        .assumed_role_user()
        .ok_or_else(|| unreadable("the reply names no session"))?;
    let partition = principal.role.as_arn().partition();
    let (account, role_name) = (principal.role.account(), principal.role.role_name());
    let expected =
        format!("arn:{partition}:sts::{account}:assumed-role/{role_name}/{session_name}");
    if user.arn() != expected {
        let message = format!("asked for {expected}, got {}", user.arn());
        return Err(Failure::blind(Blindness::WrongSession, message));
    }
    let given = output
        .credentials()
        .ok_or_else(|| unreadable("the reply holds no credentials"))?;
    if [
        given.access_key_id(),
        given.secret_access_key(),
        given.session_token(),
    ]
    .contains(&"")
    {
        return Err(unreadable("the reply holds no whole credentials"));
    }
    let credentials = Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "keyproof",
    );
    let config = run.runner.config_as(&run.config, credentials.clone());
    Ok(Session {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        kms: aws_sdk_kms::Client::new(&config),
        redactor: run.redactor.with(credentials),
        account: account.to_owned(),
        role_name: role_name.to_owned(),
    })
}

/// What the `sts:AssumeRole` probe sees of the session.
pub(crate) fn probe_answer<T>(called: Called<T>) -> Called<Answer> {
    called.and_then(|_| Ok(Answer::Allowed(keyproof_verdict::Evidence::Succeeded)))
}
