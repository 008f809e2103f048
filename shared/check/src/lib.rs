// SPDX-License-Identifier: Apache-2.0
//! A plan held against templates: the report that a run would bring, before anything is deployed.
//!
//! Pure: nothing is called, asked or read. [`check`] takes a plan and the [`Estate`] that templates
//! make, puts each probe's call together as the run would send it, and evaluates it in AWS's order:
//! the runner's right to assume the role, the DynamoDB action, then the table's key as the caller
//! through DynamoDB. What the services would answer goes through the same
//! [`keyproof_verdict::classify()`] and [`keyproof_verdict::judge()`] as a run's
//! answers, so that the two reports differ in nothing but how they came about.
//!
//! Where an answer hangs on something that no template says, the probe is inconclusive and its
//! reason says on what.

mod alternatives;
mod assume;
mod blind;
mod caller;
mod cause;
mod context;
mod estate;
mod explain;
mod found;
mod key;
mod look;
mod near;
mod notes;
mod observe;
mod relied_on;
mod statement;
mod table;
mod weigh;

#[cfg(test)]
mod tests;

pub use estate::{Estate, EstateError, KeyGrant, Part};
pub use explain::explain;

use std::borrow::Cow;
use std::collections::BTreeMap;

use keyproof_core::PolicyType;
use keyproof_plan::{Plan, Probe};
use keyproof_verdict::{
    Answer, DocumentRow, Observations, Report, RunFacts, Verdict, judge, judge_unwatched,
};

use observe::Observer;
use relied_on::ReliedOn;

/// What a trigger of a report that nobody ran says.
pub const TRIGGER: &str = "check";

/// Who would run the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Runner {
    /// An IAM user of the account, without tags or MFA, who may do whatever IAM can allow and whom no
    /// policy names: what `verify --sandbox` runs as.
    #[default]
    Administrator,
    /// This role (a session of it) or user. One that is in the templates has the rights that they
    /// give it; any other may do whatever IAM can allow.
    Arn(String),
    /// Nobody in particular: every role is taken as assumed, whatever its trust policy says, and
    /// everything may be looked at. Only `sts:AssumeRole` itself is answered as for the
    /// administrator.
    Anybody,
}

/// What the templates can't tell about the calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Who would run the plan.
    pub runner: Runner,
    /// Condition keys of every call, such as `aws:SourceIp` or `aws:PrincipalOrgID`. What is not in
    /// here and not in the templates is unknown.
    pub context: BTreeMap<String, String>,
}

/// Evaluates a plan's probes and judges them as a run's.
///
/// The time of the calls is the facts' start; their trigger is set to `check`.
#[must_use]
pub fn check(
    plan: &Plan,
    estate: &Estate,
    circumstances: &Circumstances,
    facts: RunFacts,
) -> Report {
    let facts = facts_of(estate, facts);
    let observer = Observer::new(plan, estate, circumstances, &facts);
    let observations = observer.observe(|_| true);
    let mut report = judge(plan, &observations, facts.clone());
    let mut documents = Vec::new();
    if report.summary.pass < report.probes.len() {
        let relied_on = ReliedOn::by(&observer, &observations, &report);
        for row in &mut report.probes {
            let found = match row.verdict {
                Verdict::Pass => None,
                Verdict::Fail => cause::of(&observer, &observations, &relied_on, row),
                Verdict::Inconclusive => blind::of(&observer, &observations, &relied_on, row),
            };
            if let Some(found) = found {
                row.cause = Some(found.cause);
                documents.extend(found.documents);
            }
        }
    }
    documents.extend(key_policies(estate, &report));
    report.documents = once(documents);
    report.notes = notes::of(&observer);
    report
}

/// The policies of the keys of the plan's tables, so that a later report can say what changed.
fn key_policies(estate: &Estate, report: &Report) -> Vec<DocumentRow> {
    let rows = report.probes.iter();
    let keys = rows.filter_map(|row| {
        let (_, key) = estate.key(row.observed.key.as_deref()?)?;
        let (policy, content) = (PolicyType::ResourcePolicy, key.policy.value.clone());
        Some(DocumentRow::new(&*key.arn, policy, content).at(&key.policy.path))
    });
    keys.collect()
}

/// Each document once, in the order of their names.
fn once(mut documents: Vec<DocumentRow>) -> Vec<DocumentRow> {
    documents.sort_by(|left, right| left.id.cmp(&right.id));
    documents.dedup_by(|left, right| left.id == right.id);
    documents
}

/// The report without causes and notes: what `coverage` asks again and again.
#[must_use]
pub fn verdicts(
    plan: &Plan,
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
) -> Report {
    let facts = facts_of(estate, facts.clone());
    let seen = observations(plan, estate, circumstances, &facts, |_| true);
    judge_unwatched(plan, &seen, facts)
}

/// What a run would see, unjudged, of those probes that are wanted, and of every table.
#[must_use]
pub fn observations(
    plan: &Plan,
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
    wanted: impl Fn(&Probe) -> bool,
) -> Observations {
    Observer::new(plan, estate, circumstances, facts).observe(wanted)
}

/// The same where the plan's probes are known already: for a plan that is evaluated again and again.
#[must_use]
pub fn observations_of(
    (plan, probes): (&Plan, &[Probe]),
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
    wanted: impl Fn(&Probe) -> bool,
) -> Observations {
    Observer::asking((plan, probes.into()), estate, circumstances, facts).observe(wanted)
}

/// What the runner would see that takes no role's place: each call is made in its own name, whatever
/// the principal. For users, whom no plan can name.
#[must_use]
pub fn own_observations(
    (plan, probes): (&Plan, &[Probe]),
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
    wanted: impl Fn(&Probe) -> bool,
) -> Observations {
    Observer::asking((plan, probes.into()), estate, circumstances, facts)
        .in_the_runners_name()
        .observe(wanted)
}

/// The answers to `sts:AssumeRole` alone, of those principals that are wanted.
#[must_use]
pub fn assumptions(
    plan: &Plan,
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
    wanted: impl Fn(&str) -> bool,
) -> BTreeMap<String, Answer> {
    let observer = Observer::asking((plan, Cow::default()), estate, circumstances, facts);
    let names = plan.principals.keys().filter(|name| wanted(name));
    names
        .filter_map(|name| {
            let opened = observer.opened(name)?;
            Some((name.clone(), opened.seen.observation.answer.clone()))
        })
        .collect()
}

fn facts_of(estate: &Estate, facts: RunFacts) -> RunFacts {
    RunFacts {
        trigger: TRIGGER.to_owned(),
        account: facts
            .account
            .or_else(|| Some(estate.account().account.to_string())),
        ..facts
    }
}
