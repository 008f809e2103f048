// SPDX-License-Identifier: Apache-2.0
//! A run turned round: its answers, and a plan that expects the opposite of them.
//!
//! Which answers are taken is decided by the plan and by what was seen, never by what was made of it:
//! whoever made it is on trial.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use keyproof_plan::{Action, Expectation, Expected, Plan, Probe, ProbeKind, TableKey};

use crate::judge::speaks_of;
use crate::report::Trial;
use crate::{
    Answer, Denial, Encryption, Evidence, Finding, Observation, Observations, TableObservation,
};

/// What a judge must be able to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// A call that was authorised, where it must be denied.
    Open,
    /// A call that was denied, where it must be allowed.
    Closed,
    /// A table that is encrypted otherwise than it must be.
    Table,
}

impl Door {
    pub(super) const ALL: [Self; 3] = [Self::Open, Self::Closed, Self::Table];

    const fn must(self) -> Finding {
        match self {
            Self::Open => Finding::Exposed,
            Self::Closed => Finding::LockedOut,
            Self::Table => Finding::WrongKey,
        }
    }
}

/// A run in which everything tried must fail.
pub(super) struct Turned {
    pub(super) plan: Plan,
    pub(super) observations: Observations,
    pub(super) trials: Vec<Trial>,
}

/// Answers of a run that stand for its doors: the first of each action and kind, in plan order. Bounded
/// by the number of actions, however large the run.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    open: BTreeMap<Action, Sample<Observation>>,
    closed: BTreeMap<Action, Sample<Observation>>,
    /// Tables on an AWS owned key, and on another.
    tables: BTreeMap<bool, Sample<TableObservation>>,
    /// The plan's first call, with which an answer is made up where there is none.
    first: Option<Sample<()>>,
}

#[derive(Clone, Debug)]
struct Sample<T> {
    /// The probe's place in plan order.
    place: usize,
    probe: Probe,
    seen: T,
}

/// Keeps the sample that comes first in plan order.
fn earliest<K: Ord, T>(
    samples: &mut BTreeMap<K, Sample<T>>,
    key: K,
    place: usize,
    new: impl FnOnce() -> Sample<T>,
) {
    if samples.get(&key).is_none_or(|old| place < old.place) {
        samples.insert(key, new());
    }
}

impl Samples {
    /// Takes what it needs of a run's answers. The parts of a run may come in any order.
    pub(crate) fn take(
        &mut self,
        plan: &Plan,
        probes: &[(usize, Probe)],
        observations: &Observations,
    ) {
        for (place, probe) in probes {
            let place = *place;
            match &probe.kind {
                ProbeKind::Encryption { table } => {
                    let Some(seen) = observations.tables.get(table) else {
                        continue;
                    };
                    let Some(found) = &seen.encryption else {
                        continue;
                    };
                    let owned = *found == Encryption::AwsOwned;
                    earliest(&mut self.tables, owned, place, || {
                        sample(place, probe, seen.clone())
                    });
                }
                ProbeKind::Access { .. } => {
                    if self.first.as_ref().is_none_or(|old| place < old.place) {
                        self.first = Some(sample(place, probe, ()));
                    }
                    for (door, samples) in [
                        (Door::Open, &mut self.open),
                        (Door::Closed, &mut self.closed),
                    ] {
                        if let Some((action, seen)) = usable(door, plan, probe, observations) {
                            earliest(samples, action, place, || {
                                sample(place, probe, seen.clone())
                            });
                        }
                    }
                }
            }
        }
    }

    /// The run turned round for one kind of door: an answer of each action that the run has, or one that
    /// is made up. `None` where the plan has no such probe.
    pub(super) fn turn(&self, door: Door, plan: &Plan) -> Option<Turned> {
        let mut turned = Turned {
            plan: Plan {
                name: plan.name.clone(),
                region: plan.region.clone(),
                digest: plan.digest.clone(),
                tables: IndexMap::new(),
                principals: plan.principals.clone(),
                expectations: Vec::new(),
                exceptions: Vec::new(),
            },
            observations: Observations::default(),
            trials: Vec::new(),
        };
        match door {
            Door::Open => turned.calls(door, plan, &self.open, self.first.as_ref()),
            Door::Closed => turned.calls(door, plan, &self.closed, self.first.as_ref()),
            Door::Table => turned.tables(plan, &self.tables),
        }
        (!turned.trials.is_empty()).then_some(turned)
    }
}

fn sample<T>(place: usize, probe: &Probe, seen: T) -> Sample<T> {
    let probe = probe.clone();
    Sample { place, probe, seen }
}

fn in_plan_order<K, T>(samples: &BTreeMap<K, Sample<T>>) -> Vec<&Sample<T>> {
    let mut all: Vec<_> = samples.values().collect();
    all.sort_by_key(|sample| sample.place);
    all
}

