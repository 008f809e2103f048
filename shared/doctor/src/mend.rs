// SPDX-License-Identifier: Apache-2.0
//! Who asks, and what gives them a permission.

use keyproof_core::{Arn, PolicyType};
use keyproof_verdict::{Denial, Observation, policy_noun};
use serde_json::json;

use crate::check::{Mend, Permission, shell};

/// Somebody who needs permissions: the runner, or a principal that inspects.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    /// In a sentence: `the runner`.
    pub(crate) called: String,
    /// What IAM knows it by: a role or user.
    pub(crate) arn: Option<String>,
    /// Whether `arn` may lack the role's path, which a session's ARN doesn't tell.
    pub(crate) pathless: bool,
    /// The command that gives it the whole policy, where there is one.
    pub(crate) command: Option<String>,
}

impl Who {
    /// The runner, from what STS calls it. `plan` is the plan's file.
    pub(crate) fn runner(caller: Option<&str>, plan: Option<&str>) -> Self {
        let parsed = caller.and_then(|caller| caller.parse::<Arn>().ok());
        let mut who = Self {
            called: "the runner".to_owned(),
            arn: caller.map(str::to_owned),
            pathless: false,
            command: None,
        };
        let Some(arn) = parsed else {
            return who;
        };
        let mut parts = arn.resource().split('/');
        let kind = parts.next();
        let document = |command: &str, name: &str| {
            let put = shell(command, &[name, "--policy-name", "keyproof-runner"]);
            let plan = plan.unwrap_or("PLAN");
            let print = shell("keyproof doctor --policy json --plan", &[plan]);
            format!("{put} --policy-document \"$({print})\"")
        };
        match kind {
            Some("assumed-role") => {
                let name = parts.next().unwrap_or_default();
                let (partition, account) = (arn.partition(), arn.account());
                who.arn = Some(format!("arn:{partition}:iam::{account}:role/{name}"));
                who.pathless = true;
                who.command = Some(document("aws iam put-role-policy --role-name", name));
            }
            Some("user") => {
                let name = parts.next_back().unwrap_or_default();
                who.command = Some(document("aws iam put-user-policy --user-name", name));
            }
            Some(_) | None => {}
        }
        who
    }

    /// A principal of the plan.
    pub(crate) fn principal(name: &str, role: &str) -> Self {
        Self {
            called: format!("`{name}`"),
            arn: Some(role.to_owned()),
            pathless: false,
            command: None,
        }
    }

    pub(crate) fn account(&self) -> Option<String> {
        let arn: Arn = self.arn.as_ref()?.parse().ok()?;
        Some(arn.account().to_owned())
    }

    /// The right to an action that was refused.
    pub(crate) fn lacks(&self, action: &str, resource: &str, denial: &Denial) -> Permission {
        Permission {
            who: self.arn.clone(),
            action: denial.action.clone().unwrap_or_else(|| action.to_owned()),
            resource: denial
                .resource
                .clone()
                .filter(|named| named.starts_with("arn:"))
                .unwrap_or_else(|| resource.to_owned()),
        }
    }

    /// Lets its own policies allow it.
    pub(crate) fn by_identity(&self, lacked: &Permission) -> Mend {
        let mend = Mend::words(format!("let a policy of {} allow it", self.named())).statement(
            json!({"Effect": "Allow", "Action": lacked.action, "Resource": lacked.resource}),
        );
        Mend {
            command: self.command.clone(),
            ..mend
        }
    }

    /// Lets the resource's policy allow it.
    pub(crate) fn by_resource(&self, what: &str, actions: &[&str], resource: Option<&str>) -> Mend {
        let actions = match actions {
            [one] => json!(one),
            several => json!(several),
        };
        let path = if self.pathless {
            " (put the role's path in, if it has one)"
        } else {
            ""
        };
        let principal = self.arn.as_deref().unwrap_or("ARN of the runner's role");
        let mut statement = json!({
            "Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions,
        });
        if let (Some(members), Some(resource)) = (statement.as_object_mut(), resource) {
            members.insert("Resource".to_owned(), resource.into());
        }
        Mend::words(format!("let {what} name {}{path}", self.called)).statement(statement)
    }

    fn named(&self) -> String {
        match &self.arn {
            Some(arn) => format!("{} (`{arn}`)", self.called),
            None => self.called.clone(),
        }
    }
}

/// A deny has to go; nothing that is added helps.
pub(crate) fn lift(denial: &Denial) -> Option<Mend> {
    if denial.explicit != Some(true) {
        return None;
    }
    let kind = denial
        .policy
        .map_or("policy", |policy| policy_noun(denial.by, policy));
    let document = denial
        .document
        .as_ref()
        .map_or_else(String::new, |arn| format!(" (`{arn}`)"));
    Some(Mend::words(format!(
        "a `Deny` in a {kind}{document} refuses it: take it out, or make an exception there"
    )))
}

/// Whether the refusal leaves it possible that a policy of this type is what is wanting.
pub(crate) fn may_be(denial: &Denial, policies: &[PolicyType]) -> bool {
    denial
        .policy
        .is_none_or(|policy| policies.contains(&policy))
}

/// A policy that limits rather than gives is what refused.
pub(crate) fn limit(denial: &Denial) -> Option<Mend> {
    let policy = denial.policy?;
    let limits = match policy {
        PolicyType::PermissionsBoundary
        | PolicyType::SessionPolicy
        | PolicyType::Scp
        | PolicyType::Rcp
        | PolicyType::VpcEndpointPolicy => true,
        PolicyType::IdentityPolicy
        | PolicyType::ResourcePolicy
        | PolicyType::TrustPolicy
        | PolicyType::Grant => false,
    };
    limits.then(|| {
        let noun = policy_noun(denial.by, policy);
        Mend::words(format!(
            "let the {noun} allow it, which limits what the caller may do"
        ))
    })
}

/// What a service said, or what stood in its place.
pub(crate) fn said(seen: &Observation) -> String {
    match (&seen.error_code, &seen.message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(only), None) | (None, Some(only)) => only.clone(),
        (None, None) => match &seen.answer {
            keyproof_verdict::Answer::Unknown(why) => blind(why).to_owned(),
            _ => "no answer".to_owned(),
        },
    }
}

fn blind(why: &keyproof_verdict::Blindness) -> &'static str {
    use keyproof_verdict::Blindness;
    match why {
        Blindness::Throttled => "throttled to the last attempt",
        Blindness::TimedOut => "no answer in time",
        Blindness::Deadline => "the deadline passed before it was asked",
        Blindness::NoConnection => "no connection",
        _ => "no answer",
    }
}
