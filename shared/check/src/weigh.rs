// SPDX-License-Identifier: Apache-2.0
//! One decision, in both readings of the policies.

use keyproof_core::{AccountId, PolicyType};
use keyproof_policy::{
    Context, Decision, Document, Grammar, Grant, Policies, Request, denial_sentence, evaluate,
};
use keyproof_template::PolicySource;

use crate::caller::{Caller, Documents, document, everything};
use crate::context::Surroundings;
use crate::estate::Estate;
use crate::statement::Written;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Question<'q> {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// The resource's own policy.
    pub(crate) policy: Option<&'q PolicySource>,
    /// Whether the resource is a key that AWS manages.
    pub(crate) aws_managed: bool,
    pub(crate) grants: &'q [Grant],
    pub(crate) via: Option<&'q str>,
    /// The condition keys of the service.
    pub(crate) context: Vec<(String, Vec<String>)>,
}

/// The answer.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every answer is certain, and none is kept"
)]
pub(crate) enum Weighed {
    /// Certain.
    Certain(Step),
    /// It hangs on what nobody knows; the text is a clause for the reason.
    Hangs(String),
}

/// A decision that led to an answer.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) request: Request,
    pub(crate) decision: Decision,
    /// The grants on the key that it is about.
    pub(crate) grants: Vec<Grant>,
    /// Whether that key is AWS's.
    pub(crate) aws_managed: bool,
}

impl Step {
    pub(crate) fn sentence(&self) -> String {
        denial_sentence(&self.request, &self.decision)
    }

    pub(crate) fn is_allowed(&self) -> bool {
        self.decision.is_allowed()
    }
}

/// The organization's policies over the account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guards<'a> {
    scps: Levels<'a>,
    rcps: Levels<'a>,
}

/// Policies by level, in two readings.
#[derive(Clone, Debug, Default)]
struct Levels<'a> {
    least: Vec<Vec<Document>>,
    most: Vec<Vec<Document>>,
    written: Vec<Vec<Written<'a>>>,
    unknown: Vec<String>,
}

impl<'a> Guards<'a> {
    pub(crate) fn of(estate: &'a Estate) -> Self {
        if !estate.is_in_organization() {
            return Self::default();
        }
        Self {
            scps: Levels::of(estate, Grammar::Scp),
            rcps: Levels::of(estate, Grammar::Rcp),
        }
    }

    /// Every document, with its kind, level and number.
    pub(crate) fn all(&self) -> impl Iterator<Item = (PolicyType, usize, usize, Written<'a>)> {
        [(PolicyType::Scp, &self.scps), (PolicyType::Rcp, &self.rcps)]
            .into_iter()
            .flat_map(|(policy, levels)| {
                levels
                    .written
                    .iter()
                    .enumerate()
                    .flat_map(move |(level, all)| {
                        let all = all.iter().enumerate();
                        all.map(move |(at, written)| (policy, level, at, *written))
                    })
            })
    }

    /// The same with one document exchanged.
    pub(crate) fn with(
        &self,
        policy: PolicyType,
        level: usize,
        at: usize,
        document: Document,
    ) -> Self {
        let mut changed = self.clone();
        let levels = match policy {
            PolicyType::Rcp => &mut changed.rcps,
            _ => &mut changed.scps,
        };
        let slot = levels.least.get_mut(level).and_then(|all| all.get_mut(at));
        if let Some(slot) = slot {
            *slot = document;
        }
        changed
    }

    /// Where a document of a level stands.
    pub(crate) fn written(
        &self,
        policy: PolicyType,
        level: usize,
        document: usize,
    ) -> Option<Written<'a>> {
        let levels = match policy {
            PolicyType::Scp => &self.scps,
            PolicyType::Rcp => &self.rcps,
            PolicyType::IdentityPolicy
            | PolicyType::ResourcePolicy
            | PolicyType::PermissionsBoundary
            | PolicyType::SessionPolicy
            | PolicyType::VpcEndpointPolicy
            | PolicyType::TrustPolicy
            | PolicyType::Grant => return None,
        };
        levels.written.get(level)?.get(document).copied()
    }
}

impl<'a> Levels<'a> {
    fn of(estate: &'a Estate, grammar: Grammar) -> Self {
        let found = estate.organization(grammar);
        let mut levels = Self::default();
        // AWS attaches FullAWSAccess everywhere; a template that replaces it can't say so.
        let full = (grammar == Grammar::Scp)
            .then(|| document(&everything(), grammar))
            .flatten();
        for policies in &found.levels {
            let mut level = Documents::default();
            for (part, policy) in policies {
                let written = Written {
                    file: part.file.as_deref(),
                    document: &policy.name,
                    source: Some(&policy.source),
                    place: policy.place,
                    aws: false,
                };
                level.push(written, &policy.source);
            }
            level.least.extend(full.clone());
            level.most.extend(full.clone());
            levels.least.push(level.least);
            levels.most.push(level.most);
            levels.written.push(level.written);
            levels.unknown.extend(level.unknown);
        }
        if !found.doubtful.is_empty() {
            let mut level = Documents::default();
            for (part, policy, unit) in &found.doubtful {
                let written = Written {
                    file: part.file.as_deref(),
                    document: &policy.name,
                    source: Some(&policy.source),
                    place: policy.place,
                    aws: false,
                };
                level.push(written, &policy.source);
                levels.unknown.push(format!(
                    "whether the account is in `{unit}`, where the policy `{}` is attached",
                    policy.name
                ));
            }
            level.least.extend(full);
            levels.least.push(level.least);
            levels.written.push(level.written);
            levels.unknown.extend(level.unknown);
        }
        levels
    }
}

