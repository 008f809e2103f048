// SPDX-License-Identifier: Apache-2.0
//! Everything that a plan could ask of an estate: every role, every action, every table.
//!
//! Put as a plan of its own, so that the very evaluation that answers plans answers this, too.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use keyproof_check::{Circumstances, Estate, Runner, observations};
use keyproof_core::{RoleArn, Service};
use keyproof_plan::{
    Action, Attribute, Canary, Expectation, Expected, Place, Plan, Principal, Probe, ProbeKind,
    Table, TableKey,
};
use keyproof_template::{Encryption as TemplateEncryption, Role};
use keyproof_verdict::{Answer, Encryption, KeyState, Observations, RunFacts, TableObservation};

/// The key attribute's value of a canary that a plan doesn't have yet.
const CANARY: &str = "keyproof#canary";

/// What a question came to, as far as a change of it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Allowed,
    Denied(Option<Service>),
    /// Nobody can use the key.
    Unusable,
    Unknown,
}

/// The questions, and their answers while nothing is broken.
#[derive(Debug)]
pub(crate) struct Universe {
    /// The plan that asks everything.
    pub(crate) plan: Plan,
    pub(crate) probes: Vec<Probe>,
    /// Principals whose role gets its name at deployment, so that no plan can name it before.
    nameless: BTreeSet<String>,
    /// As the plan's runner gets them.
    reachable: Observations,
    /// As they would be if everybody could be everybody.
    regardless: Observations,
    /// Who may assume which role: callers that no plan asks about.
    assumable: BTreeMap<(String, String), bool>,
}

/// How a broken estate differs.
#[derive(Debug)]
pub(crate) enum Difference {
    /// For nobody.
    None,
    /// Only where no plan can look.
    OutOfReach(String),
    /// In these probes of the universe's plan, and these tables' encryption.
    Reachable {
        probes: Vec<(String, Answered, Answered)>,
        tables: Vec<String>,
    },
}

impl Universe {
    pub(crate) fn new(
        plan: &Plan,
        estate: &Estate,
        circumstances: &Circumstances,
        facts: &RunFacts,
    ) -> Self {
        let mut whole = Plan {
            expectations: Vec::new(),
            exceptions: Vec::new(),
            ..plan.clone()
        };
        let nameless = add_roles(&mut whole, estate);
        add_tables(&mut whole, estate);
        whole.expectations = questions(&whole, estate);
        let probes = whole.probes();
        Self {
            reachable: observations(&whole, estate, circumstances, facts, |_| true),
            regardless: observations(&whole, estate, &anybody(circumstances), facts, |_| true),
            assumable: assumable(&whole, estate, facts),
            plan: whole,
            probes,
            nameless,
        }
    }

    /// How the broken estate differs from the whole one.
    pub(crate) fn difference(
        &self,
        broken: &Estate,
        circumstances: &Circumstances,
        facts: &RunFacts,
        callers: bool,
    ) -> Difference {
        let seen = observations(&self.plan, broken, circumstances, facts, |_| true);
        let (nameless, probes): (Vec<_>, Vec<_>) = self
            .changed(&self.reachable, &seen)
            .into_iter()
            .partition(|(id, _, _)| self.is_nameless(id));
        let tables: Vec<String> = self
            .reachable
            .tables
            .iter()
            .filter(|(name, before)| {
                seen.tables
                    .get(*name)
                    .is_none_or(|after| key(before) != key(after))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if !probes.is_empty() || !tables.is_empty() {
            return Difference::Reachable { probes, tables };
        }
        let blinded = self.reachable.tables.iter().find(|(name, before)| {
            let after = seen.tables.get(*name);
            after.is_none_or(|after| look(before) != look(after))
        });
        if let Some((name, _)) = blinded {
            return Difference::OutOfReach(format!(
                "what whoever inspects `{name}` learns of it and its key changes"
            ));
        }
        if let Some((id, before, after)) = nameless.first() {
            let effect = effect(id, *before, *after, nameless.len() - 1);
            return Difference::OutOfReach(format!(
                "{effect}, as a role that gets its name at deployment"
            ));
        }
        let seen = observations(&self.plan, broken, &anybody(circumstances), facts, |_| true);
        let changed = self.changed(&self.regardless, &seen);
        if let Some((id, before, after)) = changed.first() {
            let more = changed.len() - 1;
            let effect = format!(
                "{}, as a role that the runner may not assume",
                effect(id, *before, *after, more)
            );
            return Difference::OutOfReach(effect);
        }
        if callers {
            let now = assumable(&self.plan, broken, facts);
            for ((caller, role), may) in &now {
                if self.assumable.get(&(caller.clone(), role.clone())) != Some(may) {
                    let verb = if *may { "may now" } else { "may no longer" };
                    return Difference::OutOfReach(format!("{caller} {verb} assume `{role}`"));
                }
            }
        }
        Difference::None
    }

    fn changed(
        &self,
        before: &Observations,
        after: &Observations,
    ) -> Vec<(String, Answered, Answered)> {
        let mut changed = Vec::new();
        for probe in &self.probes {
            let was = answered(before, &probe.id);
            let is = answered(after, &probe.id);
            if was != is {
                changed.push((probe.id.clone(), was, is));
            }
        }
        changed
    }

    /// Somebody who reads a table's canary while nothing is broken.
    pub(crate) fn witness(&self, table: &str) -> Option<(&str, Action)> {
        self.probes.iter().find_map(|probe| match &probe.kind {
            ProbeKind::Access {
                principal,
                action,
                table: Some(of),
                index: None,
                ..
            } if of == table
                && action.reads_canary()
                && !self.nameless.contains(principal)
                && answered(&self.reachable, &probe.id) == Answered::Allowed =>
            {
                Some((principal.as_str(), *action))
            }
            ProbeKind::Access { .. } | ProbeKind::Encryption { .. } => None,
        })
    }

    fn is_nameless(&self, id: &str) -> bool {
        id.split('/')
            .next()
            .is_some_and(|principal| self.nameless.contains(principal))
    }

    /// The probe with this id.
    pub(crate) fn probe(&self, id: &str) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.id == id)
    }
}