impl Turned {
    fn calls(
        &mut self,
        door: Door,
        plan: &Plan,
        samples: &BTreeMap<Action, Sample<Observation>>,
        first: Option<&Sample<()>>,
    ) {
        for sample in in_plan_order(samples) {
            self.call(door, plan, &sample.probe, sample.seen.clone(), true);
        }
        if let Some(first) = first.filter(|_| samples.is_empty()) {
            self.call(door, plan, &first.probe, made_up(door), false);
        }
    }

    fn call(
        &mut self,
        door: Door,
        plan: &Plan,
        probe: &Probe,
        observation: Observation,
        seen: bool,
    ) {
        let ProbeKind::Access {
            principal,
            action,
            table,
            index,
            ..
        } = &probe.kind
        else {
            return;
        };
        let named = table
            .as_ref()
            .and_then(|name| plan.tables.get_key_value(name));
        self.plan
            .tables
            .extend(named.map(|(name, table)| (name.clone(), table.clone())));
        self.plan.expectations.push(Expectation {
            principal: principal.clone(),
            on: table.clone(),
            actions: vec![*action].into(),
            index: index.clone(),
            expected: match door {
                Door::Open => Expected::Denied {
                    by: action.service(),
                    policy: None,
                },
                Door::Closed | Door::Table => Expected::Allowed,
            },
            place: probe.place,
        });
        self.observations
            .probes
            .insert(probe.id.clone(), observation);
        self.try_probe(door, &probe.id, seen);
    }

    /// Each kind of encryption that the run saw, where the plan wants another.
    fn tables(&mut self, plan: &Plan, samples: &BTreeMap<bool, Sample<TableObservation>>) {
        for sample in in_plan_order(samples) {
            let owned = sample.seen.encryption == Some(Encryption::AwsOwned);
            self.table(plan, &sample.probe, sample.seen.clone(), owned, true);
        }
        if samples.is_empty()
            && let Some(first) = plan.each_probe().next()
        {
            let seen = TableObservation {
                look: saw(Answer::Allowed(Evidence::Succeeded)),
                encryption: Some(Encryption::AwsOwned),
                expected_key: None,
                key_state: None,
                table_arn: None,
            };
            self.table(plan, &first, seen, true, false);
        }
    }

    /// The table, in a plan that wants another kind of key than the one that it is on.
    fn table(
        &mut self,
        plan: &Plan,
        probe: &Probe,
        observation: TableObservation,
        owned: bool,
        seen: bool,
    ) {
        let ProbeKind::Encryption { table: name } = &probe.kind else {
            return;
        };
        let Some(table) = plan.tables.get(name) else {
            return;
        };
        let mut other = table.clone();
        other.key = if owned {
            TableKey::Alias("alias/keyproof/sentinel".to_owned())
        } else {
            TableKey::AwsOwned
        };
        self.plan.tables.insert(name.to_owned(), other);
        self.observations.tables.insert(name.clone(), observation);
        self.try_probe(Door::Table, &probe.id, seen);
    }

    fn try_probe(&mut self, door: Door, id: &str, seen: bool) {
        self.trials.push(Trial {
            probe: id.to_owned(),
            seen,
            must: door.must(),
            found: None,
        });
    }
}

/// The answer to the probe, where it came out as the plan wants and stands for such a door.
fn usable<'a>(
    door: Door,
    plan: &Plan,
    probe: &Probe,
    observations: &'a Observations,
) -> Option<(Action, &'a Observation)> {
    let ProbeKind::Access {
        principal,
        action,
        expected,
        ..
    } = &probe.kind
    else {
        return None;
    };
    let observation = observations.probes.get(&probe.id)?;
    let usable = match (door, expected, &observation.answer) {
        (Door::Open, Expected::Allowed, Answer::Allowed(_)) => true,
        (Door::Closed, Expected::Denied { by, .. }, Answer::Denied(denial)) => {
            denial.by == Some(*by) && speaks_of(plan, principal, *action, denial)
        }
        (
            Door::Open | Door::Closed | Door::Table,
            Expected::Allowed | Expected::Denied { .. },
            _,
        ) => false,
    };
    usable.then_some((*action, observation))
}

/// An answer that no service gave. Whoever refuses where access is expected, it is a lock-out.
fn made_up(door: Door) -> Observation {
    saw(match door {
        Door::Open | Door::Table => Answer::Allowed(Evidence::Succeeded),
        Door::Closed => Answer::Denied(Denial::default()),
    })
}

fn saw(answer: Answer) -> Observation {
    Observation {
        answer,
        resource: None,
        error_code: None,
        message: None,
        request_id: None,
        attempts: 0,
        latency_ms: None,
    }
}
