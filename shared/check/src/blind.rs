// SPDX-License-Identifier: Apache-2.0
//! The statement for which a probe found nothing out.

use keyproof_core::Service;
use keyproof_plan::{ProbeKind, TableKey};
use keyproof_verdict::{Answer, Finding, Observations, ProbeRow};

use crate::assume::NoSession;
use crate::cause::{alias, denying, exposure};
use crate::found::Found;
use crate::observe::{Observer, Seen};
use crate::relied_on::ReliedOn;

/// Why an inconclusive probe is that: what keeps the runner out of the role or from looking at the
/// table, or, where another layer refused than was to, what it refused by.
pub(crate) fn of(
    observer: &Observer<'_>,
    observations: &Observations,
    relied_on: &ReliedOn,
    row: &ProbeRow,
) -> Option<Found> {
    let probe = observer.planned(&row.id)?;
    let ProbeKind::Access {
        principal, table, ..
    } = &probe.kind
    else {
        return look(observer, observations, row.table.as_deref()?);
    };
    let opened = observer.opened(principal)?;
    let caller = match &opened.session {
        Ok(caller) => caller,
        Err(NoSession::Refused) => {
            let step = opened.seen.steps.last()?;
            return denying(observer, observer.runner.as_ref()?, step);
        }
        Err(NoSession::Untold(_)) => return None,
    };
    match row.finding? {
        Finding::Masked => {
            let Seen { steps, .. } = observer.probe(probe, observations)?;
            match (row.expected.by, steps.as_slice()) {
                // The layer that was to refuse let it through, and the next one refused.
                (Some(Service::DynamoDb), [through, _, ..]) => {
                    exposure(observer, observations, relied_on, row, (caller, through))
                }
                _ => denying(observer, caller, steps.last()?),
            }
        }
        Finding::Blind => look(observer, observations, table.as_deref()?),
        Finding::Exposed
        | Finding::LockedOut
        | Finding::WrongKey
        | Finding::NoWitness
        | Finding::CanaryMissing
        | Finding::KeyUnusable => None,
    }
}

/// What keeps whoever inspects a table from it.
fn look(observer: &Observer<'_>, observations: &Observations, name: &str) -> Option<Found> {
    let planned = observer.plan.tables.get(name)?;
    let seen = observations.tables.get(name)?;
    if let (TableKey::Alias(_), None) = (&planned.key, &seen.expected_key)
        && !matches!(seen.look.answer, Answer::Denied(_))
    {
        return alias(observer, planned.key.alias_name()?);
    }
    let inspector = match &planned.inspect_as {
        None => observer.runner.as_ref()?,
        Some(principal) => {
            let opened = observer.opened(principal)?;
            let Ok(caller) = &opened.session else {
                let step = opened.seen.steps.last()?;
                return denying(observer, observer.runner.as_ref()?, step);
            };
            caller
        }
    };
    let step = observer.refused_look(planned, inspector, seen.table_arn.as_deref()?)?;
    denying(observer, inspector, &step)
}
