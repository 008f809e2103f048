// SPDX-License-Identifier: Apache-2.0
//! Expectations, one at a time.

use std::collections::HashMap;
use std::sync::Arc;

use keyproof_core::{PolicyType, Service};
use keyproof_document::Place;

use super::combination;
use super::cursor::{Cursor, Errors, Fields, shown};
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
    /// The principals' names as written, whether or not they are known.
    pub(super) principals: Vec<&'node str>,
    /// The tables' names as written, whether or not they are known.
    pub(super) on: Vec<&'node str>,
    pub(super) index: Option<&'node str>,
    pub(super) actions: Vec<Action>,
    /// Whether anything is missing from `principal`, `on`, `index` or `actions`.
    pub(super) partial: bool,
    pub(super) decision: Option<Decision>,
    /// What must come of it; `None` only where an error was pushed.
    pub(super) whole: Option<Expected>,
}

impl<'node> Draft<'node> {
    /// Each principal with each table, principals first.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'node str, Option<&'node str>)> {
        self.principals.iter().flat_map(|&principal| {
            let alone = self.on.is_empty().then_some((principal, None));
            let tables = self.on.iter().map(move |&on| (principal, Some(on)));
            alone.into_iter().chain(tables)
        })
    }

    /// The expectations that it stands for. `None` only where an error was pushed.
    pub(super) fn expectations(&self) -> Option<impl Iterator<Item = Expectation>> {
        let expected = self.whole?;
        let actions = Arc::new(self.actions.clone());
        Some(self.pairs().map(move |(principal, on)| Expectation {
            principal: principal.to_owned(),
            on: on.map(str::to_owned),
            actions: Arc::clone(&actions),
            index: self.index.map(str::to_owned),
            expected,
            place: self.place,
        }))
    }
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
        principals: Vec::new(),
        on: Vec::new(),
        index: None,
        actions: Vec::new(),
        partial: true,
        decision: None,
        whole: None,
    };
    let Some(fields) = cursor.fields(errors, &EXPECTATION) else {
        return draft;
    };

    draft.index = fields.get("index").and_then(|cursor| cursor.node.as_str());
    let mut all_named = true;
    if let Some(cursor) = fields.get("principal") {
        let (all, found) = one_or_more(&cursor, "principal", errors);
        for cursor in &found {
            names.principal(cursor, errors);
        }
        all_named &= all;
        draft.principals = found.iter().filter_map(|at| at.node.as_str()).collect();
    }
    if let Some(cursor) = fields.get("on") {
        let (all, found) = one_or_more(&cursor, "table", errors);
        for cursor in &found {
            names.table(cursor, errors);
        }
        all_named &= all;
        draft.on = found.iter().filter_map(|at| at.node.as_str()).collect();
    }
    if let Some(cursor) = fields.get("index") {
        cursor.text(errors, &text::INDEX);
    }
    let actions = fields.get("actions").map(|cursor| actions(&cursor, errors));
    let (actions, all) = actions.unwrap_or_default();
    let given = |field: &str, value: Option<&str>| value.is_some() || fields.get(field).is_none();
    draft.partial =
        !all || !all_named || draft.principals.is_empty() || !given("index", draft.index);
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
    if errors.0.len() == before {
        draft.whole = expected;
    }
    draft
}

/// The name or the names that stand here, each once, and whether all of them are names.
fn one_or_more<'node>(
    cursor: &Cursor<'node>,
    noun: &'static str,
    errors: &mut Errors,
) -> (bool, Vec<Cursor<'node>>) {
    if cursor.node.as_sequence().is_none() {
        let one = cursor.string(errors).is_some();
        return (one, one.then(|| cursor.clone()).into_iter().collect());
    }
    let items = cursor.sequence(errors).unwrap_or_default();
    if items.is_empty() {
        let what = "nobody and nothing is named";
        let mend = "name at least one, or remove the field";
        cursor.push(errors, PlanProblem::Empty { what, mend });
        return (false, Vec::new());
    }
    let mut seen: HashMap<&str, Place> = HashMap::new();
    let mut all = true;
    let mut found = Vec::new();
    for item in items {
        let Some(name) = item.string(errors) else {
            all = false;
            continue;
        };
        if let Some(&first) = seen.get(name) {
            let text = shown(name);
            item.push(errors, PlanProblem::Repeated { noun, text, first });
        } else {
            seen.insert(name, item.node.place);
            found.push(item);
        }
    }
    (all, found)
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
