// SPDX-License-Identifier: Apache-2.0
//! The sentence that each probe's verdict comes with: who, what, which layer, what it means, and what
//! to do next. One sentence, in words that need no knowledge of this code.

mod words;

use keyproof_core::{PolicyType, Service};
use keyproof_plan::TableKey;

use super::Question;
use super::world::{Testimony, World};
use crate::words::{policy_noun, service_name};
use crate::{Answer, Blindness, Denial, Evidence, KeyState, Observation};
pub use words::clause;
pub(super) use words::key_is;
use words::{refuser, way_out};

/// Speaks of one access probe.
pub(super) struct Voice<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) question: &'a Question<'a>,
    pub(super) observation: Option<&'a Observation>,
}

impl Voice<'_> {
    // Passes.

    pub(super) fn kept_out(&self, denial: &Denial, seen: &Testimony<'_>) -> String {
        let witness = seen
            .witness
            .map_or_else(String::new, |(witness, _)| format!("`{witness}`"));
        let read = if seen.evaluated {
            "is allowed to read"
        } else {
            "read"
        };
        let keeper = match denial.by {
            Some(Service::Kms) => format!("KMS, with {},", self.key()),
            Some(by @ (Service::DynamoDb | Service::Sts)) => service_name(by).to_owned(),
            None => "an unnamed service".to_owned(),
        };
        format!(
            "{} was denied {} by {}, while {witness} {read} the same canary in this run, so it is \
             {keeper} that keeps {} out",
            self.who(),
            self.what(),
            refuser(denial),
            self.who(),
        )
    }

    pub(super) fn cannot_be_assumed(&self, denial: &Denial) -> String {
        format!(
            "{} cannot be assumed: {} denied {} (it answers the same for a role that does not exist)",
            self.who(),
            refuser(denial),
            self.what(),
        )
    }

    pub(super) fn let_in(&self, evidence: &Evidence) -> String {
        format!("{} may {}: {}", self.who(), self.what(), sign(evidence))
    }

    // Failures.

    pub(super) fn exposed(&self, by: Service, evidence: &Evidence) -> String {
        let mend = match by {
            Service::Kms => format!(
                "look at {} for a key policy statement, a delegation to IAM or a grant that lets {} \
                 in, and remove it",
                self.key(),
                self.who()
            ),
            Service::DynamoDb => format!(
                "remove the statement of its identity policies or of the table's resource policy \
                 that allows {}",
                self.who()
            ),
            Service::Sts => "take whoever may assume it out of the role's trust policy".to_owned(),
        };
        format!(
            "{} must be denied {} by {}, but it was authorised: {}; {mend}",
            self.who(),
            self.what(),
            service_name(by),
            sign(evidence),
        )
    }

    pub(super) fn locked_out(&self, denial: &Denial) -> String {
        format!(
            "{} must be allowed {}, but was denied by {}: whoever works with this role is locked \
             out; {}",
            self.who(),
            self.what(),
            refuser(denial),
            way_out(denial, &self.key(), &self.role()),
        )
    }

    pub(super) fn key_locked(&self, state: KeyState, answer: Option<&Answer>) -> String {
        let still = match answer {
            Some(Answer::Allowed(_)) => {
                " (this call still succeeded, as DynamoDB keeps a table key for some minutes after \
                 its last use)"
            }
            Some(Answer::Denied(_) | Answer::KeyUnusable(_) | Answer::Unknown(_)) | None => "",
        };
        format!(
            "{} must be allowed {}, but {} {}, so that nobody can use it{still}: {}",
            self.who(),
            self.what(),
            self.key(),
            key_is(state),
            words::revive(state),
        )
    }

    // What proves nothing.

    pub(super) fn masked_by_service(&self, by: Service, denial: &Denial) -> String {
        let (who, what, expected) = (self.who(), self.what(), service_name(by));
        let next = match (by, denial.by) {
            (Service::Kms, Some(Service::DynamoDb)) => format!(
                "allow {who} the DynamoDB action, so that only the key stands in its way, or expect \
                 `by: dynamodb`"
            ),
            (_, Some(other)) => {
                format!("remove that obstacle for {who}, or expect `by: {other}`")
            }
            (_, None) => "read the message, and report it if keyproof should have understood \
                          it"
            .to_owned(),
        };
        format!(
            "{who} was denied {what} by {}, where the plan expects {expected} to refuse: the control \
             under test was never exercised; {next}",
            refuser(denial),
        )
    }

    pub(super) fn masked_by_policy(&self, policy: PolicyType, denial: &Denial) -> String {
        let expected = policy_noun(denial.by, policy);
        let next = match denial.policy {
            Some(other) => format!("remove that obstacle, or expect `policy: {other}`"),
            None => format!(
                "AWS does not always name one: leave `policy: {policy}` out of the expectation if \
                 the service alone will do"
            ),
        };
        let named = match denial.policy {
            Some(_) => String::new(),
            None => ", which named no policy".to_owned(),
        };
        format!(
            "{} was denied {} by {}{named}, where the plan expects the {expected} to refuse: the \
             control under test was not shown to work; {next}",
            self.who(),
            self.what(),
            refuser(denial),
        )
    }

    pub(super) fn masked_by_action(&self, action: &str) -> String {
        format!(
            "STS refused `{action}` and never came to {}, so that nothing is known of the role's \
             trust in the runner: take the tags or the source identity out of {} in the plan",
            self.what(),
            self.who(),
        )
    }

    pub(super) fn masked_by_key(&self, denial: &Denial, refused: &str, planned: &str) -> String {
        format!(
            "{} was denied {} by {}, with key `{refused}`: the plan's key `{planned}` was never asked; \
             set the table's encryption to it, or correct the plan",
            self.who(),
            self.what(),
            refuser(denial),
        )
    }

    pub(super) fn masked_by_runner(&self, policy: PolicyType, denial: &Denial) -> String {
        let next = if policy == PolicyType::VpcEndpointPolicy {
            "let the endpoint's policy allow it"
        } else {
            "let the runner call `sts:AssumeRole` on the role"
        };
        format!(
            "{} was denied {} by {}, which stands in the way of keyproof's runner and not of others: \
             the control under test was not shown to work; {next}, or expect `policy: {policy}`",
            self.who(),
            self.what(),
            refuser(denial),
        )
    }

    pub(super) fn key_unusable(&self, denial: Option<&Denial>, state: KeyState) -> String {
        let refused = denial.map_or_else(
            || format!("{} could not call {}", self.who(), self.what()),
            |denial| {
                format!(
                    "{} was denied {} by {}",
                    self.who(),
                    self.what(),
                    refuser(denial)
                )
            },
        );
        format!(
            "{refused}, but {} {}, so that nobody can use it and the refusal proves nothing: {}",
            self.key(),
            key_is(state),
            words::revive(state),
        )
    }

    pub(super) fn no_witness(&self, denial: &Denial, seen: Option<&Testimony<'_>>) -> String {
        let next = match seen.and_then(|seen| seen.planned) {
            Some((principal, id)) => {
                format!("see why `{principal}` did not read it (`{id}`), then run again")
            }
            None => "add an expectation that somebody is allowed to read it".to_owned(),
        };
        format!(
            "{} was denied {} by {} as expected, but nobody authorised read the same canary in this \
             run, so that it may be out of everybody's reach: {next}",
            self.who(),
            self.what(),
            refuser(denial),
        )
    }

    pub(super) fn witness_missed(&self, denial: &Denial, seen: &Testimony<'_>) -> String {
        let witness = seen
            .missed
            .map_or_else(String::new, |(witness, _)| format!("`{witness}`"));
        format!(
            "{} was denied {} by {} as expected, but {witness}, who was let in, did not find the \
             whole canary either, so that there was nothing to protect: {}",
            self.who(),
            self.what(),
            refuser(denial),
            words::PLANT,
        )
    }

    pub(super) fn canary_missing(&self, evidence: &Evidence) -> String {
        let missing = match evidence {
            Evidence::CanaryAltered { attribute } => {
                format!("the canary's attribute `{attribute}` is missing or has another value")
            }
            Evidence::CanaryMissing => "the canary was not there".to_owned(),
            Evidence::Canary
            | Evidence::DryRun
            | Evidence::ConditionFailed
            | Evidence::Succeeded
            | Evidence::Evaluated
            | Evidence::GrantLookedUp
            | Evidence::Unproven => "nobody compared the reply with the canary".to_owned(),
        };
        format!(
            "{} was let in to {}, but {missing}, so that nothing proves a decrypted read: {}",
            self.who(),
            self.what(),
            words::PLANT,
        )
    }

    pub(super) fn grant_looked_up(&self) -> String {
        format!(
            "{} asked for {} and KMS went on to look for a grant that does not exist, which suggests \
             that the call is authorised but does not prove it: use `keyproof drill` to revoke a \
             real grant",
            self.who(),
            self.what(),
        )
    }

    pub(super) fn unproven(&self) -> String {
        format!(
            "{} asked for {} and the call came back with success, but with a reply that the service \
             itself would not give, which proves nothing: see what answers at the endpoint, then run \
             again",
            self.who(),
            self.what(),
        )
    }

    pub(super) fn blind(&self, blindness: &Blindness) -> String {
        let code = self.observation.and_then(|seen| seen.error_code.as_deref());
        let (why, next) = clause(blindness, code);
        let role = match blindness {
            Blindness::NoSession
            | Blindness::WrongSession
            | Blindness::NotRenewed
            | Blindness::OtherCaller => {
                format!(" ({})", self.role())
            }
            Blindness::Throttled
            | Blindness::Conflict
            | Blindness::TimedOut
            | Blindness::Deadline
            | Blindness::Interrupted
            | Blindness::ServiceFailure
            | Blindness::NoConnection
            | Blindness::Credentials
            | Blindness::NotFound
            | Blindness::Guard
            | Blindness::Unreadable
            | Blindness::MayNotLook
            | Blindness::Changing
            | Blindness::Untold(_)
            | Blindness::Other => String::new(),
        };
        format!(
            "whether {} may call {}{role} was not found out: {why}; {next}",
            self.who(),
            self.what()
        )
    }

    pub(super) fn unseen(&self) -> String {
        format!(
            "whether {} may call {} was not found out: the run recorded no answer; run again",
            self.who(),
            self.what()
        )
    }

    // Parts of sentences.

    fn who(&self) -> String {
        format!("`{}`", self.question.principal)
    }

    fn role(&self) -> String {
        let role = self.world.plan.principals.get(self.question.principal);
        role.map_or_else(|| self.who(), |principal| format!("`{}`", principal.role))
    }

    /// `` `dynamodb:Query` on `orders` (index `by-date`) ``.
    fn what(&self) -> String {
        let action = self.question.action;
        match (self.question.table, self.question.index) {
            (None, _) => format!("`{action}` of {}", self.role()),
            (Some(table), _) if action.service() == Service::Kms => {
                format!("`{action}` on the key of `{table}`")
            }
            (Some(table), None) => format!("`{action}` on `{table}`"),
            (Some(table), Some(index)) => format!("`{action}` on `{table}` (index `{index}`)"),
        }
    }

    /// ``key `arn:…` `` or `` the key of `orders` ``.
    fn key(&self) -> String {
        let Some(table) = self.question.table else {
            return "the key".to_owned();
        };
        if let Some(arn) = self.world.key_arn(table) {
            return format!("key `{arn}`");
        }
        match self.world.plan.tables.get(table).map(|table| &table.key) {
            Some(TableKey::Alias(alias)) => format!("the key behind `{alias}`"),
            Some(TableKey::Key(_) | TableKey::AwsOwned) | None => format!("the key of `{table}`"),
        }
    }
}

/// How the authorisation showed.
fn sign(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Canary => "the read brought the whole canary back".to_owned(),
        Evidence::CanaryMissing => {
            "the read was carried out and the canary was not there".to_owned()
        }
        Evidence::CanaryAltered { attribute } => format!(
            "the read was carried out and the canary's attribute `{attribute}` is missing or \
             has another value"
        ),
        Evidence::DryRun => "the dry run says that the call would have succeeded".to_owned(),
        Evidence::ConditionFailed => "only the write's condition, which can never hold, stopped \
                                      it"
        .to_owned(),
        Evidence::Succeeded => "the call succeeded".to_owned(),
        Evidence::Evaluated => "the policies allow it, as evaluated without a call".to_owned(),
        Evidence::GrantLookedUp => {
            "KMS did not refuse and went on to look for the grant".to_owned()
        }
        Evidence::Unproven => "the call came back with success".to_owned(),
    }
}
