// SPDX-License-Identifier: Apache-2.0
//! The statement behind a failure, and where it stands.

use keyproof_core::{PolicyType, Service};
use keyproof_plan::ProbeKind;
use keyproof_policy::StatementRef;
use keyproof_template::Encryption;
use keyproof_verdict::{Answer, Finding, Observations, ProbeRow};

use crate::alternatives;
use crate::caller::Caller;
use crate::found::{self, Found, property, told};
use crate::near;
use crate::observe::{Observer, Seen};
use crate::relied_on::{ReliedOn, place};
use crate::statement::Written;
use crate::weigh::Step;

/// The cause of a failed probe.
pub(crate) fn of(
    observer: &Observer<'_>,
    observations: &Observations,
    relied_on: &ReliedOn,
    row: &ProbeRow,
) -> Option<Found> {
    let probe = observer.planned(&row.id)?;
    let (principal, action, table) = match &probe.kind {
        ProbeKind::Encryption { table } => return wrong_key(observer, observations, table),
        ProbeKind::Access {
            principal,
            action,
            table,
            ..
        } => (principal, *action, table.as_deref()),
    };
    let Seen { observation, steps } = observer.probe(probe, observations)?;
    let opened = observer.opened(principal)?;
    let caller = match action.service() {
        Service::Sts => observer.runner.as_ref()?,
        Service::DynamoDb | Service::Kms => opened.session.as_ref().ok()?,
    };
    match row.finding? {
        Finding::Exposed => {
            let through_dynamodb = action.service() == Service::DynamoDb;
            let by = row.expected.by.unwrap_or(action.service());
            let step = match by {
                Service::Kms if through_dynamodb => match steps.get(1) {
                    // AWS's own key lets everybody through: what is wrong is that it is used.
                    Some(step) if observer.estate.key(&step.request.resource).is_some() => step,
                    Some(_) | None => return encryption(observer, observations, table?),
                },
                Service::DynamoDb | Service::Sts => steps.first()?,
                Service::Kms => steps.last()?,
            };
            exposure(observer, observations, relied_on, row, (caller, step))
        }
        Finding::LockedOut => match (&observation.answer, steps.last()) {
            (Answer::Denied(_), Some(step)) => denying(observer, caller, step),
            (Answer::Denied(_), None) => None,
            _ => unusable_key(observer, observations, table?),
        },
        Finding::WrongKey
        | Finding::Masked
        | Finding::NoWitness
        | Finding::CanaryMissing
        | Finding::KeyUnusable
        | Finding::Blind => None,
    }
}

/// What lets the caller in, with what else has its part in it.
pub(crate) fn exposure(
    observer: &Observer<'_>,
    observations: &Observations,
    relied_on: &ReliedOn,
    row: &ProbeRow,
    (caller, step): (&Caller<'_>, &Step),
) -> Option<Found> {
    let found = exposing(observer, caller, step, relied_on)?;
    let beside = || relied_on.beside(observer, observations, row);
    Some(alternatives::of_exposure(
        observer, caller, step, found, beside,
    ))
}

/// Of the statements that let the caller in, the one that its owner would change: one that nobody
/// else needs, of the resource's policy before the caller's own, AWS's own policies last.
fn exposing(
    observer: &Observer<'_>,
    caller: &Caller<'_>,
    step: &Step,
    relied_on: &ReliedOn,
) -> Option<Found> {
    let delegated = step.decision.by == PolicyType::IdentityPolicy;
    let rank = |one: &&StatementRef| {
        let relied = place(observer, caller, step, one)
            .is_some_and(|place| relied_on.places.contains(&place));
        let aws = written(observer, caller, step, one).is_some_and(|written| written.aws);
        let of_resource = one.policy != PolicyType::IdentityPolicy;
        // Where everything is relied on, what the key policy leaves to IAM is IAM's to mend.
        let later = match (aws, of_resource) {
            (false, true) => usize::from(relied && delegated),
            (false, false) => usize::from(!(relied && delegated)),
            (true, _) => 2,
        };
        (relied, later)
    };
    let chosen = step.decision.statements.iter().min_by_key(rank)?;
    // Nothing lets the caller in that others don't need: perhaps something no longer keeps it out.
    let (relied, later) = rank(&chosen);
    if relied && let Some(near) = near::denying(observer, caller, step, later == 2) {
        return Some(near.told());
    }
    cause(observer, caller, step, chosen)
}

/// What keeps the caller out: the `Deny`, else the statement that almost lets it in, else the
/// document that has none.
pub(crate) fn denying(observer: &Observer<'_>, caller: &Caller<'_>, step: &Step) -> Option<Found> {
    let decision = &step.decision;
    if decision.explicit {
        let found = cause(observer, caller, step, decision.statements.first()?)?;
        return Some(alternatives::of_denial(observer, caller, step, found));
    }
    if let Some(near) = near::allowing(observer, caller, step) {
        return Some(near.told());
    }
    let of_resource = || resource_policy(observer, step);
    let lacking = match decision.by {
        PolicyType::ResourcePolicy | PolicyType::TrustPolicy => of_resource(),
        PolicyType::PermissionsBoundary => caller.boundaries.written.first().copied(),
        PolicyType::Scp | PolicyType::Rcp => observer.guards.written(decision.by, 1, 0),
        PolicyType::IdentityPolicy
        | PolicyType::SessionPolicy
        | PolicyType::VpcEndpointPolicy
        | PolicyType::Grant => of_caller(observer, caller),
    };
    Some(told(decision.by, &lacking?, None))
}

/// The role or user itself, where none of its policies says anything.
fn of_caller<'w>(observer: &'w Observer<'_>, caller: &'w Caller<'_>) -> Option<Written<'w>> {
    let (part, document, place) = if let Some(arn) = caller.principal.role_arn() {
        let (part, role) = observer.estate.role(arn)?;
        (part, role.arn.as_str(), role.place)
    } else {
        let (part, user) = observer.estate.user(caller.principal.arn())?;
        (part, user.arn.as_str(), user.place)
    };
    Some(Written {
        file: part.file.as_deref(),
        document,
        source: None,
        place,
        aws: false,
    })
}

pub(crate) fn cause(
    observer: &Observer<'_>,
    caller: &Caller<'_>,
    step: &Step,
    statement: &StatementRef,
) -> Option<Found> {
    if statement.policy == PolicyType::Grant {
        let (key, id) = (&step.request.resource, statement.sid.as_deref());
        return Some(found::grant(key, statement.document, id));
    }
    let written = written(observer, caller, step, statement)?;
    let sid = statement.sid.as_deref().map(str::to_owned);
    Some(told(
        statement.policy,
        &written,
        Some((statement.index, sid)),
    ))
}

/// Where a statement of a decision stands.
pub(crate) fn written<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
    statement: &StatementRef,
) -> Option<Written<'w>> {
    match statement.policy {
        PolicyType::IdentityPolicy => caller.identity.written.get(statement.document).copied(),
        PolicyType::PermissionsBoundary => {
            caller.boundaries.written.get(statement.document).copied()
        }
        PolicyType::Scp | PolicyType::Rcp => {
            let (level, document) = (statement.level, statement.document);
            observer.guards.written(statement.policy, level, document)
        }
        PolicyType::ResourcePolicy | PolicyType::TrustPolicy | PolicyType::Grant => {
            resource_policy(observer, step)
        }
        PolicyType::SessionPolicy | PolicyType::VpcEndpointPolicy => None,
    }
}

