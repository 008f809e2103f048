// SPDX-License-Identifier: Apache-2.0
//! A run turned round: its answers, and a plan that expects the opposite of them.
//!
//! Which answers are taken is decided by the plan and by what was seen, never by what was made of it:
//! whoever made it is on trial.

use keyproof_core::Service;
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

/// The run turned round for one kind of door: an answer of each action that the run has, or one that is
/// made up. `None` where the plan has no such probe.
pub(super) fn turn(door: Door, plan: &Plan, observations: &Observations) -> Option<Turned> {
    let mut turned = Turned {
        plan: Plan {
            tables: plan.tables.clone(),
            expectations: Vec::new(),
            exceptions: Vec::new(),
            ..plan.clone()
        },
        observations: Observations {
            tables: observations.tables.clone(),
            ..Observations::default()
        },
        trials: Vec::new(),
    };
    match door {
        Door::Open | Door::Closed => turned.calls(door, plan, observations),
        Door::Table => turned.tables(plan, observations),
    }
    (!turned.trials.is_empty()).then_some(turned)
}

impl Turned {
    fn calls(&mut self, door: Door, plan: &Plan, observations: &Observations) {
        let probes = plan.probes();
        let mut tried: Vec<Action> = Vec::new();
        for probe in &probes {
            let Some((action, observation)) = usable(door, plan, probe, observations) else {
                continue;
            };
            if !tried.contains(&action) {
                tried.push(action);
                self.call(door, probe, observation.clone(), true);
            }
        }
        if self.trials.is_empty() {
            let access = |probe: &&Probe| matches!(probe.kind, ProbeKind::Access { .. });
            if let Some(probe) = probes.iter().find(access) {
                self.call(door, probe, made_up(door, probe), false);
            }
        }
    }

    fn call(&mut self, door: Door, probe: &Probe, observation: Observation, seen: bool) {
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
        self.plan.expectations.push(Expectation {
            principal: principal.clone(),
            on: table.clone(),
            actions: vec![*action],
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
    fn tables(&mut self, plan: &Plan, observations: &Observations) {
        let mut tried: Vec<bool> = Vec::new();
        self.plan.tables.clear();
        for probe in plan.probes() {
            let ProbeKind::Encryption { table: name } = &probe.kind else {
                continue;
            };
            let encryption = observations.tables.get(name);
            let Some(found) = encryption.and_then(|seen| seen.encryption.as_ref()) else {
                continue;
            };
            let owned = *found == Encryption::AwsOwned;
            if !tried.contains(&owned) {
                tried.push(owned);
                self.table(plan, &probe, name, owned, true);
            }
        }
        if self.trials.is_empty()
            && let Some((name, _)) = plan.tables.first()
            && let Some(probe) = plan.probes().first()
        {
            let seen = TableObservation {
                look: saw(Answer::Allowed(Evidence::Succeeded)),
                encryption: Some(Encryption::AwsOwned),
                expected_key: None,
                key_state: None,
                table_arn: None,
            };
            self.observations.tables.insert(name.clone(), seen);
            self.table(plan, probe, name, true, false);
        }
    }

    /// The table, in a plan that wants another kind of key than the one that it is on.
    fn table(&mut self, plan: &Plan, probe: &Probe, name: &str, owned: bool, seen: bool) {
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

/// An answer that no service gave.
fn made_up(door: Door, probe: &Probe) -> Observation {
    let by = match &probe.kind {
        ProbeKind::Access { action, .. } => action.service(),
        ProbeKind::Encryption { .. } => Service::DynamoDb,
    };
    saw(match door {
        Door::Open | Door::Table => Answer::Allowed(Evidence::Succeeded),
        Door::Closed => Answer::Denied(Denial {
            by: Some(by),
            ..Denial::default()
        }),
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
