// SPDX-License-Identifier: Apache-2.0
//! Expectations, one at a time.

use std::collections::HashMap;

use keyproof_core::{PolicyType, Service};
use keyproof_document::Place;

use super::combination;
use super::cursor::{Cursor, Errors, Fields};
use super::names::Names;
use crate::definition::EXPECTATION;
use crate::error::PlanProblem;
use crate::model::{Expectation, Expected};
use crate::{Action, text};

/// An expectation as far as it could be read: enough to say more about the plan even where the
/// expectation itself is wrong.
#[derive(Debug)]
pub(super) struct Draft<'node> {
    pub(super) place: Place,
    pub(super) path: String,
    /// The principal's name as written, whether or not it is known.
    pub(super) principal: Option<&'node str>,
    /// The table's name as written, whether or not it is known.
    pub(super) on: Option<&'node str>,
    pub(super) index: Option<&'node str>,
    pub(super) actions: Vec<Action>,
    /// Whether anything is missing from `principal`, `on`, `index` or `actions`.
    pub(super) partial: bool,
    pub(super) decision: Option<Decision>,
    /// The expectation itself; `None` only where an error was pushed.
    pub(super) whole: Option<Expectation>,
}

/// What a plan can expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The call is authorised.
    Allowed,
    /// The call is refused.
    Denied,
}

impl Decision {
    /// Both, in the order of the documentation.
    pub(crate) const ALL: [Self; 2] = [Self::Allowed, Self::Denied];

    /// As plans write it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
        }
    }
}

/// One expectation.
pub(super) fn expectation<'node>(
    cursor: &Cursor<'node>,
    names: &Names<'node>,
    errors: &mut Errors,
) -> Draft<'node> {
    let before = errors.0.len();
    let mut draft = Draft {
        place: cursor.node.place,
        path: cursor.path.clone(),
        principal: None,
        on: None,
        index: None,
        actions: Vec::new(),
        partial: true,
        decision: None,
        whole: None,
    };
    let Some(fields) = cursor.fields(errors, &EXPECTATION) else {
        return draft;
    };

    let text = |field: &str| fields.get(field).and_then(|cursor| cursor.node.as_str());
    (draft.principal, draft.on, draft.index) = (text("principal"), text("on"), text("index"));
    if let Some(cursor) = fields.get("principal") {
        names.principal(&cursor, errors);
    }
    if let Some(cursor) = fields.get("on") {
        names.table(&cursor, errors);
    }
    if let Some(cursor) = fields.get("index") {
        cursor.text(errors, &text::INDEX);
    }
    let actions = fields.get("actions").map(|cursor| actions(&cursor, errors));
    let (actions, all) = actions.unwrap_or_default();
    let given = |field: &str, value: Option<&str>| value.is_some() || fields.get(field).is_none();
    draft.partial =
        !all || draft.principal.is_none() || !given("on", draft.on) || !given("index", draft.index);
    draft.actions = actions.iter().map(|&(action, _)| action).collect();
    draft.decision = word(
        &fields,
        "decision",
        "decision",
        Decision::ALL,
        Decision::as_str,
        errors,
    );
    let by = word(
        &fields,
        "by",
        "service",
        Service::ALL,
        Service::as_str,
        errors,
    );
    let policy = policy(&fields, errors);

    combination::check(&draft, &fields, &actions, (by, policy), names, errors);
    let expected = match (draft.decision, by) {
        (Some(Decision::Allowed), _) => Some(Expected::Allowed),
        (Some(Decision::Denied), Some(by)) => Some(Expected::Denied { by, policy }),
        _ => None,
    };
    if errors.0.len() == before
        && let (Some(principal), Some(expected)) = (draft.principal, expected)
    {
        draft.whole = Some(Expectation {
            principal: principal.to_owned(),
            on: draft.on.map(str::to_owned),
            actions: draft.actions.clone(),
            index: draft.index.map(str::to_owned),
            expected,
            place: draft.place,
        });
    }
    draft
}

/// The known actions with their places, and whether that is all of them.
fn actions(cursor: &Cursor<'_>, errors: &mut Errors) -> (Vec<(Action, Place)>, bool) {
    let Some(items) = cursor.sequence(errors) else {
        return (Vec::new(), false);
    };
    if items.is_empty() {
        let what = "no action is named";
        let mend = "name at least one, such as `dynamodb:GetItem`";
        cursor.push(errors, PlanProblem::Empty { what, mend });
        return (Vec::new(), false);
    }
    let mut seen: HashMap<Action, Place> = HashMap::new();
    let mut actions = Vec::new();
    let mut all = true;
    for item in items {
        let Some(text) = item.string(errors) else {
            all = false;
            continue;
        };
        let Some(action) = Action::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
        else {
            item.unknown(
                errors,
                "action",
                Action::ALL.into_iter().map(Action::as_str),
            );
            all = false;
            continue;
        };
        if let Some(&first) = seen.get(&action) {
            let text = action.to_string();
            item.push(
                errors,
                PlanProblem::Repeated {
                    noun: "action",
                    text,
                    first,
                },
            );
        } else {
            seen.insert(action, item.node.place);
            actions.push((action, item.node.place));
        }
    }
    (actions, all)
}

/// The value of a field that is one of a few words.
fn word<T: Copy, const COUNT: usize>(
    fields: &Fields<'_>,
    field: &str,
    noun: &'static str,
    known: [T; COUNT],
    as_str: fn(T) -> &'static str,
    errors: &mut Errors,
) -> Option<T> {
    let cursor = fields.get(field)?;
    let text = cursor.string(errors)?;
    let found = known.into_iter().find(|&known| as_str(known) == text);
    if found.is_none() {
        cursor.unknown(errors, noun, known.into_iter().map(as_str));
    }
    found
}

fn policy(fields: &Fields<'_>, errors: &mut Errors) -> Option<PolicyType> {
    let grant = PolicyType::Grant;
    if let Some(cursor) = fields
        .get("policy")
        .filter(|at| at.node.as_str() == Some(grant.as_str()))
    {
        let reason = "a grant only ever allows";
        cursor.push(
            errors,
            PlanProblem::ImpossiblePolicy {
                policy: grant,
                reason,
            },
        );
        return None;
    }
    word(
        fields,
        "policy",
        "policy type",
        PolicyType::DENYING,
        PolicyType::as_str,
        errors,
    )
}
