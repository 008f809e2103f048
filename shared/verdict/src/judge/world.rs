// SPDX-License-Identifier: Apache-2.0
//! What probes of one run share: who bore witness for a table, its key and that key's state.

use std::collections::BTreeMap;

use keyproof_core::{Arn, KeyArn, RoleArn, Service, TableArn};
use keyproof_plan::{Action, Plan, Probe, ProbeKind, TableKey};

use super::{Question, RunFacts};
use crate::{
    Answer, Blindness, Denial, Encryption, Evidence, KeyState, Observation, Observations,
    TableObservation,
};

/// The plan, what was seen, and what follows for each table.
pub(super) struct World<'a> {
    pub(super) plan: &'a Plan,
    pub(super) observations: &'a Observations,
    account: Option<&'a str>,
    region: &'a str,
    testimonies: BTreeMap<&'a str, Testimony<'a>>,
    /// Who is asked about each table first.
    callers: BTreeMap<&'a str, &'a str>,
}

/// What the authorised readers of one table saw of its canary.
#[derive(Default)]
pub(super) struct Testimony<'a> {
    /// The first that read it whole: principal and probe id.
    pub(super) witness: Option<(&'a str, &'a str)>,
    /// Whether the witness's read was evaluated instead of carried out.
    pub(super) evaluated: bool,
    /// The first that was let in and did not find it whole.
    pub(super) missed: Option<(&'a str, &'a str)>,
    /// The first that the plan expects to read it.
    pub(super) planned: Option<(&'a str, &'a str)>,
}

