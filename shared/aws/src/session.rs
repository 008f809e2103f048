// SPDX-License-Identifier: Apache-2.0
//! A principal's session: its role assumed anew, with connections of its own.

mod guard;
mod held;
mod lease;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::Ordering;

use aws_credential_types::Credentials;
use aws_sdk_sts::operation::assume_role::AssumeRoleOutput;
use aws_sdk_sts::types::{AssumedRoleUser, Credentials as SdkCredentials, Tag};
use keyproof_core::{Arn, Service};
use keyproof_plan::{Action, Principal};
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, Evidence, classify, classify_call};

use crate::calls::{Called, Reply};
use crate::failure::Failure;
use crate::redact::Redactor;
use crate::run::Run;
pub(crate) use guard::guard;
pub(crate) use held::{Held, Opened};
use lease::Lease;

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
    /// Whether a guard limits it, as nothing else would by a session policy.
    pub(crate) guarded: bool,
    account: String,
    role_name: String,
    /// Whose it is.
    identity: Identity,
    lease: Lease,
}

/// Whose a session is: `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`, and the role's unique id,
/// which AWS gives to no other role, with the session's name.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    arn: String,
    id: Option<String>,
}

impl Identity {
    fn of(user: &AssumedRoleUser) -> Self {
        let id = user.assumed_role_id();
        Self {
            arn: user.arn().to_owned(),
            id: (!id.is_empty()).then(|| id.to_owned()),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(formatter, "{} ({id})", self.arn),
            None => formatter.write_str(&self.arn),
        }
    }
}

impl Session {
    /// The account that it is of.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

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

/// Assumes the principal's role by this session name. A run does so once, and again before the session
/// ends; a drill for each read.
pub(crate) async fn assume(
    run: &Run<'_>,
    principal: &Principal,
    session_name: &str,
) -> Called<Session> {
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
    let guard = &run.guard;
    let called = run.calls.send(Operation::ASSUME_ROLE, async || {
        let request = run
            .sts
            .assume_role()
            .role_arn(principal.role.as_str())
            .role_session_name(session_name)
            .set_policy(guard.clone())
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
        // Looked at here, so that half a reply is asked for again.
        Reply::new(request.send().await, read)
            .and_then(|output| given(&output).map(drop).map(|()| output))
    });
    let called = called.await;
    if let Err(failure) = &called.outcome
        && guard.is_some()
        && guard::is_refused(failure.code.as_deref())
    {
        run.guard_refused.store(true, Ordering::Relaxed);
    }
    let opened = match &called.outcome {
        Ok(output) => open(run, principal, output, guard.is_some()).await,
        Err(failure) => Err(failure.clone()),
    };
    called.and_then(|_| opened)
}

/// Opens the session, if it is the role's.
async fn open(
    run: &Run<'_>,
    principal: &Principal,
    output: &AssumeRoleOutput,
    guarded: bool,
) -> Result<Session, Failure> {
    let given = given(output)?;
    let credentials = Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "keyproof",
    );
    let config = run.runner.config_as(&run.config, credentials.clone());
    let identity = match output.assumed_role_user() {
        Some(user) => Identity::of(user),
        // AWS always says; an emulator that doesn't may still know who the session is.
        None => who_is(run, &aws_sdk_sts::Client::new(&config)).await?,
    };
    let session = Session {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        kms: aws_sdk_kms::Client::new(&config),
        redactor: run.redactor.with(credentials),
        guarded,
        account: principal.role.account().to_owned(),
        role_name: principal.role.role_name().to_owned(),
        identity,
        lease: Lease::until(given.expiration(), principal.duration),
    };
    let user = &session.identity.arn;
    if is_session(user) && session.is_caller(user) {
        Ok(session)
    } else {
        let message = format!("asked for a session of {}, got {user}", principal.role);
        Err(Failure::blind(Blindness::WrongSession, message))
    }
}

/// The credentials of a reply, if it holds any that can be used.
fn given(output: &AssumeRoleOutput) -> Result<&SdkCredentials, Failure> {
    let given = output
        .credentials()
        .ok_or_else(|| unreadable("the reply holds no credentials"))?;
    let parts = [
        given.access_key_id(),
        given.secret_access_key(),
        given.session_token(),
    ];
    if parts.contains(&"") {
        return Err(unreadable("the reply holds no whole credentials"));
    }
    Ok(given)
}

fn unreadable(what: &str) -> Failure {
    Failure::blind(Blindness::Unreadable, what)
}

/// `arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
fn is_session(user: &str) -> bool {
    user.parse::<Arn>().is_ok_and(|arn| {
        arn.service() == "sts"
            && arn.resource().starts_with("assumed-role/")
            && arn.resource().split('/').count() == 3
    })
}

/// Whose credentials a client has. Everybody may ask that.
async fn who_is(run: &Run<'_>, client: &aws_sdk_sts::Client) -> Result<Identity, Failure> {
    let called = run.calls.send(Operation::GET_CALLER_IDENTITY, async || {
        Reply::new(
            client.get_caller_identity().send().await,
            |code, message| classify_call(Service::Sts, code, message),
        )
    });
    let named = called.await.outcome?;
    let arn = named
        .arn
        .ok_or_else(|| unreadable("the reply names no session"))?;
    let id = named.user_id;
    Ok(Identity { arn, id })
}

/// What the `sts:AssumeRole` probe sees of the session. Credentials that came back were given by
/// somebody who did not refuse, even where they are another role's: enough to fail a denied
/// expectation, not enough to pass an allowed one.
pub(crate) fn probe_answer<T>(called: &Called<T>) -> Called<Answer> {
    let answer = match &called.outcome {
        Ok(_) => Ok(Answer::Allowed(Evidence::Succeeded)),
        Err(failure) if failure.answer == Answer::Unknown(Blindness::WrongSession) => {
            Ok(Answer::Allowed(Evidence::Unproven))
        }
        Err(failure) => Err(failure.clone()),
    };
    Called {
        outcome: answer,
        request_id: called.request_id.clone(),
        attempts: called.attempts,
        latency_ms: called.latency_ms,
    }
}