/// Who gains or loses what.
pub(crate) fn effect(id: &str, before: Answered, after: Answered, more: usize) -> String {
    let mut words = id.split('/');
    let (who, action) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let on = match (words.next(), words.next()) {
        (Some(table), Some(index)) => format!(" on `{table}` (index `{index}`)"),
        (Some(table), None) => format!(" on `{table}`"),
        (None, _) => String::new(),
    };
    let by = |service: Option<Service>| service.map_or("somebody", keyproof_verdict::service_name);
    let what = match (before, after) {
        (_, Answered::Allowed) => format!("`{who}` gains `{action}`{on}"),
        (Answered::Allowed, Answered::Denied(service)) => {
            format!("`{who}` loses `{action}`{on}, refused by {}", by(service))
        }
        (Answered::Allowed, Answered::Unusable) => {
            format!("`{who}` loses `{action}`{on}, as the key can't be used")
        }
        (_, Answered::Denied(service)) => {
            format!(
                "`{who}` is refused `{action}`{on} by {} instead",
                by(service)
            )
        }
        (_, Answered::Unusable) => format!("the key of `{who}`'s `{action}`{on} can't be used"),
        (_, Answered::Unknown) => {
            format!("whether `{who}` may `{action}`{on} can no longer be found out")
        }
    };
    match more {
        0 => what,
        1 => format!("{what}, and one thing more"),
        more => format!("{what}, and {more} things more"),
    }
}

pub(crate) fn answered(observations: &Observations, id: &str) -> Answered {
    match observations.probes.get(id).map(|seen| &seen.answer) {
        Some(Answer::Allowed(_)) => Answered::Allowed,
        Some(Answer::Denied(denial)) => Answered::Denied(denial.by),
        Some(Answer::KeyUnusable(_)) => Answered::Unusable,
        Some(Answer::Unknown(_)) | None => Answered::Unknown,
    }
}

/// What the table is encrypted with, and what it should be. Not to know is no change.
fn key(seen: &TableObservation) -> (&Option<Encryption>, Option<KeyState>) {
    (
        &seen.encryption,
        seen.key_state.filter(|state| *state != KeyState::Enabled),
    )
}

/// How well whoever inspects the table can look.
fn look(seen: &TableObservation) -> (bool, &Option<String>, Option<KeyState>) {
    let looked = matches!(seen.look.answer, Answer::Allowed(_));
    (looked, &seen.expected_key, seen.key_state)
}

fn anybody(circumstances: &Circumstances) -> Circumstances {
    Circumstances {
        runner: Runner::Anybody,
        ..circumstances.clone()
    }
}

/// Names that are in no plan yet.
fn free<T>(taken: &IndexMap<String, T>, wanted: &str) -> String {
    let mut name = wanted.replace('/', "-");
    while taken.contains_key(&name) {
        name.push('-');
    }
    name
}

/// Adds the roles that the plan doesn't have; returns those that no plan can name.
fn add_roles(plan: &mut Plan, estate: &Estate) -> BTreeSet<String> {
    let mut nameless = BTreeSet::new();
    let known: BTreeSet<String> = plan
        .principals
        .values()
        .map(|principal| principal.role.to_string())
        .collect();
    for role in estate.parts().flat_map(|part| &part.account.roles) {
        let Ok(arn) = role.arn.parse::<RoleArn>() else {
            continue;
        };
        if known.contains(&role.arn) {
            continue;
        }
        let name = free(&plan.principals, &role.name);
        if is_generated(role) {
            nameless.insert(name.clone());
        }
        plan.principals.insert(
            name,
            Principal {
                role: arn,
                external_id: None,
                tags: IndexMap::new(),
                duration: None,
                source_identity: None,
                place: Place::START,
            },
        );
    }
    nameless
}

