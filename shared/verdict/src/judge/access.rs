// SPDX-License-Identifier: Apache-2.0
//! The table of findings for access probes.
//!
//! The order of the branches is the order of precedence. An authorised call that the plan expects to
//! be denied is `exposed` before anything else is asked.

use keyproof_core::{PolicyType, Service};
use keyproof_plan::{Action, Expected};

use super::reason::Voice;
use super::{Question, Ruling, World};
use crate::{Answer, Denial, Evidence, Finding, KeyState, Observation};

pub(super) fn rule(
    world: &World<'_>,
    question: &Question<'_>,
    answer: Option<&Answer>,
    observation: Option<&Observation>,
) -> Ruling {
    let voice = Voice {
        world,
        question,
        observation,
    };
    match question.expected {
        Expected::Denied { by, policy } => denied(world, &voice, by, policy, answer),
        Expected::Allowed => allowed(world, &voice, answer),
    }
}

fn denied(
    world: &World<'_>,
    voice: &Voice<'_>,
    by: Service,
    policy: Option<PolicyType>,
    answer: Option<&Answer>,
) -> Ruling {
    match answer {
        // INVARIANT (never softened): whatever else is known.
        Some(Answer::Allowed(evidence)) => found(Finding::Exposed, voice.exposed(by, evidence)),
        Some(Answer::Denied(denial)) => {
            if let Some(reason) = masked(world, voice, by, policy, denial) {
                return found(Finding::Masked, reason);
            }
            refused_as_expected(world, voice, denial)
        }
        Some(Answer::KeyUnusable(state)) => {
            found(Finding::KeyUnusable, voice.key_unusable(None, *state))
        }
        Some(Answer::Unknown(blindness)) => found(Finding::Blind, voice.blind(blindness)),
        None => found(Finding::Blind, voice.unseen()),
    }
}

/// Why the refusal is not the one that the plan is about, unless it is.
fn masked(
    world: &World<'_>,
    voice: &Voice<'_>,
    by: Service,
    policy: Option<PolicyType>,
    denial: &Denial,
) -> Option<String> {
    if denial.by != Some(by) {
        return Some(voice.masked_by_service(by, denial));
    }
    // The right to tag the session, or to name its source, is not the right to assume the role.
    let asked = voice.question.action;
    let other = denial
        .action
        .as_deref()
        .filter(|&action| action != asked.as_str());
    if let (Action::AssumeRole, Some(action)) = (asked, other) {
        return Some(voice.masked_by_action(action));
    }
    if let Some((refused, planned)) = world.other_key(voice.question, denial) {
        return Some(voice.masked_by_key(denial, &refused, &planned));
    }
    match (policy, denial.policy) {
        (Some(policy), found) if found != Some(policy) => {
            Some(voice.masked_by_policy(policy, denial))
        }
        (None, Some(found)) if is_of_the_runner(asked, found) => {
            Some(voice.masked_by_runner(found, denial))
        }
        (Some(_) | None, Some(_) | None) => None,
    }
}

/// Whether a policy of this type stands in the runner's way alone: the endpoint that its network has, and
/// where it assumes a role its own permissions. The same principal comes from elsewhere, and the same role
/// is assumed by others, without it; so it counts where the plan names it and nowhere else.
///
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>
const fn is_of_the_runner(action: Action, policy: PolicyType) -> bool {
    match policy {
        PolicyType::VpcEndpointPolicy => true,
        PolicyType::IdentityPolicy
        | PolicyType::PermissionsBoundary
        | PolicyType::SessionPolicy => matches!(action, Action::AssumeRole),
        PolicyType::ResourcePolicy
        | PolicyType::TrustPolicy
        | PolicyType::Scp
        | PolicyType::Rcp
        | PolicyType::Grant => false,
    }
}

/// Refused by the layer under test. That counts once the key is usable and somebody read the canary.
fn refused_as_expected(world: &World<'_>, voice: &Voice<'_>, denial: &Denial) -> Ruling {
    let Some(table) = voice.question.table else {
        return pass(voice.cannot_be_assumed(denial));
    };
    if let Some(state) = world.unusable(Some(table)) {
        return found(
            Finding::KeyUnusable,
            voice.key_unusable(Some(denial), state),
        );
    }
    match world.testimony(table) {
        Some(seen) if seen.witness.is_some() => pass(voice.kept_out(denial, seen)),
        Some(seen) if seen.missed.is_some() => {
            found(Finding::CanaryMissing, voice.witness_missed(denial, seen))
        }
        seen => found(Finding::NoWitness, voice.no_witness(denial, seen)),
    }
}

fn allowed(world: &World<'_>, voice: &Voice<'_>, answer: Option<&Answer>) -> Ruling {
    match answer {
        Some(Answer::Denied(denial)) => return found(Finding::LockedOut, voice.locked_out(denial)),
        Some(Answer::KeyUnusable(state)) => {
            return found(Finding::LockedOut, voice.key_locked(*state, None));
        }
        Some(Answer::Allowed(_) | Answer::Unknown(_)) | None => {}
    }
    // A disabled key locks everybody out, though DynamoDB may answer from a cached table key for
    // some minutes more. An unavailable one may be back by the next call.
    if let Some(state @ (KeyState::Disabled | KeyState::PendingDeletion)) =
        world.unusable(voice.question.table)
    {
        return found(Finding::LockedOut, voice.key_locked(state, answer));
    }
    match answer {
        Some(Answer::Allowed(evidence)) => match evidence {
            Evidence::Canary | Evidence::Evaluated => pass(voice.let_in(evidence)),
            // A read that nobody compared with the canary proves no decryption.
            Evidence::DryRun | Evidence::ConditionFailed | Evidence::Succeeded
                if !voice.question.action.reads_canary() =>
            {
                pass(voice.let_in(evidence))
            }
            Evidence::DryRun
            | Evidence::ConditionFailed
            | Evidence::Succeeded
            | Evidence::CanaryMissing
            | Evidence::CanaryAltered { .. } => {
                found(Finding::CanaryMissing, voice.canary_missing(evidence))
            }
            Evidence::GrantLookedUp => found(Finding::Blind, voice.grant_looked_up()),
            Evidence::Unproven => found(Finding::Blind, voice.unproven()),
        },
        Some(Answer::Unknown(blindness)) => found(Finding::Blind, voice.blind(blindness)),
        Some(Answer::Denied(_) | Answer::KeyUnusable(_)) | None => {
            found(Finding::Blind, voice.unseen())
        }
    }
}

fn pass(reason: String) -> Ruling {
    Ruling {
        finding: None,
        reason,
    }
}

fn found(finding: Finding, reason: String) -> Ruling {
    Ruling {
        finding: Some(finding),
        reason,
    }
}
