// SPDX-License-Identifier: Apache-2.0
//! Which fields of an expectation go together.

use keyproof_core::{PolicyType, Service};
use keyproof_document::Place;

use super::cursor::{Errors, Fields, shown};
use super::expectation::{Decision, Draft};
use super::names::Names;
use crate::Action;
use crate::error::PlanProblem;

/// Pushes every combination of fields that cannot be.
pub(super) fn check(
    draft: &Draft<'_>,
    fields: &Fields<'_>,
    actions: &[(Action, Place)],
    refusal: (Option<Service>, Option<PolicyType>),
    names: &Names<'_>,
    errors: &mut Errors,
) {
    let mixed = table(draft, fields, actions, errors);
    index(fields, &draft.actions, errors);
    match draft.decision {
        Some(Decision::Allowed) => nothing_denied(fields, errors),
        Some(Decision::Denied) => denied(draft, fields, refusal, mixed, errors),
        None => {}
    }
    for table in &draft.on {
        aws_owned(table, draft, fields, actions, refusal.0, names, errors);
    }
}

/// `on` and the services of the actions. Whether services are mixed that cannot be.
fn table(
    draft: &Draft<'_>,
    fields: &Fields<'_>,
    actions: &[(Action, Place)],
    errors: &mut Errors,
) -> bool {
    let of_sts = |action: Action| action.service() == Service::Sts;
    let assume = actions.iter().find(|&&(action, _)| of_sts(action));
    let other = draft
        .actions
        .iter()
        .copied()
        .find(|&action| !of_sts(action));
    let on = fields.entry("on");
    match (assume, other) {
        (Some(&(_, place)), Some(_)) => {
            let path = format!("{}.actions", draft.path);
            errors.push(place, &path, PlanProblem::AssumeRoleMixed);
            true
        }
        (Some(_), None) => {
            if let Some((place, cursor)) = on {
                errors.push(place, &cursor.path, PlanProblem::AssumeRoleOnTable);
            }
            false
        }
        (None, Some(action)) => {
            if on.is_none() && !fields.misspelt("on") {
                errors.push(draft.place, &draft.path, PlanProblem::MissingOn { action });
            }
            false
        }
        (None, None) => false,
    }
}

fn index(fields: &Fields<'_>, actions: &[Action], errors: &mut Errors) {
    let Some((place, cursor)) = fields.entry("index") else {
        return;
    };
    let others: Vec<Action> = actions
        .iter()
        .copied()
        .filter(|action| !action.reads_index())
        .collect();
    if !others.is_empty() {
        let problem = PlanProblem::IndexWithoutRead {
            actions: listed(&others),
        };
        errors.push(place, &cursor.path, problem);
    }
}

fn nothing_denied(fields: &Fields<'_>, errors: &mut Errors) {
    for field in ["by", "policy"] {
        if let Some((place, cursor)) = fields.entry(field) {
            errors.push(place, &cursor.path, PlanProblem::NothingDenied { field });
        }
    }
}

/// `by` and `policy` of a denied expectation.
fn denied(
    draft: &Draft<'_>,
    fields: &Fields<'_>,
    (by, policy): (Option<Service>, Option<PolicyType>),
    mixed: bool,
    errors: &mut Errors,
) {
    if fields.get("by").is_none() && !fields.misspelt("by") {
        let services: Vec<Service> = draft
            .actions
            .iter()
            .map(|action| action.service())
            .collect();
        let (likely, others) = if services.contains(&Service::Sts) {
            (Service::Sts, "")
        } else if services.contains(&Service::Kms) {
            (Service::Kms, "")
        } else {
            (
                Service::Kms,
                ", or `by: dynamodb` where DynamoDB's own check must refuse",
            )
        };
        errors.push(
            draft.place,
            &draft.path,
            PlanProblem::MissingBy { likely, others },
        );
    }
    if let (Some(by), Some(cursor)) = (by, fields.get("by"))
        && !mixed
    {
        for service in Service::ALL {
            let possible = refusers(service);
            let of_service: Vec<Action> = (draft.actions.iter().copied())
                .filter(|action| action.service() == service)
                .collect();
            if !of_service.is_empty() && !possible.contains(&by) {
                let actions = listed(&of_service);
                let possible = match service {
                    Service::Kms => "`kms`",
                    Service::DynamoDb => "`kms` and `dynamodb`",
                    Service::Sts => "`sts`",
                };
                cursor.push(
                    errors,
                    PlanProblem::ImpossibleService {
                        by,
                        actions,
                        possible,
                    },
                );
            }
        }
    }
    if let (Some(PolicyType::TrustPolicy), Some(cursor)) = (policy, fields.get("policy"))
        && draft
            .actions
            .iter()
            .any(|action| action.service() != Service::Sts)
    {
        let reason = "only `sts:AssumeRole` asks a role's trust policy";
        let policy = PolicyType::TrustPolicy;
        cursor.push(errors, PlanProblem::ImpossiblePolicy { policy, reason });
    }
}

/// The services that can refuse a call on `service`. A read through DynamoDB needs the key too.
const fn refusers(service: Service) -> &'static [Service] {
    match service {
        Service::Kms => &[Service::Kms],
        Service::DynamoDb => &[Service::Kms, Service::DynamoDb],
        Service::Sts => &[Service::Sts],
    }
}

/// KMS where the table has no key that it could refuse.
fn aws_owned(
    table: &str,
    draft: &Draft<'_>,
    fields: &Fields<'_>,
    actions: &[(Action, Place)],
    by: Option<Service>,
    names: &Names<'_>,
    errors: &mut Errors,
) {
    if !names.is_aws_owned(table) {
        return;
    }
    let path = format!("{}.actions", draft.path);
    let mut push = |place: Place, path: &str, clause: String| {
        let problem = PlanProblem::KmsOnAwsOwned {
            table: shown(table),
            clause,
        };
        errors.push(place, path, problem);
    };
    for &(action, place) in actions {
        if action.service() == Service::Kms {
            push(
                place,
                &path,
                format!("there is no key to try `{action}` on"),
            );
        }
    }
    let through_table = draft
        .actions
        .iter()
        .any(|action| action.service() == Service::DynamoDb);
    let denied = draft.decision == Some(Decision::Denied);
    if let (Some(Service::Kms), Some(cursor)) = (by, fields.get("by"))
        && through_table
        && denied
    {
        push(
            cursor.node.place,
            &cursor.path,
            "`by: kms` cannot come true".to_owned(),
        );
    }
}

fn listed(actions: &[Action]) -> String {
    actions
        .iter()
        .map(|action| format!("`{action}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
