// SPDX-License-Identifier: Apache-2.0
//! `AssumeRole`, as whoever would run the plan.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use keyproof_plan::{Action, Principal};
use keyproof_template::Role;
use keyproof_verdict::{Answer, Evidence, classify};

use crate::Runner;
use crate::caller::Caller;
use crate::observe::{Observer, Seen};
use crate::weigh::{Question, Weighed};

/// A principal's session, and what its `AssumeRole` came to.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    /// The answer to `sts:AssumeRole`.
    pub(crate) seen: Seen,
    /// The session; else why there is none.
    pub(crate) session: Result<Caller<'a>, NoSession>,
}

/// Why a principal has no session.
#[derive(Clone, Debug)]
pub(crate) enum NoSession {
    /// STS refuses.
    Refused,
    /// It hangs on something.
    Untold(String),
}

impl<'a> Observer<'a> {
    /// Assumes a principal's role.
    pub(crate) fn open(&self, principal: &'a Principal) -> Opened<'a> {
        let seen = self.assume(principal);
        if let (true, Some(runner)) = (self.own_name, &self.runner) {
            let session = Ok(runner.clone());
            return Opened { seen, session };
        }
        let anybody = self.circumstances.runner == Runner::Anybody;
        let session = match (&seen.observation.answer, anybody) {
            (Answer::Allowed(_), _) | (_, true) => self.session(principal),
            (Answer::Unknown(keyproof_verdict::Blindness::Untold(what)), false) => {
                Err(NoSession::Untold(what.clone()))
            }
            (Answer::Denied(_), false) if self.estate.role(principal.role.as_str()).is_none() => {
                Err(NoSession::Untold(missing_role(principal)))
            }
            (Answer::Denied(_) | Answer::KeyUnusable(_) | Answer::Unknown(_), false) => {
                Err(NoSession::Refused)
            }
        };
        Opened { seen, session }
    }

    fn session(&self, principal: &'a Principal) -> Result<Caller<'a>, NoSession> {
        let tags = principal
            .tags
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let caller = Caller::session(
            self.estate,
            &principal.role,
            &self.session_name,
            tags,
            principal.source_identity.as_deref(),
        );
        caller.ok_or_else(|| NoSession::Untold(missing_role(principal)))
    }

    fn assume(&self, principal: &Principal) -> Seen {
        let arn = principal.role.as_str();
        let resource = Some(arn.to_owned());
        let Some(runner) = &self.runner else {
            let what = "who would run the plan can't be told from the runner's ARN";
            return Seen::untold(what.to_owned(), resource);
        };
        let refused = |action: &str, steps| {
            let user = runner.principal.arn();
            let code = "AccessDenied";
            let message =
                format!("User: {user} is not authorized to perform: {action} on resource: {arn}");
            let answer = classify(Action::AssumeRole, Some(code), Some(&message));
            Seen::answered(answer, Some(code), Some(message), resource.clone(), steps)
        };
        let own_account = self.estate.account().account.as_str();
        let Some((_, role)) = self.estate.role(arn) else {
            if principal.role.account() != own_account {
                return Seen::untold(missing_role(principal), resource);
            }
            // STS answers so for a role that doesn't exist. A note says that it is not there.
            return refused("sts:AssumeRole", Vec::new());
        };
        let invalid = |message: String| {
            let code = "ValidationError";
            let answer = classify(Action::AssumeRole, Some(code), Some(&message));
            Seen::answered(
                answer,
                Some(code),
                Some(message),
                resource.clone(),
                Vec::new(),
            )
        };
        if principal
            .external_id
            .as_ref()
            .is_some_and(|id| id.len() < 2)
        {
            return invalid("Member must have length greater than or equal to 2".to_owned());
        }
        let mut steps = Vec::new();
        for action in actions(principal) {
            let question = self.question(action, principal, role);
            match self.weigh(runner, question) {
                Weighed::Hangs(what) => return Seen::untold(what, resource),
                Weighed::Certain(step) if step.is_allowed() => steps.push(step),
                Weighed::Certain(step) if step.decision.explicit => {
                    let (code, message) = ("AccessDenied", step.sentence());
                    let answer = classify(Action::AssumeRole, Some(code), Some(&message));
                    steps.push(step);
                    return Seen::answered(answer, Some(code), Some(message), resource, steps);
                }
                Weighed::Certain(step) => {
                    steps.push(step);
                    return refused(action, steps);
                }
            }
        }
        if principal
            .duration
            .is_some_and(|seconds| seconds > role.max_session_duration)
        {
            return invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                    .to_owned(),
            );
        }
        Seen::answered(
            Answer::Allowed(Evidence::Succeeded),
            None,
            None,
            resource,
            steps,
        )
    }

    fn question<'q>(&self, action: &str, principal: &Principal, role: &'q Role) -> Question<'q> {
        let mut context = vec![(
            "sts:RoleSessionName".to_owned(),
            vec![self.session_name.clone()],
        )];
        if let Some(id) = &principal.external_id {
            context.push(("sts:ExternalId".to_owned(), vec![id.clone()]));
        }
        if let Some(identity) = &principal.source_identity {
            context.push(("sts:SourceIdentity".to_owned(), vec![identity.clone()]));
        }
        if !principal.tags.is_empty() {
            for (key, value) in &principal.tags {
                context.push((format!("aws:RequestTag/{key}"), vec![value.clone()]));
            }
            let keys = principal.tags.keys().cloned().collect();
            context.push(("aws:TagKeys".to_owned(), keys));
        }
        for (key, value) in &role.tags {
            context.push((format!("aws:ResourceTag/{key}"), vec![value.clone()]));
            context.push((format!("iam:ResourceTag/{key}"), vec![value.clone()]));
        }
        Question {
            action: action.to_owned(),
            resource: role.arn.clone(),
            policy: Some(&role.trust),
            aws_managed: false,
            grants: &[],
            via: None,
            context,
        }
    }
}

/// What making the session takes.
fn actions(principal: &Principal) -> Vec<&'static str> {
    let mut actions = vec!["sts:AssumeRole"];
    if !principal.tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if principal.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    actions
}

fn missing_role(principal: &Principal) -> String {
    format!("the role `{}` is not in the templates", principal.role)
}
