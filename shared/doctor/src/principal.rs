// SPDX-License-Identifier: Apache-2.0
//! A principal's session: may the runner assume the role, as the plan wants it?

use keyproof_aws::iam_actions::ASSUME;
use keyproof_core::PolicyType;
use keyproof_plan::{Action, Expected, Plan, Principal};
use keyproof_verdict::{Answer, Blindness, Denial, Observation};
use serde_json::{Value, json};

use crate::check::{Check, Mend};
use crate::diagnose::Case;
use crate::mend::{lift, limit, may_be, said};
use crate::policy::takes;
use crate::runner::reach;
use crate::trust;

pub(crate) fn session(case: &Case<'_>, name: &str, principal: &Principal) -> Check {
    let id = format!("principal/{name}/session");
    let role = principal.role.as_str();
    let Some(seen) = case.found.sessions.get(name) else {
        return Check::unknown(id, format!("nobody tried to assume `{role}`"));
    };
    match (&seen.answer, refusal_is_planned(case.plan, name)) {
        (Answer::Allowed(_), false) => Check::ok(id, format!("a session of `{role}` can be made")),
        (Answer::Allowed(_), true) => Check::ok(
            id,
            format!(
                "the runner may try to assume `{role}`; that it succeeds is for `verify` to judge"
            ),
        ),
        (Answer::Denied(denial), true)
            if denial.policy.is_none() && trust::refuses(case, name, principal) =>
        {
            Check::ok(
                id,
                format!(
                    "STS refuses the runner `{role}`, as the plan expects, and so does the trust policy, as it was read"
                ),
            )
        }
        (Answer::Denied(denial), true) => planned_refusal(case, id, principal, seen, denial),
        (Answer::Denied(denial), false) => refused(case, id, principal, seen, denial),
        (Answer::Unknown(Blindness::WrongSession), _) => Check::problem(
            id,
            format!("STS gave a session of another role: {}", said(seen)),
        )
        .mend(Mend::words(format!(
            "correct the principal's `role` in the plan: `{role}`"
        ))),
        (Answer::Unknown(Blindness::Credentials), _) => Check::unknown(
            id,
            format!("AWS doesn't take the runner's credentials: {}", said(seen)),
        )
        .mend(Mend::words("mend `runner/identity` first")),
        (Answer::Unknown(_) | Answer::KeyUnusable(_), _) => {
            match seen.error_code.as_deref() {
                // The request itself is refused, whoever sends it.
                Some("ValidationError" | "PackedPolicyTooLarge" | "RegionDisabledException") => {
                    Check::problem(id, format!("STS takes no such request: {}", said(seen)))
                        .mend(correction(principal, seen))
                }
                Some(_) | None => Check::unknown(
                    id,
                    format!(
                        "whether `{role}` can be assumed was not found out: {}",
                        said(seen)
                    ),
                )
                .mend(reach()),
            }
        }
    }
}

/// Whether the plan wants STS to refuse.
pub(crate) fn refusal_is_planned(plan: &Plan, name: &str) -> bool {
    plan.expectations.iter().any(|one| {
        one.principal == name
            && one.actions.contains(&Action::AssumeRole)
            && one.expected != Expected::Allowed
    })
}

/// A refusal for want of the runner's own permission says nothing about whom the role trusts: a run finds it `masked`.
fn planned_refusal(
    case: &Case<'_>,
    id: String,
    principal: &Principal,
    seen: &Observation,
    denial: &Denial,
) -> Check {
    let role = principal.role.as_str();
    let lacked = case.runner.lacks("sts:AssumeRole", role, denial);
    match denial.policy {
        Some(PolicyType::TrustPolicy) => Check::ok(
            id,
            format!("the trust policy of `{role}` refuses the runner, as the plan expects"),
        ),
        Some(PolicyType::IdentityPolicy) => Check::problem(
            id,
            format!("the runner's own policies refuse it `{role}`, so that the role's trust policy is not asked: {}", said(seen)),
        )
        .mend(case.runner.by_identity(&lacked))
        .lacking(lacked),
        _ => Check::unknown(
            id,
            format!(
                "STS refuses the runner `{role}`, as the plan expects, but doesn't say whether for the \
                 role's trust policy or for want of the runner's own permission: {}",
                said(seen)
            ),
        )
        .mend(case.runner.by_identity(&lacked)),
    }
}

fn refused(
    case: &Case<'_>,
    id: String,
    principal: &Principal,
    seen: &Observation,
    denial: &Denial,
) -> Check {
    let role = principal.role.as_str();
    let runner = &case.runner;
    let lacked = runner.lacks("sts:AssumeRole", role, denial);
    let mut mends: Vec<Mend> = lift(denial).into_iter().chain(limit(denial)).collect();
    if mends.is_empty() {
        let other = runner
            .account()
            .is_some_and(|account| account != principal.role.account());
        if may_be(denial, &[PolicyType::IdentityPolicy]) {
            mends.push(runner.by_identity(&lacked));
        }
        if may_be(
            denial,
            &[PolicyType::TrustPolicy, PolicyType::ResourcePolicy],
        ) {
            let what = if other {
                format!(
                    "(the role is another account's: both sides have to allow it) the trust policy of `{role}`"
                )
            } else {
                format!("the trust policy of `{role}`")
            };
            mends.push(trusting(case, principal, &what));
        }
        if denial.policy.is_none() {
            // STS answers so for a role that doesn't exist, too.
            mends.push(
                Mend::words("see that there is such a role, path included; else correct the plan")
                    .command(
                        "aws iam get-role --role-name",
                        &[principal.role.role_name()],
                    ),
            );
            if principal.external_id.is_some() {
                mends.push(Mend::words(
                    "see that the plan's `external_id` is the one that the trust policy asks for",
                ));
            }
        }
    }
    Check::problem(
        id,
        format!(
            "STS refuses {} `{}` on `{}`: {}",
            runner.called,
            lacked.action,
            lacked.resource,
            said(seen)
        ),
    )
    .mends(mends)
    .lacking(lacked)
}

fn trusting(case: &Case<'_>, principal: &Principal, what: &str) -> Mend {
    let actions: Vec<&str> = ASSUME
        .iter()
        .copied()
        .filter(|action| takes(action, principal))
        .collect();
    let mut mend = case.runner.by_resource(what, &actions, None);
    if principal.external_id.is_some()
        && let Some(Value::Object(statement)) = &mut mend.statement
    {
        // The id itself is nobody's business who reads a diagnosis.
        let condition = json!({"StringEquals": {"sts:ExternalId": "the plan's external_id"}});
        statement.insert("Condition".to_owned(), condition);
    }
    mend
}

fn correction(principal: &Principal, seen: &Observation) -> Mend {
    let message = seen.message.as_deref().unwrap_or_default();
    let name = principal.role.role_name();
    if message.contains("DurationSeconds") {
        let seconds = principal.duration.unwrap_or(3600);
        return Mend::words(
            "lower the principal's `duration` in the plan, or let the role's sessions last as long; a \
             runner that is a role's session itself gets 3600 s at most",
        )
        .command(
            "aws iam update-role --role-name",
            &[name, "--max-session-duration", &seconds.to_string()],
        );
    }
    Mend::words(
        "correct the principal in the plan: `external_id`, `tags`, `duration`, `source_identity`",
    )
}
