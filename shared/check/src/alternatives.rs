// SPDX-License-Identifier: Apache-2.0
//! The other statements that their owner may want to change.
//!
//! Of the statements that let somebody in, one is named as the cause; which of them is the mistake only
//! their owner knows. So is whether a `Deny` was meant to keep out whom it spares.

use keyproof_core::PolicyType;
use keyproof_policy::StatementRef;
use keyproof_verdict::{Alternative, Cause, Contribution};

use crate::caller::Caller;
use crate::cause::{cause, written};
use crate::found::Found;
use crate::near;
use crate::observe::Observer;
use crate::weigh::Step;

/// As many are named.
const MOST: usize = 4;

/// What else lets the caller in, and every `Deny` that would keep it out but for one element, and
/// nobody of those `beside` it who are meant to be let in.
pub(crate) fn of_exposure<'o>(
    observer: &'o Observer<'_>,
    caller: &Caller<'_>,
    step: &Step,
    mut found: Found,
    beside: impl FnOnce() -> Vec<(&'o Caller<'o>, Step)>,
) -> Found {
    let others = others(observer, caller, step);
    for other in others {
        push(&mut found, Contribution::AlsoAllows, None, other);
    }
    let denying = near::all_denying(observer, caller, step);
    if !denying.is_empty() {
        let beside = beside();
        for near in denying {
            let harmless = beside
                .iter()
                .all(|(caller, step)| near.spares(observer, caller, step));
            if harmless {
                let element = Some(near.element.name());
                push(&mut found, Contribution::NearlyDenies, element, near.told());
            }
        }
    }
    found
}

/// What else keeps the caller out.
pub(crate) fn of_denial(
    observer: &Observer<'_>,
    caller: &Caller<'_>,
    step: &Step,
    mut found: Found,
) -> Found {
    for other in others(observer, caller, step) {
        push(&mut found, Contribution::AlsoDenies, None, other);
    }
    found
}

/// The other property that what was found disagrees with.
pub(crate) fn of_property(mut found: Found, other: Found) -> Found {
    push(&mut found, Contribution::Disagrees, None, other);
    found
}

/// The statements of the decision that somebody wrote, but for what an organization lets through.
fn others<'s>(
    observer: &'s Observer<'_>,
    caller: &'s Caller<'_>,
    step: &'s Step,
) -> impl Iterator<Item = Found> + 's {
    let counts = |one: &&StatementRef| {
        let guards = matches!(one.policy, PolicyType::Scp | PolicyType::Rcp);
        let bounds = one.policy == PolicyType::PermissionsBoundary;
        let somebodys = one.policy == PolicyType::Grant
            || written(observer, caller, step, one).is_some_and(|one| one.source.is_some());
        somebodys && (step.decision.explicit || !(guards || bounds))
    };
    let all = step.decision.statements.iter().filter(counts);
    all.filter_map(|one| cause(observer, caller, step, one))
}

/// Unless it is there already, or enough is.
fn push(found: &mut Found, does: Contribution, element: Option<&str>, other: Found) {
    let is_it = |one: &Cause| {
        (one.policy, one.line) == (other.cause.policy, other.cause.line)
            && one.statement == other.cause.statement
            && one.document == other.cause.document
    };
    let all = &found.cause.alternatives;
    let is_known = is_it(&found.cause) || all.iter().any(|one| is_it(&one.cause));
    if all.len() >= MOST || is_known {
        return;
    }
    found.cause.alternatives.push(Alternative {
        does,
        element: element.map(str::to_owned),
        cause: other.cause,
    });
    found.documents.extend(other.documents);
}