/// Decides a step once more, with other documents perhaps.
pub(crate) fn decide(
    step: &Step,
    caller: &Caller<'_>,
    guards: &Guards<'_>,
    resource: Option<&Document>,
    account: &AccountId,
) -> Decision {
    let request = &step.request;
    let own = caller.principal.account() == Some(account.as_str());
    let ours = is_guarded(request, account, step.aws_managed);
    let policies = Policies {
        identity: &caller.identity.least,
        resource,
        boundaries: &caller.boundaries.least,
        scps: if own { &guards.scps.least } else { &[] },
        rcps: if ours { &guards.rcps.least } else { &[] },
        grants: &step.grants,
        ..Policies::default()
    };
    evaluate(request, &policies)
}

/// Decides, as the caller.
pub(crate) fn weigh(
    caller: &Caller<'_>,
    guards: &Guards<'_>,
    account: &AccountId,
    surroundings: &Surroundings<'_>,
    question: Question<'_>,
) -> Weighed {
    let mut context: Context = caller.context.clone();
    surroundings.describe(&mut context, question.via);
    for (key, values) in question.context {
        crate::context::put(&mut context, &key, values);
    }
    let mut request = Request::new(caller.principal.clone(), question.action, question.resource)
        .with_context(context);
    request
        .resource_account
        .get_or_insert_with(|| account.clone());
    let request = request.with_derived_context();
    let own = caller.principal.account() == Some(account.as_str());
    let aws_managed = question.aws_managed;
    let ours = is_guarded(&request, account, aws_managed);
    let policies = Policies {
        identity: &caller.identity.least,
        resource: question.policy.map(|policy| &policy.document),
        boundaries: &caller.boundaries.least,
        scps: if own { &guards.scps.least } else { &[] },
        rcps: if ours { &guards.rcps.least } else { &[] },
        grants: question.grants,
        ..Policies::default()
    };
    let decision = evaluate(&request, &policies);
    if !decision.unknown.is_empty() {
        return Weighed::Hangs(hangs_on_keys(&decision.unknown));
    }
    let mut unknown: Vec<&String> = caller
        .identity
        .unknown
        .iter()
        .chain(&caller.boundaries.unknown)
        .chain(own.then_some(&guards.scps.unknown).into_iter().flatten())
        .chain(ours.then_some(&guards.rcps.unknown).into_iter().flatten())
        .collect();
    let of_resource: Vec<String> = question
        .policy
        .into_iter()
        .flat_map(|policy| &policy.unknowns)
        .map(|unknown| {
            format!(
                "{} (line {} of the template)",
                unknown.reason, unknown.place.line
            )
        })
        .collect();
    unknown.extend(&of_resource);
    if unknown.is_empty() || decision.is_allowed() {
        let grants = question.grants.to_vec();
        return Weighed::Certain(Step {
            request,
            decision,
            grants,
            aws_managed,
        });
    }
    let policies = Policies {
        identity: &caller.identity.most,
        resource: question.policy.map(PolicySource::most),
        boundaries: &caller.boundaries.most,
        scps: if own { &guards.scps.most } else { &[] },
        rcps: if ours { &guards.rcps.most } else { &[] },
        ..policies
    };
    let favoured = evaluate(&request, &policies);
    if favoured.is_allowed() || !favoured.unknown.is_empty() {
        return Weighed::Hangs(hangs_on(unknown.into_iter().map(String::as_str)));
    }
    // Denied whatever the unknown is: what denies even in the best of cases is what surely denies.
    Weighed::Certain(Step {
        request,
        decision: favoured,
        grants: question.grants.to_vec(),
        aws_managed,
    })
}

/// Whether the account's RCPs are over a resource: over its own, but for the keys that AWS manages.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html>
fn is_guarded(request: &Request, account: &AccountId, aws_managed: bool) -> bool {
    request.resource_account.as_ref() == Some(account) && !aws_managed
}

fn hangs_on_keys(keys: &[String]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    format!(
        "the answer hangs on {}, which no template says (say it with `--context NAME=VALUE`)",
        keys.join(" and ")
    )
}

fn hangs_on<'u>(unknown: impl Iterator<Item = &'u str>) -> String {
    let mut told: Vec<&str> = Vec::new();
    let mut more = 0_usize;
    for one in unknown {
        if told.contains(&one) {
            continue;
        }
        if told.len() < 3 {
            told.push(one);
        } else {
            more += 1;
        }
    }
    let rest = match more {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("the answer hangs on {}{rest}", told.join("; on "))
}
