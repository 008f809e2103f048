// SPDX-License-Identifier: Apache-2.0
//! The statement that almost lets somebody in, or almost keeps somebody out.
//!
//! Where nothing allows a call, no statement is responsible, but one that was narrowed by mistake is
//! what its owner looks for: with one of its elements opened, it would allow the call. So is a `Deny`
//! that would stop what nothing else was meant to stop.

use keyproof_core::PolicyType;
use keyproof_policy::Document;
use serde_json::{Map, Value, json};

use crate::caller::Caller;
use crate::cause::resource_policy;
use crate::observe::Observer;
use crate::statement::Written;
use crate::weigh::{Step, decide};

/// A statement that would allow the call if one of its elements were open.
#[derive(Debug)]
pub(crate) struct Near<'w> {
    pub(crate) policy: PolicyType,
    pub(crate) written: Written<'w>,
    pub(crate) index: usize,
    pub(crate) sid: Option<String>,
}

/// The elements, those first that are narrowed most often.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    /// A `Deny` that became an `Allow`.
    Effect,
    Condition,
    Action,
    Resource,
    Principal,
}

const NARROWED: [Element; 4] = [
    Element::Condition,
    Element::Action,
    Element::Resource,
    Element::Principal,
];

/// The statement that almost lets the caller in.
pub(crate) fn allowing<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
) -> Option<Near<'w>> {
    let candidates: Vec<_> = match step.decision.by {
        PolicyType::PermissionsBoundary => {
            in_place(&caller.boundaries.written, Place::Boundary).collect()
        }
        _ => of_resource(observer, step)
            .into_iter()
            .chain(in_place(&caller.identity.written, Place::Identity))
            .collect(),
    };
    search(observer, caller, step, &candidates, ("Allow", &NARROWED))
}

/// The statement that almost keeps the caller out: an organization's that became an `Allow`, where
/// it does nothing, or, if `conditions`, any `Deny` whose condition spares the caller.
pub(crate) fn denying<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
    conditions: bool,
) -> Option<Near<'w>> {
    let guards = observer
        .guards
        .all()
        .map(|(policy, level, document, written)| {
            (Place::Organization(policy, level, document), written)
        });
    let guards: Vec<_> = guards.collect();
    search(
        observer,
        caller,
        step,
        &guards,
        ("Deny", &[Element::Effect]),
    )
    .or_else(|| {
        let own = of_resource(observer, step)
            .into_iter()
            .chain(in_place(&caller.identity.written, Place::Identity))
            .chain(in_place(&caller.boundaries.written, Place::Boundary));
        let all: Vec<_> = own.chain(guards).filter(|_| conditions).collect();
        search(
            observer,
            caller,
            step,
            &all,
            ("Deny", &[Element::Condition]),
        )
    })
}

fn of_resource<'w>(observer: &'w Observer<'_>, step: &Step) -> Option<(Place, Written<'w>)> {
    resource_policy(observer, step).map(|written| (Place::Resource, written))
}

fn search<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
    candidates: &[(Place, Written<'w>)],
    (effect, elements): (&str, &[Element]),
) -> Option<Near<'w>> {
    for &element in elements {
        for (place, written) in candidates {
            let Some(statements) = statements(written) else {
                continue;
            };
            for (index, statement) in statements.iter().enumerate() {
                let opened = open(statement, (element, effect), caller, &step.request.action);
                let Some(opened) = opened else { continue };
                let allowed = allows(observer, caller, step, (*place, written), (index, opened));
                if allowed == Some(effect == "Allow") {
                    let sid = statement.get("Sid").and_then(Value::as_str);
                    return Some(Near {
                        policy: policy_type(*place, step),
                        written: *written,
                        index,
                        sid: sid.map(str::to_owned),
                    });
                }
            }
        }
    }
    None
}

/// Where a document has its part in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Resource,
    Identity(usize),
    Boundary(usize),
    /// Of this kind, at this level.
    Organization(PolicyType, usize, usize),
}

