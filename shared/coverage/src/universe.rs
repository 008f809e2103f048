// SPDX-License-Identifier: Apache-2.0
//! Everything that a plan could ask of an estate: every role, every action, every table.
//!
//! Put as a plan of its own, so that the very evaluation that answers plans answers this, too.

pub(crate) mod questions;

use std::collections::{BTreeMap, BTreeSet};

use keyproof_check::{Circumstances, Estate, Runner, observations_of, own_observations};
use keyproof_core::Service;
use keyproof_plan::{Action, Plan, Probe, ProbeKind};
use keyproof_verdict::{Answer, Encryption, KeyState, Observations, RunFacts, TableObservation};

use questions::{add_roles, add_tables, assumable, of_user, questions};

use crate::scope::{About, Scope, Subjects};

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
    /// Tables that get theirs then.
    nameless_tables: BTreeSet<String>,
    /// Whether the plan asks who may retire a grant.
    asks_retiring: bool,
    subjects: Subjects,
    /// As the plan's runner gets them.
    reachable: Observations,
    /// As they would be if everybody could be everybody.
    regardless: Observations,
    /// Who may assume which role: callers that no plan asks about.
    assumable: BTreeMap<(String, String), bool>,
    users: Vec<UsersPart>,
}

/// What a user may do in its own name, which no plan can ask about.
#[derive(Debug)]
struct UsersPart {
    arn: String,
    plan: Plan,
    probes: Vec<Probe>,
    seen: Observations,
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
        let asks_retiring = plan
            .expectations
            .iter()
            .any(|one| one.actions.contains(&Action::RetireGrant));
        let nameless = add_roles(&mut whole, estate);
        let nameless_tables = add_tables(&mut whole, estate);
        whole.expectations = questions(&whole, estate);
        let probes = whole.probes();
        let users = estate.parts().flat_map(|part| &part.account.users);
        let users = users.filter_map(|user| {
            let plan = of_user(&whole, user, estate)?;
            let own = as_user(circumstances, &user.arn);
            let probes = plan.probes();
            Some(UsersPart {
                arn: user.arn.clone(),
                seen: own_observations((&plan, &probes), estate, &own, facts, |_| true),
                probes,
                plan,
            })
        });
        let all = |circumstances: &Circumstances| {
            observations_of((&whole, &probes), estate, circumstances, facts, |_| true)
        };
        Self {
            users: users.collect(),
            reachable: all(circumstances),
            regardless: all(&anybody(circumstances)),
            assumable: assumable(&whole, estate, facts, &Scope::Everything),
            subjects: Subjects::of(&whole, estate),
            plan: whole,
            probes,
            nameless,
            nameless_tables,
            asks_retiring,
        }
    }

    /// How the broken estate differs from the whole one.
    pub(crate) fn difference(
        &self,
        broken: &Estate,
        circumstances: &Circumstances,
        facts: &RunFacts,
        scope: &Scope,
        about: About,
    ) -> Difference {
        let concerned = |probe: &Probe| self.subjects.concerns(scope, probe);
        let asked = (&self.plan, &*self.probes);
        let seen = observations_of(asked, broken, circumstances, facts, concerned);
        let (beyond, probes): (Vec<_>, Vec<_>) =
            changes(&self.probes, &self.reachable, &seen, concerned)
                .into_iter()
                .partition(|(id, _, _)| self.is_nameless(id) || self.is_unasked(id));
        let (nameless_tables, tables): (Vec<_>, Vec<_>) = self
            .reachable
            .tables
            .iter()
            .filter(|(name, before)| {
                seen.tables
                    .get(*name)
                    .is_none_or(|after| key(before) != key(after))
            })
            .map(|(name, _)| name.clone())
            .partition(|name| self.nameless_tables.contains(name));
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
        if let Some((id, before, after)) = beyond.first() {
            let effect = effect(id, *before, *after, beyond.len() - 1);
            let why = if self.is_nameless_table(id) {
                "which is a table that gets its name at deployment"
            } else if self.is_nameless(id) {
                "as a role that gets its name at deployment"
            } else {
                "and a run can only ask to retire a grant that isn't there"
            };
            return Difference::OutOfReach(format!("{effect}, {why}"));
        }
        if let Some(name) = nameless_tables.first() {
            return Difference::OutOfReach(format!(
                "what `{name}`, a table that gets its name at deployment, is encrypted with changes"
            ));
        }
        // Who has a session anyway gets no other answers.
        let apart = |probe: &Probe| {
            concerned(probe) && answered(&self.reachable, &probe.id) == Answered::Unknown
        };
        let seen = observations_of(asked, broken, &anybody(circumstances), facts, apart);
        let changed = changes(&self.probes, &self.regardless, &seen, apart);
        if let Some((id, before, after)) = changed.first() {
            let more = changed.len() - 1;
            let effect = format!(
                "{}, as a role that the runner may not assume",
                effect(id, *before, *after, more)
            );
            return Difference::OutOfReach(effect);
        }
        for user in self
            .users
            .iter()
            .filter(|one| scope.is_about_user(&one.arn))
        {
            // Of a user, everything; of a key or table, what is about it.
            let whole = matches!(scope, Scope::Users(_));
            let wanted = |probe: &Probe| whole || self.subjects.concerns(scope, probe);
            let own = as_user(circumstances, &user.arn);
            let asked = (&user.plan, &*user.probes);
            let seen = own_observations(asked, broken, &own, facts, wanted);
            let changed = changes(&user.probes, &user.seen, &seen, wanted);
            if let Some((id, before, after)) = changed.first() {
                let effect = effect(id, *before, *after, changed.len() - 1);
                return Difference::OutOfReach(format!(
                    "{effect}, as a user, and plans take the place of roles"
                ));
            }
        }
        if about.assuming && !matches!(scope, Scope::Key(_) | Scope::Table(_)) {
            let now = assumable(&self.plan, broken, facts, scope);
            for ((caller, role), may) in &now {
                if self.assumable.get(&(caller.clone(), role.clone())) != Some(may) {
                    let verb = if *may { "may now" } else { "may no longer" };
                    return Difference::OutOfReach(format!("{caller} {verb} assume `{role}`"));
                }
            }
        }
        Difference::None
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
        let principal = id.split('/').next();
        principal.is_some_and(|principal| self.nameless.contains(principal))
            || self.is_nameless_table(id)
    }

    /// Whether it is about retiring a grant, and the plan doesn't ask. What comes of an expectation
    /// to be kept out hangs on whether KMS looks for the grant before it asks any policy: none is
    /// proposed.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
    fn is_unasked(&self, id: &str) -> bool {
        let action = Action::RetireGrant.as_str();
        !self.asks_retiring && id.split('/').nth(1) == Some(action)
    }

    fn is_nameless_table(&self, id: &str) -> bool {
        let table = id.split('/').nth(2);
        table.is_some_and(|table| self.nameless_tables.contains(table))
    }

    /// The probe with this id.
    pub(crate) fn probe(&self, id: &str) -> Option<&Probe> {
        self.probes.iter().find(|probe| probe.id == id)
    }
}

/// The wanted probes that are answered in another way.
fn changes(
    probes: &[Probe],
    before: &Observations,
    after: &Observations,
    wanted: impl Fn(&Probe) -> bool,
) -> Vec<(String, Answered, Answered)> {
    let mut changed = Vec::new();
    for probe in probes.iter().filter(|probe| wanted(probe)) {
        let was = answered(before, &probe.id);
        let is = answered(after, &probe.id);
        if was != is {
            changed.push((probe.id.clone(), was, is));
        }
    }
    changed
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
    meaning(observations.probes.get(id).map(|seen| &seen.answer))
}

/// As far as it matters.
pub(crate) fn meaning(answer: Option<&Answer>) -> Answered {
    match answer {
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

fn as_user(circumstances: &Circumstances, arn: &str) -> Circumstances {
    Circumstances {
        runner: Runner::Arn(arn.to_owned()),
        ..circumstances.clone()
    }
}

fn anybody(circumstances: &Circumstances) -> Circumstances {
    Circumstances {
        runner: Runner::Anybody,
        ..circumstances.clone()
    }
}