/// Whether the role's name stands for one that CloudFormation makes up: `STACK-LOGICALID-SUFFIX`.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>
fn is_generated(role: &Role) -> bool {
    role.name.rsplit_once('-').is_some_and(|(kept, suffix)| {
        let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let logical_id = kept.split_once('-').map_or("", |(_, rest)| rest);
        suffix.len() == 12
            && suffix.bytes().all(letter)
            && !logical_id.is_empty()
            && role
                .logical_id
                .starts_with(logical_id.rsplit('-').next().unwrap_or_default())
    })
}

fn add_tables(plan: &mut Plan, estate: &Estate) {
    let known: BTreeSet<String> = plan
        .tables
        .values()
        .map(|table| table.name.clone())
        .collect();
    for table in estate.parts().flat_map(|part| &part.account.tables) {
        if known.contains(&table.name) {
            continue;
        }
        let key = match &table.encryption {
            TemplateEncryption::Key(arn) => match arn.parse() {
                Ok(arn) => TableKey::Key(arn),
                Err(_) => continue,
            },
            TemplateEncryption::AwsOwned => TableKey::AwsOwned,
            // A plan has no word for these.
            TemplateEncryption::AwsManaged | TemplateEncryption::Unknown(_) => continue,
        };
        let canary = |name: &String| {
            let value = match table.attributes.get(name).map(String::as_str) {
                Some("N") => Attribute::N("0".to_owned()),
                Some("B") => Attribute::B(CANARY.as_bytes().to_vec()),
                Some(_) | None => Attribute::S(CANARY.to_owned()),
            };
            (name.clone(), value)
        };
        let of_indexes = table.indexes.iter().flat_map(|index| &index.key_schema);
        let name = free(&plan.tables, &table.name);
        plan.tables.insert(
            name,
            Table {
                name: table.name.clone(),
                arn: None,
                key,
                canary: Canary {
                    key: table.key_schema.iter().map(canary).collect(),
                    attributes: of_indexes
                        .filter(|name| !table.key_schema.contains(name))
                        .map(canary)
                        .collect(),
                },
                inspect_as: None,
                place: Place::START,
            },
        );
    }
}

/// Every question, what is expected being of no account.
fn questions(plan: &Plan, estate: &Estate) -> Vec<Expectation> {
    let mut all = Vec::new();
    for principal in plan.principals.keys() {
        let mut ask = |on: Option<&String>, index: Option<&String>, actions: Vec<Action>| {
            all.push(Expectation {
                principal: principal.clone(),
                on: on.cloned(),
                actions,
                index: index.cloned(),
                expected: Expected::Allowed,
                place: Place::START,
            });
        };
        ask(None, None, vec![Action::AssumeRole]);
        for (name, table) in &plan.tables {
            let encrypted = table.key != TableKey::AwsOwned;
            let of = |service: Service| {
                let actions = Action::ALL.into_iter();
                actions.filter(move |action| action.service() == service)
            };
            ask(Some(name), None, of(Service::DynamoDb).collect());
            if encrypted {
                ask(Some(name), None, of(Service::Kms).collect());
            }
            let found = estate
                .parts()
                .flat_map(|part| &part.account.tables)
                .find(|found| found.name == table.name);
            for index in found.into_iter().flat_map(|table| &table.indexes) {
                let reads = vec![Action::Query, Action::Scan];
                ask(Some(name), Some(&index.name), reads);
            }
        }
    }
    all
}

/// Who beside the runner may assume which role: the other roles, and somebody of another account
/// whom that account allows everything.
fn assumable(plan: &Plan, estate: &Estate, facts: &RunFacts) -> BTreeMap<(String, String), bool> {
    let own = estate.account();
    let other = if own.account.as_str() == "999999999999" {
        "888888888888"
    } else {
        "999999999999"
    };
    let stranger = format!("arn:{}:iam::{other}:role/stranger", own.partition);
    let mut callers = vec![("somebody of another account".to_owned(), stranger)];
    for part in estate.parts() {
        for role in &part.account.roles {
            callers.push((format!("`{}`", role.name), role.arn.clone()));
        }
    }
    let mut all = BTreeMap::new();
    for (name, arn) in callers {
        let circumstances = Circumstances {
            runner: Runner::Arn(arn),
            ..Circumstances::default()
        };
        let wanted = |probe: &Probe| is_assume_role(probe);
        let seen = observations(plan, estate, &circumstances, facts, wanted);
        for id in seen.probes.keys() {
            let role = id.split('/').next().unwrap_or_default().to_owned();
            let may = answered(&seen, id) == Answered::Allowed;
            all.insert((name.clone(), role), may);
        }
    }
    all
}

fn is_assume_role(probe: &Probe) -> bool {
    matches!(
        probe.kind,
        ProbeKind::Access {
            action: Action::AssumeRole,
            ..
        }
    )
}
