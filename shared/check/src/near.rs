// SPDX-License-Identifier: Apache-2.0
//! The statement that almost lets somebody in, or almost keeps somebody out.
//!
//! Where nothing allows a call, no statement is responsible, but one that was narrowed by mistake is
//! what its owner looks for: with one of its elements opened, it would allow the call. So is a `Deny`
//! that would stop what nothing else was meant to stop.

mod open;

use keyproof_core::PolicyType;
use keyproof_policy::Document;
use serde_json::Value;

use crate::caller::Caller;
use crate::cause::resource_policy;
use crate::found::{Found, told};
use crate::observe::Observer;
use crate::statement::Written;
use crate::weigh::{Step, decide};
use open::{delegates, is_about, open};

/// A statement that would decide otherwise if one of its elements were open.
#[derive(Debug)]
pub(crate) struct Near<'w> {
    policy: PolicyType,
    written: Written<'w>,
    index: usize,
    sid: Option<String>,
    /// The element that it hangs on.
    pub(crate) element: Element,
    /// The statement with the element open.
    opened: Value,
}

/// The elements of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// A `Deny` that became an `Allow`.
    Effect,
    Condition,
    Action,
    Resource,
    Principal,
}

impl Element {
    /// Its name in a policy.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Effect => "Effect",
            Self::Condition => "Condition",
            Self::Action => "Action",
            Self::Resource => "Resource",
            Self::Principal => "Principal",
        }
    }
}

/// Those first that are narrowed most often.
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
    let narrowed = Wanted::new("Allow", &NARROWED);
    let related = Wanted {
        related: true,
        ..Wanted::new("Allow", &[Element::Action])
    };
    let first = |wanted| search(observer, caller, step, &candidates, wanted).next();
    first(narrowed).or_else(|| first(related))
}

/// The statement that almost keeps the caller out: an organization's that became an `Allow`, where
/// it does nothing, or, if `conditions`, any `Deny` whose condition spares the caller.
pub(crate) fn denying<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
    conditions: bool,
) -> Option<Near<'w>> {
    let guards = of_organization(observer);
    let turned = Wanted::new("Deny", &[Element::Effect]);
    let spared = Wanted::new("Deny", &[Element::Condition]);
    let found = search(observer, caller, step, &guards, turned).next();
    found.or_else(|| {
        let all = conditions.then(|| everywhere(observer, caller, step))?;
        search(observer, caller, step, &all, spared).next()
    })
}

/// Every `Deny` that would keep the caller out but for one of its elements; and, where an `Allow` only
/// bounds, every `Allow` that would if it were a `Deny`.
pub(crate) fn all_denying<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
) -> Vec<Near<'w>> {
    let all = everywhere(observer, caller, step);
    let bounding: Vec<_> = in_place(&caller.boundaries.written, Place::Boundary)
        .chain(of_organization(observer))
        .collect();
    let spared = Wanted::new("Deny", &NARROWED);
    let turned = Wanted::new("Deny", &[Element::Effect]);
    let spared = search(observer, caller, step, &all, spared);
    let turned = search(observer, caller, step, &bounding, turned);
    spared.chain(turned).collect()
}

fn everywhere<'w>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &Step,
) -> Vec<(Place, Written<'w>)> {
    of_resource(observer, step)
        .into_iter()
        .chain(in_place(&caller.identity.written, Place::Identity))
        .chain(in_place(&caller.boundaries.written, Place::Boundary))
        .chain(of_organization(observer))
        .collect()
}

fn of_organization<'w>(observer: &'w Observer<'_>) -> Vec<(Place, Written<'w>)> {
    let all = observer.guards.all();
    all.map(|(policy, level, document, written)| {
        (Place::Organization(policy, level, document), written)
    })
    .collect()
}

fn of_resource<'w>(observer: &'w Observer<'_>, step: &Step) -> Option<(Place, Written<'w>)> {
    resource_policy(observer, step).map(|written| (Place::Resource, written))
}

impl Near<'_> {
    /// It as a cause.
    pub(crate) fn told(&self) -> Found {
        let at = (self.index, self.sid.clone());
        told(self.policy, &self.written, Some(at))
    }

    /// Whether somebody who is let in now would stay so if the element were open.
    pub(crate) fn spares(&self, observer: &Observer<'_>, caller: &Caller<'_>, step: &Step) -> bool {
        let same = |other: &Written<'_>| match (self.written.source, other.source) {
            (Some(one), Some(other)) => std::ptr::eq(one, other),
            _ => false,
        };
        let all = everywhere(observer, caller, step);
        let Some((place, written)) = all.iter().find(|(_, other)| same(other)) else {
            return true;
        };
        let opened = (self.index, self.opened.clone());
        allows(observer, caller, step, (*place, written), opened) == Some(true)
    }
}

/// What is searched for: statements of this effect, by the elements that are opened in turn.
#[derive(Clone, Copy)]
struct Wanted<'s> {
    effect: &'s str,
    elements: &'s [Element],
    /// Whether to open the actions of a statement about the other service that a read goes through.
    related: bool,
}

impl<'s> Wanted<'s> {
    const fn new(effect: &'s str, elements: &'s [Element]) -> Self {
        Self {
            effect,
            elements,
            related: false,
        }
    }
}

fn search<'s, 'w: 's>(
    observer: &'w Observer<'_>,
    caller: &'w Caller<'_>,
    step: &'s Step,
    candidates: &'s [(Place, Written<'w>)],
    wanted: Wanted<'s>,
) -> impl Iterator<Item = Near<'w>> + 's {
    let effect = wanted.effect;
    let places = wanted
        .elements
        .iter()
        .flat_map(move |&element| candidates.iter().map(move |one| (element, one)));
    places.flat_map(move |(element, (place, written))| {
        let numbered = statements(written).unwrap_or_default().into_iter();
        let meant = numbered.enumerate().filter(move |(_, statement)| {
            let action = &step.request.action;
            match (element, place) {
                (Element::Principal, Place::Resource) => !delegates(statement, action, observer),
                // What a boundary is about, everything is; of other policies one that is about
                // another service was never meant for this call.
                (Element::Action, Place::Boundary(_)) => true,
                (Element::Action, _) => is_about(statement, action, wanted.related),
                _ => true,
            }
        });
        meant.flat_map(move |(index, statement)| {
            let sid = statement.get("Sid").and_then(Value::as_str);
            let sid = sid.map(str::to_owned);
            let ways = open(&statement, (element, effect), caller, step).into_iter();
            ways.filter_map(move |opened| {
                let changed = (index, opened.clone());
                let allowed = allows(observer, caller, step, (*place, written), changed);
                (allowed == Some(effect == "Allow")).then(|| Near {
                    policy: policy_type(*place, step),
                    written: *written,
                    index,
                    sid: sid.clone(),
                    element,
                    opened,
                })
            })
        })
    })
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
    let decision = decide(step, &caller, guards, resource.as_ref(), account);
    Some(decision.is_allowed())
}
