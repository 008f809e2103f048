// SPDX-License-Identifier: Apache-2.0
//! Names of services, policies and obstacles, as the reasons say them.

use keyproof_core::{PolicyType, Service};

use crate::words::{policy_noun, service_name};
use crate::{Blindness, Denial, KeyState};

/// What to do about a canary that is not whole.
pub(super) const PLANT: &str =
    "plant it with `keyproof canary plant`, or correct it in the plan, then run again";

/// Who refused and how: ``KMS (the key policy does not allow it)``.
pub(super) fn refuser(denial: &Denial) -> String {
    let Some(by) = denial.by else {
        return "a service that its message does not name".to_owned();
    };
    let name = service_name(by);
    match (denial.policy, denial.explicit) {
        (None, Some(true)) => format!("{name} (an explicit deny)"),
        (None, Some(false) | None) => name.to_owned(),
        (Some(policy), Some(true)) => {
            let noun = policy_noun(Some(by), policy);
            match denial.document.as_deref() {
                Some(document) => format!("{name} (an explicit deny in the {noun} `{document}`)"),
                None => format!("{name} (an explicit deny in the {noun})"),
            }
        }
        (
            Some(policy @ (PolicyType::IdentityPolicy | PolicyType::Scp | PolicyType::Rcp)),
            Some(false),
        ) => format!("{name} (no {} allows it)", policy_noun(Some(by), policy)),
        (Some(policy), Some(false)) => {
            format!(
                "{name} (the {} does not allow it)",
                policy_noun(Some(by), policy)
            )
        }
        (Some(policy), None) => format!("{name} (the {})", policy_noun(Some(by), policy)),
    }
}

/// How somebody who is denied by mistake gets back in.
pub(super) fn way_out(denial: &Denial, key: &str, role: &str) -> String {
    if denial.explicit == Some(true) {
        let place = denial
            .policy
            .map_or("policy", |policy| policy_noun(denial.by, policy));
        return format!("take {role} out of the explicit deny in the {place}");
    }
    match (denial.policy, denial.by) {
        (Some(PolicyType::IdentityPolicy), _) => {
            format!("let an identity policy of {role} allow it")
        }
        (None | Some(PolicyType::ResourcePolicy | PolicyType::Grant), Some(Service::Kms)) => {
            format!("let the policy of {key}, or a grant, allow {role}")
        }
        (None, Some(Service::DynamoDb)) => {
            format!("let an identity policy of {role}, or the table's resource policy, allow it")
        }
        (None | Some(PolicyType::TrustPolicy), Some(Service::Sts)) => {
            format!(
                "let the trust policy of {role} admit the runner, and a policy of the runner allow it"
            )
        }
        (Some(policy @ PolicyType::PermissionsBoundary), by) => {
            format!("let the {} of {role} allow it", policy_noun(by, policy))
        }
        (Some(policy @ (PolicyType::Scp | PolicyType::Rcp)), by) => {
            format!(
                "let every {} over the account allow it for {role}",
                policy_noun(by, policy)
            )
        }
        (Some(policy), by) => format!("let the {} allow it for {role}", policy_noun(by, policy)),
        (None, None) => "read the message for what stands in the way".to_owned(),
    }
}

/// `is disabled`, with its verb.
pub(in crate::judge) const fn key_is(state: KeyState) -> &'static str {
    match state {
        KeyState::Enabled => "is reported as unusable",
        KeyState::Disabled => "is disabled",
        KeyState::PendingDeletion => "is pending deletion",
        KeyState::Unavailable => "is unavailable",
    }
}

/// How a key comes back.
pub(super) const fn revive(state: KeyState) -> &'static str {
    match state {
        KeyState::Enabled | KeyState::Unavailable => {
            "see the key's state in KMS, then run again when it is enabled"
        }
        KeyState::Disabled => "enable the key, then run again",
        KeyState::PendingDeletion => {
            "cancel the deletion and enable the key (cancelling leaves it disabled), then run again"
        }
    }
}

/// Why nothing was found out, and what to do next.
#[must_use]
pub fn clause(blindness: &Blindness, code: Option<&str>) -> (String, &'static str) {
    let with_code = |text: &str| match code {
        Some(code) => format!("{text} (`{code}`)"),
        None => text.to_owned(),
    };
    match blindness {
        Blindness::Throttled => (
            with_code("the service throttled the call to the last attempt"),
            "run again, with a lower `--concurrency`",
        ),
        Blindness::Conflict => (
            with_code("another request held the item or key to the last attempt"),
            "run again",
        ),
        Blindness::TimedOut => (
            with_code("no answer came within the time for an attempt"),
            "look at the way to the service, or raise `--timeout`, then run again",
        ),
        Blindness::Deadline => (
            "the run's deadline passed first".to_owned(),
            "raise `--deadline` or `--concurrency`, then run again",
        ),
        Blindness::Interrupted => ("the run was interrupted first".to_owned(), "run again"),
        Blindness::ServiceFailure => (
            with_code("the service itself failed"),
            "run again, and look at AWS Health if it lasts",
        ),
        Blindness::NoConnection => (
            "no connection to the service came about, or it broke off".to_owned(),
            "look at the endpoint, the region, the network and the proxy, then run again",
        ),
        Blindness::Credentials => (
            with_code("the credentials, the signature or the clock were not accepted"),
            "renew the credentials and check the clock, then run again",
        ),
        Blindness::NoSession => (
            with_code("the role could not be assumed"),
            "read the message, and where it is STS that refused, let the role's trust policy admit the \
             runner and the runner call `sts:AssumeRole` on it, then run again",
        ),
        Blindness::WrongSession => (
            "the session that came back is another role's".to_owned(),
            "check the role's ARN in the plan and the endpoint",
        ),
        Blindness::NotRenewed => (
            with_code("its session came to its end during the run, and the role could not be assumed again"),
            "read the message, and where it is STS that refused, look whether the role's trust policy was \
             changed during the run, then run again",
        ),
        Blindness::NotFound => (
            with_code("the table, index, key or grant was not found"),
            "check the names and the region in the plan",
        ),
        Blindness::OtherCaller => (
            "the refusal names another caller than a session of the role".to_owned(),
            "check the role's ARN in the plan and the credentials",
        ),
        Blindness::Guard => (
            "the policy that keyproof gives its own sessions refused, before the control under test \
             could"
                .to_owned(),
            "run again with `--no-guard`, and report it, as the guard must never refuse",
        ),
        Blindness::Unreadable => (
            "the reply cannot be read".to_owned(),
            "check that the endpoint is the service, then run again",
        ),
        Blindness::MayNotLook => (
            with_code("whoever inspects the table may not look"),
            "allow it `dynamodb:DescribeTable` on the table and `kms:DescribeKey` on the key, or \
             name another with `inspect_as`",
        ),
        Blindness::Changing => (
            "the table's encryption is being changed at this moment".to_owned(),
            "run again when the change is done",
        ),
        Blindness::Untold(what) => (
            what.clone(),
            "add to what is evaluated what says it, or run the plan against the account itself",
        ),
        Blindness::Other => (
            with_code("the answer says nothing about authorisation"),
            "read the service's message, mend the request in the plan, then run again",
        ),
    }
}