/// The policy of the resource that a step was about.
pub(crate) fn resource_policy<'w>(observer: &'w Observer<'_>, step: &Step) -> Option<Written<'w>> {
    let arn = step.request.resource.as_str();
    let estate = observer.estate;
    if let Some((part, key)) = estate.key(arn) {
        return Some(Written {
            file: part.file.as_deref(),
            document: &key.arn,
            source: Some(&key.policy),
            place: key.policy.place,
            aws: false,
        });
    }
    if let Some((part, role)) = estate.role(arn) {
        return Some(Written {
            file: part.file.as_deref(),
            document: &role.arn,
            source: Some(&role.trust),
            place: role.trust.place,
            aws: false,
        });
    }
    let table = arn.split_once("/index/").map_or(arn, |(table, _)| table);
    let (part, table) = estate.table(table)?;
    Some(Written {
        file: part.file.as_deref(),
        document: &table.arn,
        source: table.resource_policy.as_ref(),
        place: table.place,
        aws: false,
    })
}

fn encryption(observer: &Observer<'_>, observations: &Observations, table: &str) -> Option<Found> {
    let arn = observations.tables.get(table)?.table_arn.as_deref()?;
    let (part, table) = observer.estate.table(arn)?;
    let file = part.file.as_deref();
    Some(property(
        file,
        &table.arn,
        "SSESpecification",
        table.encryption_place,
    ))
}

/// The table's encryption, or the alias that the plan names: either may be the one that is wrong. An
/// alias of a key that no template has is.
fn wrong_key(observer: &Observer<'_>, observations: &Observations, name: &str) -> Option<Found> {
    let planned = observer.plan.tables.get(name)?;
    let of_table = encryption(observer, observations, name);
    let Some((alias_name, of_alias)) = planned
        .key
        .alias_name()
        .and_then(|name| Some((name, alias(observer, name)?)))
    else {
        return of_table;
    };
    let arn = observations.tables.get(name)?.table_arn.as_deref()?;
    let (_, table) = observer.estate.table(arn)?;
    let is_known = observer.estate.aliased(alias_name).is_some();
    if matches!(table.encryption, Encryption::Key(_)) && !is_known {
        return Some(of_alias);
    }
    Some(alternatives::of_property(of_table?, of_alias))
}

/// Where an alias points to.
pub(crate) fn alias(observer: &Observer<'_>, alias: &str) -> Option<Found> {
    let account = observer.estate.account();
    let declared = observer.estate.parts().find_map(|part| {
        let mut aliases = part.account.aliases.iter();
        Some((part, aliases.find(|one| one.name == alias)?))
    });
    let (part, found) = declared?;
    let arn = format!(
        "arn:{}:kms:{}:{}:{alias}",
        account.partition, account.region, account.account
    );
    Some(property(
        part.file.as_deref(),
        &arn,
        "TargetKeyId",
        found.place,
    ))
}

fn unusable_key(
    observer: &Observer<'_>,
    observations: &Observations,
    table: &str,
) -> Option<Found> {
    let seen = observations.tables.get(table)?;
    let of_table =
        seen.table_arn
            .as_deref()
            .and_then(|arn| match &observer.estate.table(arn)?.1.encryption {
                Encryption::Key(arn) => Some(arn.as_str()),
                Encryption::AwsOwned | Encryption::AwsManaged | Encryption::Unknown(_) => None,
            });
    let (part, key) = observer
        .estate
        .key(of_table.or(seen.expected_key.as_deref())?)?;
    (!key.enabled).then(|| property(part.file.as_deref(), &key.arn, "Enabled", key.place))
}