impl<'a> World<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        probes: impl Iterator<Item = &'a Probe>,
        observations: &'a Observations,
        facts: &'a RunFacts,
    ) -> Self {
        let mut testimonies: BTreeMap<&str, Testimony<'_>> = BTreeMap::new();
        let mut callers = BTreeMap::new();
        for probe in probes {
            let ProbeKind::Access {
                principal,
                action,
                table: Some(table),
                expected,
                index,
            } = &probe.kind
            else {
                continue;
            };
            callers.entry(table.as_str()).or_insert(principal.as_str());
            let question = Question {
                principal,
                action: *action,
                table: Some(table),
                index: index.as_deref(),
                expected: *expected,
            };
            if !question.can_witness() {
                continue;
            }
            let name = Some((principal.as_str(), probe.id.as_str()));
            let testimony = testimonies.entry(table).or_default();
            testimony.planned = testimony.planned.or(name);
            match observations
                .probes
                .get(&probe.id)
                .map(|observation| &observation.answer)
            {
                Some(Answer::Allowed(evidence @ (Evidence::Canary | Evidence::Evaluated))) => {
                    if testimony.witness.is_none() {
                        testimony.evaluated = *evidence == Evidence::Evaluated;
                    }
                    testimony.witness = testimony.witness.or(name);
                }
                // INVARIANT (whole witness): what was let in without the whole canary is none.
                Some(Answer::Allowed(
                    Evidence::CanaryMissing
                    | Evidence::CanaryAltered { .. }
                    | Evidence::DryRun
                    | Evidence::ConditionFailed
                    | Evidence::Succeeded
                    | Evidence::GrantLookedUp
                    | Evidence::Unproven,
                )) => testimony.missed = testimony.missed.or(name),
                Some(Answer::Denied(_) | Answer::KeyUnusable(_) | Answer::Unknown(_)) | None => {}
            }
        }
        let region = facts.region.as_deref().unwrap_or(&plan.region);
        Self {
            plan,
            observations,
            account: facts.account.as_deref(),
            region,
            testimonies,
            callers,
        }
    }

    pub(super) fn testimony(&self, table: &str) -> Option<&Testimony<'a>> {
        self.testimonies.get(table)
    }

    pub(super) fn table_seen(&self, table: &str) -> Option<&'a TableObservation> {
        self.observations.tables.get(table)
    }

    /// The state of the table's key, where it is known that nobody can use it.
    pub(super) fn unusable(&self, table: Option<&str>) -> Option<KeyState> {
        match self.table_seen(table?)?.key_state? {
            KeyState::Enabled => None,
            state @ (KeyState::Disabled | KeyState::PendingDeletion | KeyState::Unavailable) => {
                Some(state)
            }
        }
    }

    /// The probe's answer, unless it is a refusal of somebody else: that says nothing about this
    /// principal.
    pub(super) fn answer(&self, question: &Question<'_>, observation: &Observation) -> Answer {
        match &observation.answer {
            Answer::Denied(denial)
                if !speaks_of(self.plan, question.principal, question.action, denial) =>
            {
                Answer::Unknown(Blindness::OtherCaller)
            }
            answer @ (Answer::Allowed(_)
            | Answer::Denied(_)
            | Answer::KeyUnusable(_)
            | Answer::Unknown(_)) => answer.clone(),
        }
    }

    /// The ARN that the probe calls on, where the plan and the run know enough to tell.
    pub(super) fn resource(&self, question: &Question<'_>) -> Option<String> {
        match question.action.service() {
            Service::Sts => Some(
                self.plan
                    .principals
                    .get(question.principal)?
                    .role
                    .to_string(),
            ),
            Service::Kms => self.key_arn(question.table?),
            Service::DynamoDb => {
                let table = self.table_arn(question.table?)?;
                Some(match question.index {
                    Some(index) => format!("{table}/index/{index}"),
                    None => table,
                })
            }
        }
    }

    /// The ARN of the key that the plan gives the table.
    pub(super) fn key_arn(&self, table: &str) -> Option<String> {
        let named = match &self.plan.tables.get(table)?.key {
            TableKey::Key(arn) => Some(arn.to_string()),
            TableKey::Alias(_) => None,
            TableKey::AwsOwned => return None,
        };
        named.or_else(|| self.table_seen(table)?.expected_key.clone())
    }

    /// The key that refused and the plan's, where they are two. A table may be on another key than the
    /// plan wants, or be moved to another during the run: that key keeps nobody out of what the plan's key
    /// protects.
    pub(super) fn other_key(
        &self,
        question: &Question<'_>,
        denial: &Denial,
    ) -> Option<(String, String)> {
        let table = question.table.filter(|_| denial.by == Some(Service::Kms))?;
        let planned = self.key_arn(table)?;
        let named = denial.resource.as_deref();
        let named = named.filter(|resource| resource.parse::<KeyArn>().is_ok());
        let refused = named.map(str::to_owned).or_else(|| {
            // Where the sentence names none it is the table's, if it was the table that was asked for.
            let through_table = question.action.service() == Service::DynamoDb;
            match self.table_seen(table)?.encryption.as_ref()? {
                Encryption::Key { arn } | Encryption::AwsManaged { arn } if through_table => {
                    Some(arn.clone())
                }
                Encryption::Key { .. } | Encryption::AwsManaged { .. } | Encryption::AwsOwned => {
                    None
                }
            }
        })?;
        (refused != planned).then_some((refused, planned))
    }

    /// The account of the table that was looked at and that of the table that was called, where the plan
    /// has a name alone and they are two: a name is the caller's own account's table.
    pub(super) fn other_account(&self, table: &str) -> Option<(String, String)> {
        let by_name = self.plan.tables.get(table)?.arn.is_none();
        let seen: TableArn = self.table_seen(table)?.table_arn.as_ref()?.parse().ok()?;
        let principal = self.plan.principals.get(*self.callers.get(table)?)?;
        let called = principal.role.account();
        (by_name && seen.account() != called)
            .then(|| (seen.account().to_owned(), called.to_owned()))
    }

    /// The table's ARN: as seen, as the plan has it, or put together.
    pub(super) fn table_arn(&self, table: &str) -> Option<String> {
        let planned = self.plan.tables.get(table)?;
        let seen = self
            .table_seen(table)
            .and_then(|seen| seen.table_arn.clone());
        seen.or_else(|| planned.arn.as_ref().map(ToString::to_string))
            .or_else(|| {
                let roles = self.plan.principals.values();
                let partition = roles
                    .map(|principal| principal.role.as_arn().partition())
                    .next()?;
                let (region, account, name) = (self.region, self.account?, &planned.name);
                Some(format!(
                    "arn:{partition}:dynamodb:{region}:{account}:table/{name}"
                ))
            })
    }
}

/// Whether a refusal is the principal's, as far as its sentence says. Who calls STS is the runner, whom
/// the plan doesn't name.
pub(crate) fn speaks_of(plan: &Plan, principal: &str, action: Action, denial: &Denial) -> bool {
    let (Some(user), Some(principal)) = (&denial.user, plan.principals.get(principal)) else {
        return true;
    };
    action.service() == Service::Sts || is_session_of(user, &principal.role)
}

/// Whether a denial's `User:` is a session of the role, or the role itself.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
fn is_session_of(user: &str, role: &RoleArn) -> bool {
    let Ok(user) = user.parse::<Arn>() else {
        return false;
    };
    let name = user
        .resource()
        .strip_prefix("assumed-role/")
        .and_then(|rest| {
            let (name, session) = rest.split_once('/')?;
            (!session.is_empty()).then_some(name)
        });
    let session = user.service() == "sts" && name == Some(role.role_name());
    let same = session || (user.service() == "iam" && user.as_str() == role.as_str());
    same && user.account() == role.account()
}