fn in_place<'s, 'w>(
    written: &'s [Written<'w>],
    place: fn(usize) -> Place,
) -> impl Iterator<Item = (Place, Written<'w>)> + 's {
    // Nobody narrows AWS's own.
    let own = written.iter().enumerate().filter(|(_, one)| !one.aws);
    own.map(move |(index, one)| (place(index), *one))
}

fn policy_type(place: Place, step: &Step) -> PolicyType {
    match place {
        Place::Identity(_) => PolicyType::IdentityPolicy,
        Place::Boundary(_) => PolicyType::PermissionsBoundary,
        Place::Organization(policy, ..) => policy,
        Place::Resource if step.request.action.starts_with("sts:") => PolicyType::TrustPolicy,
        Place::Resource => PolicyType::ResourcePolicy,
    }
}

fn statements(written: &Written<'_>) -> Option<Vec<Value>> {
    Some(match written.source?.value.get("Statement")? {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    })
}

/// The statement with one element open, where it has that element and this effect.
fn open(
    statement: &Value,
    (element, effect): (Element, &str),
    caller: &Caller<'_>,
    action: &str,
) -> Option<Value> {
    let mut opened: Map<String, Value> = statement.as_object()?.clone();
    let same = opened.get("Effect")?.as_str()? == effect;
    if same == (element == Element::Effect) {
        return None;
    }
    let mut replace = |names: [&str; 2], value: Value| {
        let [name, not] = names;
        let had = opened.contains_key(name) || opened.contains_key(not);
        opened.shift_remove(not);
        had.then(|| opened.insert(name.to_owned(), value))
    };
    match element {
        Element::Effect => {
            opened.insert("Effect".to_owned(), json!(effect));
        }
        Element::Condition => {
            opened.shift_remove("Condition")?;
        }
        Element::Action => {
            // A statement about another service was never meant for this call.
            names_service(statement, action).then_some(())?;
            replace(["Action", "NotAction"], json!("*"))?;
        }
        Element::Resource => {
            replace(["Resource", "NotResource"], json!("*"))?;
        }
        Element::Principal => {
            let arn = caller
                .principal
                .role_arn()
                .unwrap_or(caller.principal.arn());
            replace(["Principal", "NotPrincipal"], json!({"AWS": arn}))?;
        }
    }
    Some(Value::Object(opened))
}

/// Whether the call is allowed with the statement opened; `None` where that is no policy.
fn allows(
    observer: &Observer<'_>,
    caller: &Caller<'_>,
    step: &Step,
    (place, written): (Place, &Written<'_>),
    (index, opened): (usize, Value),
) -> Option<bool> {
    let source = written.source?;
    let mut statements = statements(written)?;
    *statements.get_mut(index)? = opened;
    let mut value = source.value.clone();
    value
        .as_object_mut()?
        .insert("Statement".to_owned(), Value::Array(statements));
    let document = Document::from_value(&value, source.document.grammar()).ok()?;
    let own = resource_policy(observer, step).and_then(|written| written.source);
    let mut resource = own.map(|source| source.document.clone());
    let mut caller = caller.clone();
    let mut guards = None;
    match place {
        Place::Resource => resource = Some(document),
        Place::Identity(at) => *caller.identity.least.get_mut(at)? = document,
        Place::Boundary(at) => *caller.boundaries.least.get_mut(at)? = document,
        Place::Organization(policy, level, at) => {
            guards = Some(observer.guards.with(policy, level, at, document));
        }
    }
    let guards = guards.as_ref().unwrap_or(&observer.guards);
    let account = &observer.estate.account().account;
    let decision = decide(&step.request, &caller, guards, resource.as_ref(), account);
    Some(decision.is_allowed())
}

/// Whether the statement is about the action's service.
fn names_service(statement: &Value, action: &str) -> bool {
    let service = action
        .split_once(':')
        .map_or(action, |(service, _)| service);
    let of_service = |one: &Value| {
        one.as_str()
            .and_then(|one| one.split_once(':'))
            .is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case(service))
    };
    let actions = statement
        .get("Action")
        .or_else(|| statement.get("NotAction"));
    match actions {
        Some(Value::Array(all)) => all.iter().any(of_service),
        Some(one) => of_service(one),
        None => false,
    }
}
