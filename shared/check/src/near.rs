// SPDX-License-Identifier: Apache-2.0
//! The statement that almost lets somebody in.
//!
//! Where nothing allows a call, no statement is responsible, but one that was narrowed by mistake is
//! what its owner looks for: with one of its elements opened, it would allow the call.

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
#[derive(Clone, Copy)]
enum Element {
    Condition,
    Action,
    Resource,
    Principal,
}

const ELEMENTS: [Element; 4] = [
    Element::Condition,
    Element::Action,
    Element::Resource,
    Element::Principal,
];

pub(crate) fn statement<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
) -> Option<Near<'w>> {
    let of_resource = resource_policy(observer, step);
    let of_resource = of_resource.map(|written| (Place::Resource, written));
    let identity = in_place(&caller.identity.written, Place::Identity);
    let boundaries = in_place(&caller.boundaries.written, Place::Boundary);
    let candidates: Vec<_> = match step.decision.by {
        PolicyType::PermissionsBoundary => boundaries.collect(),
        _ => of_resource.into_iter().chain(identity).collect(),
    };
    for element in ELEMENTS {
        for (place, written) in &candidates {
            let Some(statements) = statements(written) else {
                continue;
            };
            for (index, statement) in statements.iter().enumerate() {
                let Some(opened) = open(statement, element, caller, &step.request.action) else {
                    continue;
                };
                if allows(observer, caller, step, (*place, written), (index, opened)) {
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

/// The statement with one element open, where it has that element and allows.
fn open(statement: &Value, element: Element, caller: &Caller<'_>, action: &str) -> Option<Value> {
    let mut opened: Map<String, Value> = statement.as_object()?.clone();
    if opened.get("Effect")?.as_str()? != "Allow" {
        return None;
    }
    let mut replace = |names: [&str; 2], value: Value| {
        let [name, not] = names;
        let had = opened.contains_key(name) || opened.contains_key(not);
        opened.shift_remove(not);
        had.then(|| opened.insert(name.to_owned(), value))
    };
    match element {
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

fn allows(
    observer: &Observer<'_>,
    caller: &Caller<'_>,
    step: &Step,
    (place, written): (Place, &Written<'_>),
    (index, opened): (usize, Value),
) -> bool {
    let Some(source) = written.source else {
        return false;
    };
    let Some(mut statements) = statements(written) else {
        return false;
    };
    if let Some(slot) = statements.get_mut(index) {
        *slot = opened;
    }
    let mut value = source.value.clone();
    if let Some(policy) = value.as_object_mut() {
        policy.insert("Statement".to_owned(), Value::Array(statements));
    }
    let Ok(document) = Document::from_value(&value, source.document.grammar()) else {
        return false;
    };
    let mut caller = caller.clone();
    let own = resource_policy(observer, step).and_then(|written| written.source);
    let mut resource = own.map(|source| source.document.clone());
    match place {
        Place::Resource => resource = Some(document),
        Place::Identity(at) => {
            if let Some(slot) = caller.identity.least.get_mut(at) {
                *slot = document;
            }
        }
        Place::Boundary(at) => {
            if let Some(slot) = caller.boundaries.least.get_mut(at) {
                *slot = document;
            }
        }
    }
    let account = &observer.estate.account().account;
    decide(
        &step.request,
        &caller,
        &observer.guards,
        resource.as_ref(),
        account,
    )
    .is_allowed()
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
